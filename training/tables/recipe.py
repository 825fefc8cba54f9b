"""Which setting is better than no mixup and than label smoothing?

    python -m training table recipe --data-dir data --backbones cnn-vectors \
        --shares 0.05 --embeddings vectors.txt --embeddings-spread 0.04 \
        --learning-rate 1e-3 --steps 300 --steps-per-evaluation 25 \
        --records-dir docs/results/records

which goes on with the records that are there.

5 or 20 % of the labels of four data sets, ten subsets; the dev sets stay whole.
What is best there is asked again of subsets that have chosen nothing,
`--first-seed 10`; the report tells both apart.

Cost: 3 backbones x 2 shares x 4 data sets x 9 variants x 10 subsets; for a CNN
about 30 seconds of one CPU core each, for MiniLM two to three minutes.

The paper has no such table.
"""

from training.tables.table import Table, against_variant, beginnings

VARIANTS: dict[str, dict] = {
    "none": {"method": "none"},
    "label smoothing 0.1": {"method": "none", "label_smoothing": 0.1},
    "word, alpha 1": {"method": "word"},
    "word, alpha 8": {"method": "word", "alpha": 8.0},
    "word-amp": {"method": "word-amp"},
    "word-amp, epsilon 0.02": {"method": "word-amp", "epsilon": 0.02},
    "sent, alpha 1": {"method": "sent"},
    "sent, alpha 8": {"method": "sent", "alpha": 8.0},
    "sent-amp": {"method": "sent-amp"},
}
# Mixing is compared with none, AMP with Mixup.
_AGAINST = {
    "word-amp": "word, alpha 1",
    "word-amp, epsilon 0.02": "word, alpha 1",
    "sent-amp": "sent, alpha 1",
}


def options(cell: dict) -> dict:
    """A cell's options: some labels of a data set, its variant's."""
    return {
        **beginnings()[cell["backbone"]],
        "dataset": cell["dataset"],
        "train_share": cell["share"],
        **VARIANTS[cell["variant"]],
    }


TABLE = Table(
    name="recipe",
    title="A recipe: error with some of the labels",
    axes={
        "backbone": ("cnn", "cnn-vectors", "bert"),
        "share": (0.05, 0.2),
        "dataset": ("trec", "sst2", "subj", "mr"),
        "variant": tuple(VARIANTS),
    },
    blocks=("backbone", "share", "dataset"),
    options=options,
    against=against_variant("none", _AGAINST),
    subsets=True,
)
