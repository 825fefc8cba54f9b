import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import pytest
import tensorflow as tf

import keras_amp

HERE = Path(__file__).parent


@pytest.fixture(autouse=True)
def _seeded():
    keras.utils.set_random_seed(1)


@pytest.fixture(autouse=True)
def _doctest_names(doctest_namespace):
    doctest_namespace.update(keras=keras, keras_amp=keras_amp, tf=tf)


@pytest.fixture
def float64():
    """Everything in double precision, for finite differences."""
    for dtype in ("float64", "float32"):
        keras.config.set_floatx(dtype)
        keras.config.set_dtype_policy(dtype)
        if dtype == "float64":
            yield


@pytest.fixture(scope="session")
def data_dir():
    """Folder of the real data sets, from $KERAS_AMP_DATA_DIR or ./data."""
    folder = Path(os.environ.get("KERAS_AMP_DATA_DIR", HERE / "data"))
    if not (folder / "TREC.train.all").is_file():
        pytest.skip("no real data: point $KERAS_AMP_DATA_DIR to its folder")
    return folder
