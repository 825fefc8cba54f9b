"""A data set out of a user's own files of labelled texts."""

import collections
import dataclasses
import re
from pathlib import Path

from training.data.cells import Layout
from training.data.dataset import Dataset, Examples, hold_out, repeated
from training.data.rows import Reading, Row, read_rows
from training.terminal import listed

MANY_CLASSES = 20  # of which most have one example, are hardly classes


def load_files(
    train_file: str | Path,
    dev_file: str | Path | None = None,
    test_file: str | Path | None = None,
    layout: Layout | None = None,
    split_seed: int = 0,
) -> Dataset:
    """Loads a classification task from files of labelled texts.

    Args:
        train_file, dev_file, test_file: Paths. A tenth of the training
            examples stands in for a dev or test file that is not given.
        layout: `Layout` of all of them.
        split_seed: Int, of the splits that the files don't make.

    Returns:
        A `Dataset` whose label names are sorted, numbers by their value.

    Raises:
        FileNotFoundError, ValueError: If a file is missing, malformed or
            empty; if there is one class only, or nearly as many as examples;
            if the dev or test file has a label that the training file has
            not.
    """
    reading = read_rows(train_file, layout)
    _check_classes(train_file, reading)
    names = sorted({row.label for row in reading.rows}, key=_by_value)
    indices = {name: index for index, name in enumerate(names)}
    notes = _notes(train_file, reading)

    def examples_of(rows: list[Row], path: str | Path) -> Examples:
        for label, _, line in rows:
            if label not in indices:
                raise ValueError(
                    f"{path}:{line}: the label {label!r} is not in "
                    f"{train_file}, whose labels are {listed(names)}"
                )
        return Examples.of_pairs((indices[row.label], row.text) for row in rows)

    train = examples_of(reading.rows, train_file)
    parts = {}
    for part, path in {"test": test_file, "dev": dev_file}.items():
        if path is None:
            try:
                train, parts[part] = hold_out(train, names, split_seed)
            except ValueError as error:
                raise ValueError(f"{train_file}: {error}") from error
        else:
            reading = read_rows(path, layout)
            parts[part] = examples_of(reading.rows, path)
            notes += _notes(path, reading)
    name, dev, test = Path(train_file).stem, parts["dev"], parts["test"]
    dataset = Dataset(name, tuple(names), train, dev, test)
    notes += _repetitions(dataset)
    return dataclasses.replace(dataset, notes=tuple(notes))


def _check_classes(path: str | Path, reading: Reading) -> None:
    """Refuses labels that can hardly be the classes that are meant."""
    counts = collections.Counter(row.label for row in reading.rows)
    if len(counts) < 2:
        raise ValueError(
            f"{path}: every example has the label {reading.rows[0].label!r}; "
            "a classifier needs two classes at least"
        )
    if len(counts) > max(MANY_CLASSES, len(reading.rows) / 2):
        raise ValueError(
            f"{path}: {len(reading.rows)} examples have {len(counts)} "
            f"different labels ({listed(counts, most=2)}); are text and label "
            "swapped?"
        )
    first = reading.rows[0]
    is_alone = counts[first.label] == 1 < max(counts.values())
    if not reading.is_named and is_alone:
        raise ValueError(
            f"{path}:{first.line}: no other line has the label "
            f"{first.label!r}; if this one names the columns, pass "
            "--label-column and --text-column; if not, put label<TAB>text "
            "above it"
        )


def _notes(path: str | Path, reading: Reading) -> list[str]:
    """Lines that say what was read, to see whether it is what was meant."""
    counts = collections.Counter(row.label for row in reading.rows)
    classes = listed(f"{name} {count}" for name, count in counts.most_common())
    first = reading.rows[0]
    empty = sum(not row.text for row in reading.rows)
    return [
        f"{path}: {len(reading.rows)} rows; {reading.how}"
        + f"; {empty} texts are empty" * (empty > 0),
        f"  the first: {first.label[:40]!r}, {first.text[:60]!r}",
        f"  {len(counts)} classes: {classes}",
    ]


def _repetitions(dataset: Dataset) -> list[str]:
    """Lines on texts that were learnt before they are asked."""
    found = {
        "dev": (dataset.dev, dataset.train, "training"),
        "test": (dataset.test, dataset.given, "training and dev"),
    }
    return [
        f"{number} of {len(part)} {name} texts are among the {others} texts "
        f"too, word for word: the {name} error is too low"
        for name, (part, known, others) in found.items()
        if (number := repeated(part, known))
    ]


def _by_value(label: str) -> tuple[int, float, str]:
    is_number = re.fullmatch(r"[+-]?\d+(\.\d+)?", label)
    return (0, float(label), label) if is_number else (1, 0, label)
