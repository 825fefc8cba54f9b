import numpy as np
import pandas as pd
import pytest

from keras_amp.comparison.statistics import smallest_difference
from tests.training.report.test_advice import EMPTY, results, runs
from training.report.recipe_verdict import (
    FIRST_FRESH,
    FRESH_SEEDS,
    recipe_verdict,
)

VARIANTS = ("none", "label smoothing 0.1", "sent, alpha 1")


def recipes(errors, datasets=("trec", "sst2", "subj", "mr")):
    """A table in which each of three variants errs so much."""
    cells = [
        {
            "backbone": "bert",
            "share": 0.2,
            "dataset": dataset,
            "variant": variant,
        }
        for dataset in datasets
        for variant in VARIANTS
    ]
    every = [*errors] * len(datasets)
    return runs(cells, test_error=every, tempered=[1.0] * len(every))


@pytest.mark.parametrize(
    ("errors", "datasets", "is_found"),
    [
        ([10.0, 10.0, 8.0], ("trec", "sst2", "subj", "mr"), True),
        ([10.0, 10.0, 8.0], ("trec", "sst2"), False),
        # No better than label smoothing; worse than either.
        ([10.0, 8.0, 8.0], ("trec", "sst2", "subj", "mr"), False),
        ([10.0, 10.0, 12.0], ("trec", "sst2", "subj", "mr"), False),
    ],
)
def test_a_recipe_beats_both_controls_in_three_settings(
    errors, datasets, is_found
):
    text = recipe_verdict(results(recipe=recipes(errors, datasets)))
    count = len(datasets)
    assert f"Asked of 1 ways to mix in {count} settings" in text
    assert f"each in {count} of them" in text
    assert (f"sent, alpha 1 (error, in {count})" in text) == is_found
    assert ("None was found" in text) == (not is_found)
    assert ("to be confirmed on fresh" in text) == is_found


@pytest.mark.parametrize(
    ("chosen", "fresh", "is_recipe"),
    [
        (8.0, 8.0, True),
        (8.0, 10.0, False),  # It was luck.
        (10.0, 8.0, True),
    ],
)
def test_fresh_seeds_confirm_what_the_others_chose(chosen, fresh, is_recipe):
    first = recipes([10.0, 10.0, chosen])
    second = recipes([10.0, 10.0, fresh])
    second["seed"] += FIRST_FRESH
    both = pd.concat([first, second], ignore_index=True)
    text = recipe_verdict(results(recipe=both))
    on_all, on_fresh = text.split("from 10 on")
    assert ("sent, alpha 1 (error, in 4)" in on_all) == (chosen < 10)
    assert "asked of sent, alpha 1 in 4 settings" in on_fresh
    assert ("sent, alpha 1 (error, in 4)" in on_fresh) == is_recipe
    assert ("**that is the recipe**" in text) == is_recipe
    assert ("**none was confirmed**" in text) == (not is_recipe)
    assert "None could be" not in text
    error = f"{fresh - 10:+.1f} ± "
    row = f"| BERT, 20%, MR | sent, alpha 1 | error | none | {error}"
    assert row in text
    assert text.count(" | loss | label smoothing 0.1 | ") == 4


def test_fresh_seeds_in_two_settings_could_not_confirm():
    first = recipes([10.0, 10.0, 8.0])
    second = recipes([10.0, 10.0, 8.0], ("sst2", "mr"))
    second["seed"] += FIRST_FRESH
    text = recipe_verdict(
        results(recipe=pd.concat([first, second], ignore_index=True))
    )
    assert "**none was confirmed**. None could be" in text
    assert "run in 2 settings, and it takes 3" in text


def test_too_few_fresh_seeds_are_not_asked():
    first = recipes([10.0, 10.0, 10.0])
    second = recipes([10.0, 10.0, 8.0])
    second["seed"] += FIRST_FRESH
    few = second[second["seed"] < FIRST_FRESH + FRESH_SEEDS - 1]
    both = pd.concat([first, few], ignore_index=True)
    text = recipe_verdict(results(recipe=both))
    assert "**None was found**" in text
    assert "asked where there are 10, and not before" in text
    assert "not before" not in recipe_verdict(results(recipe=first))


def test_two_settings_of_the_same_runs_are_one():
    cells = [
        {
            "backbone": "cnn-vectors",
            "dataset": dataset,
            "noise": noise,
            "variant": variant,
        }
        for dataset in ("trec", "sst2")
        for noise in ("uniform-40", "class-40")
        for variant in VARIANTS
    ]
    noisy = runs(cells, test_error=[10.0, 10.0, 8.0] * 4)
    text = recipe_verdict(results(**{"wrong-labels": noisy}))
    assert "Asked of 1 ways to mix in 3 settings" in text


def test_what_one_control_alone_was_run_with_counts_for_nothing():
    found = recipes([10.0, 10.0, 8.0])
    is_half = found["variant"].eq("label smoothing 0.1") & found["seed"].gt(2)
    assert recipe_verdict(results(recipe=found[~is_half])) == ""


def test_the_smallest_difference_is_of_the_p_that_a_recipe_must_have():
    found = recipes([10.0, 10.0, 10.0])
    noise = np.array([1.0, -1.0] * 5) * 0.9**0.5  # deviates by 1
    is_mixed = found["variant"] == "sent, alpha 1"
    noise = np.where(is_mixed, noise[found["seed"]], 0)
    found["test_error"], found["tempered"] = 10 + noise, 1 + noise / 100
    text = recipe_verdict(results(recipe=found))
    tests = 4 * 2 * 2  # settings, controls, measures
    smallest = smallest_difference(1.0, 10, tests=5 * tests)
    assert (
        f"of {smallest:.1f} to {smallest:.1f} points in error or of "
        f"{smallest / 100:.3f} to {smallest / 100:.3f} in that loss"
    ) in text


def test_with_wrong_labels_the_error_alone_is_asked_of():
    wrong = pd.concat(
        [
            recipes([10.0, 10.0, 8.0], ["trec"]).assign(noise=noise)
            for noise in ("clean", "uniform-20", "uniform-40", "class-40")
        ],
        ignore_index=True,
    )
    wrong["tempered"] = wrong["test_error"]
    text = recipe_verdict(results(wrong_labels=wrong))
    assert "in 3 settings" in text
    assert "for all 6 tests" in text
    assert "sent, alpha 1 (error, in 3)" in text
    assert "(loss" not in text


def test_where_nothing_was_run_there_is_no_verdict():
    assert recipe_verdict(results(recipe=EMPTY)) == ""
