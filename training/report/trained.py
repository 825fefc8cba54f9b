"""How runs were trained, in words, and what others got."""

import pandas as pd

from training.models.backbones import BACKBONES
from training.report.formats import code, from_to, label, spread
from training.report.results import ways_of
from training.tables.table import Table


def trained(records: pd.Series) -> str:
    """With how many steps and on what some records' runs were trained."""
    values = records.iloc[0]["configuration"]
    words = {
        "steps": "steps",
        "steps_per_evaluation": "between evaluations",
        "batch_size": "sentences a step",
    }
    parts = [f"{values[key]} {word}" for key, word in words.items()]
    if values.get("group_by_length"):
        parts[-1] += ", grouped by length"
    rates = {one["configuration"]["learning_rate"] for one in records}
    if len(rates) == 1:  # else it is an axis of the table
        parts.append(f"learning rate {values['learning_rate']:g}")
    schedule = values.get("schedule", "constant")
    if schedule != "constant":
        parts.append(f"schedule {code(schedule)}")
    if values["embeddings"] != "random":
        coverage = [one["dataset"]["coverage"]["tokens"] for one in records]
        parts.append(
            f"{code(values['embeddings'])}, which has vectors for "
            f"{sum(coverage) / len(coverage):.0%} of the training set's words"
        )
    if not BACKBONES[values["backbone"]].reads_words:
        parts.append(f"begins with {code(values['bert'])}")
        if "pooling" in values:
            parts.append(f"pooled by {values['pooling']}")
    sizes = from_to([one["dataset"]["train"] for one in records])
    return ", ".join([*parts, f"{sizes} sentences to train on"]) + "."


def trained_otherwise(
    table: Table, results: pd.DataFrame, runs: pd.DataFrame
) -> list[str]:
    """What runs got that were trained otherwise than a block's, if many are.

    Returns:
        A list of a sentence, or of none.
    """
    axes = [axis for axis in table.axes if axis not in table.blocks]
    cells = dict(list(runs.groupby(axes, sort=False)))
    if 2 * len(cells) < results.groupby(axes).ngroups:
        return []
    ours, theirs = (
        frame["record"].iloc[0]["configuration"] for frame in (results, runs)
    )
    how = []
    for name in ways_of(table):
        flag, value = f"--{name.replace('_', '-')}", theirs.get(name)
        if value is None and name in ours:
            how.append(f"without {code(flag)}")
        elif value != ours.get(name):
            how.append(code(flag if value is True else f"{flag} {value}"))
    errors = [
        f"{', '.join(map(label, axes, key))} "
        f"{spread(some['test_error'].mean(), some['test_error'].std())}"
        for key, some in cells.items()
    ]
    seeds = from_to([len(some) for some in cells.values()])
    return [
        f"Trained otherwise ({', '.join(how)}; seeds: {seeds}) and not in the "
        f"table, test errors: {'; '.join(errors)}.\n"
    ]
