"""Whether one setting beats no mixing and label smoothing: a recipe.

Every comparison is paired by seed; p is corrected for all that are made here.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from keras_amp.comparison import holm
from keras_amp.comparison.statistics import LEVEL, smallest_difference
from training.report.statistics import compare
from training.tables import recipe, wrong_labels

SURE = 0.01  # the p below which a recipe must be, against both controls
SETTINGS = 3  # in so many settings, at least
FEWEST_SEEDS = 5
FIRST_FRESH = 10  # `--first-seed` of the runs that confirm
_CONTROLS = ("none", "label smoothing 0.1")
_MEASURES = {"test_error": "error", "tempered": "loss"}


def recipe_verdict(results: Mapping[str, pd.DataFrame]) -> str:
    """Whether one setting beats no mixup and label smoothing, in a paragraph.

    Seeds below `FIRST_FRESH` choose what is run with the others, which confirm
    it: each with a correction of its own.

    Args:
        results: Dict from the names of tables to what `results_of` returns.
    """
    found, fresh = (_tested(results, is_fresh) for is_fresh in (False, True))
    if found.empty:
        return ""
    text = (
        f"Asked of {found['variant'].nunique()} ways to mix in "
        f"{found['setting'].nunique()} settings (data sets with few labels, "
        "and wrong labels): which beats both no mixup and label smoothing, "
        f"with p < {SURE} after Holm's correction for all {len(found)} tests, "
        f"in {SETTINGS} settings or more, in the error or in the loss at the "
        "temperature of dev? "
    )
    is_found, best = _best(found)
    if not fresh.empty:
        is_confirmed, best_of_fresh = _best(fresh)
        tried = " and ".join(fresh["variant"].unique())
        return (
            f"{text}On the seeds below {FIRST_FRESH}, {best}. On "
            f"those from {FIRST_FRESH} on, which chose nothing, asked of "
            f"{tried} in {fresh['setting'].nunique()} settings ({len(fresh)} "
            f"tests), {best_of_fresh}: "
            f"**{'that is the recipe' if is_confirmed else 'there is none'}**. "
            f"{_smallest(fresh)}\n"
        )
    if is_found:
        return (
            f"{text}{best}: found on these seeds, to be confirmed on fresh "
            "ones before it is a recipe.\n"
        )
    return f"{text}**There is none**: {best}. {_smallest(found)}\n"


def _tested(
    results: Mapping[str, pd.DataFrame], is_fresh: bool
) -> pd.DataFrame:
    """All tests of some seeds, a row each, p corrected for all of them."""
    tests = pd.DataFrame(_tests(results, is_fresh))
    return tests if tests.empty else tests.assign(p=holm(tests["p"]))


def _best(tested: pd.DataFrame) -> tuple[bool, str]:
    """Whether any way beats both controls in enough settings, and which."""
    worst = tested.groupby(["variant", "measure", "setting"]).agg(
        p=("p", "max"), difference=("difference", "max")
    )
    better = worst[(worst["p"] < SURE) & (worst["difference"] < 0)]
    counts = better.groupby(["variant", "measure"]).size()
    if counts.empty:
        return False, "none is in even one"
    names = [
        f"{variant} ({_MEASURES[measure]}, in {count})"
        for (variant, measure), count in counts.items()
        if count >= SETTINGS
    ]
    if not names:
        return False, f"none is in more than {counts.max()}"
    return True, "; ".join(names)


def _smallest(tested: pd.DataFrame) -> str:
    """Which differences these runs would have shown, in a sentence."""
    seeds = int(tested["seeds"].median())
    # As many tests at the usual level want the p that a recipe must have.
    tests = round(len(tested) * LEVEL / SURE)
    error, loss = (
        np.median(
            [
                smallest_difference(sd, seeds, tests=tests)
                for sd in tested.loc[tested["measure"] == measure, "deviation"]
            ]
        )
        for measure in _MEASURES
    )
    return (
        f"A true difference of {error:.1f} points in error, or of {loss:.3f} "
        "in that loss, would have been found with a chance of 80 % in the "
        f"median setting, with {seeds} seeds."
    )


def _tests(
    results: Mapping[str, pd.DataFrame], is_fresh: bool
) -> Iterator[dict[str, Any]]:
    """Every way to mix against both controls, in every setting."""
    for table in (recipe.TABLE, wrong_labels.TABLE):
        runs = results.get(table.name)
        if runs is None or runs.empty:
            continue
        runs = runs[(runs["seed"] >= FIRST_FRESH) == is_fresh]
        for setting, block in runs.groupby(list(table.blocks), sort=False):
            for test in _tests_of(block):
                yield test | {"setting": (table.name, *setting)}


def _tests_of(block: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Every way to mix that a setting has beside both controls."""
    cells = {
        name: one.set_index("seed")
        for name, one in block.groupby("variant", sort=False)
    }
    controls = [cells.pop(name) for name in _CONTROLS if name in cells]
    for name, one in cells.items():
        for measure in _MEASURES:
            tests = [
                test
                for control in controls
                if (test := _test(one[measure], control[measure]))
            ]
            # Against one control alone, it is not known to beat both.
            if len(tests) == len(_CONTROLS):
                for test in tests:
                    yield test | {"variant": name, "measure": measure}


def _test(ours: pd.Series, theirs: pd.Series) -> dict[str, Any] | None:
    found = compare(ours.dropna(), theirs.dropna(), has_interval=False)
    if not found or found.seeds < FEWEST_SEEDS or np.isnan(found.p_value):
        return None
    return {
        "p": found.p_value,
        "difference": found.mean,
        "deviation": float((ours - theirs).std()),
        "seeds": found.seeds,
    }
