"""Tables of texts: cells, in the dialect of CSV or of TSV."""

import csv
import dataclasses
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from training.terminal import listed

QUOTINGS: dict[str, dict[str, Any]] = {
    "double": {"doublequote": True},
    "backslash": {"doublequote": False, "escapechar": "\\"},
    "none": {"quoting": csv.QUOTE_NONE},
}
_HINTS = {
    "double": "inside of quotes a quote is doubled; --quoting backslash reads "
    '\\", --quoting none takes quotes for letters',
    "backslash": 'inside of quotes a quote is written \\"',
    "none": "if cells are quoted, pass --quoting double",
}
_TABS = ("tab", r"\t")
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_QUOTED = re.compile(r'"[^"]*(""[^"]*)*"')


@dataclasses.dataclass(frozen=True)
class Layout:
    """How a file says which is the label and which the text.

    Attributes:
        text_column, label_column: Strings, names of the columns; of texts
            without labels the latter is `None`.
        delimiter: String between cells: one letter, "tab" or a backslash and
            a t; `None` for that of the kind of file.
        quoting: Key of `QUOTINGS`, or `None` for that of the kind of file.

    Raises:
        ValueError: If no table can be read so.
    """

    text_column: str = "text"
    label_column: str | None = "label"
    delimiter: str | None = None
    quoting: str | None = None

    def __post_init__(self) -> None:
        delimiter = self.delimiter
        if delimiter not in (None, *_TABS) and (
            len(delimiter) != 1 or delimiter in '"\\\r\n'
        ):
            raise ValueError(
                "--delimiter must be one letter, or tab, but no quote, "
                f"backslash or line end, not {delimiter!r}"
            )
        if self.quoting is not None and self.quoting not in QUOTINGS:
            raise ValueError(
                f"--quoting: there is no '{self.quoting}' among "
                f"{', '.join(QUOTINGS)}"
            )
        if self.text_column == self.label_column:
            raise ValueError(
                "--text-column and --label-column are one column, "
                f"'{self.text_column}'"
            )

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns, the label's first."""
        columns = (self.label_column, self.text_column)
        return tuple(one for one in columns if one is not None)


class Cells(NamedTuple):
    """A table's rows, and how they were read.

    Attributes:
        names: Sequence of strings, what the columns are called.
        where: Sequence of ints, the index of each of the layout's columns.
        rows: Iterator of the number of the line where a row begins, and its
            cells; a malformed one raises `ValueError` when it is reached.
        is_named: Bool, whether a header names the columns.
        delimiter, quoting: Strings.
    """

    names: Sequence[str]
    where: Sequence[int]
    rows: Iterator[tuple[int, list[str]]]
    is_named: bool
    delimiter: str
    quoting: str


def read_table(
    path: Path, text: str, layout: Layout, is_csv: bool
) -> tuple[Iterable[tuple[str, str, int]], str, bool]:
    """Reads the labels and the texts of a table.

    Args:
        path, text, layout, is_csv: As of `read_cells`.

    Returns:
        Iterable of `(label, text, line number)`; a string, how they were
        read; and whether a header names the columns.

    Raises:
        ValueError: As `read_cells`.
    """
    table = read_cells(path, text, layout, is_csv)
    if table.is_named:
        how = (
            f"label from '{layout.label_column}' and text from "
            f"'{layout.text_column}' of {len(table.names)} columns, parted by "
            f"{table.delimiter!r}, quotes: {table.quoting}"
        )
    else:
        between = _as_shown(table.delimiter)
        how = f"no header, so label{between}text, quotes: {table.quoting}"
    label, sentence = table.where
    labelled = (
        (cells[label], cells[sentence], line) for line, cells in table.rows
    )
    return labelled, how, table.is_named


def read_cells(path: Path, text: str, layout: Layout, is_csv: bool) -> Cells:
    """Reads the cells of a table, each row as wide as the first.

    Args:
        path: Path, for messages.
        text: String, what the file holds.
        layout: `Layout`; without a label, there must be a header.
        is_csv: Bool, whether `layout` leaves to the rules of CSV what it does
            not say (the delimiter that finds the columns in the header, which
            must be there; quoted cells) or to those of TSV (tabs; a header,
            or none and label<TAB>text; quotes are letters).

    Raises:
        ValueError: With file and line, where the header is malformed; where
            a row is, its turn raises it.
    """
    quoting = layout.quoting or ("double" if is_csv else "none")
    if quoting == "backslash":  # Before other letters it is one itself.
        text = re.sub(
            r'\\(["\\]?)', lambda match: match[0] if match[1] else r"\\", text
        )
    delimiter = layout.delimiter
    if delimiter is None and is_csv:
        delimiter = _delimiter_of(text, layout, quoting)
    elif delimiter in (None, *_TABS):
        delimiter = "\t"
    rows = _cells(path, text, delimiter, quoting)
    if quoting == "none" and layout.quoting is None:
        every = list(rows)
        _check_no_quotes(path, every)
        rows = iter(every)
    line, header = first = next(rows, (1, []))
    names: Sequence[str] = [name.strip() for name in header]
    where: Sequence[int] = (0, 1)
    is_named = (
        is_csv
        or layout.label_column is None
        or _is_header(names, layout.columns)
    )
    if is_named:
        where = find_columns(path, line, names, layout.columns)
        expected = f"{len(names)} cells ({listed(names)}),"
    else:
        names = layout.columns
        rows = itertools.chain([first] if header else [], rows)
        expected = (
            f"label{_as_shown(delimiter)}text, or a first line that names the "
            f"columns ({listed(layout.columns)}),"
        )

    def checked() -> Iterator[tuple[int, list[str]]]:
        for line, cells in rows:
            if len(cells) != len(names):
                raise ValueError(
                    f"{path}:{line}: expected {expected} but the row has "
                    f"{len(cells)} ({listed(cells, most=3)}); "
                    f"{_HINTS[quoting]}"
                )
            yield line, cells

    return Cells(names, where, checked(), is_named, delimiter, quoting)


def _as_shown(delimiter: str) -> str:
    return "<TAB>" if delimiter == "\t" else delimiter


def _cells(
    path: str | Path, text: str, delimiter: str, quoting: str
) -> Iterator[tuple[int, list[str]]]:
    """The cells of each row that is not blank, and where it begins."""
    csv.field_size_limit(2**31 - 1)
    # Not of a `StringIO`, which takes four bytes a letter.
    reader = csv.reader(
        (line[0] for line in _LINE.finditer(text)),
        delimiter=delimiter,
        strict=True,
        **QUOTINGS[quoting],
    )
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise ValueError(
                f"{path}:{line}: {str(error).partition(' - ')[0]}, in the row "
                f"that begins here; {_HINTS[quoting]}"
            ) from error
        if cells is None:
            return
        if any(cell.strip() for cell in cells):
            yield line, cells


def _delimiter_of(text: str, layout: Layout, quoting: str) -> str:
    """The one that finds the columns in the header, or the most columns."""

    def found(delimiter: str) -> tuple[bool, int]:
        try:
            _, header = next(_cells("", text, delimiter, quoting), (1, []))
        except ValueError:
            return False, 0
        names = {name.strip() for name in header}
        return names.issuperset(layout.columns), len(header)

    return max(",;\t|", key=found)


def _is_header(names: Sequence[str], columns: Sequence[str]) -> bool:
    """Whether a line names a column, be it in letters of another case."""
    known = {name.casefold() for name in names}
    return any(column.casefold() in known for column in columns)


def find_columns(
    path: Path, line: int, names: Sequence[str], columns: Sequence[str]
) -> Sequence[int]:
    """The index of each column among names, of which each must be one.

    Raises:
        ValueError: With file and line, if a column is missing or there twice.
    """
    for column in columns:
        if column not in names:
            ones = "one with --text-column"
            if len(columns) > 1:
                ones = "ones with --text-column and --label-column"
            raise ValueError(
                f"{path}:{line}: there is no column '{column}' among "
                f"{listed(names) or 'no columns'}; name the right {ones}"
            )
        if names.count(column) > 1:
            raise ValueError(
                f"{path}:{line}: {names.count(column)} columns are named "
                f"'{column}'; give each a name of its own"
            )
    return [names.index(column) for column in columns]


def _check_no_quotes(path: Path, rows: list[tuple[int, list[str]]]) -> None:
    """Refuses a table in which every quote is one of a CSV's."""
    quoted = [(n, cell) for n, cells in rows for cell in cells if '"' in cell]
    if not quoted or not all(_QUOTED.fullmatch(cell) for _, cell in quoted):
        return
    sure = [(n, cell) for n, cell in quoted if '""' in cell[1:-1]]
    if rows[0][1][0].startswith('"'):
        sure.insert(0, quoted[0])
    if sure:
        line, cell = sure[0]
        raise ValueError(
            f"{path}:{line}: the cell {cell[:60]!r} is quoted as in a CSV; "
            "pass --quoting double, or --quoting none to leave the quotes in"
        )
