"""The same steps on all backends, each in a process of its own.

On whichever backend this process runs, they are the same: once is enough.
"""

import os
import subprocess
import sys

import numpy as np
import pytest

from keras_amp.extras import needed
from tests.keras_amp.mixup.backend.steps import CASES, STEPS

pytestmark = pytest.mark.tensorflow
# JAX is to compile soon: it runs eleven steps of each.
SOON = {"JAX_DISABLE_MOST_OPTIMIZATIONS": "1"}


@pytest.fixture(scope="module")
def weights_on(tmp_path_factory):
    """Function from a backend to its weights, by case, step and index."""
    folder, found = tmp_path_factory.mktemp("steps"), {}

    def run(backend):
        if backend not in found:
            needed(backend, "This test", f'"keras_amp[{backend}]"')
            path = folder / f"{backend}.npz"
            done = subprocess.run(
                [sys.executable, "-m", f"{__package__}.steps", str(path)],
                capture_output=True,
                text=True,
                env={**os.environ, **SOON, "KERAS_BACKEND": backend},
            )
            assert done.returncode == 0, done.stderr[-3000:]
            found[backend] = dict(np.load(path))
        return found[backend]

    return run


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_one_and_ten_steps_are_those_of_tensorflow(weights_on, backend, name):
    if name.startswith("bert"):
        needed("keras_hub", "This test", '"keras_amp[bert]"')
    got, expected = weights_on(backend), weights_on("tensorflow")
    for steps in (1, STEPS):
        keys = [key for key in expected if key.startswith(f"{name}/{steps}/")]
        assert len(keys) > 3
        for key in keys:
            error = np.max(np.abs(got[key] - expected[key]))
            assert error <= 1e-5 * np.max(np.abs(expected[key])), key
    # And the steps moved something.
    assert not np.allclose(got[f"{name}/1/0"], got[f"{name}/{STEPS}/0"])
