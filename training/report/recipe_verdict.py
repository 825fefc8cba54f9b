"""Whether one setting beats no mixing and label smoothing: a recipe.

Every comparison is paired by seed; p is corrected for all that are made here.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from keras_amp.comparison import holm
from keras_amp.comparison.statistics import LEVEL, smallest_difference
from training.report.formats import from_to, label, number, pipes, signed
from training.report.statistics import compare
from training.tables import TABLES, recipe, wrong_labels

SURE = 0.01  # the p below which a recipe must be, against both controls
SETTINGS = 3  # in so many settings, at least
FEWEST_SEEDS = 5
FIRST_FRESH = 10  # `--first-seed` of the runs that confirm
FRESH_SEEDS = 10  # of them at least; who looks before may stop when it suits
_CONTROLS = ("none", "label smoothing 0.1")
_MEASURES = {"test_error": "error", "tempered": "loss"}
_DIGITS = {"test_error": 1, "tempered": 3}
# A temperature that fits wrong labels says nothing; and the runs on right ones
# are those of the other table.
_ASKED = (
    (recipe.TABLE, tuple(_MEASURES), ()),
    (wrong_labels.TABLE, ("test_error",), ("clean",)),
)


def recipe_verdict(results: Mapping[str, pd.DataFrame]) -> str:
    """Whether one setting beats no mixup and label smoothing, in a paragraph.

    Seeds below `FIRST_FRESH` choose what is run with the others, which confirm
    it, once there are `FRESH_SEEDS`: each with a correction of its own.

    Args:
        results: Dict from the names of tables to what `results_of` returns.
    """
    found, fresh = (_tested(results, is_fresh) for is_fresh in (False, True))
    if found.empty:
        return ""
    settings = found.groupby("variant")["setting"].nunique()
    text = (
        f"Asked of {len(settings)} ways to mix in "
        f"{found['setting'].nunique()} settings (few labels, with error and "
        "loss at the temperature of dev; wrong labels, with error), each in "
        f"{from_to(list(settings))} of them: which beats both no mixup and "
        f"label smoothing, with p < {SURE} after Holm's correction for all "
        f"{len(found)} tests, in {SETTINGS} settings or more? "
    )
    is_found, best = _best(found)
    if not fresh.empty:
        is_confirmed, best_of_fresh = _best(fresh)
        tried = " and ".join(fresh["variant"].unique())
        answer = "that is the recipe" if is_confirmed else "none was confirmed"
        asked = fresh["setting"].nunique()
        few = ""
        if asked < SETTINGS:
            few = (
                f" None could be: fresh seeds were run in {asked} settings, "
                f"and it takes {SETTINGS}."
            )
        return (
            f"{text}On the seeds below {FIRST_FRESH}, {best}. On "
            f"those from {FIRST_FRESH} on, which chose nothing (though TREC "
            "and SST-2 have one set to test on), asked of "
            f"{tried} in {asked} settings ({len(fresh)} tests), "
            f"{best_of_fresh}: **{answer}**.{few} {_smallest(fresh)} On "
            f"these seeds:\n\n{_every(fresh)}\n"
        )
    begun = _begun(results)
    if is_found:
        return (
            f"{text}{best}: found on these seeds, to be confirmed on fresh "
            f"ones before it is a recipe.{begun}\n"
        )
    return f"{text}**None was found**: {best}. {_smallest(found)}{begun}\n"


def _begun(results: Mapping[str, pd.DataFrame]) -> str:
    """A sentence on fresh seeds that are not enough yet; "" without any."""
    runs = results[recipe.TABLE.name]
    if runs.empty or not (runs["seed"] >= FIRST_FRESH).any():
        return ""
    return (
        f" Seeds from {FIRST_FRESH} on, which are to confirm, have been begun; "
        f"they are asked where there are {FRESH_SEEDS}, and not before."
    )


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


def _every(tested: pd.DataFrame) -> str:
    """All tests, as a Markdown table."""
    lines = [
        ["setting", "way", "of", "against", "difference", "seeds", "p, Holm"]
    ]
    for test in tested.itertuples():
        table, *places = test.setting
        named = zip(TABLES[table].blocks, places, strict=True)
        line = [", ".join(label(axis, value) for axis, value in named)]
        digits = _DIGITS[test.measure]
        difference = signed(test.difference, digits)
        line += [test.variant, _MEASURES[test.measure], test.control]
        line += [f"{difference} ± {number(test.deviation, digits)}"]
        lines.append([*line, str(test.seeds), number(test.p, 3)])
    return pipes(lines)


def _smallest(tested: pd.DataFrame) -> str:
    """Which differences these runs would have shown, in a sentence."""
    # As many tests at the usual level want the p that a recipe must have.
    tests = round(len(tested) * LEVEL / SURE)
    tested = tested.assign(
        smallest=[
            smallest_difference(deviation, seeds, tests=tests)
            for deviation, seeds in zip(
                tested["deviation"], tested["seeds"], strict=True
            )
        ]
    )
    found = []
    for measure, unit in (
        ("test_error", "points in error"),
        ("tempered", "in that loss"),
    ):
        digits = _DIGITS[measure]
        of_measure = tested[tested["measure"] == measure]
        if of_measure.empty:
            continue
        ends = of_measure.groupby("setting")["smallest"].median()
        found.append(
            f"{ends.min():.{digits}f} to {ends.max():.{digits}f} {unit}"
        )
    return (
        f"A true difference from one of the two of {' or of '.join(found)}, by "
        "setting, would have been found with a chance of 80 %."
    )


def _tests(
    results: Mapping[str, pd.DataFrame], is_fresh: bool
) -> Iterator[dict[str, Any]]:
    """Every way to mix against both controls, in every setting."""
    seen: list[dict] = []
    for table, measures, left_out in _ASKED:
        runs = results.get(table.name)
        if runs is None or runs.empty:
            continue
        runs = runs[(runs["seed"] >= FIRST_FRESH) == is_fresh]
        for setting, block in runs.groupby(list(table.blocks), sort=False):
            if {*setting} & {*left_out}:
                continue
            # Both kinds of wrong labels of two classes are the same runs.
            cell = dict(zip(table.blocks, setting, strict=True))
            run = table.options(cell | {"variant": _CONTROLS[0]})
            if run in seen:
                continue
            seen.append(run)
            for test in _tests_of(block, measures):
                if not is_fresh or test["seeds"] >= FRESH_SEEDS:
                    yield test | {"setting": (table.name, *setting)}


def _tests_of(
    block: pd.DataFrame, measures: Sequence[str]
) -> Iterator[dict[str, Any]]:
    """Every way to mix that a setting has beside both controls."""
    cells = {
        name: one.set_index("seed")
        for name, one in block.groupby("variant", sort=False)
    }
    controls = {name: cells.pop(name) for name in _CONTROLS if name in cells}
    for name, one in cells.items():
        for measure in measures:
            tests = [
                test | {"control": control}
                for control, runs in controls.items()
                if (test := _test(one[measure], runs[measure]))
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
