"""The losses of the experiments, of int labels `(batch,)` and logits."""

from typing import Any

import keras
from keras import ops


def loss_of(mixing: Any) -> keras.losses.Loss:
    """The loss that `MixingOptions` ask for."""
    if mixing.released.binary_cross_entropy:
        return BinaryCrossEntropy()
    if mixing.label_smoothing:
        return SmoothedCrossEntropy(mixing.label_smoothing)
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


class SmoothedCrossEntropy(keras.losses.Loss):
    """Cross-entropy with labels of which a share is spread over all classes.

    Keras smooths one-hot labels only.

    Args:
        label_smoothing: Float from 0 to 1, the share.
    """

    def __init__(self, label_smoothing: float) -> None:
        super().__init__()
        self.label_smoothing = label_smoothing

    def call(self, y_true: Any, y_pred: Any) -> Any:
        labels = ops.one_hot(ops.cast(y_true, "int32"), y_pred.shape[-1])
        return keras.losses.categorical_crossentropy(
            labels,
            y_pred,
            from_logits=True,
            label_smoothing=self.label_smoothing,
        )


class BinaryCrossEntropy(keras.losses.Loss):
    """Binary cross-entropies of the softmax's classes, summed over them.

    The loss takes int labels `(batch,)` and logits `(batch, classes)`.
    """

    def call(self, y_true: Any, y_pred: Any) -> Any:
        labels = ops.one_hot(ops.cast(y_true, "int32"), y_pred.shape[-1])
        # log(1 - p) of a softmax, without the cancellation of 1 - p.
        log_p = ops.log_softmax(y_pred)
        others = ops.where(
            ops.eye(y_pred.shape[-1], dtype="bool"),
            -float("inf"),
            log_p[:, None, :],
        )
        log_not_p = ops.logsumexp(others, axis=-1)
        losses = -labels * log_p - (1 - labels) * log_not_p
        return ops.sum(losses, axis=-1)
