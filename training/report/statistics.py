"""Means, paired differences, and whether they could be chance."""

import dataclasses

import numpy as np
import pandas as pd
from scipy import stats

CONFIDENCE = 0.95
RESAMPLES = 9999


@dataclasses.dataclass(frozen=True)
class Difference:
    """A cell's error minus that of the cell it is compared with.

    Attributes:
        mean: Float, in percentage points, over the seeds that both have.
        low, high: Floats, the 95 % bootstrap interval of the mean.
        p_value: Float, of a paired t-test; `nan` where there is none.
        relative: Float, the paper's RP in %: how much lower the error is.
        seeds: Int.
    """

    mean: float
    low: float
    high: float
    p_value: float
    relative: float
    seeds: int


def compare(
    errors: pd.Series, others: pd.Series, has_interval: bool = True
) -> Difference | None:
    """Compares the errors of two cells, seed by seed.

    Args:
        errors, others: `pandas.Series` of floats in %, indexed by seed.
        has_interval: Bool, whether to estimate it, which takes most of the
            time.

    Returns:
        A `Difference`, or `None` if the cells have no seed in common.

    Examples:
        >>> import pandas as pd
        >>> compare(pd.Series([8.0, 9.0]), pd.Series([10.0, 10.0])).relative
        15.0
    """
    seeds = errors.index.intersection(others.index)
    if not len(seeds):
        return None
    errors, others = errors.loc[seeds], others.loc[seeds]
    # 10.6 - 11.0 and 10.8 - 11.2 are to be equal.
    each = (errors - others).round(6).to_numpy()
    mean = float(each.mean())
    low, high, p_value = np.nan, np.nan, np.nan
    if len(each) > 1 and np.ptp(each) > 0:
        p_value = float(stats.ttest_1samp(each, 0).pvalue)
        if has_interval:
            interval = stats.bootstrap(
                (each,),
                np.mean,
                n_resamples=RESAMPLES,
                confidence_level=CONFIDENCE,
                method="percentile",
                rng=np.random.default_rng(0),
            ).confidence_interval
            low, high = map(float, interval)
    elif len(each) > 1:
        # All seeds differ by the same: no spread to test with.
        low, high = mean, mean
    relative = -100 * mean / float(others.mean()) if others.mean() else np.nan
    return Difference(mean, low, high, p_value, relative, len(each))
