"""Temperature scaling: one number that mends probabilities."""

from typing import Any

import numpy as np
from keras import ops

from keras_amp.calibration.by_class import by_class, checked

# What has a logarithm, where a float32 says 0.
LEAST_PROBABILITY = float(np.finfo("float32").tiny)
# Where no temperature fits best, that is where the search for one ends.
LOWEST_TEMPERATURE, HIGHEST_TEMPERATURE = 0.01, 100.0
_MOST_STEPS = 100  # a handful suffices


def fit_temperature(
    y_true: Any, y_pred: Any, from_logits: bool = False
) -> float:
    """The temperature that fits a classifier's logits to labels.

        T = argmin mean(-log softmax(logits / T)[y_true])

    Guo et al. (2017). Above 1, the classifier promised too much, below 1 too
    little; `keras.ops.softmax(logits / T)` are the probabilities to go by.
    They rank classes as before, so that no answer changes. Labels and
    predictions must be of examples that it was not trained on.

    Logarithms of probabilities are logits: from probabilities comes the same
    temperature. A 0 among them counts as `LEAST_PROBABILITY`, 1.2e-38.

    Args:
        y_true, y_pred: Arrays, see `keras_amp.calibration`.
        from_logits: Bool, whether `y_pred` are logits.

    Returns:
        Float from `LOWEST_TEMPERATURE`, 0.01, which says no more than that all
        answers are right, to `HIGHEST_TEMPERATURE`, 100, of answers that are
        no better than chance.

    Raises:
        ValueError: If there is no prediction, one is not finite or no
            probability, or a label names no class.

    Examples:
        >>> three_of_four = [0, 0, 0, 1]
        >>> logits = [[2 * np.log(3), 0.0]] * 4  # promises nine of ten
        >>> round(fit_temperature(three_of_four, logits, from_logits=True), 6)
        2.0
    """
    y_true, y_pred = by_class(
        *checked(y_true, y_pred, from_logits), from_logits
    )
    labels, logits = (
        ops.convert_to_numpy(one).astype("float64").reshape(-1, one.shape[-1])
        for one in (y_true, y_pred)
    )
    if not from_logits:
        logits = np.log(np.maximum(logits, LEAST_PROBABILITY))
    logits -= logits.max(axis=1, keepdims=True)
    labelled = (labels * logits).sum(axis=1)

    def derivatives(inverse: float) -> tuple[float, float]:
        """The first and second of the loss, convex in 1 / T."""
        p = np.exp(inverse * logits)
        p /= p.sum(axis=1, keepdims=True)
        mean = (p * logits).sum(axis=1)
        variance = (p * (logits - mean[:, None]) ** 2).sum(axis=1)
        return float(np.mean(mean - labelled)), float(np.mean(variance))

    low, high = 1 / HIGHEST_TEMPERATURE, 1 / LOWEST_TEMPERATURE
    at_low, at_high = derivatives(low)[0], derivatives(high)[0]
    if at_low == at_high == 0:  # All classes are equally probable.
        return 1.0
    if at_high <= 0:
        return LOWEST_TEMPERATURE
    if at_low >= 0:
        return HIGHEST_TEMPERATURE
    inverse = 1.0
    for _ in range(_MOST_STEPS):
        slope, curvature = derivatives(inverse)
        step = slope / max(curvature, LEAST_PROBABILITY)
        if abs(step) <= 1e-12 * inverse:
            break
        low, high = (low, inverse) if slope > 0 else (inverse, high)
        # Newton's step; where it leads too far, a bisection.
        inverse -= step
        if not low < inverse < high:
            inverse = (low * high) ** 0.5
    return 1 / inverse


def check_temperature(temperature: float) -> None:
    """Raises `ValueError` unless it is above 0 and finite."""
    if not 0 < temperature < np.inf:
        raise ValueError(
            "`temperature`, by which logits are divided, must be above 0 and "
            f"finite; 1 changes nothing. Received: temperature={temperature}"
        )
