"""What a classifier is compared by."""

import dataclasses
from typing import Any

import numpy as np
from keras import ops

from keras_amp.calibration.bins import reliability
from keras_amp.calibration.by_class import by_class, checked
from keras_amp.extras import WhenUsed

sklearn_metrics = WhenUsed(
    "sklearn.metrics", "Comparing", '"keras_amp[compare]"'
)


_LEAST = 1e-12  # of a probability, so that one sure wrong answer isn't all


@dataclasses.dataclass(frozen=True)
class Measure:
    """One number for a classifier's answers to a test set.

    Attributes:
        name: String, as `metric` and `--metric` take it.
        title: String, in tables and figures.
        unit: String, what a difference is counted in.
        better, worse: Strings, of a difference, as a sentence has them.
        higher_is_better: Bool.
        digits: Int, decimals that are shown.
        step: Float, a difference that matters to a person.
    """

    name: str
    title: str
    unit: str
    better: str
    worse: str
    higher_is_better: bool = False
    digits: int = 1
    step: float = 0.5


MEASURES = {
    one.name: one
    for one in (
        Measure(
            "error",
            title="error (%)",
            unit=" points",
            better="fewer errors",
            worse="more errors",
        ),
        Measure(
            "nll",
            title="loss (nats)",
            unit=" nats",
            better="less loss",
            worse="more loss",
            digits=3,
            step=0.02,
        ),
        Measure(
            "ece",
            title="calibration error (%)",
            unit=" points",
            better="less calibration error",
            worse="more calibration error",
        ),
        Measure(
            "macro-f1",
            title="macro F1 (%)",
            unit=" points",
            better="more macro F1",
            worse="less macro F1",
            higher_is_better=True,
        ),
    )
}


def measure(
    y_true: Any, y_pred: Any, from_logits: bool = False
) -> dict[str, float]:
    """All of `MEASURES` of a classifier's answers.

    Args:
        y_true: Int labels `(examples,)`, or one-hot ones.
        y_pred: Predictions `(examples, classes)`, or `(examples, 1)` of the
            second of two classes.
        from_logits: Bool, whether they are logits.

    Returns:
        Dict from name to float: "error", "ece" (the expected calibration
        error) and "macro-f1" in %, "nll" (the negative log-likelihood) in
        nats, at most that of a probability of 1e-12.

    Raises:
        ValueError: If there is no prediction, one is not finite or no
            probability, or a label names no class.

    Examples:
        >>> found = measure([0, 1, 1, 0], [[1, 0], [0, 1], [1, 0], [1, 0]])
        >>> found["error"], found["ece"], round(found["macro-f1"], 1)
        (25.0, 25.0, 73.3)
    """
    y_true, y_pred = checked(y_true, y_pred, from_logits)
    found = reliability(y_true, y_pred, from_logits=from_logits)
    shares, outputs = (
        ops.convert_to_numpy(one).astype("float64")
        for one in by_class(y_true, y_pred, from_logits)
    )
    labels, answers = shares.argmax(axis=-1), outputs.argmax(axis=-1)
    if from_logits:
        outputs = outputs - outputs.max(axis=-1, keepdims=True)
        log_p = outputs - np.log(np.exp(outputs).sum(axis=-1, keepdims=True))
        log_p = np.maximum(log_p, np.log(_LEAST))
    else:
        log_p = np.log(np.maximum(outputs, _LEAST))
    f1 = sklearn_metrics.f1_score(
        labels, answers, average="macro", zero_division=0.0
    )
    return {
        "error": 100 * float(np.mean(answers != labels)),
        "nll": -float(np.mean(np.sum(shares * log_p, axis=-1))),
        "ece": 100 * found.error,
        "macro-f1": 100 * float(f1),
    }


def measure_if_finite(
    y_true: Any, y_pred: Any, from_logits: bool = False
) -> dict[str, float]:
    """As `measure`; all `nan` where a prediction is not finite.

    Args:
        y_true, y_pred, from_logits: As of `measure`.

    Raises:
        ValueError: As `measure`, but for predictions that are not finite.

    Examples:
        >>> measure_if_finite([0, 1], [[1, 0], [np.nan, np.nan]])["error"]
        nan
    """
    if np.all(np.isfinite(ops.convert_to_numpy(y_pred).astype("float64"))):
        return measure(y_true, y_pred, from_logits)
    return dict.fromkeys(MEASURES, np.nan)
