"""Confidence and accuracy by bins: one definition for all that show them."""

import dataclasses
from typing import Any

import numpy as np
from keras import ops

from keras_amp.calibration.by_class import by_class, checked
from keras_amp.masks import mask_of
from keras_amp.policy import Tensor


@dataclasses.dataclass(frozen=True)
class Reliability:
    """How confident and how right answers are, by bins of their confidence.

    Bin k of n holds the confidences in `(k / n, (k + 1) / n]`, as float32.

    Attributes:
        confidence, accuracy: Float arrays of shape `(bins,)`, means over the
            answers in a bin; `nan` where there are none.
        count: Float array of shape `(bins,)`, the number of answers, or the
            sum of their weights.
        error: Float, the expected calibration error: the mean over all answers
            of `|accuracy - confidence|` of their bins.
    """

    confidence: np.ndarray
    accuracy: np.ndarray
    count: np.ndarray
    error: float


def reliability(
    y_true: Any,
    y_pred: Any,
    num_bins: int = 15,
    from_logits: bool = False,
    sample_weight: Any = None,
) -> Reliability:
    """Compares confidence with accuracy, bin by bin (Guo et al. 2017).

    What a reliability diagram shows, and `ExpectedCalibrationError` sums up.

    Args:
        y_true, y_pred: Arrays, see `keras_amp.calibration`.
        num_bins: Int, bins of equal width from 0 to 1.
        from_logits: Bool, whether `y_pred` are logits.
        sample_weight: Float array of shape `(batch,)` or `(batch, ...)`.

    Raises:
        ValueError: If there is no bin or no prediction, a prediction is not
            finite or no probability, or a label names no class.

    Examples:
        >>> sure = [[1.0, 0.0], [1.0, 0.0]]
        >>> found = reliability([0, 1], sure, num_bins=2)
        >>> found.confidence, found.accuracy, found.count, found.error
        (array([nan, 1.]), array([nan, 0.5]), array([0., 2.]), 0.5)
    """
    check_num_bins(num_bins)
    y_true, y_pred = checked(y_true, y_pred, from_logits)
    sums = sums_of(y_true, y_pred, num_bins, from_logits, sample_weight)
    confidence, right, count = ops.convert_to_numpy(sums).astype("float64")
    with np.errstate(invalid="ignore"):  # 0 / 0, of bins without answers
        means = confidence / count, right / count
    return Reliability(*means, count, float(expected_error(sums)))


def sums_of(
    y_true: Tensor,
    y_pred: Tensor,
    num_bins: int,
    from_logits: bool,
    sample_weight: Any,
) -> Tensor:
    """Confidence, right answers and answers of each bin, `(3, num_bins)`."""
    mask = mask_of(y_pred)
    labels, outputs = by_class(y_true, y_pred, from_logits)
    outputs = ops.softmax(outputs) if from_logits else outputs
    confidence = ops.max(outputs, axis=-1)
    answer = ops.one_hot(
        ops.argmax(outputs, axis=-1), outputs.shape[-1], dtype="float32"
    )
    right = ops.sum(answer * labels, axis=-1)
    weight = ops.ones_like(confidence)
    for one in (sample_weight, mask):
        if one is not None:
            weight = weight * _like(one, confidence)
    edges = ops.convert_to_tensor(
        np.arange(1, num_bins, dtype="float32") / np.float32(num_bins)
    )
    bins = ops.sum(ops.cast(confidence[..., None] > edges, "int32"), axis=-1)
    is_in = ops.one_hot(bins, num_bins, dtype="float32")
    # A product of matrices would be less exact on GPUs.
    axes = tuple(range(len(confidence.shape)))
    return ops.stack(
        [
            ops.sum((weight * one)[..., None] * is_in, axis=axes)
            for one in (confidence, right, ops.ones_like(confidence))
        ]
    )


def expected_error(sums: Tensor) -> Tensor:
    """The expected calibration error of `sums_of`; 0 of no answers."""
    confidence, right, count = sums[0], sums[1], sums[2]
    gap = ops.sum(ops.abs(right - confidence))
    return ops.divide_no_nan(gap, ops.sum(count))


def _like(weight: Any, values: Tensor) -> Tensor:
    """Weights with as many axes as values, to be multiplied with them."""
    weight = ops.cast(ops.convert_to_tensor(weight), "float32")
    missing = len(values.shape) - len(weight.shape)
    if missing < 0:  # a column of weights
        return ops.squeeze(weight, axis=-1)
    return ops.reshape(weight, (*ops.shape(weight), *[1] * missing))


def check_num_bins(num_bins: int) -> None:
    """Raises `ValueError` unless it is an int above 0."""
    if not isinstance(num_bins, int) or num_bins < 1:
        raise ValueError(
            f"`num_bins` must be an int above 0, such as 15. Received: "
            f"num_bins={num_bins!r}"
        )
