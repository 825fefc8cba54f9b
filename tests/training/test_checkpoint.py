import keras
import numpy as np
import pytest

from tests.helpers import classifier, compiled
from training.checkpoint import Checkpoint


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


@pytest.mark.parametrize("loss", [float("nan"), float("inf")])
def test_a_loss_that_is_not_finite_ends_the_run(tmp_path, loss):
    checkpoint = Checkpoint(tmp_path / "c.npz", dict)
    with pytest.raises(FloatingPointError, match="lower --learning-rate"):
        checkpoint.on_epoch_end(0, {"val_accuracy": 0.5, "loss": loss})
    assert not checkpoint.path.exists()
