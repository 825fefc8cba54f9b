"""A table of results as Markdown, and what its columns mean."""

import re
from collections.abc import Iterable

import pandas as pd

from training.report.columns import COLUMNS
from training.report.formats import NOTHING, label, pipes
from training.tables.table import Table


def legend() -> str:
    """What the columns mean, as a list."""
    return "\n".join(
        f"- {one.explanation}" for one in COLUMNS.values() if one.explanation
    )


def markdown(table: Table, rows: pd.DataFrame) -> str:
    """A block of a table's rows as Markdown.

    What is missing is named below the table: in one line all rows that differ
    in the last axis only, where there is none of them; in one single rows.

    Args:
        table: A `Table`.
        rows: Rows of `rows_of`.

    Returns:
        String, a table of numbers in %.
    """
    axes = [axis for axis in table.axes if axis not in table.blocks]
    columns = [one for one in COLUMNS.values() if one.is_in(list(table.axes))]
    run = rows[rows["seeds"] > 0].to_dict("records")
    columns = [
        one for one in columns if any(one.cell(row) != NOTHING for row in run)
    ]
    lines = [[*axes, *(one.heading for one in columns)]]
    absent: list[str] = []
    single: list[str] = []
    for values, group in _groups(rows, axes[:-1]):
        if not group["seeds"].any():
            named = zip(axes, values, strict=False)
            absent.append(" ".join(label(axis, one) for axis, one in named))
            continue
        for row in group.to_dict("records"):
            names = [label(axis, row[axis]) for axis in axes]
            if row["seeds"]:
                lines.append([*names, *(one.cell(row) for one in columns)])
            else:
                single.append(" ".join(names))
    text = pipes(lines)
    for missing in filter(None, (absent, single)):
        between = "; " if any("," in one for one in missing) else ", "
        text += f"\n\nMissing, not run: {between.join(missing)}."
    return text


def with_block(text: str, name: str, block: str) -> str:
    r"""A text whose part between the marks of a name is another.

    Raises:
        ValueError: If it has no such marks.

    Examples:
        >>> text = "Before <!-- it -->\nold\n<!-- end of it --> after"
        >>> with_block(text, "it", "new")
        'Before <!-- it -->\nnew\n<!-- end of it --> after'
    """
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    if begin not in text or end not in text:
        raise ValueError(f"--readme: the file has no '{begin}' and '{end}'")
    pattern = f"{re.escape(begin)}.*?{re.escape(end)}"
    whole = f"{begin}\n{block.strip()}\n{end}"
    return re.sub(pattern, lambda _: whole, text, flags=re.DOTALL)


def _groups(rows: pd.DataFrame, axes: list[str]) -> Iterable:
    return rows.groupby(axes, sort=False) if axes else [((), rows)]
