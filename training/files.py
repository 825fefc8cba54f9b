"""A user's own labelled texts: TSV, CSV or JSON Lines."""

import csv
import io
import json
from pathlib import Path

from training.dataset import Dataset, Examples, hold_out

FORMATS = {
    ".csv": "CSV with a header",
    ".tsv": "label<TAB>text, or TSV with a header",
    ".txt": "label<TAB>text",
    ".jsonl": "one JSON object a line",
}


def load_files(
    train_file,
    dev_file=None,
    test_file=None,
    text_column="text",
    label_column="label",
    split_seed=0,
):
    """Loads a classification task from files of labelled texts.

    Args:
        train_file, dev_file, test_file: Paths. A tenth of the training
            examples stands in for a dev or test file that is not given.
        text_column, label_column: Strings, names of the columns.
        split_seed: Int, of the splits that the files don't make.

    Returns:
        A `Dataset` whose label names are sorted, numbers by their value.

    Raises:
        FileNotFoundError, ValueError: If a file is missing, malformed or
            empty; if there is one class only; if the dev or test file has a
            label that the training file has not.
    """
    train_rows = read_rows(train_file, text_column, label_column)
    names = sorted({label for label, _, _ in train_rows}, key=_by_value)
    if len(names) < 2:
        raise ValueError(
            f"{train_file}: every example has the label {names[0]!r}; "
            "a classifier needs two classes at least"
        )

    def examples_of(rows, path):
        for label, _, line in rows:
            if label not in names:
                raise ValueError(
                    f"{path}:{line}: the label {label!r} is not in "
                    f"{train_file}, whose labels are {', '.join(names)}"
                )
        return Examples.of_pairs(
            (names.index(label), text) for label, text, _ in rows
        )

    train = examples_of(train_rows, train_file)
    parts = {}
    for part, path in {"test": test_file, "dev": dev_file}.items():
        if path is None:
            train, parts[part] = hold_out(train, split_seed)
        else:
            rows = read_rows(path, text_column, label_column)
            parts[part] = examples_of(rows, path)
    return Dataset(Path(train_file).stem, tuple(names), train, **parts)


def read_rows(path, text_column="text", label_column="label"):
    """Reads the rows of a file of labelled texts.

    Args:
        path: Path whose ending says the format, see `FORMATS`.
        text_column, label_column: Strings. A `.tsv` file whose first line
            names neither is read as `label<TAB>text`.

    Returns:
        List of `(label, text, line number)`.

    Raises:
        FileNotFoundError, ValueError: If the file is missing, malformed
            (with file, line number and what was expected) or empty.
    """
    path = Path(path)
    if path.suffix not in FORMATS:
        known = "; ".join(f"{end}: {what}" for end, what in FORMATS.items())
        raise ValueError(f"'{path}': the file must end in one of {known}")
    if not path.is_file():
        raise FileNotFoundError(f"there is no file '{path}'")
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise ValueError(f"{path}:{line}: not UTF-8: {error.reason}") from error
    columns = (label_column, text_column)
    if path.suffix == ".jsonl":
        rows = _read_json_lines(path, text, columns)
    elif path.suffix == ".csv" or _has_header(text, columns):
        rows = _read_table(path, text, columns)
    else:
        rows = _read_tabbed(path, text)
    if not rows:
        raise ValueError(f"{path}: the file holds no examples")
    for label, _, line in rows:
        if not label:
            raise ValueError(f"{path}:{line}: the label is empty")
    return rows


def _read_tabbed(path, text):
    rows = []
    for number, line in enumerate(text.split("\n"), start=1):
        line = line.rstrip("\r")
        if not line.strip():
            continue
        label, tab, sentence = line.partition("\t")
        if not tab:
            raise ValueError(
                f"{path}:{number}: expected label<TAB>text, but the line has "
                f"no tab: {line[:60]!r}"
            )
        rows.append((label.strip(), sentence.strip(), number))
    return rows


def _has_header(text, columns):
    names = text.partition("\n")[0].rstrip("\r").split("\t")
    return all(column in names for column in columns)


def _read_table(path, text, columns):
    csv.field_size_limit(2**31 - 1)
    delimiter = "," if path.suffix == ".csv" else "\t"
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=delimiter, strict=True
    )
    rows = []
    try:
        header = next(reader, [])
        _check_columns(path, 1, header, columns)
        for cells in reader:
            if not cells:
                continue
            if len(cells) != len(header):
                raise ValueError(
                    f"{path}:{reader.line_num}: expected {len(header)} cells "
                    f"({', '.join(header)}), but the row has {len(cells)}"
                )
            row = dict(zip(header, cells, strict=True))
            label, sentence = (row[column].strip() for column in columns)
            rows.append((label, sentence, reader.line_num))
    except csv.Error as error:
        raise ValueError(f"{path}:{reader.line_num}: {error}") from error
    return rows


def _read_json_lines(path, text, columns):
    rows = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise ValueError(
                f"{path}:{number}: expected one JSON object: {error}"
            ) from error
        if not isinstance(row, dict):
            raise ValueError(
                f"{path}:{number}: expected a JSON object, but the line is "
                f"{line[:60]!r}"
            )
        _check_columns(path, number, row, columns)
        label, sentence = (row[column] for column in columns)
        if not isinstance(sentence, str) or not isinstance(label, (str, int)):
            raise ValueError(
                f"{path}:{number}: expected a string or an integer for "
                f"'{columns[0]}' and a string for '{columns[1]}', but they "
                f"are {label!r} and {str(sentence)[:60]!r}"
            )
        rows.append((str(label), sentence, number))
    return rows


def _check_columns(path, line, names, columns):
    for column in columns:
        if column not in names:
            raise ValueError(
                f"{path}:{line}: there is no column '{column}' among "
                f"{', '.join(names) or 'no columns'}; name the right ones "
                "with --text-column and --label-column"
            )


def _by_value(label):
    return (0, int(label), "") if label.isdecimal() else (1, 0, label)
