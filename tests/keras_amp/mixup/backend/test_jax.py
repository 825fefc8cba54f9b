"""What only JAX has: one program per step, and batches over devices."""

import os
import re
import subprocess
import sys

import keras
import numpy as np
import pytest

from keras_amp import AdversarialMixup, Mixup, NonlinearMixup
from keras_amp.extras import needed
from tests.helpers import (
    assert_same_weights,
    batch,
    classifier,
    compiled,
    given,
    text_model,
    weights_after,
)

KINDS = [Mixup, AdversarialMixup, NonlinearMixup]
IDS = np.random.default_rng(0).integers(1, 20, (8, 7)).astype("int32")
Y = (np.arange(8) % 3).astype("int32")
PLACES = ["word", "sentence"]
on_jax = pytest.mark.skipif(
    keras.backend.backend() != "jax", reason="needs KERAS_BACKEND=jax"
)


class Telling(Mixup):
    """Asks the host in each step, which a TPU would wait for."""

    def choose_lam(self, upper, hidden, pairs):
        jax = needed("jax", "This test", '"keras_amp[jax]"')
        jax.debug.callback(lambda lam: None, pairs.lam)
        return super().choose_lam(upper, hidden, pairs)


def lowered(wrapper):
    """The text of the program that a step on `IDS` is compiled from."""
    jax = needed("jax", "This test", '"keras_amp[jax]"')
    compiled(wrapper, optimizer=keras.optimizers.Adam(0.01))
    wrapper.optimizer.build(wrapper.trainable_variables)
    state = tuple(
        [variable.value for variable in variables]
        for variables in (
            wrapper.trainable_variables,
            wrapper.non_trainable_variables,
            wrapper.optimizer.variables,
            wrapper.metrics_variables,
        )
    )
    return jax.jit(wrapper.train_step).lower(state, (IDS, Y)).as_text()


@on_jax
@pytest.mark.parametrize("mix_at", ["word", PLACES], ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_a_step_is_one_program_of_static_shapes(kind, mix_at):
    program = lowered(kind(text_model(), mix_at, seed=0))
    assert "stablehlo" in program
    assert re.findall(r"custom_call @(\w+)", program) == []
    assert "callback" not in program
    assert "tensor<?" not in program


@on_jax
def test_a_host_callback_would_be_seen():
    assert "callback" in lowered(Telling(text_model(), "word", seed=0))


@pytest.fixture(scope="module")
def eight_devices(tmp_path_factory):
    """What `distributed_weights` finds where there are eight devices."""
    needed("jax", "This test", '"keras_amp[jax]"')
    path = tmp_path_factory.mktemp("devices") / "weights.npz"
    done = subprocess.run(
        [sys.executable, "-m", __name__, str(path)],
        capture_output=True,
        text=True,
        env={
            **os.environ,
            "KERAS_BACKEND": "jax",
            "JAX_PLATFORMS": "cpu",
            "XLA_FLAGS": "--xla_force_host_platform_device_count=8",
        },
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return dict(np.load(path))


def distributed_weights(path):
    """Trains on one device, then on all of them."""
    assert len(keras.distribution.list_devices()) == 8
    x, y = batch(32)
    found = {}
    for where in ("one", "all"):
        if where == "all":
            keras.distribution.set_distribution(
                keras.distribution.DataParallel()
            )
        for kind in (Mixup, AdversarialMixup):
            keras.utils.set_random_seed(3)
            options = {} if kind is Mixup else {"epsilon": 0.3}
            model = classifier(dropout=0.0, batch_norm=True)
            wrapper = kind(model, "hidden", seed=1, **options)
            for draws in ("given", "own"):
                if draws == "given":
                    lam = np.linspace(0, 1, 32)
                    given(wrapper, lam, np.roll(np.arange(32), 9))
                else:
                    del wrapper.draw
                compiled(wrapper)
                wrapper.evaluate(x, y, batch_size=16, verbose=0)
                weights_after(wrapper, x, y, steps=2)
                for index, value in enumerate(wrapper.get_weights()):
                    name = f"{kind.__name__}/{draws}/{where}/{index}"
                    found[name] = value
    np.savez(path, **found)


# In a process of its own, on whichever backend this one runs: once is enough.
@pytest.mark.tensorflow
@pytest.mark.parametrize("draws", ["given", "own"])
@pytest.mark.parametrize("kind", ["Mixup", "AdversarialMixup"])
def test_eight_devices_make_the_steps_of_one(eight_devices, kind, draws):
    one, eight = (
        [
            value
            for name, value in eight_devices.items()
            if name.startswith(f"{kind}/{draws}/{where}/")
        ]
        for where in ("one", "all")
    )
    assert len(one) == 10
    assert_same_weights(eight, one, rtol=1e-4, atol=1e-6)


if __name__ == "__main__":
    distributed_weights(sys.argv[1])
