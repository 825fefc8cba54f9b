"""What the figures of results are made of: panels, lines, error bars."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from training.drawing import HEIGHT, WIDTH
from training.methods.methods import METHODS
from training.report.formats import label


def errors_by(
    panel: plt.Axes,
    block: pd.DataFrame,
    axis: str,
    place_of: Callable[[pd.DataFrame], float],
) -> None:
    """The methods' errors at each value of an axis, side by side.

    A method whose runs have no value of it is a level line.

    Args:
        panel: `plt.Axes`.
        block: Rows of results.
        axis: String, the column to group by.
        place_of: Function of a group's rows to where it stands on the x-axis.
    """
    methods = list(block.groupby("method", sort=False))
    every_place = set()
    for number, (method, runs) in enumerate(methods):
        groups = runs.groupby(axis)
        if not len(groups):
            _level(panel, runs["test_error"], method)
            continue
        places = [place_of(group) for _, group in groups]
        every_place |= {*places}
        aside = 1.04 ** (number - (len(methods) - 1) / 2)
        panel.errorbar(
            np.array(places) * aside,
            groups["test_error"].mean(),
            groups["test_error"].std(),
            label=label("", method),
            capsize=2,
            marker="o",
            markersize=3,
            **METHODS[method].style,
        )
    panel.set_xscale("log")
    ticks = sorted(every_place)
    panel.set_xticks(ticks, ticks)  # type: ignore[arg-type]
    panel.minorticks_off()
    panel.set_ylabel("test error (%)")


def _level(panel: plt.Axes, errors: pd.Series, method: str) -> None:
    """A method's mean and standard deviation, whatever the x-axis says."""
    mean, deviation = errors.mean(), errors.std()
    style = METHODS[method].style
    panel.axhline(mean, label=label("", method), **style)
    panel.axhspan(
        mean - deviation,
        mean + deviation,
        color=style["color"],
        alpha=0.08,
        linewidth=0,
    )


def line_with_band(
    panel: plt.Axes, x: Sequence[float], values: np.ndarray, method: str
) -> None:
    """A method's mean and standard deviation, of `values` `(runs, points)`."""
    mean, deviation = values.mean(axis=0), values.std(axis=0)
    style = METHODS[method].style
    panel.plot(x, mean, label=label("", method), **style)
    panel.fill_between(
        x,
        mean - deviation,
        mean + deviation,
        color=style["color"],
        alpha=0.12,
        linewidth=0,
    )


def panels_of(
    number: int, most_columns: int = 3
) -> tuple[plt.Figure, list[plt.Axes]]:
    """A figure with so many panels, and a list of these and of empty ones."""
    columns = min(number, most_columns)
    rows = math.ceil(number / columns)
    figure, axes = plt.subplots(
        rows,
        columns,
        figsize=(max(WIDTH * columns, 5), HEIGHT * rows + 0.6),
        layout="constrained",
        squeeze=False,
    )
    panels = list(axes.flat)
    for unused in panels[number:]:
        unused.set_axis_off()
    return figure, panels


def legend_below(figure: plt.Figure, panels: list[plt.Axes]) -> None:
    """One legend of what any panel shows, below them all."""
    entries: dict[str, Any] = {}
    for panel in panels:
        handles, labels = panel.get_legend_handles_labels()
        entries |= dict(zip(labels, handles, strict=True))
    figure.legend(
        entries.values(),
        entries.keys(),
        loc="outside lower center",
        ncols=math.ceil(len(entries) / 2),
        frameon=False,
    )
