"""What does each knob beside alpha and epsilon do to the error?

    python -m training table knobs --data-dir data

A part of it, on a laptop:

    python -m training table knobs --places sent --seeds 3 \
        --learning-rate 5e-3 --steps 300 --steps-per-evaluation 25 \
        --records-dir docs/results/records

which goes on with the records that are there.

A CNN on 5 % of TREC, ten subsets: Mixup, and Mixup with one knob turned;
beside it no mixup, and label smoothing, the control that mixes nothing.

Cost: 8 variants x 2 places x 10 subsets, and 2 without a place; 10 to 60
seconds each.

The paper has no such table.
"""

from training.methods.methods import PLACES
from training.tables.table import Table, against_variant

UNMIXED: dict[str, dict] = {
    "no mixup": {},
    "label smoothing 0.1": {"label_smoothing": 0.1},
}
MIXED: dict[str, dict] = {
    "mixup": {},
    "mix-share 0.5": {"mix_share": 0.5},
    "mix-until 0.67": {"mix_until": 0.67},
    "clean-weight 1": {"clean_weight": 1.0},
    "fold": {"fold_lam": True},
    "partner no-self": {"partner": "no-self"},
    "partner other-class": {"partner": "other-class"},
    "partner same-class": {"partner": "same-class"},
}
# Each knob with Mixup as it is, and that, as the control, with none.
_AGAINST = {
    "no mixup": None,
    "label smoothing 0.1": "no mixup",
    "mixup": "no mixup",
}


def options(cell: dict) -> dict:
    """A cell's options: 5 % of TREC, and what its variant turns."""
    variant, fields = cell["variant"], {"method": "none"}
    if variant in MIXED:
        fields = {"method": PLACES[cell["place"]].mixup, **MIXED[variant]}
    return {
        "backbone": "cnn",
        "dataset": "trec",
        "train_share": 0.05,
        **UNMIXED.get(variant, {}),
        **fields,
    }


TABLE = Table(
    name="knobs",
    title="What each knob does: error with 5 % of TREC's labels",
    axes={"place": PLACES, "variant": (*UNMIXED, *MIXED)},
    blocks=("place",),
    options=options,
    against=against_variant("mixup", _AGAINST),
    subsets=True,
)
