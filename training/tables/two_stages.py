"""Does it help to mix only once a model is trained, at a lower rate?

    python -m training table two-stages --data-dir data \
        --bert all-MiniLM-L6-v2 --learning-rate 1e-4 --steps 300 \
        --steps-per-evaluation 50 --out-of-domain-dataset subj \
        --records-dir docs/results/records

which goes on with the records that are there.

About 1,000 sentences of TREC or SST-2, five subsets: the first half of the
steps is trained without mixing, the second, at a tenth of the learning rate,
with it; `control` never mixes.

Cost: 2 data sets x 5 variants x 5 subsets; two to three minutes of one CPU core
each.

The paper has no such table.
"""

from training.tables.table import Table, against_variant, beginnings
from training.tables.wrong_labels import SHARES

VARIANTS: dict[str, dict] = {
    "control": {"method": "none"},
    "sent": {"method": "sent"},
    "sent-amp": {"method": "sent-amp"},
    "sent-amp, epsilon 0.02": {"method": "sent-amp", "epsilon": 0.02},
    "word": {"method": "word"},
}
# Mixing is compared with the control, AMP with Mixup.
_AGAINST = {"sent-amp": "sent", "sent-amp, epsilon 0.02": "sent"}


def options(cell: dict) -> dict:
    """A cell's options: a data set, and what the second stage mixes."""
    fields = VARIANTS[cell["variant"]]
    if fields["method"] != "none":
        fields = fields | {"mix_from": 0.5}
    return {
        **beginnings()["bert"],
        "dataset": cell["dataset"],
        "train_share": SHARES[cell["dataset"]],
        "schedule": "two-stage",
        **fields,
    }


TABLE = Table(
    name="two-stages",
    title="Two stages: mixing at the end, at a tenth of the rate",
    axes={"dataset": tuple(SHARES), "variant": tuple(VARIANTS)},
    blocks=("dataset",),
    options=options,
    against=against_variant("control", _AGAINST),
    seeds=5,
    subsets=True,
)
