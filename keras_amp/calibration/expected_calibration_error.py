"""The expected calibration error, as a metric of Keras."""

from typing import Any

import keras
from keras import ops

from keras_amp.calibration.bins import (
    check_num_bins,
    expected_error,
    sums_of,
)
from keras_amp.policy import Tensor


@keras.saving.register_keras_serializable(package="keras_amp")
class ExpectedCalibrationError(keras.metrics.Metric):
    """How far probabilities are from how often they come true, 0 to 1.

        sum over bins of count / n · |accuracy - confidence|

    of the bins of `reliability`, over all batches since the last reset (Guo et
    al. 2017). It is no mean over batches, and 0 before the first.

    Positions that a mask on `y_pred` leaves out do not count. For the negative
    log-likelihood, that paper's other measure, Keras has
    `keras.metrics.SparseCategoricalCrossentropy` and its relatives.

    Args:
        num_bins: Int, bins of equal width from 0 to 1.
        from_logits: Bool, whether predictions are logits.
        name: String.
        dtype: As of any `keras.metrics.Metric`.

    Call arguments:
        y_true, y_pred: Tensors, see `keras_amp.calibration`.
        sample_weight: Float tensor of shape `(batch,)` or `(batch, ...)`.

    Raises:
        ValueError: If `num_bins` is no int above 0, or predictions have no
            axis of classes.

    Examples:
        >>> metric = ExpectedCalibrationError()
        >>> metric.update_state([0, 1], [[0.75, 0.25], [0.75, 0.25]])
        >>> float(metric.result())
        0.25
    """

    def __init__(
        self,
        num_bins: int = 15,
        from_logits: bool = False,
        name: str = "expected_calibration_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        check_num_bins(num_bins)
        self.num_bins = num_bins
        self.from_logits = from_logits
        self._sums = self.add_variable(
            (3, num_bins), "zeros", dtype=self.dtype, name="sums"
        )

    def update_state(
        self, y_true: Tensor, y_pred: Tensor, sample_weight: Any = None
    ) -> None:
        sums = sums_of(
            y_true, y_pred, self.num_bins, self.from_logits, sample_weight
        )
        self._sums.assign_add(ops.cast(sums, self.dtype))

    def result(self) -> Tensor:
        return expected_error(self._sums)

    def get_config(self) -> dict:
        mine = {"num_bins": self.num_bins, "from_logits": self.from_logits}
        return {**super().get_config(), **mine}
