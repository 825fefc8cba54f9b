"""The Brier score, as a metric of Keras."""

from typing import Any

import keras
from keras import ops

from keras_amp.calibration.by_class import by_class
from keras_amp.policy import Tensor


@keras.saving.register_keras_serializable(package="keras_amp")
class BrierScore(keras.metrics.MeanMetricWrapper):
    """The mean squared distance of probabilities and labels, 0 to 2.

        mean(sum over classes of (probability - label)²)

    Brier (1950), "Verification of Forecasts Expressed in Terms of Probability".
    Low where answers are both right and calibrated. A sigmoid's output counts
    as the two classes that it stands for; some halve the score then.

    Args:
        from_logits: Bool, whether predictions are logits.
        name: String.
        dtype: As of any `keras.metrics.Metric`.

    Call arguments:
        y_true, y_pred: Tensors, see `keras_amp.calibration`.
        sample_weight: Float tensor of shape `(batch,)` or `(batch, ...)`.

    Examples:
        >>> metric = BrierScore()
        >>> metric.update_state([0, 1], [[1.0, 0.0], [0.5, 0.5]])
        >>> float(metric.result())
        0.25
    """

    def __init__(
        self,
        from_logits: bool = False,
        name: str = "brier_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(_brier, name, dtype, from_logits=from_logits)
        self.from_logits = from_logits

    def get_config(self) -> dict:
        return {
            "name": self.name,
            "dtype": self.dtype,
            "from_logits": self.from_logits,
        }


def _brier(y_true: Tensor, y_pred: Tensor, from_logits: bool) -> Tensor:
    labels, outputs = by_class(y_true, y_pred, from_logits)
    outputs = ops.softmax(outputs) if from_logits else outputs
    return ops.sum(ops.square(outputs - labels), axis=-1)
