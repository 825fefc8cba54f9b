"""Tables of results: rows of numbers, Markdown, CSV."""

import math

import pandas as pd

from training.data.sources import SOURCES
from training.methods.methods import METHODS, PLACES
from training.models.backbones import BACKBONES
from training.report.statistics import compare, corrected
from training.tables.few_labels import TITLES

MISSING = "missing"
NOTHING = "–"


def rows_of(table, results):
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
    columns = [*axes, "seeds", *_COLUMNS]
    frame = pd.DataFrame(rows).reindex(columns=columns)
    frame["p_value"] = corrected(frame["p_value"])
    return frame


_SHORT = {
    "test_error": "test_error",
    "oracle_test_error": "oracle",
    "test_calibration_error": "calibration",
}
_COLUMNS = (
    *(f"{name}{end}" for name in _SHORT.values() for end in ("", "_sd")),
    *("published", "published_sd", "against", "difference", "low", "high"),
    *("p_value", "relative", "oracle_relative", "published_relative"),
    "lam_shift",
)


def _means(runs):
    row = {}
    for measure, name in _SHORT.items():
        row[name] = runs[measure].mean()
        row[f"{name}_sd"] = runs[measure].std()
    return row | {"lam_shift": runs["lam_shift"].mean()}


def _published(table, cell, other):
    published = table.published.get(tuple(map(str, cell.values())))
    if not published:
        return {}
    row = dict(zip(("published", "published_sd"), published, strict=True))
    theirs = other and table.published.get(tuple(map(str, other.values())))
    if theirs:
        gain = 100 * (theirs[0] - published[0]) / theirs[0]
        row["published_relative"] = gain
    return row


def _difference(runs, others):
    if runs is None or others is None:
        return {}
    runs, others = runs.set_index("seed"), others.set_index("seed")
    found = compare(runs["test_error"], others["test_error"])
    if found is None:
        return {}
    oracle = compare(runs["oracle_test_error"], others["oracle_test_error"])
    return {
        "difference": found.mean,
        "low": found.low,
        "high": found.high,
        "p_value": found.p_value,
        "relative": found.relative,
        "oracle_relative": oracle.relative,
    }


def _own_axis(cell, other):
    """The value in which a cell differs from the one it is compared with."""
    return next(other[axis] for axis in cell if cell[axis] != other[axis])


def markdown(table, rows):
    """A block of a table's rows as Markdown.

    Of rows that differ in the last axis only, and are all missing, one line
    below the table says so.

    Args:
        table: A `Table`.
        rows: Rows of `rows_of`.

    Returns:
        String, a table of numbers in %.
    """
    axes = [axis for axis in table.axes if axis not in table.blocks]
    head = [
        *axes,
        "seeds",
        "test error",
        "published",
        "against",
        "difference [95 %]",
        "p",
        "RP",
        "RP published",
        "oracle",
        "RP oracle",
        "calibration error",
    ]
    has_variants = "variant" in axes
    if has_variants:
        head.append("λ moved by")
    lines = [head]
    missing = []
    for values, group in _groups(rows, axes[:-1]):
        if not group["seeds"].any():
            named = zip(axes, values, strict=False)
            missing.append(" ".join(label(axis, one) for axis, one in named))
            continue
        for row in group.to_dict("records"):
            names = [label(axis, row[axis]) for axis in axes]
            lines.append([*names, *_cells(row)])
            if has_variants:
                lines[-1].append(number(row["lam_shift"], 4))
    text = pipes(lines)
    if missing:
        text += f"\n\nMissing, not run: {', '.join(missing)}."
    return text


def pipes(lines):
    """A Markdown table of lists of strings, the first one its head."""
    head, *body = lines
    lines = [head, ["---"] * len(head), *body]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _groups(rows, axes):
    return rows.groupby(axes, sort=False) if axes else [((), rows)]


def _cells(row):
    """What stands in a row, next to the names of its cell."""
    return [
        str(row["seeds"] or MISSING),
        spread(row["test_error"], row["test_error_sd"]),
        spread(row["published"], row["published_sd"]),
        label("", row["against"]),
        interval(row),
        number(row["p_value"], 3),
        signed(row["relative"]),
        signed(row["published_relative"]),
        spread(row["oracle"], row["oracle_sd"]),
        signed(row["oracle_relative"]),
        spread(row["calibration"], row["calibration_sd"]),
    ]


def label(axis, value):
    """How a value of an axis is printed."""
    if axis == "place":
        return PLACES[value].title
    if axis == "share":
        return f"{value:.0%}"
    if isinstance(value, float):
        return NOTHING if math.isnan(value) else f"{value:g}"
    return _titles().get(value, value)


def _titles():
    """Dict from what stands in records and tables to what people read."""
    known = (SOURCES, BACKBONES, METHODS)
    titles = {one.name: one.title for group in known for one in group.values()}
    vectors = {
        f"{one.name}-vectors": f"{one.title} with word vectors"
        for one in BACKBONES.values()
        if one.reads_words
    }
    return titles | vectors | TITLES


def number(value, digits=1):
    """A number, or a dash."""
    return NOTHING if math.isnan(value) else f"{value:.{digits}f}"


def signed(value):
    """A number with its sign, or a dash."""
    return NOTHING if math.isnan(value) else f"{value + 0.0:+.1f}"


def spread(mean, deviation):
    """A mean and, of several runs, their standard deviation; or a dash."""
    if math.isnan(mean) or math.isnan(deviation):
        return number(mean)
    return f"{mean:.1f} ± {deviation:.1f}"


def interval(row):
    """A row's difference and its 95 % interval, or a dash."""
    if math.isnan(row["difference"]):
        return NOTHING
    if math.isnan(row["low"]):
        return f"{row['difference']:+.2f}"
    return f"{row['difference']:+.2f} [{row['low']:+.2f}, {row['high']:+.2f}]"
