"""A table that needs no data, to run grids with; also as a command."""

import sys

from training.tables import TABLES
from training.tables.table import Table, against_mixup


def options(cell):
    fields = {"dataset": "demo", "backbone": "cnn", "method": cell["method"]}
    if cell["variant"] == "broken":
        fields["embeddings"] = "no-such-file.txt"
    return fields


TABLE = Table(
    name="demo",
    title="Demo",
    axes={"variant": ("good", "broken"), "method": ("word", "word-amp")},
    blocks=("variant",),
    options=options,
    against=against_mixup,
    seeds=2,
)
TABLES["demo"] = TABLE

if __name__ == "__main__":
    from training.__main__ import main

    sys.argv[:1] = ["training", "table", "demo"]
    main()
