import contextlib
import doctest
import gc
import importlib
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import pytest

# PyTorch's builds for CUDA import it, which after TensorFlow ends the process:
# each has an LLVM of its own.
with contextlib.suppress(ImportError):
    importlib.import_module("triton")

# Keras, which takes seconds, is imported where it is used: the process that
# hands tests out to others needs none.
HERE = Path(__file__).parent
# What tests may lack, and the extra that brings it.
EXTRAS = {
    "ai_edge_litert": "litert",
    "huggingface_hub": "bert",
    "jax": "jax",
    "keras_hub": "bert",
    "keras_tuner": "test",
    "litserve": "serve",
    "matplotlib": "training",
    "official": "model-garden",
    "onnxruntime": "onnx",
    "openvino": "openvino",
    "pandas": "training",
    "ray": "ray",
    "safetensors": "bert",
    "scipy": "training",
    "sklearn": "training",
    "tensorboard": "training",
    "tensorflow_text": "bert",
    "tf2onnx": "onnx",
    "tokenizers": "test",
    "torch": "torch",
    "transformers": "test",
    "tyro": "training",
}


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    """Skips a file that imports what an extra brings, where it is absent."""
    report = yield
    if report.outcome != "failed":
        return report
    # pytest before 8.1 raises the error itself.
    error = report.call.excinfo.value
    error = error.__cause__ or error
    package = (getattr(error, "name", None) or "").partition(".")[0]
    if isinstance(error, ModuleNotFoundError) and package in EXTRAS:
        reason = f'needs {package}: pip install -e ".[{EXTRAS[package]}]"'
        report.outcome = "skipped"
        report.longrepr = (str(collector.path), 1, f"Skipped: {reason}")
    return report


def _skip_without_package(item):
    """Skips a test that the library refuses for want of a package."""
    from keras_amp.extras import MissingPackage

    try:
        return (yield)
    except MissingPackage as error:
        pytest.skip(str(error))
    except doctest.UnexpectedException as failure:
        if isinstance(failure.exc_info[1], MissingPackage):
            pytest.skip(str(failure.exc_info[1]))
        raise


pytest_runtest_setup = pytest.hookimpl(wrapper=True)(_skip_without_package)
pytest_runtest_call = pytest.hookimpl(wrapper=True)(_skip_without_package)


def pytest_collection_modifyitems(items):
    """Skips what is TensorFlow's own where Keras runs on another backend."""
    import keras

    if keras.backend.backend() == "tensorflow":
        return
    for item in items:
        if item.get_closest_marker("tensorflow"):
            item.add_marker(pytest.mark.skip(reason="TensorFlow's own"))


@pytest.fixture(scope="module", autouse=True)
def _forgetting():
    """Frees what a file's tests have made, and sets aside what stays.

    TensorFlow keeps some ten thousand objects of each model that was trained.
    To look through those of all tests takes Python half a minute each time.
    """
    import keras

    yield
    keras.backend.clear_session()
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _seeded():
    import keras

    keras.utils.set_random_seed(1)


@pytest.fixture(autouse=True)
def _doctest_names(doctest_namespace):
    import keras

    import keras_amp
    from keras_amp.extras import WhenUsed

    tf = WhenUsed("tensorflow", "This example", "tensorflow")
    doctest_namespace.update(keras=keras, keras_amp=keras_amp, tf=tf)


@pytest.fixture
def float64():
    """Everything in double precision, for finite differences."""
    import keras

    if keras.backend.backend() != "tensorflow":
        pytest.skip("elsewhere, Keras computes in single precision")
    for dtype in ("float64", "float32"):
        keras.config.set_floatx(dtype)
        keras.config.set_dtype_policy(dtype)
        if dtype == "float64":
            yield


@pytest.fixture(scope="session")
def on_two_replicas():
    """Runs code in a process with two replicas; returns what it prints."""
    from tests.two_replicas import TwoReplicas

    replicas = TwoReplicas()
    yield replicas.run
    replicas.close()


@pytest.fixture
def registries():
    """Those of the experiments, which afterwards are what they were."""
    from training.data.sources import SOURCES
    from training.methods.methods import METHODS
    from training.models.backbones import BACKBONES
    from training.report.columns import COLUMNS

    every = (SOURCES, METHODS, BACKBONES, COLUMNS)
    before = [dict(registry) for registry in every]
    yield
    for registry, entries in zip(every, before, strict=True):
        registry.clear()
        registry.update(entries)


@pytest.fixture(scope="session")
def data_dir():
    """Folder of the real data sets, from $KERAS_AMP_DATA_DIR or ./data."""
    folder = Path(os.environ.get("KERAS_AMP_DATA_DIR", HERE / "data"))
    if not (folder / "TREC.train.all").is_file():
        pytest.skip("no real data: point $KERAS_AMP_DATA_DIR to its folder")
    return folder


@pytest.fixture
def minilm(data_dir):
    """Folder of the real all-MiniLM-L6-v2, beside that of the data sets."""
    folder = data_dir.parent / "minilm"
    if not (folder / "model.safetensors").is_file():
        pytest.skip(f"no pretrained encoder: there is no '{folder}'")
    return folder
