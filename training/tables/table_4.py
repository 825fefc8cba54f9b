"""Table 4: what the max and the min operation do, on TREC.

    python -m training table 4 --data-dir data --embeddings glove.840B.300d.zip

Cost: 3 backbones x 2 places x 4 variants x 10 seeds of 8000 steps. Baseline,
+RandOp and AMP are Table 2's `none`, Mixup and AMP, and are not run again.

The paper: +MaxOp does most of it (CNN, word: 6.3 to 4.7), +MinOp little (4.8).
"""

from training.methods.methods import PLACES
from training.tables import table_2
from training.tables.table import (
    Axis,
    Table,
    against_variant,
    read_published,
    values_of,
)

AXES: dict[str, Axis] = {
    "backbone": ("cnn", "cnn-vectors", "bert"),
    "place": PLACES,
    "variant": ("Baseline", "+RandOp", "+MaxOp", "AMP"),
}
PUBLISHED = """
cnn-vectors word: 7.9±0.12 6.3±0.80 4.7±0.35 4.8±0.26
cnn-vectors sent: 7.9±0.12 6.7±0.23 4.8±0.22 4.6±0.33
bert word: 2.6±0.18 2.1±0.24 2.0±0.23 1.9±0.13
bert sent: 2.6±0.18 2.2±0.24 2.1±0.13 2.1±0.15
"""
# +MaxOp and AMP are compared with Mixup, and that with nothing.
_AGAINST = {"Baseline": None, "+RandOp": "Baseline"}


def options(cell: dict) -> dict:
    """A cell's options: those of the operations up to its own."""
    place = PLACES[cell["place"]]
    methods: dict[str, dict] = {
        "Baseline": {"method": "none"},
        "+RandOp": {"method": place.mixup},
        "+MaxOp": {"method": place.amp, "min_op": False},
        "AMP": {"method": place.amp},
    }
    fields = {"dataset": "trec", **methods[cell["variant"]]}
    return table_2.options(cell | fields) | fields


TABLE = Table(
    name="4",
    title="Table 4: ablation on TREC",
    axes=AXES,
    blocks=("backbone", "place"),
    options=options,
    against=against_variant("+RandOp", _AGAINST),
    published=read_published(PUBLISHED, values_of(AXES["variant"])),
)
