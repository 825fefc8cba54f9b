"""How sure and how right: the reliability diagrams of a table's cells."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from training.report.formats import label
from training.report.panels import panels_of
from training.run.record import misfit

_FORM = {"confidence": [float], "accuracy": [float], "count": [float]}


def has_bins(record: dict) -> bool:
    """Whether a record says how right its answers are by confidence."""
    return misfit(record["results"].get("reliability"), _FORM) is None


def reliability_of_variants(
    results: pd.DataFrame, rows: pd.DataFrame
) -> plt.Figure:
    """Accuracy by confidence of each variant, over all its runs."""
    del rows
    blocks = list(results.groupby("variant", sort=False))
    figure, panels = panels_of(len(blocks), most_columns=4)
    for panel, (variant, runs) in zip(panels, blocks, strict=False):
        bins = [one["results"]["reliability"] for one in runs["record"]]
        confidence, accuracy, count = (
            np.array([one[key] for one in bins]) for key in _FORM
        )
        total = count.sum(axis=0)
        is_filled = total > 0
        sure, right = (
            (values * count).sum(axis=0)[is_filled] / total[is_filled]
            for values in (confidence, accuracy)
        )
        panel.plot([0, 1], [0, 1], color="grey", linestyle=":")
        panel.scatter(
            sure, right, s=1 + 150 * total[is_filled] / total.sum(), color="k"
        )
        error = 100 * np.sum(total[is_filled] * np.abs(right - sure))
        panel.set_title(
            f"{label('variant', variant)}\n{error / total.sum():.1f} %",
            fontsize="medium",
        )
        panel.set_xlim(0, 1.02)
        panel.set_ylim(-0.02, 1.03)
        panel.set_xlabel("confidence")
    panels[0].set_ylabel("share of right answers")
    return figure
