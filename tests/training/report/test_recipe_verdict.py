import pytest

from tests.training.report.test_advice import EMPTY, results, runs
from training.report.recipe_verdict import recipe_verdict

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
    assert (f"sent, alpha 1 (error, in {count})" in text) == is_found
    assert ("There is none" in text) == (not is_found)
    assert ("to be confirmed on fresh" in text) == is_found


def test_where_nothing_was_run_there_is_no_verdict():
    assert recipe_verdict(results(recipe=EMPTY)) == ""
