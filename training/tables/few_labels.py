"""What should a small data set begin with? Words, vectors, or an encoder.

    python -m training table few-labels --data-dir data \
        --bert all-MiniLM-L6-v2 --embeddings vectors.txt

On 5 % of TREC, ten subsets, a backbone at a time, since each wants a learning
rate of its own:

    python -m training table few-labels --variants cnn cnn-vectors \
        --learning-rate 1e-3 --steps 300 --steps-per-evaluation 25 \
        --records-dir docs/results/records
    python -m training table few-labels --variants bert-first bert-mean \
        --bert all-MiniLM-L6-v2 --learning-rate 5e-5 --steps 200 \
        --steps-per-evaluation 50 --records-dir docs/results/records

which go on with the records that are there.

`bert-first` is classified by the first piece's features, through the encoder's
own dense layer, `bert-mean` by the mean of all pieces' features.

Cost: 4 variants x 2 methods x 10 subsets; for `cnn` 30 to 60 seconds of one CPU
core each, for MiniLM two to four minutes.

The paper has no such table.
"""

from training.methods.methods import METHODS
from training.tables.table import Table
from training.tables.table_3 import LAM_POINTS

VARIANTS = {
    "cnn": {"backbone": "cnn"},
    "cnn-vectors": {"backbone": "cnn", "embeddings": "--embeddings"},
    "bert-first": {"backbone": "bert", "pooling": "first"},
    "bert-mean": {"backbone": "bert", "pooling": "mean"},
}


def options(cell: dict) -> dict:
    """A cell's options: 5 % of TREC, where it mixes as in Table 3."""
    fields = {"dataset": "trec", "train_share": 0.05, "method": cell["method"]}
    if METHODS[cell["method"]].mix_at:
        fields["lam_points"] = LAM_POINTS
    return VARIANTS[cell["variant"]] | fields


def against(cell: dict) -> dict | None:
    """Mixing is compared with none, and that with the variant above."""
    if METHODS[cell["method"]].mix_at:
        return cell | {"method": "none"}
    names = list(VARIANTS)
    position = names.index(cell["variant"])
    return cell | {"variant": names[position - 1]} if position else None


TABLE = Table(
    name="few-labels",
    title="What to begin with: error with 5 % of TREC's labels",
    axes={"variant": tuple(VARIANTS), "method": ("none", "sent")},
    blocks=("variant",),
    options=options,
    against=against,
    subsets=True,
    titles={
        "bert-first": "pretrained encoder, first piece",
        "bert-mean": "pretrained encoder, mean of the pieces",
    },
)
