"""From results to numbers: means, comparisons, what the paper got."""

from typing import Any

import pandas as pd

from keras_amp.comparison import holm
from training.report.columns import measures
from training.report.statistics import compare
from training.tables.table import Table


def rows_of(table: Table, results: pd.DataFrame) -> pd.DataFrame:
    """One row of numbers per cell of a table.

    Args:
        table: A `Table`.
        results: What `results_of` returns.

    Returns:
        A `pandas.DataFrame`: axes, `seeds`, mean and `_sd` of each measure,
        the published mean and sd, and of the comparison with another cell
        `against`, `difference`, `low`, `high`, `p_value` (corrected for all
        comparisons of the table), `relative`, `oracle_relative` and
        `published_relative`; and `lam_shift`, the mean |λ* − λ|. What is
        missing is `nan`.
    """
    axes = list(table.axes)
    groups = dict(list(results.groupby(axes, sort=False)))
    cells, rows = table.cells(), []
    for cell in cells:
        runs = groups.get(tuple(cell.values()))
        row = dict(cell) | {"seeds": 0 if runs is None else len(runs)}
        if runs is not None:
            row |= _means(runs)
        other = table.against(cell)
        if other not in cells:
            other = None
        row |= _published(table, cell, other)
        if other:
            row["against"] = _own_axis(cell, other)
            row |= _difference(runs, groups.get(tuple(other.values())))
        rows.append(row)
    measured = [f"{name}{end}" for name in measures() for end in ("", "_sd")]
    columns = [*axes, "seeds", *measured, *_COMPARED]
    frame = pd.DataFrame(rows).reindex(columns=columns)
    frame["p_value"] = holm(frame["p_value"])
    return frame


_COMPARED = (
    *("published", "published_sd", "against", "difference", "low", "high"),
    *("p_value", "relative", "oracle_relative", "published_relative"),
    "lam_shift",
)


def _means(runs: pd.DataFrame) -> dict[str, float]:
    row = {}
    for name in measures():
        row[name] = runs[name].mean()
        row[f"{name}_sd"] = runs[name].std()
    return row | {"lam_shift": runs["lam_shift"].mean()}


def _published(
    table: Table, cell: dict, other: dict | None
) -> dict[str, float]:
    published = table.published.get(tuple(map(str, cell.values())))
    if not published:
        return {}
    row = dict(zip(("published", "published_sd"), published, strict=True))
    theirs = other and table.published.get(tuple(map(str, other.values())))
    if theirs:
        gain = 100 * (theirs[0] - published[0]) / theirs[0]
        row["published_relative"] = gain
    return row


def _difference(
    runs: pd.DataFrame | None, others: pd.DataFrame | None
) -> dict[str, float]:
    if runs is None or others is None:
        return {}
    runs, others = runs.set_index("seed"), others.set_index("seed")
    found = compare(runs["test_error"], others["test_error"])
    if found is None:
        return {}
    oracle = compare(runs["oracle"], others["oracle"])
    return {
        "difference": found.mean,
        "low": found.low,
        "high": found.high,
        "p_value": found.p_value,
        "relative": found.relative,
        "oracle_relative": oracle.relative,  # type: ignore[union-attr]
    }


def _own_axis(cell: dict, other: dict) -> Any:
    """The value in which a cell differs from the one it is compared with."""
    return next(other[axis] for axis in cell if cell[axis] != other[axis])
