"""What goes from backend to backend, each in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from keras_amp.extras import needed
from tests.helpers import batch, tf

# Loads what another backend wrote, if there is a path; answers; trains; saves.
RELAY = """
import sys
import keras
import numpy as np
import keras_amp
from keras_amp.saved_model import export_saved_model
from tests.helpers import batch, classifier, compiled

path, = sys.argv[1:]
x, y = batch(12)
try:
    # Keras writes PyTorch's own Adam, which no other backend can use.
    model = keras.models.load_model(path + ".keras", compile=False)
except ValueError:
    model = keras_amp.AdversarialMixup(
        classifier(dropout=0.5, batch_norm=True), ["hidden", "above"], seed=1
    )
    model.alpha, model.epsilon = 0.25, 0.125
compiled(model, optimizer=keras.optimizers.Adam(0.01))
assert (model.alpha, model.epsilon) == (0.25, 0.125)
arrived = model.predict(x, verbose=0)
model.fit(x, y, verbose=0)
model.save(path + ".keras")
np.savez(path, arrived=arrived, left=model.predict(x, verbose=0))
if keras.backend.backend() == "jax":
    export_saved_model(path + ".keras", path + "-exported")
"""


@pytest.mark.tensorflow
def test_what_one_backend_saves_the_others_load_and_tensorflow_serves(tmp_path):
    for package in ("jax", "torch"):
        needed(package, "This test", f'"keras_amp[{package}]"')
    left = None
    for backend in ("tensorflow", "torch", "jax"):
        done = subprocess.run(
            [sys.executable, "-c", RELAY, str(tmp_path / "model")],
            capture_output=True,
            text=True,
            env={
                **os.environ,
                "KERAS_BACKEND": backend,
                "PYTHONPATH": str(Path(__file__).parents[4]),
            },
        )
        assert done.returncode == 0, done.stderr[-3000:]
        answers = np.load(tmp_path / "model.npz")
        if left is not None:
            np.testing.assert_allclose(answers["arrived"], left, atol=1e-6)
        assert not np.allclose(answers["arrived"], answers["left"])
        left = answers["left"]
    # And TensorFlow loaded that of JAX, and exported it.
    exported = tf.saved_model.load(tmp_path / "model-exported")
    served = exported.serve(batch(12)[0])
    np.testing.assert_allclose(served, left, atol=1e-6)
