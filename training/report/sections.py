"""The parts of `RESULTS.md`, as Markdown."""

import collections

import pandas as pd

from training.methods.methods import METHODS
from training.report.figures import Figure
from training.report.formats import (
    MISSING,
    code,
    from_to,
    interval,
    label,
    number,
    pipes,
    signed,
    spread,
)
from training.report.markdown import markdown
from training.report.trained import trained, trained_otherwise
from training.tables.table import Table, values_of


def glance(rows: pd.DataFrame) -> str:
    """Table 2 in short: methods by backbones and data sets, test errors."""
    rows = rows[rows["seeds"] > 0]
    if rows.empty:
        return "Nothing of Table 2 has been run.\n"
    errors = _errors(rows, ["method"], ["backbone", "dataset"])
    return f"{errors}\n\n{verdict(rows)}\n"


def beginnings(rows: pd.DataFrame) -> str:
    """few-labels in short: what a classifier begins with, by its error."""
    rows = rows[rows["seeds"] > 0]
    if rows.empty:
        return ""
    return (
        f"With 5 % of TREC's labels ({_seeds(rows)} subsets), by what the "
        "classifier begins with:\n\n"
        f"{_errors(rows, ['variant'], ['method'])}\n"
    )


def _errors(rows: pd.DataFrame, down: list[str], across: list[str]) -> str:
    """The test errors of some rows, by the axes down and those across."""
    cells = rows.set_index([*down, *across])
    columns = rows[across].drop_duplicates()

    def named(axes: list[str], values: tuple) -> str:
        return ", ".join(map(label, axes, values))

    def error(key: tuple) -> str:
        if key not in cells.index:
            return MISSING
        cell = cells.loc[key]
        return spread(cell["test_error"], cell["test_error_sd"])

    columns = list(columns.itertuples(index=False, name=None))
    lines = [["test error, %", *(named(across, one) for one in columns)]]
    for row in rows[down].drop_duplicates().itertuples(index=False, name=None):
        lines.append([named(down, row), *(error(row + one) for one in columns)])
    return pipes(lines)


def _seeds(rows: pd.DataFrame) -> str:
    """How many runs the cells of some rows have."""
    return from_to(rows["seeds"])


def verdict(rows: pd.DataFrame) -> str:
    """What the comparisons of AMP with Mixup in some rows of Table 2 say."""
    amp = rows[rows["method"].map(_is_adversarial)]
    return _compared(amp, " of AMP with Mixup")


def _is_adversarial(method: str) -> bool:
    return METHODS[method].is_adversarial


def _compared(rows: pd.DataFrame, what: str = "") -> str:
    """Counts the comparisons of some rows, in a sentence."""
    rows = rows[~rows["difference"].isna()]
    if rows.empty:
        return f"No comparison{what} could be made."
    lower = (rows["difference"] < 0).sum()
    higher = (rows["difference"] > 0).sum()
    sure = rows[rows["p_value"] < 0.05]
    sentence = (
        f"Of {len(rows)} comparison{'s' * (len(rows) > 1)}{what} "
        f"({_seeds(rows)} seeds each), the mean error is lower in {lower} and "
        f"higher in {higher}; it is "
        f"{signed(rows['difference'].mean(), 2)} percentage points on average"
    )
    if sure.empty:
        return f"{sentence}. No difference is significant (p < 0.05)."
    better = (sure["difference"] < 0).sum()
    return (
        f"{sentence}. Significant (p < 0.05): {better} lower, "
        f"{len(sure) - better} higher."
    )


def section(
    table: Table,
    results: pd.DataFrame,
    rows: pd.DataFrame,
    left_out: pd.DataFrame,
) -> str:
    """A table's blocks, with what they were trained with.

    Args:
        table: A `Table`.
        results, left_out: What `shown_and_left_out` returns.
        rows: What `rows_of` returns of the results.
    """
    lines = [f"## {table.title}\n"]
    missing: dict[str, list[str]] = {}
    blocks = list(table.blocks)
    grouped = dict(list(results.groupby(blocks, sort=False)))
    others = dict(list(left_out.groupby([*blocks, "way"], sort=False)))
    # Where there are comparisons, a block without is a row of another table's.
    is_told, untold = rows["difference"].notna(), "nothing to compare"
    if not is_told.any():
        is_told, untold = rows["seeds"] > 0, "not run"
    if table.studies:
        studied = rows[table.studies].where(rows["seeds"] > 0)
        values = studied.groupby([rows[one] for one in blocks])
        is_told &= values.transform("nunique") > 1
        untold = "nothing to compare"
    for values, block in rows.groupby(blocks, sort=False):
        names = list(map(label, blocks, values))
        if not is_told[block.index].any():
            missing.setdefault(names[0], []).append(" ".join(names[1:]))
            continue
        lines.append(f"### {', '.join(names)}\n")
        lines.append(trained(grouped[values]["record"]) + "\n")
        lines.append(markdown(table, block) + "\n")
        has_amp = any(
            map(_is_adversarial, values_of(table.axes.get("method", ())))
        )
        lines.append((verdict if has_amp else _compared)(block) + "\n")
        for key, runs in others.items():
            if key[:-1] == values:
                lines += trained_otherwise(table, grouped[values], runs)
    if missing:
        parts = [
            ": ".join([name, ", ".join(of)][: 1 + bool(of[0])])
            for name, of in missing.items()
        ]
        lines.append(f"Missing, {untold}: {'; '.join(parts)}.\n")
    return "\n".join(lines)


QUESTIONS = {
    "amp": "Does the paper's formula, with ε = 0.002, do anything?",
    "epsilon=0.5": "Does a large step, ε = 0.5?",
    "fresh-noise": "Does fresh noise in the second pass add to it?",
    "fresh-noise, epsilon=0": "Does the noise do it alone, without moving λ?",
    "reweight": "Does re-weighting add to it?",
    "released": "Does the released code, all its changes together?",
}


def answers(rows: pd.DataFrame) -> str:
    """What the rows of what-matters say to `QUESTIONS`, as a list."""
    lines = ["## What matters, in short\n"]
    rows = rows[~rows["difference"].isna()]
    for variant, question in QUESTIONS.items():
        parts = [
            f"{label('backbone', row['backbone'])}, "
            f"{label('place', row['place'])}: {interval(row)} against "
            f"{row['against']}, p = {number(row['p_value'], 2)}"
            for row in rows[rows["variant"] == variant].to_dict("records")
        ]
        if parts:
            lines.append(f"- {question} {'; '.join(parts)}.")
    return "\n".join([*lines, ""]) if lines[1:] else ""


def figure_list(figures: dict[str, Figure]) -> str:
    """The figures and their captions; `""` if there are none."""
    if not figures:
        return ""
    lines = ["## Figures\n"]
    for name, figure in figures.items():
        lines.append(f"![{figure.caption}](results/{name})\n")
        lines.append(f"{figure.caption}\n")
    return "\n".join(lines)


def environments(records: list[dict]) -> str:
    """With which versions the records were made, and how long it took."""
    count: collections.Counter[str] = collections.Counter()
    for record in records:
        about = record.get("environment")
        if about:
            versions = ", ".join(
                f"{name} {version}"
                for name, version in about["versions"].items()
            )
            where = about.get("accelerator", "CPUs")
            count[f"{versions}, Python {about['python']}, on {where}"] += 1
    lines = [
        f"{number} runs with {versions}"
        for versions, number in sorted(count.items())
    ]
    seconds = sum(
        record["results"]["seconds"]
        for record in records
        if "results" in record
    )
    return (
        f"{'; '.join(lines)}. Together {seconds / 3600:.1f} hours of "
        "training.\n"
    )


def failures(records: list[dict]) -> str:
    """The runs that failed, and why; `""` if there are none."""
    failed = [record for record in records if "error" in record]
    if not failed:
        return ""
    lines = ["## Failed runs\n"]
    for record in failed:
        values = record["configuration"]
        lines.append(
            f"- {values['dataset']} {values['backbone']} {values['method']} "
            f"seed {values.get('seed', 0)}: {code(record['error'])}"
        )
    return "\n".join(lines) + "\n"
