"""What does mixing do where labels are wrong?

    python -m training table wrong-labels --data-dir data \
        --backbones bert --bert all-MiniLM-L6-v2 \
        --learning-rate 1e-4 --schedule warm-up --steps 300 \
        --steps-per-evaluation 60 --out-of-domain-dataset subj \
        --records-dir docs/results/records

which goes on with the records that are there.

About 1,000 sentences of TREC or SST-2, ten subsets. The labels of the training
and dev sets are wrong (`uniform-40`: 40 % of them are any other class;
`class-40`: they are the next class), those of the test set are right. SST-2 has
two classes, where both kinds are the same runs. Each record also has the test
error of the checkpoint that a dev set with right labels would have chosen, and
of the last.

Cost: 2 backbones x 2 data sets x 5 noises x 11 variants x 10 subsets; for
MiniLM two to three minutes of one CPU core each.

The paper has no such table.
"""

from training.tables.table import Table, against_variant, beginnings

# Of about 1,000 sentences.
SHARES = {"trec": 0.2, "sst2": 0.15}
NOISES: dict[str, dict] = {
    "clean": {},
    "uniform-20": {"wrong_labels": 0.2},
    "uniform-40": {"wrong_labels": 0.4},
    "class-20": {"wrong_labels": 0.2, "wrong_kind": "class"},
    "class-40": {"wrong_labels": 0.4, "wrong_kind": "class"},
}
_STRONG = {"method": "sent", "alpha": 16.0}
VARIANTS: dict[str, dict] = {
    "none": {"method": "none"},
    "label smoothing 0.1": {"method": "none", "label_smoothing": 0.1},
    "sent, alpha 1": {"method": "sent"},
    "sent, alpha 8": {"method": "sent", "alpha": 8.0},
    "sent, alpha 16": _STRONG,
    "sent, alpha 32": {"method": "sent", "alpha": 32.0},
    "word, alpha 16": {"method": "word", "alpha": 16.0},
    "sent-amp, alpha 16": _STRONG | {"method": "sent-amp"},
    "sent-amp, alpha 16, epsilon 0.02": _STRONG
    | {"method": "sent-amp", "epsilon": 0.02},
    "mix-until 0.67": _STRONG | {"mix_until": 0.67},
    "clean-weight 1": _STRONG | {"clean_weight": 1.0},
}
# Mixing is compared with none, what changes it with Mixup of alpha 16.
_AGAINST = {
    "sent-amp, alpha 16": "sent, alpha 16",
    "sent-amp, alpha 16, epsilon 0.02": "sent, alpha 16",
    "mix-until 0.67": "sent, alpha 16",
    "clean-weight 1": "sent, alpha 16",
}


def options(cell: dict) -> dict:
    """A cell's options: some of a data set, its noise, its variant's."""
    noise = NOISES[cell["noise"]]
    if cell["dataset"] == "sst2":
        noise = {k: v for k, v in noise.items() if k != "wrong_kind"}
    return {
        **beginnings()[cell["backbone"]],
        "dataset": cell["dataset"],
        "train_share": SHARES[cell["dataset"]],
        **noise,
        **VARIANTS[cell["variant"]],
    }


TABLE = Table(
    name="wrong-labels",
    title="Wrong labels: error with about 1,000 sentences",
    axes={
        "backbone": ("cnn-vectors", "bert"),
        "dataset": tuple(SHARES),
        "noise": tuple(NOISES),
        "variant": tuple(VARIANTS),
    },
    blocks=("backbone", "dataset", "noise"),
    options=options,
    against=against_variant("none", _AGAINST),
    subsets=True,
)
