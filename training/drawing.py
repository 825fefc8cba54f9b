"""How every figure is drawn and written: without a screen, whole or not."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt

from keras_amp.whole import written_whole

WIDTH, HEIGHT = 3.6, 2.8  # inches, of a panel


def write_figure(figure: plt.Figure, path: Path) -> None:
    """Writes a figure, the same bytes for the same figure, and closes it.

    Args:
        figure: `plt.Figure`.
        path: Path of the file, whose ending says the format.
    """
    with written_whole(path) as unfinished:
        figure.savefig(
            unfinished,
            format=path.suffix.removeprefix("."),
            dpi=150,
            metadata={"Software": None},
        )
    plt.close(figure)
