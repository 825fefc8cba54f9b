"""What makes AMP work? The released code's steps and epsilon, one at a time.

    python -m training table what-matters --data-dir data

A part of it, on a laptop:

    python -m training table what-matters --backbones cnn --seeds 5 \
        --learning-rate 5e-3 --steps 300 --steps-per-evaluation 25 \
        --records-dir docs/results/records

which goes on with the records that are there.

On 5 % of TREC, ten subsets. `mixup` and `amp` are those of Table 3; each other
variant is `amp` with one thing changed, `released` with all that the authors'
code changes. `fresh-noise, epsilon=0` moves no lambda at all: it takes, of two
draws of dropout noise, the one with the higher loss.

Cost: 13 variants x 2 places x 10 subsets; for `cnn` 30 to 60 seconds each.

The paper has no such table.
"""

from training.methods.methods import PLACES
from training.methods.released import Released
from training.tables.table import Table, against_variant, beginnings
from training.tables.table_3 import LAM_POINTS

ALL = Released(
    mean_gradient=True,
    fresh_noise=True,
    reweight=True,
    binary_cross_entropy=True,
)
MIXUP, AMP = "mixup", "amp"
VARIANTS: dict[str, tuple[str, dict]] = {
    "mixup": (MIXUP, {}),
    "amp": (AMP, {}),
    "epsilon=0.0005": (AMP, {"epsilon": 0.0005}),
    "epsilon=0.02": (AMP, {"epsilon": 0.02}),
    "epsilon=0.1": (AMP, {"epsilon": 0.1}),
    "epsilon=0.5": (AMP, {"epsilon": 0.5}),
    "mean-gradient": (AMP, {"released": Released(mean_gradient=True)}),
    "fresh-noise": (AMP, {"released": Released(fresh_noise=True)}),
    "fresh-noise, epsilon=0": (
        AMP,
        {"released": Released(fresh_noise=True), "epsilon": 0.0},
    ),
    "reweight": (AMP, {"released": Released(reweight=True)}),
    "bce mixup": (MIXUP, {"released": Released(binary_cross_entropy=True)}),
    "bce amp": (AMP, {"released": Released(binary_cross_entropy=True)}),
    "released": (AMP, {"released": ALL}),
}
# One change with `amp`, the rest with Mixup, of the same loss if BCE.
_AGAINST = {
    "mean-gradient": "amp",
    "fresh-noise": "amp",
    "reweight": "amp",
    "bce amp": "bce mixup",
}


def options(cell: dict) -> dict:
    """A cell's options: Table 3's on 5 %, and its variant's."""
    kind, fields = VARIANTS[cell["variant"]]
    return beginnings()[cell["backbone"]] | {
        "dataset": "trec",
        "train_share": 0.05,
        "lam_points": LAM_POINTS,
        "method": getattr(PLACES[cell["place"]], kind),
        **fields,
    }


TABLE = Table(
    name="what-matters",
    title="What makes AMP work?",
    axes={
        "backbone": beginnings,
        "place": PLACES,
        "variant": tuple(VARIANTS),
    },
    blocks=("backbone", "place"),
    options=options,
    against=against_variant("mixup", _AGAINST),
    subsets=True,
)
