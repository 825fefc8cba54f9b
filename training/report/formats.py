"""How names and numbers of results are printed."""

import math
from collections.abc import Collection
from typing import Any

from training.data.sources import SOURCES
from training.methods.methods import METHODS, PLACES
from training.models.backbones import BACKBONES
from training.tables import TABLES
from training.terminal import shown

MISSING = "missing"
NOTHING = "–"


def pipes(lines: list[list[str]]) -> str:
    """A Markdown table of lists of strings, the first one its head."""
    head, *body = lines
    lines = [head, ["---"] * len(head), *body]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def label(axis: str, value: Any) -> str:
    """How a value of an axis is printed."""
    if axis == "place":
        return PLACES[value].title
    if axis == "share":
        return f"{value:.0%}"
    if isinstance(value, float):
        return NOTHING if math.isnan(value) else f"{value:g}"
    return _titles().get(value, value)


def _titles() -> dict[str, str]:
    """Dict from what stands in records and tables to what people read."""
    known = (SOURCES, BACKBONES, METHODS)
    titles = {one.name: one.title for group in known for one in group.values()}
    vectors = {
        f"{one.name}-vectors": f"{one.title} with word vectors"
        for one in BACKBONES.values()
        if one.takes_vectors
    }
    for table in TABLES.values():
        titles |= table.titles
    return titles | vectors


def number(value: float, digits: int = 1) -> str:
    """A number, or a dash."""
    return NOTHING if math.isnan(value) else f"{value:.{digits}f}"


def signed(value: float, digits: int = 1) -> str:
    """A number with its sign, or a dash; what rounds to 0 is above it."""
    if math.isnan(value):
        return NOTHING
    return f"{round(value, digits) + 0.0:+.{digits}f}"


def spread(mean: float, deviation: float, digits: int = 1) -> str:
    """A mean and, of several runs, their standard deviation; or a dash."""
    if math.isnan(mean) or math.isnan(deviation):
        return number(mean, digits)
    return f"{mean:.{digits}f} ± {deviation:.{digits}f}"


def interval(row: dict) -> str:
    """A row's difference and its 95 % interval, or a dash."""
    if math.isnan(row["difference"]):
        return NOTHING
    difference, low, high = (
        signed(row[name], 2) for name in ("difference", "low", "high")
    )
    return difference if low == NOTHING else f"{difference} [{low}, {high}]"


def from_to(numbers: Collection[int]) -> str:
    """The least and the greatest of some numbers, once where they are one."""
    ends = {str(one): None for one in (min(numbers), max(numbers))}
    return " to ".join(ends)


def code(text: str) -> str:
    """Foreign text as it is, in one line of Markdown."""
    text = shown(text).replace("`", "'")
    return f"`{text}`"
