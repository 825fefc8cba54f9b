"""What a classifier answered, as rows of a table, JSON lines or CSV."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rich.table import Table

from training.data.texts import Text
from training.run.record import rounded, write_text
from training.terminal import harmless, shown

FORMATS = (".jsonl", ".csv")


class Answer(NamedTuple):
    """What was asked, and how probable each label is, the labels in order."""

    asked: Text
    label: str
    probabilities: dict[str, float]


def as_table(answers: Iterable[Answer]) -> Table:
    """A table to be looked at, of which nothing is cut."""
    table = Table()
    for name in ("text", "label", "probability", "then"):
        table.add_column(name, overflow="fold")
    for asked, label, probabilities in answers:
        ranked = sorted(probabilities, key=probabilities.__getitem__)[::-1]
        others = [name for name in ranked if name != label]
        then = [f"{shown(name)} {probabilities[name]:.3f}" for name in others]
        table.add_row(
            shown(asked.text),
            shown(label),
            f"{probabilities[label]:.3f}",
            ", ".join(then[:2]),
        )
    return table


def as_json_line(answer: Answer, is_ascii: bool = False) -> str:
    """One line of JSON: other columns, text, label and probabilities.

    Args:
        answer: `Answer`.
        is_ascii: Bool, whether to write every other letter as its escape.

    Returns:
        String without a line end.
    """
    ours = {
        "text": answer.asked.text,
        "label": answer.label,
        "probability": answer.probabilities[answer.label],
        "probabilities": answer.probabilities,
    }
    row = _beside(answer.asked, _ours(answer)) | rounded(ours)
    return harmless(json.dumps(row, ensure_ascii=is_ascii))


def write_answers(path: str | Path, answers: Sequence[Answer]) -> None:
    """Writes answers whole or not at all, as JSON lines or as CSV.

    Args:
        path: Path that ends in one of `FORMATS`.
        answers: Sequence of `Answer`, all with the same labels.
    """
    if Path(path).suffix.lower() == ".csv":
        text = _as_csv(answers)
    else:
        text = "".join(f"{as_json_line(answer)}\n" for answer in answers)
    write_text(path, text)


def _as_csv(answers: Sequence[Answer]) -> str:
    """A column for each that any row has, and for each label's probability."""
    ours = _ours(answers[0])
    rows = [
        {
            name: _as_cell(value)
            for name, value in _beside(answer.asked, ours).items()
        }
        for answer in answers
    ]
    names = {name: None for row in rows for name in row}
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow([*names, *ours])
    for row, (asked, label, probabilities) in zip(rows, answers, strict=True):
        numbers = [probabilities[label], *probabilities.values()]
        others = [row.get(name) for name in names]
        writer.writerow([*others, asked.text, label, *rounded(numbers)])
    return file.getvalue()


def _ours(answer: Answer) -> list[str]:
    """The columns that an answer has in a CSV."""
    each = [f"probability_{name}" for name in answer.probabilities]
    return ["text", "label", "probability", *each]


def _beside(asked: Text, ours: Sequence[str]) -> dict[str, Any]:
    """The other columns, none of which has a name of ours or another's."""
    taken, others = {*ours, "probabilities"}, {}
    for name, value in asked.others:
        while name in taken:
            name = f"given_{name}"
        taken.add(name)
        others[name] = value
    return others


def _as_cell(value: Any) -> Any:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
