"""The rows of a file of labelled texts: one dialect for each kind of file."""

import codecs
import collections
import json
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from training.data.cells import Layout, find_columns, read_table

FORMATS = {
    ".csv": "a header; cells parted by , ; | or tabs and quoted as in RFC 4180",
    ".tsv": "a header, or none and label<TAB>text; quotes are letters",
    ".txt": "as .tsv",
    ".jsonl": "one JSON object a line",
}
_SURROGATE = re.compile("[\ud800-\udfff]")
# What programs write where a label is missing.
_MISSING = {"nan", "<na>", "#n/a"}
LONGEST_LABEL = 256


class Row(NamedTuple):
    """A labelled text, and the number of the line where it begins."""

    label: str
    text: str
    line: int


class Reading(NamedTuple):
    """What a file holds: rows, how they were read, and whether by names."""

    rows: list[Row]
    how: str
    is_named: bool


def read_rows(path: str | Path, layout: Layout | None = None) -> Reading:
    """Reads the rows of a file of labelled texts.

    A byte order mark says that a file is UTF-16, else it is UTF-8.

    Args:
        path: Path whose ending says the format, see `FORMATS`.
        layout: `Layout`. A `.tsv` or `.txt` file whose first line names none
            of the columns is read as `label<TAB>text`.

    Returns:
        A `Reading`.

    Raises:
        FileNotFoundError, ValueError: If the file is missing, malformed
            (with file, line number and what was expected) or empty.
    """
    path, layout = Path(path), layout or Layout()
    kind = path.suffix.lower()
    if kind not in FORMATS:
        known = "; ".join(f"{end}: {what}" for end, what in FORMATS.items())
        raise ValueError(f"'{path}': the file must end in one of {known}")
    text = decoded(path)
    if kind != ".jsonl":
        found = read_table(path, text, layout, is_csv=kind == ".csv")
    elif layout.delimiter or layout.quoting:
        raise ValueError(
            f"{path}: --delimiter and --quoting are for tables, not for JSON"
        )
    else:
        found = _read_json_lines(path, text, layout.columns)
    labelled, how, is_named = found
    # A label is one string, however many rows have it.
    rows = [
        Row(sys.intern(label.strip()), text.strip(), line)
        for label, text, line in labelled
    ]
    if not rows:
        raise ValueError(f"{path}: the file holds no examples")
    _check(path, rows)
    return Reading(rows, how, is_named)


def decoded(path: Path) -> str:
    """What a file of text holds, UTF-16 by its mark and else UTF-8.

    Raises:
        FileNotFoundError, ValueError: If it is missing or no text, with its
            line.
    """
    if not path.is_file():
        raise FileNotFoundError(f"there is no file '{path}'")
    content = path.read_bytes()
    marks = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    encoding = "utf-16" if content.startswith(marks) else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        before = content[: error.start].decode(encoding, "ignore")
        raise ValueError(
            f"{path}:{_line_after(before)}: not "
            f"{encoding.removesuffix('-sig').upper()}: {error.reason}; save "
            "the file as UTF-8"
        ) from error
    if "\0" in text:
        raise ValueError(
            f"{path}:{_line_after(text.partition(chr(0))[0])}: a NUL byte, "
            "which no text has; save the file as UTF-8"
        )
    return text if "\n" in text else text.replace("\r", "\n")


def _line_after(text: str) -> int:
    return text.count("\n") + 1


def _read_json_lines(
    path: Path, text: str, columns: Sequence[str]
) -> tuple[list[tuple[str, str, int]], str, bool]:
    rows = []
    for number, line, row in json_lines(path, text, columns):
        label, sentence = (row[column] for column in columns)
        if not isinstance(sentence, str) or not isinstance(label, (str, int)):
            raise ValueError(
                f"{path}:{number}: expected a string or an integer for "
                f"'{columns[0]}' and a string for '{columns[1]}', but the line "
                f"is {line[:60]!r}"
            )
        label = label if isinstance(label, str) else json.dumps(label)
        rows.append((label, sentence, number))
    return rows, f"label from '{columns[0]}', text from '{columns[1]}'", True


def json_lines(
    path: Path, text: str, columns: Sequence[str]
) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """The number, the letters and the object of each line that is not blank.

    Args:
        path: Path, for messages.
        text: String, what the file holds.
        columns: Sequence of strings, keys that each object must have.

    Raises:
        ValueError: With file and line, where one is malformed.
    """
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line, object_pairs_hook=_object)
        except RecursionError as error:
            raise ValueError(
                f"{path}:{number}: nested too deeply for a row of a table"
            ) from error
        except ValueError as error:
            raise ValueError(
                f"{path}:{number}: expected one JSON object: "
                f"{str(error).partition(';')[0]}"
            ) from error
        if not isinstance(row, dict):
            raise ValueError(
                f"{path}:{number}: expected a JSON object, but the line is "
                f"{line[:60]!r}"
            )
        find_columns(path, number, list(row), columns)
        yield number, line, row


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row = dict(pairs)
    if len(row) < len(pairs):
        counts = collections.Counter(name for name, _ in pairs)
        [(twice, _)] = counts.most_common(1)
        raise ValueError(f"the key {twice[:60]!r} is there twice")
    return row


def check_whole(path: Path, line: int, what: str, value: str) -> None:
    """Raises `ValueError` of a string that can't be written as UTF-8."""
    if half := _SURROGATE.search(value):
        raise ValueError(
            f"{path}:{line}: the {what} holds {half[0]!r}, half of a "
            "surrogate pair, which cannot be written as UTF-8"
        )


def _check(path: Path, rows: list[Row]) -> None:
    """Refuses what is no label or no text, with its line."""
    first: dict[str, int] = {}
    for label, text, line in rows:
        if not label:
            raise ValueError(f"{path}:{line}: the label is empty")
        if label.casefold() in _MISSING:
            raise ValueError(
                f"{path}:{line}: the label is missing: it is '{label}'"
            )
        if len(label) > LONGEST_LABEL:
            raise ValueError(
                f"{path}:{line}: the label has {len(label)} letters, more "
                f"than {LONGEST_LABEL}: {label[:40]!r}…; are text and label "
                "swapped?"
            )
        for what, value in {"label": label, "text": text}.items():
            check_whole(path, line, what, value)
        first.setdefault(label, line)
    for label, line in first.items():
        whole = re.sub(r"(?<=\d)\.0+$", "", label)
        if whole != label and whole in first:
            raise ValueError(
                f"{path}:{line}: the label '{label}' is the number '{whole}' "
                f"of line {first[whole]}; write them alike"
            )
