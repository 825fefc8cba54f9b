"""A picture of how sure a classifier is, and how right."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from keras_amp.calibration import Reliability, reliability
from training.drawing import HEIGHT, WIDTH, write_figure
from training.run.calibration import Outputs

NUM_BINS = 15


def draw_reliability(
    test: Outputs, temperature: float | None, path: Path
) -> None:
    """Draws accuracy by confidence, as trained and at a temperature.

    Args:
        test: `Outputs` of the test set.
        temperature: Float, or `None` if there is none.
        path: Path of the file to write.
    """
    asked = {"as trained": 1.0}
    if temperature is not None:
        asked[f"logits divided by {temperature:.3g}"] = temperature
    figure, axes = plt.subplots(
        2,
        len(asked),
        figsize=(max(WIDTH * len(asked), 5), 1.6 * HEIGHT),
        height_ratios=[3, 1],
        layout="constrained",
        sharex=True,
        sharey="row",
        squeeze=False,
    )
    for (above, below), (title, value) in zip(
        axes.T, asked.items(), strict=True
    ):
        found = reliability(
            test.labels, test.logits / value, NUM_BINS, from_logits=True
        )
        _accuracies(above, found)
        above.set_title(
            f"{title}\nexpected calibration error {100 * found.error:.1f} %",
            fontsize="medium",
        )
        middles = (np.arange(NUM_BINS) + 0.5) / NUM_BINS
        shares = 100 * found.count / found.count.sum()
        below.bar(middles, shares, 0.9 / NUM_BINS, color="0.6")
        below.set_xlabel("confidence: probability of the answer")
    axes[0, 0].set_ylabel("share of right answers")
    axes[1, 0].set_ylabel("% of texts")
    figure.legend(
        *axes[0, 0].get_legend_handles_labels(),
        loc="outside lower center",
        ncols=len(asked),
        frameon=False,
    )
    write_figure(figure, path)


def _accuracies(panel: plt.Axes, found: Reliability) -> None:
    """Each bin's accuracy, with the interval that so few texts leave it."""
    # Not before it is used: it takes a second to load.
    from scipy.stats import binomtest

    is_filled = found.count > 0
    accuracy, count = found.accuracy[is_filled], found.count[is_filled]
    bounds = [
        binomtest(round(one * size), int(size)).proportion_ci(method="wilson")
        for one, size in zip(accuracy, count, strict=True)
    ]
    low, high = np.transpose(bounds)
    panel.plot(
        [0, 1],
        [0, 1],
        color="grey",
        linestyle=":",
        label="calibrated: as often right as sure",
    )
    for x, y, side, what in (
        (0.03, 0.95, "left", "promises too little"),
        (0.97, 0.05, "right", "promises too much"),
    ):
        panel.text(
            x, y, what, color="grey", fontsize="small", ha=side, va="center"
        )
    panel.errorbar(
        found.confidence[is_filled],
        accuracy,
        yerr=np.abs([accuracy - low, high - accuracy]),
        fmt="o",
        color="black",
        markersize=4,
        capsize=2,
        linewidth=0.8,
        label="test texts, 95 % interval",
    )
    panel.set_xlim(0, 1)
    panel.set_ylim(-0.02, 1.02)
