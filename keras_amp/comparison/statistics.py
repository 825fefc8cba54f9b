"""Whether one method errs less than another, or it is chance.

Two methods that meet the same splits of the same data give one difference per
split. Their training sets overlap, so that the differences are correlated, and
a plain t-test finds too much. Nadeau and Bengio (2003), "Inference for the
Generalization Error", Machine Learning 52, widen it: the variance of the mean
of R differences is not s² / R but

    s² (1 / R + n_test / n_train)

Here `overlap` is n_test / n_train; it is 0 where only the seeds differ.
"""

import dataclasses
import math
from collections.abc import Sequence

import numpy as np

from keras_amp.extras import WhenUsed

# Not before it is used: not everyone who trains compares.
stats = WhenUsed("scipy.stats", "Comparing", '"keras_amp[compare]"')
optimize = WhenUsed("scipy.optimize", "Comparing", '"keras_amp[compare]"')

LEVEL = 0.05  # of chance findings, over all methods together
POWER = 0.8
RESAMPLES = 9999
MOST_REPEATS = 1000  # that anyone would wait for


@dataclasses.dataclass(frozen=True)
class Difference:
    """One method's scores minus another's, over the splits that both have.

    Attributes:
        mean, deviation: Floats, over splits.
        low, high: Floats, the interval that holds the true one with 95 %.
        p_value: Float of a two-sided test that there is none; 1 where all
            splits differ by the same or there is but one, as there is nothing
            to test with.
        repeats: Int, the number of splits.
    """

    mean: float
    deviation: float
    low: float
    high: float
    p_value: float
    repeats: int


def difference(
    scores: Sequence[float], others: Sequence[float], overlap: float = 0.0
) -> Difference:
    """Compares two methods by the corrected resampled t-test.

    Args:
        scores, others: Floats of both, split by split; `nan` where one has
            none.
        overlap: Float >= 0, n_test / n_train.

    Raises:
        ValueError: If no split has both.

    Examples:
        >>> found = difference([8.0, 9.0, 7.0], [10.0, 10.0, 10.0])
        >>> found.mean, round(found.p_value, 3)
        (-2.0, 0.074)
        >>> wider = difference([8.0, 9.0, 7.0], [10.0, 10.0, 10.0], 0.25)
        >>> round(wider.p_value, 3)
        0.12
    """
    each = _each(scores, others)
    repeats, mean = len(each), float(each.mean())
    if repeats == 1 or np.ptp(each) == 0:
        unknown = (-math.inf, math.inf) if repeats == 1 else (mean, mean)
        return Difference(mean, 0.0, *unknown, 1.0, repeats)
    deviation = float(each.std(ddof=1))
    error = _standard_error(deviation, repeats, overlap)
    reach = stats.t.ppf(1 - LEVEL / 2, repeats - 1) * error
    p_value = 2 * stats.t.sf(abs(mean) / error, repeats - 1)
    return Difference(
        mean,
        deviation,
        float(mean - reach),
        float(mean + reach),
        float(p_value),
        repeats,
    )


def bootstrap_interval(
    scores: Sequence[float], others: Sequence[float], overlap: float = 0.0
) -> tuple[float, float]:
    """The 95 % interval of a difference, by resampling the splits.

    Its distances from the mean are widened for the overlap as the test is.

    Args:
        scores, others, overlap: As of `difference`.

    Examples:
        >>> bootstrap_interval([8.0, 9.0, 7.0], [10.0, 10.0, 10.0])
        (-3.0, -1.0)
    """
    each = _each(scores, others)
    rng = np.random.default_rng(0)
    means = rng.choice(each, (RESAMPLES, len(each))).mean(axis=1)
    wider = math.sqrt(1 + len(each) * overlap)
    ends = np.quantile(means, [LEVEL / 2, 1 - LEVEL / 2]) - each.mean()
    low, high = (each.mean() + wider * ends).tolist()
    return low, high


def holm(p_values: Sequence[float]) -> list[float]:
    """Corrects p-values for their number (Holm 1979).

    Args:
        p_values: Floats; `nan` counts as no test.

    Returns:
        List of floats: the chance that any of the tests would say so.

    Examples:
        >>> holm([0.01, 0.04, 0.03])
        [0.03, 0.06, 0.06]
    """
    given = np.asarray(p_values, dtype=float)
    tested = np.flatnonzero(~np.isnan(given))
    order = tested[np.argsort(given[tested])]
    factors = len(order) - np.arange(len(order))
    result = np.full(len(given), np.nan)
    raised = np.maximum.accumulate(given[order] * factors)
    result[order] = np.minimum(raised, 1.0)
    return result.round(10).tolist()


def power(
    true: float,
    deviation: float,
    repeats: int,
    overlap: float = 0.0,
    tests: int = 1,
) -> float:
    """The chance to find a true difference, if it is the first to be found.

    Args:
        true: Float, the true difference.
        deviation: Float > 0, of the differences over splits.
        repeats: Int, the number of splits, at least 2.
        overlap: Float >= 0, n_test / n_train.
        tests: Int, how many methods are tested with it.

    Examples:
        >>> round(power(1.0, deviation=1.0, repeats=10), 2)
        0.8
    """
    error = _standard_error(deviation, repeats, overlap)
    bound = stats.t.ppf(1 - LEVEL / tests / 2, repeats - 1)
    return float(stats.nct.sf(bound, repeats - 1, abs(true) / error))


def smallest_difference(
    deviation: float, repeats: int, overlap: float = 0.0, tests: int = 1
) -> float:
    """The true difference that is found with a chance of 80 %.

    Args:
        deviation, repeats, overlap, tests: As of `power`.

    Examples:
        >>> round(smallest_difference(deviation=1.0, repeats=10), 2)
        1.0
    """

    def lacking(errors: float) -> float:
        true = errors * _standard_error(deviation, repeats, overlap)
        return power(true, deviation, repeats, overlap, tests) - POWER

    if deviation == 0:
        return 0.0
    most = 3.0 * stats.t.ppf(1 - LEVEL / tests / 2, repeats - 1) + 3.0
    errors = optimize.brentq(lacking, 0.0, most, xtol=1e-6)
    return errors * _standard_error(deviation, repeats, overlap)


def repeats_needed(
    true: float, deviation: float, overlap: float = 0.0, tests: int = 1
) -> int | None:
    """How many splits find a true difference with a chance of 80 %.

    Args:
        true: Float > 0.
        deviation, overlap, tests: As of `power`.

    Returns:
        Int; `None` if `MOST_REPEATS` are too few, as they are where the test
        sets are small: splits of few examples are no new examples.

    Examples:
        >>> repeats_needed(1.0, deviation=1.0)
        10
    """

    def is_enough(repeats: int) -> bool:
        return smallest_difference(deviation, repeats, overlap, tests) <= true

    if not is_enough(MOST_REPEATS):
        return None
    few, many = 1, MOST_REPEATS  # `few` is not enough, `many` is
    while many - few > 1:
        middle = (few + many) // 2
        few, many = (few, middle) if is_enough(middle) else (middle, many)
    return many


def _each(scores: Sequence[float], others: Sequence[float]) -> np.ndarray:
    """The differences of the splits that have both."""
    each = np.asarray(scores, float) - np.asarray(others, float)
    each = each[np.isfinite(each)]
    if not len(each):
        raise ValueError("no split has both methods")
    # 10.6 - 11.0 and 10.8 - 11.2 are to be equal.
    return each.round(9)


def _standard_error(deviation: float, repeats: int, overlap: float) -> float:
    return deviation * math.sqrt(1 / repeats + overlap)
