"""Which record belongs to which cell of which table."""

import collections
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from training.models.backbones import BACKBONES
from training.options.configuration import configuration
from training.options.train_options import TrainOptions
from training.report.columns import measures
from training.run.record import misfit, read_record
from training.tables.table import Table

# How a run was trained; a table's cells may have any of these.
_NUMBERS = ("steps", "steps_per_evaluation", "batch_size", "learning_rate")
SETTINGS = (
    *(*_NUMBERS, "group_by_length", "schedule", "most_sentences"),
    *("embeddings", "embeddings_spread"),
    *("bert", "vocabulary", "jit_compile"),
)
_NO_PART_OF_A_CELL = {
    *SETTINGS,
    *("dropout", "l2", "max_length", "out_of_domain_dataset"),
}
_OPTIONAL = {
    "seed": int,
    "train_share": float,
    "bert": str,
    "vocabulary": str,
    "pooling": str,
    "schedule": str,
    "embeddings_spread": float,
    "most_sentences": float,
    "group_by_length": bool,
    "jit_compile": bool,
}


def load_records(folder: str | Path) -> tuple[list[dict], list[str]]:
    """All records of a folder, in the order of their files' names.

    Returns:
        A list of records, and a list of strings: of each file that is none, or
        lacks what a report needs, a line that names it.

    Raises:
        FileNotFoundError: If there is no such folder, or no record in it.
    """
    folder = Path(folder)
    records, skipped = [], []
    for path in sorted(folder.glob("*.json")):
        try:
            record = read_record(path)
            fault = "all of it" if record is None else _fault(record)
        except OSError as error:
            fault = f"it can't be read ({error}), and all of it"
        if fault:
            skipped.append(
                f"'{path}' is no record of a run, or damaged, and left out: "
                f"{fault} is missing or not as it should be; `table` makes it "
                "anew if it is moved away"
            )
        else:
            records.append(record)
    if not records:
        why = skipped or ["python -m training table makes some"]
        raise FileNotFoundError(
            f"--records-dir: there are no records in '{folder}'; {why[0]}"
        )
    return records, skipped  # type: ignore[return-value]


def _fault(record: dict) -> str | None:
    """Which part of a record can't be reported; `None` if all of it can."""
    fault = misfit(record, _form(record))
    if fault or "results" not in record:
        return fault
    curves = record["curves"]
    if len(curves["step"]) != len(curves["test_error"]):
        return "curves"
    if "lam_shift" in curves:
        return misfit(curves, {"lam_shift": [float]}, "curves")
    return None


def _form(record: dict) -> dict[str, Any]:
    """What this record must have, in the sense of `misfit`."""
    asked = record["configuration"]
    settings: dict[str, Any] = dict.fromkeys(
        ("dataset", "backbone", "method"), str
    )
    for name, kind in _OPTIONAL.items():
        if name in asked:
            settings[name] = kind
    form: dict[str, Any] = {"configuration": settings}
    if record.get("environment"):
        form["environment"] = {"versions": {}, "python": str}
    if "results" not in record:
        return form | {"error": str}
    settings |= dict.fromkeys(_NUMBERS, float) | {"embeddings": str}
    # The other measures are missing where there is no number.
    form["results"] = dict.fromkeys(("seconds", "test_error"), float)
    form["curves"] = {"step": [float], "test_error": [float]}
    form["dataset"] = {"train": float}
    if asked.get("embeddings") != "random":
        form["dataset"]["coverage"] = {"tokens": float}
    backbone = BACKBONES.get(str(asked.get("backbone")))
    if backbone and not backbone.reads_words:
        settings["bert"] = str
    if "lam_points" in asked:
        along = {"lam": [float], "mean": [float], "pairs": [[float]]}
        form["results"]["loss_along_lam"] = along
    return form


def results_of(table: Table, records: list[dict]) -> pd.DataFrame:
    """The results of a table's cells.

    Where runs of a block of the table were trained in several ways, such as
    with more steps, those count which fill most of its cells, then those of
    which there are most, then the longest, then those that err least on dev.
    Of two runs of a cell and seed that were trained in one way, that which was
    measured in more ways counts.

    Args:
        table: A `Table`.
        records: List of records.

    Returns:
        A `pandas.DataFrame` with a row per run that succeeded: a column per
        axis, `seed`, one per measure, `lam_shift` (the mean over the training
        of |λ* − λ|) and `record`.
    """
    return shown_and_left_out(table, records)[0]


def shown_and_left_out(
    table: Table, records: list[dict]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What `results_of` returns, and the same of runs that do not count.

    Args:
        table, records: As of `results_of`.

    Returns:
        Two `pandas.DataFrame`s; the second has a column `way`, an int for each
        other way to train in a block.
    """
    fixed, ways = _fixed(table), ways_of(table)
    by_cell = collections.defaultdict(list)
    for record in records:
        if "results" in record:
            by_cell[_identity(fixed, record["configuration"])].append(record)
    seeds = {r["configuration"].get("seed", 0) for r in records}
    found = collections.defaultdict(list)
    for cell in table.cells():
        block = tuple(cell[axis] for axis in table.blocks)
        for seed in sorted(seeds):
            options = TrainOptions.of(**table.fields(cell, seed)).resolved()
            for record in by_cell[_identity(fixed, configuration(options))]:
                found[block].append((cell, seed, record))
    rows = [
        cell
        | {"seed": seed}
        | _measured(record["results"])
        | {"lam_shift": _mean(record["curves"].get("lam_shift", [0.0]))}
        | {"record": record, "way": way}
        for runs in found.values()
        for way, some in enumerate(_by_setting(ways, runs))
        for cell, seed, record in some
    ]
    columns = [*table.axes, "seed", *measures(), "lam_shift", "record", "way"]
    frame = pd.DataFrame(rows, columns=columns)
    is_shown = frame["way"] == 0
    shown = frame[is_shown].drop(columns="way").reset_index(drop=True)
    return shown, frame[~is_shown].reset_index(drop=True)


def _measured(results: dict) -> dict[str, float]:
    """Dict from columns to numbers, `nan` for what is missing."""
    values: dict[str, Any] = {
        name: results.get(one) for name, one in measures().items()
    }
    return {
        name: math.nan if misfit(value, float) else value
        for name, value in values.items()
    }


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _fixed(table: Table) -> set[str]:
    """How runs are trained that a table's cells say themselves."""
    fixed = {"learning_rate", "schedule", "embeddings_spread"}
    return fixed & {*table.options(table.cells()[0])}


def ways_of(table: Table) -> list[str]:
    """The settings that tell ways to train apart: all but its cells' own."""
    fixed = _fixed(table)
    return [name for name in SETTINGS if name not in fixed]


def _by_setting(
    names: list[str], runs: list[tuple[dict, int, dict]]
) -> list[list[tuple[dict, int, dict]]]:
    """The runs by how they were trained, those that count first."""

    def setting(record: dict) -> tuple:
        """How it was trained, but for what is an axis of the table."""
        return tuple(record["configuration"].get(name) for name in names)

    by_setting: dict[tuple, dict] = collections.defaultdict(dict)
    for cell, seed, record in runs:
        same = by_setting[setting(record)]
        key = (*cell.values(), seed)
        if key not in same or len(record["results"]) > len(
            same[key][-1]["results"]
        ):
            same[key] = cell, seed, record

    def rank(one: tuple) -> tuple:
        same = by_setting[one].values()
        cells = {tuple(cell.values()) for cell, *_ in same}
        dev = [record["results"].get("dev_error") for *_, record in same]
        is_known = all(misfit(error, float) is None for error in dev)
        error = _mean(dev) if is_known else math.inf
        return len(cells), len(same), one[0], -error

    return [
        [*by_setting[one].values()]
        for one in sorted(by_setting, key=rank, reverse=True)
    ]


def _identity(fixed: set[str], values: dict) -> str:
    """What two runs of a cell and a seed have in common, as text."""
    kept = {
        key: value
        for key, value in values.items()
        if key in fixed or key not in _NO_PART_OF_A_CELL
    }
    kept["has_vectors"] = values["embeddings"] != "random"
    return json.dumps(kept, sort_keys=True)
