"""A run that is interrupted ends as one that is not."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import keras
import numpy as np
import pytest

import keras_amp
from tests.helpers import assert_same_weights, batch, classifier, compiled

KINDS = [
    pytest.param(keras_amp.Mixup, marks=pytest.mark.slow),
    keras_amp.AdversarialMixup,
    pytest.param(keras_amp.NonlinearMixup, marks=pytest.mark.slow),
]
X, Y = batch(12)


def build(kind, mix_at=("hidden", "above")):
    keras.utils.set_random_seed(4)
    wrapper = kind(classifier(dropout=0.5), list(mix_at), seed=1)
    return compiled(wrapper, optimizer=keras.optimizers.Adam(0.01))


def fit(wrapper, **options):
    options = {"epochs": 6, "batch_size": 4, "shuffle": False} | options
    return wrapper.fit(X, Y, verbose=0, **options).history


class Interrupt(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 3:
            raise KeyboardInterrupt


@pytest.mark.parametrize("kind", KINDS)
def test_backup_and_restore_goes_on_exactly(tmp_path, kind):
    expected = build(kind)
    history = fit(expected)
    backup = keras.callbacks.BackupAndRestore(tmp_path / "backup")
    with pytest.raises(KeyboardInterrupt):
        fit(build(kind), callbacks=[backup, Interrupt()])
    resumed = build(kind)
    # Another seed: all random state must come from the backup.
    resumed.seeds.state.assign([7, 7])
    backup = keras.callbacks.BackupAndRestore(tmp_path / "backup")
    rest = fit(resumed, callbacks=[backup])
    assert_same_weights(resumed.get_weights(), expected.get_weights())
    for key, values in rest.items():
        assert values == history[key][3:], key


@pytest.mark.parametrize("kind", KINDS)
def test_a_saved_model_goes_on_exactly(tmp_path, kind):
    expected = build(kind)
    fit(expected)
    fit(expected)
    saved = build(kind)
    fit(saved)
    saved.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    fit(loaded)
    assert_same_weights(loaded.get_weights(), expected.get_weights())


def test_model_checkpoint_keeps_the_wrapper(tmp_path):
    checkpoint = keras.callbacks.ModelCheckpoint(
        tmp_path / "best.keras", monitor="loss", save_best_only=True
    )
    wrapper = build(keras_amp.AdversarialMixup)
    fit(wrapper, callbacks=[checkpoint])
    loaded = keras.models.load_model(tmp_path / "best.keras")
    assert isinstance(loaded, keras_amp.AdversarialMixup)
    assert loaded.mix_at == ["hidden", "above"]


def test_files_without_random_state_load(tmp_path):
    wrapper = build(keras_amp.Mixup)
    states = wrapper._random_states
    wrapper._random_states = list
    wrapper.save_weights(tmp_path / "old.weights.h5")
    wrapper._random_states = states
    state = np.array(wrapper.seeds.state)
    wrapper.load_weights(tmp_path / "old.weights.h5")
    np.testing.assert_array_equal(wrapper.seeds.state, state)


RUN = """
import sys, time
import keras
import keras_amp
from tests.keras_amp.mixup.test_resume import build, fit

class Slow(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        print("step", flush=True)
        time.sleep(0.05)

wrapper = build(keras_amp.AdversarialMixup)
fit(wrapper, epochs=8, callbacks=[
    keras.callbacks.BackupAndRestore(sys.argv[1] + "/backup"), Slow()
])
wrapper.save_weights(sys.argv[1] + "/end.weights.h5")
"""


def start(folder):
    return subprocess.Popen(
        [sys.executable, "-c", RUN, str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )


def test_a_killed_run_started_again_ends_as_if_it_was_not(tmp_path):
    rng = np.random.default_rng()
    for _ in range(2):
        process = start(tmp_path)
        for _ in range(rng.integers(4, 12)):
            process.stdout.readline()
        time.sleep(rng.uniform(0, 0.05))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert process.returncode == -signal.SIGKILL
    process = start(tmp_path)
    process.communicate()
    assert process.returncode == 0
    resumed = build(keras_amp.AdversarialMixup)
    resumed.optimizer.build(resumed.trainable_variables)
    resumed.load_weights(tmp_path / "end.weights.h5")
    expected = build(keras_amp.AdversarialMixup)
    fit(expected, epochs=8)
    assert_same_weights(resumed.get_weights(), expected.get_weights())
