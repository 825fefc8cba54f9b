"""Packaging. The tools' settings are in pyproject.toml."""

import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
SOURCE = (HERE / "keras_amp" / "__init__.py").read_text(encoding="utf-8")
VERSION = re.search(r'^__version__ = "(.+)"$', SOURCE, re.MULTILINE)[1]

TRAINING = [
    "matplotlib>=3.8",  # figures
    "pandas>=2.1",  # tables of results
    "ray>=2.9",  # grids of experiments on a cluster
    "rich>=13",  # tables and messages in the terminal
    "scikit-learn>=1.4",  # stratified splits and folds
    "scipy>=1.15",  # tests of significance, and of the Beta draws
    "tyro>=0.9",  # the command line, from types and docstrings
]

BERT = [
    "keras-hub>=0.29",  # the encoder, its presets and Hugging Face folders
    "safetensors>=0.4",  # what Hugging Face folders hold
    "tensorflow-text>=2.19,<2.21",  # word pieces inside the graph
    "tf-models-official>=2.19,<2.21",  # Google's and Model Garden's checkpoints
]

setup(
    name="keras_amp",
    version=VERSION,
    description="Mixup with an Adversarial Mixing Policy for Keras models",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    url="https://github.com/keras-amp/keras_amp",
    license="Apache-2.0",
    packages=find_packages(include=["keras_amp", "keras_amp.*"]),
    python_requires=">=3.10",
    install_requires=[
        "keras>=3.10",  # StatelessScope, ExportArchive and metrics as used
        "numpy>=1.26",
        "tensorflow>=2.19,<2.21",
    ],
    extras_require={
        "bert": BERT,
        "training": TRAINING,
        "dev": [
            *BERT,
            *TRAINING,
            "hypothesis>=6",  # property-based tests
            "ipykernel>=6",  # where notebooks run
            "mkdocs-material>=9.5",  # the site
            "mkdocstrings[python]>=0.26",  # its reference, from docstrings
            "mypy>=1.11",  # types of the pure parts
            "nbclient>=0.10",  # runs the notebooks
            "pre-commit>=4",
            "pytest>=8",
            "pytest-cov>=5",  # which lines no test runs
            "pytest-xdist>=3.5",  # tests on all cores
            "ruff>=0.12",  # lint and format
            "tokenizers>=0.20",  # the reference that word pieces must equal
        ],
    },
)
