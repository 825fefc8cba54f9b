"""The life of a wrapper on the backends that this process does not run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from keras_amp.extras import needed

HERE = Path(__file__).parent


@pytest.mark.tensorflow
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_a_wrapper_lives_on(backend):
    needed(backend, "This test", f'"keras_amp[{backend}]"')
    files = [HERE / "test_life.py"]
    if backend == "jax":
        files.append(HERE / "test_jax.py")
    done = subprocess.run(
        [
            sys.executable,
            *("-m", "pytest", "-p", "no:cacheprovider", "-k", "not devices"),
            *map(str, files),
        ],
        capture_output=True,
        text=True,
        env={**os.environ, "KERAS_BACKEND": backend},
    )
    assert done.returncode == 0, done.stdout[-3000:]
