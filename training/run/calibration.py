"""How far a classifier's probabilities are to be trusted."""

from typing import Any, NamedTuple

import numpy as np
import scipy.special

from keras_amp.calibration import (
    HIGHEST_TEMPERATURE,
    LOWEST_TEMPERATURE,
    fit_temperature,
    reliability,
)
from keras_amp.comparison import measure


class Outputs(NamedTuple):
    """What a classifier says of some texts, and what it should.

    Attributes:
        logits: Float array of shape `(examples, classes)`.
        labels: Int array of shape `(examples,)`.
    """

    logits: np.ndarray
    labels: np.ndarray

    def probabilities(self, temperature: float = 1.0) -> np.ndarray:
        """Those of each class, `softmax(logits / temperature)`."""
        return scipy.special.softmax(self.logits / temperature, axis=1)

    def confidences(self) -> np.ndarray:
        """The probability of each answer, of shape `(examples,)`."""
        return self.probabilities().max(axis=1)


def calibration_of(test: Outputs, dev: Outputs | None) -> dict[str, Any]:
    """What is recorded of a test set's probabilities.

    Args:
        test: `Outputs` of the test set.
        dev: `Outputs` of texts that nothing was trained on, to which a
            temperature is fitted; `None` if there are none.

    Returns:
        Dict of `test_loss`, the negative log-likelihood,
        `test_calibration_error`, the expected one in %, `test_macro_f1` in %
        and `reliability`, a dict of lists with one number for each bin; and
        if a temperature follows from dev, `temperature`, and the first two at
        it, whose names begin with `tempered_`.
    """
    found = _at(test, 1.0)
    measured = {
        "test_loss": found["nll"],
        "test_calibration_error": found["ece"],
        "test_macro_f1": found["macro-f1"],
        "reliability": _bins_of(test),
    }
    temperature = dev and temperature_of(dev)
    if not temperature:
        return measured
    tempered = _at(test, temperature)
    return {
        **measured,
        "temperature": temperature,
        "tempered_test_loss": tempered["nll"],
        "tempered_test_calibration_error": tempered["ece"],
    }


def temperature_of(dev: Outputs) -> float | None:
    """The temperature that fits best, `None` if there is none.

    Where all answers are right, the lower it is the better it fits, and where
    they are worse than chance, the higher: neither is of use for others.
    """
    found = fit_temperature(dev.labels, dev.logits, from_logits=True)
    is_best = LOWEST_TEMPERATURE < found < HIGHEST_TEMPERATURE
    return found if is_best else None


def out_of_domain_area(test: Outputs, others: Outputs) -> float:
    """How well confidence tells a test set from texts of another kind, in %.

    The area under the ROC curve, which is the share of pairs, one text of
    each, in which the classifier is surer of its answer to the first; 50 is
    chance (Hendrycks and Gimpel 2017, "A Baseline for Detecting Misclassified
    and Out-of-Distribution Examples in Neural Networks").

    Args:
        test, others: `Outputs`; the labels of the others are of no account.
    """
    # Not before it is used: it takes a second to load.
    from sklearn.metrics import roc_auc_score

    is_test = np.repeat([1, 0], [len(test.logits), len(others.logits)])
    sure = np.concatenate([test.confidences(), others.confidences()])
    return 100 * float(roc_auc_score(is_test, sure))


def _bins_of(test: Outputs) -> dict[str, list[float]]:
    """What a reliability diagram shows; 0 for bins without an answer."""
    found = reliability(test.labels, test.logits, from_logits=True)
    return {
        name: np.nan_to_num(getattr(found, name)).tolist()
        for name in ("confidence", "accuracy", "count")
    }


def _at(test: Outputs, temperature: float) -> dict[str, float]:
    return measure(test.labels, test.logits / temperature, from_logits=True)
