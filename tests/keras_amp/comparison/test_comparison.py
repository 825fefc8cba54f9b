"""What is recommended, how often wrongly, and how it is told."""

import math

import numpy as np
import pytest

from keras_amp.comparison import Comparison, behind, plot, power

RNG = np.random.default_rng(3)


def comparison(errors, overlap=1 / 9, metric="error", **options):
    scores = {
        name: {"error": list(values), metric: list(values), "ece": list(values)}
        for name, values in errors.items()
    }
    return Comparison(scores, metric, overlap, 800, 5, **options)


def simulated(true, repeats=10, overlap=1 / 9):
    """Errors of splits that overlap, and what the command would recommend."""
    share = overlap / (1 + overlap)

    def errors():
        common = RNG.normal(0, math.sqrt(share))
        return 10 + common + RNG.normal(0, math.sqrt(1 - share), repeats)

    every = {"none": errors()}
    every |= {
        f"method {number}": errors() + one for number, one in enumerate(true)
    }
    half = repeats // 2
    first = comparison({name: one[:half] for name, one in every.items()})
    for name in behind(first):
        every[name][half:] = math.nan
    return comparison(every)


def test_where_nothing_helps_something_is_recommended_in_1_of_20_at_most():
    wrong = sum(simulated([0.0] * 4).recommended != "none" for _ in range(1000))
    # It takes the better half of two-sided tests: 2.5 % and less.
    assert 0 < wrong <= 50


def test_a_method_that_helps_is_recommended_as_often_as_theory_says():
    repeats, overlap = 10, 1 / 9
    # A difference of two such errors has twice their variance.
    deviation = math.sqrt(2 / (1 + overlap))
    true = 2 * deviation * math.sqrt(1 / repeats + overlap)
    found = np.mean(
        [simulated([-true]).recommended != "none" for _ in range(1000)]
    )
    expected = power(true, deviation, repeats, overlap)
    assert 0.3 < expected < 0.6
    assert found == pytest.approx(expected, abs=0.05)


PLAIN = 10 + RNG.normal(0, 0.3, 10)
BETTER = PLAIN - 2 + RNG.normal(0, 0.3, 10)
WORSE = PLAIN + 2 + RNG.normal(0, 0.3, 10)
ALIKE = PLAIN + RNG.normal(0, 0.3, 10)


def test_the_best_of_what_is_better_is_recommended():
    found = comparison(
        {"none": PLAIN, "good": BETTER, "bad": WORSE, "best": BETTER - 0.5}
    )
    assert found.recommended == "best"
    told = str(found)
    assert told.startswith("With 800 examples in 5 classes and 10 splits: use")
    assert "use best. It has 2." in told
    assert "points fewer errors (95 % interval 2." in told


def test_of_a_measure_that_should_be_high_the_higher_is_better():
    errors = {"none": PLAIN, "good": BETTER, "bad": WORSE}
    found = comparison(errors, metric="macro-f1")
    assert found.recommended == "bad"
    assert "more macro F1" in str(found)


def test_where_nothing_is_better_it_says_so_and_what_it_would_take():
    found = comparison({"none": PLAIN, "a": ALIKE, "b": WORSE})
    assert found.recommended == "none"
    told = str(found)
    assert "none of 2 methods is better than training without them" in told
    assert "found so with a chance of 80 %" in told
    assert found.smallest_difference > 0
    alone = comparison({"none": PLAIN, "a": WORSE}, overlap=0.0)
    assert "10 seeds, a is not better than training without it" in str(alone)
    assert "points more errors" in str(alone)


def test_who_is_dropped_counts_as_showing_nothing():
    late = np.where(np.arange(10) < 5, BETTER, math.nan)
    full, dropped = (
        comparison({"none": PLAIN, "a": ALIKE, "b": one})
        for one in (BETTER, late)
    )
    assert full.recommended == "b"
    assert dropped.recommended == "none"
    assert dropped.p_values["b"] == 1.0
    # The correction goes on counting it.
    assert dropped.p_values["a"] == pytest.approx(
        min(1.0, 2 * dropped.differences["a"].p_value)
    )
    assert dropped.rows()[2]["splits"] == 5


def test_who_has_no_split_is_never_behind_or_recommended():
    missing = np.full(10, math.nan)
    found = comparison({"none": PLAIN, "a": WORSE, "b": missing})
    assert behind(found) == ["a"]
    assert found.p_values["b"] == 1.0
    assert found.recommended == "none"
    assert "a, the best of them, has" in str(found)
    part = np.where(np.arange(10) < 4, math.nan, WORSE)
    told = str(comparison({"none": PLAIN, "a": part}))
    assert "from 6 of the splits alone)" in told
    # Each has splits, and none in common.
    alone = np.where(np.arange(10) < 4, PLAIN, math.nan)
    assert not comparison({"none": alone, "a": part}).differences


def test_behind_is_who_is_worse_after_four_splits():
    errors = {"none": PLAIN, "a": ALIKE, "b": WORSE, "c": BETTER}

    def after(splits):
        return behind(
            comparison({name: one[:splits] for name, one in errors.items()})
        )

    assert after(3) == []
    assert after(4) == ["b"]


def test_references_are_compared_and_never_recommended():
    beside = {"regression": {"error": list(BETTER)}}
    found = comparison({"none": PLAIN, "a": ALIKE}, references=beside)
    assert found.recommended == "none"
    assert found.differences["regression"].mean < -1
    assert [*found.p_values] == ["a"]
    names = [row["method"] for row in found.rows()]
    assert names == ["none", "a", "regression"]
    assert math.isnan(found.rows()[2]["nll"])


def test_the_figure_shows_every_difference():
    beside = {"regression": {"error": list(BETTER)}}
    figure = plot(
        comparison({"none": PLAIN, "good": BETTER}, references=beside)
    )
    (axes,) = figure.axes
    labels = [one.get_text() for one in axes.get_yticklabels()]
    assert labels == ["good", "regression"]
    assert "error minus that of none" in axes.get_xlabel()
    assert "left is better" in axes.get_xlabel()
