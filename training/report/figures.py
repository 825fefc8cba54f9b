"""Figures of results, readable in print and without colours."""

import dataclasses
import itertools
from collections.abc import Callable, Iterable
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from training.drawing import WIDTH, write_figure
from training.methods.methods import PLACES
from training.report.formats import label
from training.report.panels import (
    errors_by,
    legend_below,
    line_with_band,
    panels_of,
)
from training.report.reliability import has_bins, reliability_of_variants


def draw_figure(
    name: str, results: pd.DataFrame, rows: pd.DataFrame, path: Path
) -> None:
    """Draws a figure.

    Args:
        name: Key of `FIGURES`.
        results: What `results_of` returns for the figure's table.
        rows: What `rows_of` returns for it.
        path: Path of the file to write.
    """
    write_figure(FIGURES[name].draw(results, rows), path)


def with_unmixed(results: pd.DataFrame, others: pd.DataFrame) -> pd.DataFrame:
    """A figure's runs, and of others' those that mix nothing.

    Args:
        results: What `results_of` returns for the figure's table.
        others: What it returns for a table that has runs without mixing.

    Returns:
        The runs of both, of the backbones and data sets of the first; what the
        others say nothing of is `nan`.
    """
    unmixed = others[others["method"] == "none"]
    blocks = ["backbone", "dataset"]
    unmixed = unmixed.merge(results[blocks].drop_duplicates(), on=blocks)
    if unmixed.empty:
        return results
    return pd.concat([unmixed, results], ignore_index=True)


def _of_several(axis: str, blocks: Iterable) -> list[tuple]:
    """The blocks in which an axis has several values; all, if it has in none.

    Another table's runs may be a block's only ones: a panel of one point.
    """
    blocks = list(blocks)
    return [one for one in blocks if one[1][axis].nunique() > 1] or blocks


def learning_curves(results: pd.DataFrame, rows: pd.DataFrame) -> plt.Figure:
    """Test error against steps, by backbone and data set, of Table 2."""
    del rows
    blocks = list(results.groupby(["backbone", "dataset"], sort=False))
    figure, panels = panels_of(len(blocks), most_columns=2)
    for panel, ((backbone, dataset), block) in zip(
        panels, blocks, strict=False
    ):
        settled = []
        for method, runs in block.groupby("method", sort=False):
            curves = [record["curves"] for record in runs["record"]]
            errors = np.array([curve["test_error"] for curve in curves])
            line_with_band(panel, curves[0]["step"], errors, method)
            settled.append(errors[:, errors.shape[1] // 4 :])
        low, high = np.min(np.vstack(settled)), np.max(np.vstack(settled))
        margin = 0.05 * (high - low)
        panel.set_ylim(low - margin, high + margin)
        panel.set_title(f"{label('', backbone)}, {label('', dataset)}")
        panel.set_xlabel("training steps")
        panel.set_ylabel("test error (%)")
    legend_below(figure, panels)
    return figure


def error_by_share(results: pd.DataFrame, rows: pd.DataFrame) -> plt.Figure:
    """Test error against the number of labels, of Table 3."""
    del rows
    shares = [
        one["configuration"].get("train_share", 1.0)
        for one in results["record"]
    ]
    results = results.assign(share=shares)

    def num_labels(runs: pd.DataFrame) -> int:
        return runs["record"].iloc[0]["dataset"]["train"]

    blocks = _of_several("share", results.groupby("backbone", sort=False))
    figure, panels = panels_of(len(blocks))
    for panel, (backbone, block) in zip(panels, blocks, strict=False):
        errors_by(panel, block, "share", num_labels)
        panel.set_title(f"{label('', backbone)}, TREC")
        panel.set_xlabel("labelled sentences to train on")
    legend_below(figure, panels)
    return figure


def error_by_alpha(results: pd.DataFrame, rows: pd.DataFrame) -> plt.Figure:
    """Test error against the concentration of Beta(α, α), of Table 5."""
    del rows
    blocks = _of_several(
        "alpha", results.groupby(["backbone", "dataset"], sort=False)
    )
    figure, panels = panels_of(len(blocks), most_columns=2)
    for panel, ((backbone, dataset), block) in zip(
        panels, blocks, strict=False
    ):
        errors_by(panel, block, "alpha", lambda runs: runs["alpha"].iloc[0])
        panel.set_title(f"{label('', backbone)}, {label('', dataset)}")
        panel.set_xlabel("α of Beta(α, α)")
    legend_below(figure, panels)
    return figure


def loss_along_lam(results: pd.DataFrame, rows: pd.DataFrame) -> plt.Figure:
    """The paper's Figure 2: loss on mixtures of test sentences."""
    del rows
    lines = list(itertools.product(results["backbone"].unique(), PLACES))
    figure, panels = panels_of(3 * len(lines), most_columns=3)
    titles = ("one pair", "another pair", "all test sentences")
    for row, (backbone, place) in enumerate(lines):
        runs = results[results["backbone"] == backbone]
        for method in (PLACES[place].mixup, PLACES[place].amp):
            measured = [
                record["results"]["loss_along_lam"]
                for record in runs[runs["method"] == method]["record"]
            ]
            if not measured:
                continue
            lams = measured[0]["lam"]
            curves = [
                *np.array([one["pairs"] for one in measured]).swapaxes(0, 1),
                np.array([one["mean"] for one in measured]),
            ]
            for panel, losses in zip(panels[3 * row :], curves, strict=False):
                line_with_band(panel, lams, losses, method)
        for panel, title in zip(panels[3 * row :], titles, strict=False):
            panel.set_title(title)
            panel.set_xlabel("λ, share of the first sentence")
        where = f"{label('', backbone)}, {label('place', place)}"
        panels[3 * row].set_ylabel(f"{where}\ncross-entropy (nats)")
    legend_below(figure, panels)
    return figure


def what_matters(results: pd.DataFrame, rows: pd.DataFrame) -> plt.Figure:
    """How far each variant is from Mixup, of what-matters."""
    del results
    rows = rows[~rows["difference"].isna()]
    names = rows["variant"] + "  (against " + rows["against"] + ")"
    order = list(names.unique())[::-1]
    blocks = _of_several(
        "variant", rows.groupby(["backbone", "place"], sort=False)
    )
    figure, axes = plt.subplots(
        1,
        len(blocks),
        figsize=(WIDTH * len(blocks) + 1, 0.27 * len(order) + 1),
        layout="constrained",
        sharex=True,
        sharey=True,
        squeeze=False,
    )
    for panel, ((backbone, place), block) in zip(axes[0], blocks, strict=True):
        heights = [order.index(name) for name in names[block.index]]
        means = block["difference"].to_numpy()
        reach = np.abs(block[["low", "high"]].to_numpy().T - means)
        panel.axvline(0, color="grey", linewidth=0.8)
        panel.errorbar(
            means, heights, xerr=reach, fmt="o", color="black", capsize=2
        )
        panel.set_yticks(range(len(order)), order)
        panel.set_title(f"{label('', backbone)}, {label('place', place)}")
        panel.set_xlabel("difference of test errors\n(percentage points)")
    return figure


@dataclasses.dataclass(frozen=True)
class Figure:
    """A figure of the report.

    Attributes:
        table: String, the table whose results it shows.
        draw: Function of the table's results and rows to a `plt.Figure`.
        caption: String.
        unmixed: String, the table whose runs without mixing it shows too;
            `None` if its own are enough.
        shows: Function of a record to a bool, whether it has what is shown;
            there is no figure where none has.
    """

    table: str
    draw: Callable[[pd.DataFrame, pd.DataFrame], plt.Figure]
    caption: str
    unmixed: str | None = None
    shows: Callable[[dict], bool] = lambda record: True


FIGURES = {
    "learning_curves.png": Figure(
        "2",
        learning_curves,
        "Table 2's runs: test error while training, mean ± standard deviation "
        "over seeds. Where a curve is flat, more steps would not help.",
    ),
    "error_by_share.png": Figure(
        "3",
        error_by_share,
        "Table 3's runs: test error by the number of labels, mean ± standard "
        "deviation over subsets.",
    ),
    "error_by_alpha.png": Figure(
        "5",
        error_by_alpha,
        "Table 5's runs, and without mixing those of Table 2: test error by "
        "α, mean ± standard deviation over seeds.",
        unmixed="2",
    ),
    "figure_2.png": Figure(
        "figure-2",
        loss_along_lam,
        "The paper's Figure 2, on 3 % of TREC: the loss of trained networks "
        "on mixtures of test sentences, mean ± standard deviation over "
        "subsets.",
    ),
    "what_matters.png": Figure(
        "what-matters",
        what_matters,
        "What each change does: difference of the test error to what it is "
        "compared with, and its 95 % bootstrap interval. Left of 0 is better.",
    ),
    "reliability.png": Figure(
        "knobs",
        reliability_of_variants,
        "How right the answers of each of the knobs' variants are, by how sure "
        "they are of them, over all its runs as trained, with the expected "
        "calibration error. Below the line it promises too much. The larger a "
        "point, the more answers.",
        shows=has_bins,
    ),
}
