"""Texts without labels, and what a file has beside them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from training.data.cells import Layout, read_cells
from training.data.rows import check_whole, decoded, json_lines

ENDINGS = {
    ".csv": "a header; cells parted by , ; | or tabs and quoted as in RFC 4180",
    ".tsv": "a header; quotes are letters",
    ".jsonl": "one JSON object a line",
    ".txt": "one text a line",
}


class Text(NamedTuple):
    """A text, and a list of the names and values of all other columns."""

    text: str
    others: list[tuple[str, Any]]


def read_texts(path: str | Path, layout: Layout) -> list[Text]:
    """Reads the texts of a file, and what is beside them.

    Args:
        path: Path whose ending says the format, see `ENDINGS`.
        layout: `Layout` without a label.

    Returns:
        List of `Text`.

    Raises:
        FileNotFoundError, ValueError: If the file is missing, malformed (with
            file, line number and what was expected) or empty.
    """
    path = Path(path)
    kind = path.suffix.lower()
    if kind not in ENDINGS:
        known = "; ".join(f"{end}: {what}" for end, what in ENDINGS.items())
        raise ValueError(f"'{path}': the file must end in one of {known}")
    content = decoded(path)
    if kind in (".txt", ".jsonl") and (layout.delimiter or layout.quoting):
        raise ValueError(
            f"{path}: --delimiter and --quoting are for tables, not for {kind}"
        )
    if kind == ".txt":
        lines = content.removesuffix("\n").split("\n") if content else []
        texts = [Text(line.rstrip("\r"), []) for line in lines]
    elif kind == ".jsonl":
        texts = list(_of_json_lines(path, content, layout.text_column))
    else:
        texts = list(_of_table(path, content, layout, kind == ".csv"))
    if not texts:
        raise ValueError(f"{path}: the file holds no texts")
    return texts


def _of_table(
    path: Path, content: str, layout: Layout, is_csv: bool
) -> Iterator[Text]:
    table = read_cells(path, content, layout, is_csv)
    [where] = table.where
    for _, cells in table.rows:
        pairs = list(zip(table.names, cells, strict=True))
        _, text = pairs.pop(where)
        yield Text(text, pairs)


def _of_json_lines(path: Path, content: str, column: str) -> Iterator[Text]:
    for number, line, row in json_lines(path, content, [column]):
        text = row.pop(column)
        if not isinstance(text, str):
            raise ValueError(
                f"{path}:{number}: expected a string for '{column}', but the "
                f"line is {line[:60]!r}"
            )
        check_whole(path, number, "text", text)
        yield Text(text, list(row.items()))
