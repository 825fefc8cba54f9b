"""The runs of a table, each with its record."""

import dataclasses
import datetime
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from training.grid.grid_options import GridOptions
from training.models.backbones import BACKBONES
from training.options.configuration import configuration, key_of
from training.options.train_options import TrainOptions
from training.tables import TABLES

# Beside its name, what tells a table's runs apart where it is not usual.
_TOLD = (
    *(
        "embeddings_spread",
        "wrong_labels",
        "wrong_kind",
        "alpha",
        "epsilon",
        "min_op",
        "pooling",
    ),
    *(
        "mix_share",
        "mix_from",
        "mix_until",
        "fold_lam",
        "clean_weight",
        "partner",
    ),
    "label_smoothing",
)
# What stands for the file of --embeddings in a run that is only listed.
_ANY_VECTORS = "vectors"


@dataclasses.dataclass(frozen=True)
class Run:
    """One experiment of a grid.

    Attributes:
        options: `TrainOptions`, resolved.
        path: Path of its record.
    """

    options: TrainOptions
    path: Path

    def __str__(self) -> str:
        """The run's name and what of a table's axes is not in it."""
        options = self.options
        parts = [options.where.name]
        if options.data.train_share < 1:
            parts.append(f"{options.data.train_share:.0%}")
        asked, usual = options.flat(), TrainOptions().flat()
        for field in _TOLD:
            if asked[field] != usual[field]:
                parts.append(f"{field}={asked[field]}")
        parts += [field for field, value in asked["released"].items() if value]
        return f"{' '.join(parts)} seed {options.optimisation.seed}"


def runs_of(grid: GridOptions) -> list[Run]:
    """The runs that `GridOptions` ask for, a seed of all cells at a time.

    Cells of which several mean the same run have one.

    Raises:
        ValueError: If there is no such table, axis or value, or an option of
            a run is wrong.
    """
    if grid.table not in TABLES:
        raise ValueError(
            f"there is no table '{grid.table}' among {', '.join(TABLES)}"
        )
    table = TABLES[grid.table]
    cells = table.cells(**grid.chosen())
    seeds = table.seeds if grid.seeds is None else grid.seeds
    options = [
        _options(grid, table.fields(cell, seed))
        for seed in range(grid.first_seed, grid.first_seed + seeds)
        for cell in cells
    ]
    runs = {key_of(one): one for one in options}
    return [
        Run(one, grid.records_dir / f"{one.where.name}-{key}.json")
        for key, one in runs.items()
    ]


def _options(grid: GridOptions, fields: dict) -> TrainOptions:
    if fields.get("embeddings") == "--embeddings":
        if grid.embeddings is None and not grid.dry_run:
            raise ValueError(
                "cnn-vectors and bilstm-vectors need --embeddings FILE; "
                "--backbones cnn goes without"
            )
        vectors = str(grid.embeddings or _ANY_VECTORS)
        fields = fields | {
            "embeddings": vectors,
            "embeddings_spread": fields.get(
                "embeddings_spread", grid.embeddings_spread
            ),
        }
    if BACKBONES[fields["backbone"]].reads_words:
        fields = fields | {"vocabulary": None, "bert": None}
    return TrainOptions.of(**(grid.shared() | fields)).resolved()


class Clock:
    """Says how long runs will take, from those that are done.

    A run of one backbone says nothing of another's, nor one encoder's of
    another.

    Args:
        records: Iterable of records.
    """

    def __init__(self, records: Iterable[dict | None]) -> None:
        self._rates: dict[tuple, list[float]] = {}
        for record in records:
            self.add(record)

    def add(self, record: dict | None) -> None:
        """Learns from a record how long a step takes, if it says so."""
        if not record or "results" not in record:
            return
        steps = max(1, record["configuration"]["steps"])
        seconds = record["results"]["seconds"]
        seconds = record.get("seconds_in_all", seconds)
        for key in self._keys(record["configuration"]):
            rates = self._rates.setdefault(key, [])
            rates.append(seconds / steps)

    def seconds(self, run: Run) -> float | None:
        """The seconds that a run will take, or `None` if nothing is known."""
        asked = configuration(run.options)
        for key in self._keys(asked):
            if key in self._rates:
                return np.median(self._rates[key]) * asked["steps"]
        return None

    def left(self, runs: Iterable[Run], processes: int) -> str:
        """How long it takes until all runs are done, in words.

        Args:
            runs: Iterable of `Run`.
            processes: Int, how many run at a time.
        """
        seconds, unknown = 0.0, set()
        for run in runs:
            one = self.seconds(run)
            if one is None:
                unknown.add(run.options.model.backbone)
            else:
                seconds += one
        time = str(datetime.timedelta(seconds=round(seconds / processes)))
        if not unknown:
            return time
        nothing = (
            f"nothing is known of {', '.join(sorted(unknown))} until a run has "
            "ended"
        )
        return f"{time} and more: {nothing}" if seconds else nothing

    @staticmethod
    def _keys(asked: dict) -> Iterator[tuple]:
        """From what tells most to what tells least."""
        every = (
            *("backbone", "bert", "group_by_length"),
            *("dataset", "train_share", "method"),
        )
        for count in range(len(every), 1, -1):
            yield tuple((key, str(asked.get(key))) for key in every[:count])
