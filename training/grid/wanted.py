"""Which files the runs of a grid want, and lack."""

from collections.abc import Iterable
from pathlib import Path

from training.data.paper import PAPER_SETS
from training.grid.grid_options import GridOptions
from training.grid.runs import Run
from training.models.backbones import BACKBONES
from training.options.model_options import ModelOptions
from training.terminal import listed


def wanted(grid: GridOptions, runs: Iterable[Run]) -> list[str]:
    """A line for each kind of file that has to be there before a run.

    Args:
        grid: `GridOptions`.
        runs: The runs that are left.

    Returns:
        List of strings; empty if nothing is known to be missing.
    """
    runs = list(runs)
    lines = []
    if files := _missing_data(grid, {run.options.data.dataset for run in runs}):
        lines.append(
            f"{listed(files)}: --data-dir names their folder, --download "
            "fetches them"
        )
    models = [run.options.model for run in runs]
    if any(model.embeddings != ModelOptions.embeddings for model in models):
        if grid.embeddings is None:
            lines.append(
                "--embeddings FILE, word vectors (GloVe or word2vec) of "
                "cnn-vectors and bilstm-vectors"
            )
        elif not grid.embeddings.is_file():
            lines.append(f"{grid.embeddings}, of --embeddings")
    if any(not BACKBONES[model.backbone].reads_words for model in models):
        if grid.vocabulary and not grid.vocabulary.is_file():
            lines.append(f"{grid.vocabulary}, of --vocabulary")
        if not (grid.vocabulary or Path(grid.bert).is_dir()):
            lines.append(
                f"the encoder of --bert {grid.bert}: a folder, or a name to be "
                "found below $KERAS_AMP_MODELS or fetched from the hub"
            )
    return lines


def _missing_data(grid: GridOptions, datasets: Iterable[str]) -> list[Path]:
    """The files of the paper's data sets that a run would not find."""
    return [
        path
        for name, paper_set in PAPER_SETS.items()
        if name in datasets and not grid.download
        for file in paper_set.files.values()
        if not (path := grid.data_dir / file).is_file()
    ]
