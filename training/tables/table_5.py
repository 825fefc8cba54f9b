"""Table 5: the concentration of Beta(alpha, alpha), at word level.

    python -m training table 5 --data-dir data

A part of it, on a laptop:

    python -m training table 5 --backbones cnn --datasets trec --seeds 3 \
        --learning-rate 1e-3 --steps 1200

Cost: 4 alphas x 3 data sets x 2 methods x 10 seeds of 8000 steps, of which
Table 2 has those of alpha 1.

The paper: with BERT, AMP is at or below Mixup for every alpha, by 0 to 8.9 %.
"""

from training.tables import table_2
from training.tables.table import (
    Axis,
    Table,
    against_mixup,
    beginnings,
    read_published,
    values_of,
)

AXES: dict[str, Axis] = {
    "backbone": beginnings,
    "alpha": (0.2, 0.5, 1.0, 1.5),
    "method": ("word", "word-amp"),
    "dataset": ("trec", "sst2", "mr"),
}
PUBLISHED = """
bert 0.2 word: 1.9±0.13 6.3±0.23 11.0±1.25
bert 0.2 word-amp: 1.8±0.13 6.0±0.20 10.9±1.22
bert 0.5 word: 1.9±0.13 6.7±0.24 11.1±1.25
bert 0.5 word-amp: 1.9±0.16 6.1±0.18 10.8±1.25
bert 1.0 word: 2.1±0.20 6.5±0.25 11.1±1.44
bert 1.0 word-amp: 2.0±0.12 6.4±0.23 10.8±1.29
bert 1.5 word: 2.1±0.18 6.8±0.13 11.2±1.44
bert 1.5 word-amp: 2.0±0.12 6.5±0.28 11.0±1.34
"""


def options(cell: dict) -> dict:
    """A cell's options: Table 2's, with another alpha."""
    return table_2.options(cell) | {"alpha": cell["alpha"]}


TABLE = Table(
    name="5",
    title="Table 5: error by alpha",
    axes=AXES,
    blocks=("backbone", "dataset"),
    options=options,
    against=against_mixup,
    published=read_published(PUBLISHED, values_of(AXES["dataset"])),
    studies="alpha",
)
