"""Whether one setting beats no mixing and label smoothing: a recipe.

Every comparison is paired by seed; p is corrected for all that are made here.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from keras_amp.comparison import holm
from keras_amp.comparison.statistics import smallest_difference
from training.report.statistics import compare
from training.tables import recipe, wrong_labels

SURE = 0.01  # the p below which a recipe must be, against both controls
SETTINGS = 3  # in so many settings, at least
FEWEST_SEEDS = 5
_CONTROLS = ("none", "label smoothing 0.1")
_MEASURES = {"test_error": "error", "tempered": "loss"}


def recipe_verdict(results: Mapping[str, pd.DataFrame]) -> str:
    """Whether one setting beats no mixup and label smoothing, in a paragraph.

    Args:
        results: Dict from the names of tables to what `results_of` returns.
    """
    tests = list(_tests(results))
    if not tests:
        return ""
    tested = pd.DataFrame(tests)
    tested["p"] = holm(tested["p"])
    worst = tested.groupby(["variant", "measure", "setting"]).agg(
        p=("p", "max"), difference=("difference", "max")
    )
    better = worst[(worst["p"] < SURE) & (worst["difference"] < 0)]
    counts = better.groupby(["variant", "measure"]).size()
    settings = tested["setting"].nunique()
    seeds = int(tested["seeds"].median())
    head = (
        f"Asked of {tested['variant'].nunique()} ways to mix in {settings} "
        f"settings (data sets with few labels, and wrong labels): which beats "
        f"both no mixup and label smoothing, with p < {SURE} after Holm's "
        f"correction for all {len(tested)} tests, in {SETTINGS} settings or "
        "more, in the error or in the loss at the temperature of dev?"
    )
    passed = counts[counts >= SETTINGS] if len(counts) else counts
    if len(passed):
        names = "; ".join(
            f"{variant} ({_MEASURES[measure]}, in {count})"
            for (variant, measure), count in passed.items()
        )
        return (
            f"{head} {names}: found on these seeds, to be confirmed on fresh "
            "ones before it is a recipe.\n"
        )
    most = (
        f"none is in more than {counts.max()}"
        if len(counts)
        else ("none is in even one")
    )
    errors = tested[tested["measure"] == "test_error"]
    smallest = [
        smallest_difference(sd, seeds, tests=len(tested))
        for sd in errors["deviation"]
    ]
    return (
        f"{head} **There is none**: {most}. A true difference in error of "
        f"{np.median(smallest):.1f} points would have been found with a "
        f"chance of 80 % in the median setting, with {seeds} seeds.\n"
    )


def _tests(results: Mapping[str, pd.DataFrame]) -> Iterator[dict[str, Any]]:
    """Every way to mix against both controls, in every setting."""
    for table in (recipe.TABLE, wrong_labels.TABLE):
        runs = results.get(table.name)
        if runs is None or runs.empty:
            continue
        for setting, block in runs.groupby(list(table.blocks), sort=False):
            cells = {
                name: one.set_index("seed")
                for name, one in block.groupby("variant", sort=False)
            }
            controls = [cells.get(name) for name in _CONTROLS]
            if any(one is None for one in controls):
                continue
            for name, one in cells.items():
                if name in _CONTROLS:
                    continue
                for measure in _MEASURES:
                    for control in controls:
                        test = _test(one[measure], control[measure])  # type: ignore[index]
                        if test:
                            yield test | {
                                "variant": name,
                                "setting": (table.name, *setting),
                                "measure": measure,
                            }


def _test(ours: pd.Series, theirs: pd.Series) -> dict[str, float] | None:
    found = compare(ours.dropna(), theirs.dropna(), has_interval=False)
    if not found or found.seeds < FEWEST_SEEDS or np.isnan(found.p_value):
        return None
    return {
        "p": found.p_value,
        "difference": found.mean,
        "deviation": float((ours - theirs).std()),
        "seeds": found.seeds,
    }
