"""Which learning rate does each backbone want? Chosen on dev, without mixing.

    python -m training table learning-rates --data-dir data \
        --backbones bert --bert all-MiniLM-L6-v2 --schedule warm-up \
        --learning-rates 2e-5 5e-5 1e-4 2e-4 --seeds 2 \
        --steps 240 --steps-per-evaluation 60

and of the CNN with word vectors

    python -m training table learning-rates --data-dir data \
        --backbones cnn-vectors --embeddings vectors.txt.gz \
        --learning-rates 5e-4 1e-3 2e-3 --seeds 3 \
        --steps 600 --steps-per-evaluation 50

A backbone's learning rate is the one with the lowest dev error of `none`, in
the mean over both data sets; every method then has the same. About 1,000
sentences of TREC and of SST-2.

Cost: 3 or 4 rates x 2 data sets x 2 or 3 subsets; one to three minutes of one
CPU core each.

The paper has no such table: its rates are 2e-4, and 1e-5 for BERT.
"""

from training.tables.table import Table, beginnings
from training.tables.wrong_labels import SHARES


def options(cell: dict) -> dict:
    """A cell's options: no mixup, on some of a data set."""
    return beginnings()[cell["backbone"]] | {
        "dataset": cell["dataset"],
        "train_share": SHARES[cell["dataset"]],
        "method": "none",
        "learning_rate": cell["learning_rate"],
    }


TABLE = Table(
    name="learning-rates",
    title="Learning rates: error without mixing",
    axes={
        "backbone": beginnings,
        "dataset": tuple(SHARES),
        "learning_rate": (
            *(2e-5, 5e-5, 1e-4, 2e-4, 5e-4),
            *(1e-3, 2e-3, 5e-3, 1e-2, 2e-2),
        ),
    },
    blocks=("backbone", "dataset"),
    options=options,
    seeds=3,
    subsets=True,
)
