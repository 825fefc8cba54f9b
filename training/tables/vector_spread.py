"""How large should word vectors be? As in their file, or smaller.

    python -m training table vector-spread --data-dir data \
        --embeddings vectors.txt.gz --learning-rate 1e-3 --steps 400 \
        --steps-per-evaluation 50 --records-dir docs/results/records

which goes on with the records that are there.

The CNN without mixing on about 1,000 sentences of TREC or SST-2, three subsets:
the numbers of the vectors as they are, or all multiplied by one number so that
their standard deviation is the spread. Randomly drawn ones have 0.14.

Cost: 2 data sets x 4 spreads x 3 subsets; half a minute of one CPU core each.

The paper has no such table.
"""

from training.tables.table import Table, against_variant, beginnings
from training.tables.wrong_labels import SHARES

SPREADS = {"as in the file": None, "0.14": 0.14, "0.04": 0.04, "0.015": 0.015}


def options(cell: dict) -> dict:
    """A cell's options: no mixup, on some of a data set."""
    return beginnings()["cnn-vectors"] | {
        "dataset": cell["dataset"],
        "train_share": SHARES[cell["dataset"]],
        "method": "none",
        "embeddings_spread": SPREADS[cell["variant"]],
    }


TABLE = Table(
    name="vector-spread",
    title="Word vectors: error of the CNN by their size",
    axes={"dataset": tuple(SHARES), "variant": tuple(SPREADS)},
    blocks=("dataset",),
    options=options,
    # Each is compared with the vectors as they are.
    against=against_variant("as in the file", {}),
    seeds=3,
    subsets=True,
)
