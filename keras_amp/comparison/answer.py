"""What a `Comparison` found, in sentences for a person."""

import math
from typing import Any

from keras_amp.comparison.measures import MEASURES
from keras_amp.comparison.statistics import repeats_needed


def answer(comparison: Any) -> str:
    """What to use, and how sure that is.

    Args:
        comparison: `Comparison`.

    Returns:
        String, two or three sentences.
    """
    parts = _finding(comparison), _resolution(comparison)
    return " ".join(part for part in parts if part)


def _finding(found: Any) -> str:
    begin = (
        f"With {found.num_examples} examples in {found.num_classes} classes"
        f" and {_counted(found.repeats, found.kind)}"
    )
    if found.recommended != found.baseline:
        name, other = found.recommended, "ece"
        if found.metric == "ece":
            other = "error"
        beside = MEASURES[other].title.replace(" (%)", "")
        return (
            f"{begin}: use {name}. It has {_told(found, name)}; "
            f"{beside} {found.mean(name, other):.1f} % instead of "
            f"{found.mean(found.baseline, other):.1f} %."
        )
    if not found.methods:
        return f"{begin}: nothing was compared with {found.baseline}."
    best = max(found.methods, key=found.gain)
    if best not in found.differences:
        return (
            f"{begin}: nothing can be said, as no method's predictions were "
            f"finite. Use {found.baseline}."
        )
    count = len(found.methods)
    none, which = (
        (f"{best} is not better than training without it", "it")
        if count == 1
        else (
            f"none of {count} methods is better than training without them",
            f"{best}, the best of them,",
        )
    )
    return (
        f"{begin}, {none} beyond chance: {which} has {_told(found, best)}. "
        f"Use {found.baseline}."
    )


def _told(found: Any, name: str) -> str:
    """A difference as a part of a sentence, above 0 for what it says."""
    about, one = found.measure, found.differences[name]
    gain, digits = round(found.gain(name), about.digits), about.digits
    word = about.better if gain >= 0 else about.worse
    is_upward = (gain >= 0) == about.higher_is_better
    low, high = sorted(
        end if is_upward else -end for end in (one.low, one.high)
    )
    chance = f"p = {found.p_values[name]:.2g}"
    if one.repeats < found.repeats:
        chance = f"from {one.repeats} of the {found.kind} alone"
    return (
        f"{abs(gain):.{digits}f}{about.unit} {word} (95 % interval "
        f"{low:.{digits}f} to {high:.{digits}f}, {chance})"
    )


def _resolution(found: Any) -> str:
    """What was there to be found, and what it would take to find more."""
    about, smallest = found.measure, found.smallest_difference
    if not found.methods or math.isnan(smallest):
        return ""
    told = (
        f"A true difference of {smallest:.{about.digits}f}{about.unit} is "
        "found so with a chance of 80 %"
    )
    if smallest <= about.step:
        return f"{told}."
    number = len(found.methods)
    deviation = max(
        found.differences[one].deviation
        for one in found.methods
        if one in found.differences
    )
    needed = repeats_needed(about.step, deviation, found.overlap, number)
    small = f"one of {about.step:g}{about.unit}"
    if needed is None:
        return (
            f"{told}; {small} is not, however many {found.kind}: that takes "
            "more examples."
        )
    return f"{told}; {small} takes about {needed} {found.kind}."


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun if number != 1 else noun.removesuffix('s')}"
