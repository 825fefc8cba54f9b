"""How many splits fit into the time, and what they can tell apart."""

import math
from collections.abc import Sequence

from keras_amp.comparison import (
    Comparison,
    Measure,
    repeats_needed,
    smallest_difference,
)
from training.compare.compare_options import REPEATS, CompareOptions
from training.data.dataset import Dataset

# What is taken for the share of test texts that two methods answer unlike,
# before any has answered.
UNLIKE = 0.1
MOST = 100  # splits, whatever the time


def repeats_planned(options: CompareOptions, first: Sequence[dict]) -> int:
    """The number of splits, from what the first one took.

    Args:
        options: `CompareOptions`, checked.
        first: The records of all runs of the first split.

    Raises:
        ValueError: If the time is too little for two.
    """
    if options.minutes is None:
        return options.repeats or REPEATS
    assert options.processes is not None  # `checked` has filled it in
    seconds = sum(record["seconds_in_all"] for record in first)
    each = seconds / options.processes / 60
    fitting = int(options.minutes / each)
    if fitting < 2:
        raise ValueError(
            f"--minutes {options.minutes:g} is too little for two splits, of "
            f"which one takes {each:.1f}: --minutes {math.ceil(2 * each)} "
            "would do, or fewer --methods or --alphas"
        )
    return min(fitting, options.repeats or MOST)


def guess(dataset: Dataset, overlap: float, repeats: int, tests: int) -> str:
    """What so many splits can tell apart, before anything was run.

    Args:
        dataset: The `Dataset` of any split.
        overlap: As of `Comparison`.
        repeats: Int, the number of splits.
        tests: Int, the number of methods.
    """
    deviation = 100 * math.sqrt(UNLIKE / len(dataset.test))
    found = smallest_difference(deviation, repeats, overlap, tests)
    needed = repeats_needed(1.0, deviation, overlap, tests)
    more = (
        "no number of splits of so few texts would tell 1 point"
        if needed is None
        else f"{needed} would tell 1 point"
    )
    return (
        f"If two methods answer {UNLIKE:.0%} of {len(dataset.test)} test texts "
        f"unlike, {repeats} splits tell {found:.1f} points of error apart with "
        f"a chance of 80 %; {more}."
    )


def told_apart(comparison: Comparison) -> str:
    """What the splits so far can tell apart."""
    found, about = comparison.smallest_difference, comparison.measure
    if math.isnan(found):
        return f"{comparison.repeats} splits tell nothing apart yet."
    return (
        f"{comparison.repeats} splits tell {_amount(found, about)} apart with "
        "a chance of 80 %."
    )


def _amount(value: float, about: Measure) -> str:
    return f"{value:.{about.digits}f}{about.unit}"
