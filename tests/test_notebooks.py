"""Each notebook runs from start to end, and its outputs are committed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from keras_amp.extras import needed
from tests.helpers import need_imports

HERE = Path(__file__).parent.parent
METADATA = (HERE / "pyproject.toml").read_text(encoding="utf-8")
NAMES = [
    "quickstart",
    "mix_anywhere",
    "what_lambda_does",
    "does_it_help",
    "reproduce_a_cell",
]
# The others take a minute each.
QUICK = ["quickstart", "reproduce_a_cell"]
REPOSITORY = "keras-amp/keras_amp"


def read(name):
    return nbformat.read(HERE / f"notebooks/{name}.ipynb", as_version=4)


def outputs_of(notebook):
    return [
        output
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
    ]


def assert_clean(notebook):
    for output in outputs_of(notebook):
        assert output.output_type != "error", output
        assert output.get("name") != "stderr", output.text


def test_all_notebooks_are_tested():
    paths = sorted((HERE / "notebooks").glob("*.ipynb"))
    assert [path.stem for path in paths] == sorted(NAMES)


def executed(name, **environment):
    """A notebook, run in a kernel with such variables of its environment."""
    notebook = read(name)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            need_imports(cell.source)
            cell.outputs = []
    client = NotebookClient(
        notebook,
        timeout=600,
        kernel_name="python3",
        resources={"metadata": {"path": str(HERE / "notebooks")}},
    )
    client.execute(env={**os.environ, **environment})
    return notebook


def assert_runs(name, backend, **environment):
    notebook = executed(name, KERAS_BACKEND=backend, **environment)
    assert_clean(notebook)
    first = next(cell for cell in notebook.cells if cell.cell_type == "code")
    said = first.outputs[0].text
    assert said.startswith(("CPU", "GPU", "TPU"))
    assert said.endswith(f"on {backend}\n")


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=() if name in QUICK else pytest.mark.slow)
        for name in NAMES
    ],
)
def test_notebooks_run(name):
    assert_runs(name, "tensorflow")


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_notebooks_run_on_jax(name):
    needed("jax", "This test", '"keras_amp[jax]"')
    assert_runs(name, "jax")


# Devices refuse what they cannot share equally. With more of them than cores,
# XLA's threads wait for each other in the step of `quickstart` until it dies.
@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_notebooks_share_batches_among_devices(name):
    needed("jax", "This test", '"keras_amp[jax]"')
    number = 2 if name == "quickstart" else 8
    flags = f"--xla_force_host_platform_device_count={number}"
    # On busy cores, devices wait for each other longer than XLA would.
    for wait in ("call_terminate_timeout", "timeout"):
        flags += f" --xla_cpu_collective_{wait}_seconds=600"
    assert_runs(name, "jax", JAX_PLATFORMS="cpu", XLA_FLAGS=flags)


FIRST_CELL = """
import importlib.util, json, os, sys

found = importlib.util.find_spec
absent = json.loads(os.environ["ABSENT"])
importlib.util.find_spec = lambda name: None if name in absent else found(name)
for package in absent:
    sys.modules[package] = None
"""


def run_first_cell(code, environment, absent, home):
    """What code of the first cell says, where some packages are absent."""
    before = {
        key: value
        for key, value in os.environ.items()
        if key != "KERAS_BACKEND" and not key.startswith(("TPU_", "COLAB_"))
    }
    ran = subprocess.run(
        [sys.executable, "-c", FIRST_CELL + code],
        capture_output=True,
        text=True,
        cwd=HERE / "notebooks",
        # Keras reads its default from a file in its home.
        env={
            **before,
            **environment,
            "ABSENT": json.dumps(absent),
            "JAX_PLATFORMS": "cpu",
            "KERAS_HOME": str(home),
            "PYTHONPATH": str(HERE),
        },
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.mark.parametrize(
    ("environment", "absent", "backend"),
    [
        ({}, [], None),
        ({}, ["tensorflow"], "jax"),
        ({"TPU_NAME": "local"}, [], "jax"),
        (
            {"TPU_NAME": "local", "KERAS_BACKEND": "tensorflow"},
            [],
            "tensorflow",
        ),
    ],
)
def test_the_first_cell_chooses_the_backend(
    environment, absent, backend, tmp_path
):
    # What comes before Keras, which takes seconds and reads the variable.
    code, _, _ = read(NAMES[0]).cells[1].source.partition("import keras\n")
    code += 'assert "keras" not in sys.modules\n'
    code += 'print(os.environ.get("KERAS_BACKEND"))\n'
    said = run_first_cell(code, environment, absent, tmp_path)
    assert said == f"{backend}\n"


def test_the_first_cell_runs_where_there_is_no_tensorflow(tmp_path):
    needed("jax", "This test", '"keras_amp[jax]"')
    code = read(NAMES[0]).cells[1].source
    said = run_first_cell(code, {}, ["tensorflow"], tmp_path)
    assert said.startswith("CPU × 1, Keras ")
    assert said.endswith(" on jax\n")


@pytest.mark.parametrize("name", NAMES)
def test_outputs_are_committed(name):
    notebook = read(name)
    assert_clean(notebook)
    outputs = outputs_of(notebook)
    figures = [one for one in outputs if "image/png" in one.get("data", {})]
    assert figures
    codes = [cell for cell in notebook.cells if cell.cell_type == "code"]
    counts = [cell.execution_count for cell in codes]
    assert counts == list(range(1, len(codes) + 1))


def test_all_begin_alike():
    first_cells = set()
    for name in NAMES:
        notebook = read(name)
        link = f"github/{REPOSITORY}/blob/main/notebooks/{name}.ipynb"
        assert link in notebook.cells[0].source
        first_cells.add(notebook.cells[1].source)
    assert len(first_cells) == 1
    assert f'"https://github.com/{REPOSITORY}"' in first_cells.pop()
    assert f'Source = "https://github.com/{REPOSITORY}"' in METADATA
