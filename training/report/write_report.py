"""The command `report`: from records to `RESULTS.md`, CSV files and figures."""

from pathlib import Path

import pandas as pd

from keras_amp.whole import check_writable
from training.report.advice import advice
from training.report.figures import FIGURES, draw_figure, with_unmixed
from training.report.markdown import legend, with_block
from training.report.numbers import rows_of
from training.report.recipe_verdict import recipe_verdict
from training.report.results import load_records, shown_and_left_out
from training.report.sections import (
    answers,
    beginnings,
    environments,
    failures,
    figure_list,
    glance,
    section,
)
from training.run.record import write_text
from training.tables import TABLES
from training.terminal import console, shown

# Figure 2 has a figure; its runs are Table 3's.
PRINTED = (
    *("2", "3", "4", "5", "what-matters", "knobs", "few-labels"),
    *("recipe", "wrong-labels", "two-stages", "vector-spread"),
    "learning-rates",
)
_ADVICE = """\
Here p is corrected for all comparisons of this section, and so is another than
that of the same comparison in its table.

"""
HEAD = """\
# Results

Made by `python -m training report` from the records in
[`results/records`](results/records); how to make records: `python -m training
table --help`. The same numbers as CSV files lie in [`results`](results).

"""


def report(
    records_dir: Path,
    output: Path,
    is_drawing: bool,
    readme: Path | None = None,
) -> list[Path]:
    """Writes the results of all records that lie in a folder.

    Args:
        records_dir: Path of a folder of records.
        output: Path of the Markdown file; CSV files and figures go into
            `results` beside it.
        is_drawing: Bool, whether to draw the figures too.
        readme: Path of a Markdown file whose block "advice" is to be renewed.

    Returns:
        List of the paths of all files that were written.

    Raises:
        FileNotFoundError: As `load_records`; of files that are no records,
            standard error gets a line each.
    """
    records, skipped = load_records(records_dir)
    for line in skipped:
        console(stderr=True).print(shown(line))
    folder = output.parent / "results"
    check_writable(folder)
    found = {
        name: shown_and_left_out(table, records)
        for name, table in TABLES.items()
    }
    results = {name: shown for name, (shown, _) in found.items()}
    rows = {
        name: rows_of(table, results[name]) for name, table in TABLES.items()
    }
    written = []
    for name in PRINTED:
        if rows[name]["seeds"].any():
            path = folder / f"{_slug(name)}.csv"
            write_text(
                path, rows[name].to_csv(index=False, float_format=_six_digits)
            )
            written.append(path)
    figures = {
        name: figure
        for name, figure in FIGURES.items()
        if any(map(figure.shows, results[figure.table]["record"]))
    }
    if is_drawing:
        for name, figure in figures.items():
            path = folder / name
            runs = results[figure.table]
            if figure.unmixed is not None:
                runs = with_unmixed(runs, results[figure.unmixed])
            runs = runs[[figure.shows(one) for one in runs["record"]]]
            draw_figure(name, runs, rows[figure.table], path)
            written.append(path)
    sections = [
        section(TABLES[name], results[name], rows[name], found[name][1])
        for name in PRINTED
    ]
    told = advice(results)
    if told:
        path = folder / "advice.md"
        write_text(path, told)
        written.append(path)
        if readme is not None:
            text = readme.read_text("utf-8")
            brief = advice(results, is_brief=True)
            write_text(readme, with_block(text, "advice", brief))
            written.append(readme)
    elif readme is not None:
        console(stderr=True).print(
            "no advice follows from these records: "
            f"{shown(readme)} is left as it is"
        )
    parts = [
        f"{HEAD}{legend()}\n",
        environments(records),
        told and f"## What to do\n\n{_ADVICE}{told}",
        _recipe(results),
        "## At a glance\n\n" + _glances(rows),
        answers(rows["what-matters"]),
        *sections,
        figure_list(figures),
        failures(records),
    ]
    write_text(output, "\n".join(part for part in parts if part))
    written.append(output)
    return written


def _recipe(results: dict[str, pd.DataFrame]) -> str:
    verdict = recipe_verdict(results)
    return verdict and f"## Is there a recipe?\n\n{verdict}"


def _glances(rows: dict[str, pd.DataFrame]) -> str:
    parts = glance(rows["2"]), beginnings(rows["few-labels"])
    return "\n".join(part for part in parts if part)


def _six_digits(value: float) -> str:
    """A number of a CSV; of twelve digits first.

    What is a half but for its last bits, which differ between releases of
    NumPy, is then rounded alike.

    Examples:
        >>> _six_digits(-0.2440205 - 1e-16), _six_digits(-0.2440205 + 1e-16)
        ('-0.244021', '-0.244021')
    """
    return f"{float(f'{value:.12g}'):.6g}"


def _slug(name: str) -> str:
    return f"table_{name}" if name.isdigit() else name.replace("-", "_")
