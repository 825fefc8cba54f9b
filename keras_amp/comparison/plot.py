"""The figure of a comparison: each method's difference, with its interval."""

from typing import Any

from keras_amp.comparison.comparison import Comparison
from keras_amp.comparison.statistics import LEVEL
from keras_amp.extras import WhenUsed

figures = WhenUsed("matplotlib.figure", "The figure", '"keras_amp[compare]"')

_BETTER, _WORSE, _UNCLEAR, _BESIDE = "#009E73", "#D55E00", "#000000", "#999999"


def plot(comparison: Comparison) -> Any:
    """Draws how much better or worse each method is than the baseline.

    What lies left of the line is lower than the baseline; a line through a
    point is the interval that holds the true difference with 95 %.

    Args:
        comparison: `Comparison`.

    Returns:
        A `matplotlib.figure.Figure`; `figure.savefig("methods.png")` writes
        it, and a notebook shows it.
    """
    measure, names = comparison.measure, [*comparison.differences]
    figure = figures.Figure(
        figsize=(6.4, 1.4 + 0.34 * len(names)), dpi=150, layout="constrained"
    )
    axes = figure.subplots()
    for place, name in enumerate(names):
        found = comparison.differences[name]
        colour = _colour(comparison, name)
        if found.repeats > 1:
            axes.plot(
                [found.low, found.high], [place, place], color=colour, lw=1.5
            )
        axes.plot(found.mean, place, "o", color=colour, markersize=5)
    axes.axvline(0, color="black", linewidth=0.8, linestyle=":")
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(left=False)
    side = "right" if measure.higher_is_better else "left"
    title = measure.title.replace(" (%)", "").replace(" (nats)", "")
    axes.set_xlabel(
        f"{title} minus that of {comparison.baseline},{measure.unit} "
        f"({side} is better)"
    )
    axes.set_title(
        "Green: better beyond chance, red: worse, black: unclear, grey: beside",
        fontsize="small",
    )
    return figure


def _colour(comparison: Comparison, name: str) -> str:
    p_value = comparison.p_values.get(name)
    if p_value is None:
        return _BESIDE
    if p_value > LEVEL:
        return _UNCLEAR
    return _BETTER if comparison.gain(name) > 0 else _WORSE
