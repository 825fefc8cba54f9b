"""Table 2: every method on every backbone and data set.

    python -m training table 2 --data-dir data --embeddings glove.840B.300d.zip

A part of it, on a laptop:

    python -m training table 2 --backbones cnn --datasets trec --seeds 3 \
        --learning-rate 1e-3 --steps 1200

Cost: 5 x 5 x 6 x 10 runs of 8000 steps. One run of `cnn` on TREC takes about
10 minutes of one CPU core, of `bilstm` two hours, of `bert` most of a day:
that one wants a GPU.

The paper: AMP is below Mixup in 45 of 50 cells: by 31.3 % (sentences) and
23.8 % (words) on TREC with `cnn-vectors`, on which it was tuned, elsewhere from
1.5 % above to 10.3 % below. `vectors` are GloVe 840B. Its scores are the best
test errors over all steps.
"""

from training.methods.methods import METHODS
from training.tables.table import (
    Axis,
    Table,
    against_mixup,
    beginnings,
    datasets,
    read_published,
)

AXES: dict[str, Axis] = {
    "backbone": beginnings,
    "method": METHODS,
    "dataset": datasets,
}
DATASETS = ("trec", "sst1", "sst2", "subj", "mr")
PUBLISHED = """
bilstm none: 11.3±1.48 63.7±3.00 18.0±0.85 10.7±0.57 24.9±1.11
bilstm sent: 10.5±1.16 55.8±0.75 16.6±0.38 10.3±0.55 24.2±0.72
bilstm sent-amp: 9.8±0.73 55.0±0.37 15.9±0.43 10.0±0.78 23.6±0.65
bilstm word: 9.8±0.86 55.9±0.62 16.1±0.62 9.4±0.77 23.6±0.75
bilstm word-amp: 9.5±0.84 55.6±0.67 15.3±0.43 8.8±0.48 22.7±0.96
bilstm-vectors none: 8.3±0.47 56.6±0.30 13.0±0.51 6.1±0.76 18.5±0.97
bilstm-vectors sent: 6.9±0.55 48.1±0.37 12.1±0.61 6.0±0.69 18.1±0.95
bilstm-vectors sent-amp: 6.7±0.27 48.0±0.45 11.5±0.31 5.8±0.79 17.8±0.98
bilstm-vectors word: 6.5±0.45 48.6±0.33 11.8±0.34 5.5±0.73 17.8±0.87
bilstm-vectors word-amp: 6.6±0.52 48.0±0.66 11.1±0.42 5.2±0.72 17.5±0.91
cnn none: 8.8±0.86 63.2±0.54 17.6±0.52 9.5±0.64 24.2±1.39
cnn sent: 8.3±0.63 58.1±0.48 19.9±0.32 9.5±0.52 25.1±0.91
cnn sent-amp: 8.1±0.71 57.9±0.51 19.9±0.51 9.4±0.45 25.1±0.93
cnn word: 8.3±0.71 58.0±0.55 19.4±0.22 9.7±0.57 24.6±0.78
cnn word-amp: 8.4±0.92 57.5±0.50 19.2±0.53 9.2±0.68 24.1±0.98
cnn-vectors none: 7.9±0.12 57.5±0.50 13.1±0.49 5.6±0.36 20.2±0.60
cnn-vectors nonlinear: 5.3±0.29 50.7±0.42 11.4±0.29 6.1±0.19 16.6±0.36
cnn-vectors sent: 6.7±0.23 51.4±0.23 12.8±0.35 5.1±0.34 19.4±0.56
cnn-vectors sent-amp: 4.6±0.33 50.6±0.40 11.7±0.25 5.1±0.62 17.4±0.69
cnn-vectors word: 6.3±0.80 51.8±0.91 12.9±0.26 5.3±0.45 18.7±0.28
cnn-vectors word-amp: 4.8±0.26 50.4±0.60 11.7±0.24 5.1±0.58 17.4±0.66
bert none: 2.6±0.18 47.3±0.47 6.9±0.21 2.4±0.47 11.5±1.19
bert sent: 2.2±0.24 44.5±0.37 6.3±0.29 2.4±0.56 11.3±1.44
bert sent-amp: 2.1±0.20 44.3±0.54 5.9±0.30 2.3±0.49 11.2±1.31
bert word: 2.1±0.20 45.6±0.37 6.5±0.25 2.3±0.54 11.1±1.44
bert word-amp: 1.9±0.13 45.5±0.37 6.4±0.23 2.2±0.56 10.8±1.29
"""


def options(cell: dict) -> dict:
    """A cell's options: its backbone's, its data set and method."""
    fields = {key: cell[key] for key in ("dataset", "method")}
    return beginnings()[cell["backbone"]] | fields


TABLE = Table(
    name="2",
    title="Table 2: error on five data sets",
    axes=AXES,
    blocks=("backbone", "dataset"),
    options=options,
    against=against_mixup,
    published=read_published(PUBLISHED, DATASETS),
)
