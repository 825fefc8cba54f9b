"""The corrected test, against scipy, theory and simulation."""

import math

import numpy as np
import pytest
from scipy import stats

from keras_amp.comparison import (
    bootstrap_interval,
    difference,
    holm,
    power,
    repeats_needed,
    smallest_difference,
)

RNG = np.random.default_rng(0)
SCORES = RNG.normal(10, 1, 12)
OTHERS = RNG.normal(10.5, 1, 12)


def test_without_overlap_it_is_the_paired_t_test():
    found = difference(SCORES, OTHERS)
    expected = stats.ttest_rel(SCORES, OTHERS)
    assert found.p_value == pytest.approx(expected.pvalue, rel=1e-6)
    interval = expected.confidence_interval()
    assert (found.low, found.high) == pytest.approx(tuple(interval), rel=1e-6)


def test_overlap_adds_to_the_variance_of_the_mean():
    found = difference(SCORES, OTHERS, overlap=0.25)
    each = SCORES - OTHERS
    # Nadeau and Bengio (2003), their estimator of the variance.
    variance = each.var(ddof=1) * (1 / 12 + 0.25)
    p_value = 2 * stats.t.sf(abs(each.mean()) / math.sqrt(variance), 11)
    assert found.p_value == pytest.approx(p_value, rel=1e-6)
    plain, wider = (
        bootstrap_interval(SCORES, OTHERS, overlap) for overlap in (0, 0.25)
    )
    reach = [high - low for low, high in (plain, wider)]
    assert reach[1] / reach[0] == pytest.approx(2.0)  # sqrt(1 + 12 / 4)


def test_the_bootstrap_is_that_of_scipy():
    expected = stats.bootstrap(
        (SCORES - OTHERS,), np.mean, method="percentile", rng=0
    ).confidence_interval
    got = bootstrap_interval(SCORES, OTHERS)
    assert got == pytest.approx(tuple(expected), abs=0.02)


def test_only_splits_that_both_have_count():
    scores = [*SCORES[:5], math.nan, math.nan]
    found = difference(scores, [*OTHERS[:5], 1.0, 2.0])
    assert found == difference(SCORES[:5], OTHERS[:5])
    with pytest.raises(ValueError, match="no split"):
        difference([math.nan], [1.0])


@pytest.mark.parametrize(
    ("scores", "interval"),
    [([8.0], (-math.inf, math.inf)), ([8.0, 8.0, 8.0], (-2.0, -2.0))],
    ids=["one", "all alike"],
)
def test_where_nothing_scatters_there_is_nothing_to_test_with(scores, interval):
    found = difference(scores, [10.0] * len(scores))
    assert found.p_value == 1.0
    assert (found.low, found.high) == interval


def test_power_is_the_share_that_is_found():
    repeats, overlap, true = 8, 0.2, 1.2
    share = 1 / (1 + 1 / overlap)  # of what all splits have in common
    found = []
    for _ in range(2000):
        common = RNG.normal(0, math.sqrt(share))
        each = true + common + RNG.normal(0, math.sqrt(1 - share), repeats)
        found.append(difference(each, np.zeros(repeats), overlap).p_value)
    got = np.mean(np.array(found) <= 0.05)
    deviation = math.sqrt(1 - share)
    expected = power(true, deviation, repeats, overlap)
    assert 0.3 < expected < 0.9
    assert got == pytest.approx(expected, abs=0.04)


def test_the_smallest_difference_has_a_power_of_80_percent():
    for repeats, overlap, tests in ((2, 0, 1), (10, 0.1, 4), (100, 0.3, 9)):
        true = smallest_difference(1.3, repeats, overlap, tests)
        got = power(true, 1.3, repeats, overlap, tests)
        assert got == pytest.approx(0.8, abs=1e-4)


def test_as_many_repeats_as_are_needed_are_needed():
    needed = repeats_needed(0.8, 1.0, overlap=0.02, tests=3)
    enough, fewer = (
        smallest_difference(1.0, number, 0.02, 3)
        for number in (needed, needed - 1)
    )
    assert enough <= 0.8 < fewer
    # The overlap alone leaves sqrt(0.1) of the deviation.
    assert repeats_needed(0.5, 1.0, overlap=0.1) is None


def test_holm_is_that_of_the_definition():
    nan = float("nan")
    got = holm([0.04, nan, 0.001, 0.5, 0.9])
    assert got[0] == pytest.approx(0.12)
    assert math.isnan(got[1])
    assert got[2:] == pytest.approx([0.004, 1.0, 1.0])
    assert holm([]) == []
