"""Table 3: TREC with 3 to 100 % of its labels, ten subsets of each size.

    python -m training table 3 --data-dir data

A part of it, on a laptop:

    python -m training table 3 --backbones cnn --shares 0.03 0.05 0.1 0.2 \
        --learning-rate 5e-3 --steps 300 --steps-per-evaluation 25 \
        --records-dir docs/results/records

which goes on with the records that are there.

Cost: 9 sizes x 10 subsets x 5 methods of 8000 steps; for `cnn` about 10
minutes of one CPU core each. The part above: 30 to 60 seconds a run.

The paper: with BERT, SentAMP is below SentMixup at every size: by 17.5 % at
3 %, 14.1 % at 4 %, and 2 to 10 % above. It has no WordMixup here. A share is
taken of each class, and at least one sentence. Here it is taken after the dev
set was set aside, which therefore stays whole.
"""

from training.methods.methods import METHODS
from training.tables.table import (
    Axis,
    Table,
    against_mixup,
    beginnings,
    read_published,
    values_of,
)

LAM_POINTS = 21
AXES: dict[str, Axis] = {
    "backbone": beginnings,
    "share": (0.03, 0.04, 0.05, 0.1, 0.15, 0.2, 0.4, 0.8, 1.0),
    "method": ("none", "word", "word-amp", "sent", "sent-amp"),
}
PUBLISHED = """
bert 0.03: - - - 51.0±7.34 42.1±7.34
bert 0.04: - - - 29.8±4.05 25.6±4.01
bert 0.05: - - - 10.2±1.00 9.2±0.80
bert 0.1: - - - 5.1±0.64 4.6±0.37
bert 0.15: - - - 4.1±0.64 4.0±0.67
bert 0.2: - - - 3.6±0.62 3.5±0.48
bert 0.4: - - - 2.9±0.35 2.7±0.38
bert 0.8: - - - 2.2±0.17 2.1±0.10
bert 1.0: - - - 2.2±0.24 2.1±0.20
"""


def options(cell: dict) -> dict:
    """A cell's options: a share of TREC's training set."""
    fields = {
        "dataset": "trec",
        "method": cell["method"],
        "train_share": cell["share"],
    }
    if METHODS[cell["method"]].mix_at:
        fields["lam_points"] = LAM_POINTS
    return beginnings()[cell["backbone"]] | fields


TABLE = Table(
    name="3",
    title="Table 3: error on TREC with few labels",
    axes=AXES,
    blocks=("backbone",),
    options=options,
    against=against_mixup,
    published=read_published(PUBLISHED, values_of(AXES["method"])),
    subsets=True,
)
