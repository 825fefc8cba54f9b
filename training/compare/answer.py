"""What a comparison found, as files and in the terminal."""

import math
import shlex
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.table import Table

from keras_amp.comparison import MEASURES, Comparison, Measure, plot
from training.compare.compare_options import BASELINE, CompareOptions
from training.data.dataset import Dataset
from training.data.sources import SOURCES
from training.drawing import write_figure
from training.options.data_options import DataOptions
from training.run.record import rounded, write_text
from training.terminal import shown

# What the records call the measures.
_RESULTS = {
    "error": "test_error",
    "nll": "test_loss",
    "ece": "test_calibration_error",
    "macro-f1": "test_macro_f1",
}
_WORDS = "regression on words"


def comparison_of(
    options: CompareOptions,
    dataset: Dataset,
    overlap: float,
    records: Mapping[str, list[dict | None]],
) -> Comparison:
    """The `Comparison` that records make.

    Args:
        options: `CompareOptions`, checked.
        dataset: The `Dataset` of any split.
        overlap: As of `Comparison`.
        records: Dict from a system to its records, split by split, `None`
            where it was dropped.
    """
    scores = {
        name: {
            metric: [_result(one, key) for one in of_one]
            for metric, key in _RESULTS.items()
        }
        for name, of_one in records.items()
    }
    beside = {_WORDS: "words_regression_test_error"}
    if options.train_options().model.backbone == "bert":
        name = Path(str(options.train_options().model.bert)).name
        beside[f"regression on {name}"] = "regression_test_error"
    references = {
        name: {"error": [_result(one, key) for one in records[BASELINE]]}
        for name, key in beside.items()
    }
    sizes = len(dataset.given) + len(dataset.test)
    return Comparison(
        scores,
        options.metric,
        overlap,
        sizes,
        len(dataset.label_names),
        references=references,
    )


def _result(record: dict | None, key: str) -> float:
    return record["results"].get(key, math.nan) if record else math.nan


def advice(comparison: Comparison) -> str:
    """The answer, and whether something simpler errs less."""
    told = str(comparison)
    if comparison.metric != "error":
        return told
    used = comparison.mean(comparison.recommended, "error")
    for name in comparison.references:
        error = comparison.mean(name, "error")
        if error < used:
            told += (
                f" A {name} errs {error:.1f} % of these, "
                f"{comparison.recommended} {used:.1f} %"
            )
            told += (
                ": --backbone linear trains it."
                if name == _WORDS
                else ": there is more to gain by another --backbone or "
                "--learning-rate than by mixing."
            )
            break
    return told


def as_table(comparison: Comparison) -> Table:
    """The table to be looked at."""
    first, *others = _head(comparison)
    table = Table(first, box=None, pad_edge=False)
    for title in others:
        table.add_column(title, justify="right")
    for row in comparison.rows():
        table.add_row(*_cells(row, comparison.measure, comparison.repeats))
    return table


def _head(comparison: Comparison) -> list[str]:
    measures = ("error %", "loss", "ECE %", "F1 %")
    about = f"{comparison.metric} - {BASELINE}'s (95 %)"
    return ["method", *measures, about, "p"]


def _cells(row: dict, about: Measure, repeats: int) -> list[str]:
    def number(value: float, form: str) -> str:
        return "" if math.isnan(value) else format(value, form)

    digits = about.digits
    told = number(row.get("difference", math.nan), f"+.{digits}f")
    low, high = row.get("low", math.nan), row.get("high", math.nan)
    if math.isfinite(low) and low < high:  # nothing scatters, else
        told += f" ({low:+.{digits}f} to {high:+.{digits}f})"
    chance = number(row.get("p_value", math.nan), ".2g")
    if row["splits"] < repeats:
        chance = f"dropped at {row['splits']}"
    return [
        shown(row["method"]),
        *(
            number(row[one.name], f".{one.digits}f")
            for one in MEASURES.values()
        ),
        told,
        chance,
    ]


def write_answer(
    options: CompareOptions, comparison: Comparison, suspected: list[dict]
) -> list[Path]:
    """Writes README.md, CSV and PNG into the comparison's folder.

    Args:
        options: `CompareOptions`, checked.
        comparison: `Comparison`.
        suspected: What `suspected_labels` returned.

    Returns:
        List of the paths.
    """
    folder = options.folder
    rows, figure = folder / "comparison.csv", folder / "comparison.png"
    labels, page = folder / "suspected_labels.csv", folder / "README.md"
    frame = pd.DataFrame(rounded(comparison.rows()))
    write_text(rows, frame.to_csv(index=False))
    write_figure(plot(comparison), figure)
    write_text(labels, pd.DataFrame(suspected).to_csv(index=False))
    write_text(page, _page(options, comparison, len(suspected)))
    return [page, rows, figure, labels]


def _page(options: CompareOptions, comparison: Comparison, number: int) -> str:
    lines = [
        f"# Does mixing help on {shown(options.data.task)}?",
        "",
        advice(comparison),
        "",
        "![Differences, with their intervals](comparison.png)",
        "",
    ]
    head = _head(comparison)
    lines += [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    for row in comparison.rows():
        cells = _cells(row, comparison.measure, comparison.repeats)
        lines.append(f"| {' | '.join(cells)} |")
    lines += [
        "",
        f"{_met(options.data, comparison)} Loss: negative log-likelihood; "
        "ECE: expected calibration error; F1: mean over classes. p: paired "
        "t-test, corrected for what the splits share (Nadeau and Bengio 2003) "
        "and for the number of methods (Holm); regressions are no methods. "
        "comparison.csv has bootstrap intervals too; suspected_labels.csv has "
        f"{number} texts whose labels the models of other splits contradict: "
        "read these, wrong labels decide more than methods. records/ has a "
        "file per run.",
        "",
    ]
    return "\n".join(lines)


def _met(data: DataOptions, comparison: Comparison) -> str:
    """What all methods had in common, in one sentence."""
    same = "the same weights at the start, order and number of steps"
    if comparison.overlap:
        return (
            "Each method met the same random splits into training, dev and "
            f"test texts, {same}."
        )
    if not data.is_own and SOURCES[data.dataset].is_drawn:
        return (
            "Each method met the same texts, which each seed draws anew, and "
            f"{same}."
        )
    return (
        f"Each method met the same test texts, and in each seed {same}; what "
        "is said holds for these test texts."
    )


def command_with(*more: str, arguments: list[str]) -> str:
    """The command that was typed, and more, for a person to type."""
    return shown(shlex.join(["python", "-m", "training", *arguments, *more]))


def print_answer(
    console: Console, comparison: Comparison, paths: list[Path]
) -> None:
    """Prints table, answer and where the files are."""
    console.print()
    console.print(as_table(comparison))
    console.print()
    console.print(advice(comparison), style="bold")
    console.print()
    for path in paths:
        console.print(shown(path))
