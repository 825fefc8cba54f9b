import json
import os

import keras
import numpy as np
import pytest

from tests.helpers import classifier, compiled, files_limited_to
from training.arrays import read_arrays, write_arrays
from training.run.checkpoint import Checkpoint, DamagedCheckpointError


@pytest.mark.parametrize("resumed_after", [None, 1, 2, 3])
def test_the_first_best_weights_are_kept_over_a_resume(tmp_path, resumed_after):
    model = compiled(classifier(), metrics=["accuracy"])
    model.optimizer.build(model.trainable_variables)
    checkpoint = Checkpoint(tmp_path / "c.npz", lambda: {"test_error": 1.0})
    checkpoint.set_model(model)
    kernel = model.get_layer("hidden").kernel
    for epoch, accuracy in enumerate([0.5, 0.7, 0.6, 0.7]):
        if epoch == resumed_after:
            checkpoint = Checkpoint(
                tmp_path / "c.npz", lambda: {"test_error": 1.0}
            )
            checkpoint.resume(model)
            assert checkpoint.epochs == epoch
        kernel.assign(keras.ops.full(kernel.shape, float(epoch)))
        checkpoint.on_epoch_end(epoch, {"val_accuracy": accuracy, "loss": 1.0})
    checkpoint.restore_best_weights()
    np.testing.assert_array_equal(kernel, np.ones(kernel.shape))
    assert checkpoint.curves["val_accuracy"] == [0.5, 0.7, 0.6, 0.7]
    assert checkpoint.curves["test_error"] == [1.0] * 4
    assert [path.name for path in tmp_path.iterdir()] == ["c.npz"]


@pytest.fixture
def kept(tmp_path):
    """A model and its checkpoint, after two epochs."""
    model = compiled(classifier(), metrics=["accuracy"])
    model.optimizer.build(model.trainable_variables)
    checkpoint = Checkpoint(tmp_path / "c.npz", dict)
    checkpoint.set_model(model)
    for epoch in range(2):
        checkpoint.on_epoch_end(epoch, {"val_accuracy": 0.5, "loss": 1.0})
    return model, checkpoint


def without(arrays, name):
    return {key: value for key, value in arrays.items() if key != name}


def curves_of(value):
    return lambda arrays: {**arrays, "curves": json.dumps(value)}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a: without(a, "state_2"), "it holds"),
        (lambda a: without(a, "curves"), "it has no curves"),
        (lambda a: {**a, "more": np.ones(1)}, "it holds"),
        (lambda a: {**a, "state_1": np.ones(7)}, "'state_1' is float64"),
        (lambda a: {**a, "best_1": a["best_1"][:-1]}, "'best_1' is float32"),
        (lambda a: {**a, "best_1": a["best_1"] * np.nan}, "not finite"),
        (lambda a: {**a, "state_0": a["state_0"] + np.inf}, "not finite"),
        (curves_of([]), "it has no curves"),
        (curves_of({"loss": [1.0]}), "it has no curves"),
        (curves_of({"val_accuracy": "x"}), "is no list of numbers"),
        (curves_of({"val_accuracy": ["x"]}), "is no list of numbers"),
        (
            curves_of({"val_accuracy": [1.0], "loss": [1.0, 2.0]}),
            "not of one length",
        ),
        (lambda a: {**a, "curves": "[" * 100_000}, "recursion"),
        (lambda a: {**a, "seconds": "x"}, "its seconds are x"),
        (lambda a: {**a, "seconds": -1.0}, "its seconds are -1"),
        (lambda a: {**a, "seconds": np.nan}, "its seconds are nan"),
        (lambda a: {**a, "seconds": np.inf}, "its seconds are inf"),
        (lambda a: {**a, "seconds": np.ones(2)}, "its seconds are"),
        (lambda a: without(a, "texts"), "does not say of which texts"),
        (
            lambda a: {**without(a, "state_2"), "texts": "others"},
            "is of other texts than the files hold now",
        ),
    ],
)
def test_another_models_checkpoint_changes_nothing(kept, change, message):
    model, checkpoint = kept
    arrays = change(read_arrays(checkpoint.path))
    write_arrays(checkpoint.path, arrays)
    variables = [*model.variables, *model.optimizer.variables]
    for variable in variables:
        variable.assign(variable + 1)
    before = [variable.numpy() for variable in variables]
    again = Checkpoint(checkpoint.path, dict)
    with pytest.raises(DamagedCheckpointError, match=message) as raised:
        again.resume(model)
    assert str(checkpoint.path) in str(raised.value)
    assert "start without --resume" in str(raised.value)
    for variable, value in zip(variables, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)
    assert again.epochs == 0


def test_what_a_run_took_until_it_was_interrupted_is_counted(kept):
    model, checkpoint = kept
    arrays = read_arrays(checkpoint.path)
    write_arrays(checkpoint.path, {**arrays, "seconds": 1000.0})
    again = Checkpoint(checkpoint.path, dict)
    again.resume(model)
    assert again.seconds_before == 1000
    again.on_epoch_end(2, {"val_accuracy": 0.5, "loss": 1.0})
    once_more = Checkpoint(checkpoint.path, dict)
    once_more.resume(model)
    assert once_more.seconds_before > 1000


@pytest.mark.skipif(os.name != "posix", reason="no file limits")
def test_a_full_disc_leaves_the_last_state(kept):
    model, checkpoint = kept
    before = checkpoint.path.read_bytes()
    with (
        files_limited_to(1000),
        pytest.raises(OSError, match=r"File too large: '.*c\.npz'"),
    ):
        checkpoint.on_epoch_end(2, {"val_accuracy": 0.5, "loss": 1.0})
    assert checkpoint.path.read_bytes() == before
    assert len(list(checkpoint.path.parent.iterdir())) == 1
    Checkpoint(checkpoint.path, dict).resume(model)


@pytest.mark.parametrize("loss", [float("nan"), float("inf")])
def test_a_loss_that_is_not_finite_ends_the_run(tmp_path, loss):
    checkpoint = Checkpoint(tmp_path / "c.npz", dict)
    with pytest.raises(FloatingPointError, match="lower --learning-rate"):
        checkpoint.on_epoch_end(0, {"val_accuracy": 0.5, "loss": loss})
    assert not checkpoint.path.exists()
