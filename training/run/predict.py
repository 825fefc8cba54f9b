"""Asks an exported classifier from the shell."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from rich.progress import Progress

from training.data.cells import Layout
from training.data.texts import Text, read_texts
from training.run.answers import (
    FORMATS,
    Answer,
    as_json_line,
    as_table,
    write_answers,
)
from training.run.exported import find_export, load_export
from training.run.unknown import in_answers
from training.terminal import console, shown

BATCH_SIZE = 256


def predict(
    model: str | Path,
    texts: Sequence[str] = (),
    file: Path | None = None,
    layout: Layout | None = None,
    output: Path | None = None,
    overwrites: bool = False,
) -> None:
    """Answers texts: a table on a terminal, JSON lines elsewhere, or a file.

    Says on standard error if most words of a text are unknown to the
    classifier.

    Args:
        model: Path of an export, or of a folder of numbered ones, of which
            the newest answers.
        texts: List of strings.
        file: Path of a file of texts, see `training.data.texts.ENDINGS`. If
            there are neither, lines are read from standard input.
        layout: `Layout` of the file, without a label.
        output: Path to write to, ending in one of
            `training.run.answers.FORMATS`.
        overwrites: Bool, whether to replace what is at `output`.

    Raises:
        FileNotFoundError: If there is no export at `model`, or no `file`.
        FileExistsError: If there is something at `output`.
        ValueError: If there is no text, or a file is malformed.
    """
    path = find_export(model)
    if output is not None:
        check_output(output, overwrites)
    asked = _asked(texts, file, layout)
    if output is not None:
        # Not before it is used: it loads Keras.
        from keras_amp.whole import check_writable

        check_writable(output.parent)
    answers, shares = [], []
    is_line_by_line = output is None and not sys.stdout.isatty()
    is_ascii = "utf" not in sys.stdout.encoding.lower()
    for one, share in _with_progress(answer(path, asked), len(asked)):
        shares.append(share)
        if is_line_by_line:
            print(as_json_line(one, is_ascii))
        else:
            answers.append(one)
    if output is not None:
        write_answers(output, answers)
        console().print(f"{len(answers)} answers: {shown(output)}")
    elif not is_line_by_line:
        console().print(as_table(answers))
    if warning := in_answers([one.text for one in asked], shares):
        console(stderr=True).print(warning)


def check_output(output: Path, overwrites: bool) -> None:
    """Refuses, before the work, what the answers can't be written to."""
    if output.suffix.lower() not in FORMATS:
        raise ValueError(
            f"--output: '{output}' must end in {' or '.join(FORMATS)}"
        )
    if output.exists() and not output.is_file():
        raise FileExistsError(f"--output: '{output}' is there and is no file")
    if output.exists() and not overwrites:
        raise FileExistsError(
            f"--output: '{output}' exists; pass --overwrite to replace it, or "
            "another name"
        )


def answer(path: Path, asked: Sequence[Text]) -> Iterator[tuple[Answer, float]]:
    """Each answer of an export, and the unknown part of its text's words."""
    ask = load_export(path)
    for begin in range(0, len(asked), BATCH_SIZE):
        batch = asked[begin : begin + BATCH_SIZE]
        sentences = [
            one.text.encode("utf-8", "surrogateescape") for one in batch
        ]
        found = ask(sentences)
        names = [name.decode() for name in found["label_names"][0]]
        # An export of before said nothing.
        shares = found.get("unknown_share", np.zeros(len(batch)))
        for one, label, row, share in zip(
            batch,
            found["label"],
            found["probabilities"].tolist(),
            shares.tolist(),
            strict=True,
        ):
            probabilities = dict(zip(names, row, strict=True))
            yield Answer(one, label.decode(), probabilities), share


def _asked(
    texts: Sequence[str], file: Path | None, layout: Layout | None
) -> list[Text]:
    if file is not None and texts:
        raise ValueError(
            f"--file '{file}' and {len(texts)} texts: pass one or the other"
        )
    if file is not None:
        return read_texts(file, layout or Layout(label_column=None))
    if not texts:
        # Bytes that are no UTF-8 come as arguments of a command do.
        sys.stdin.reconfigure(errors="surrogateescape")  # type: ignore[union-attr]
        texts = [line.rstrip("\r\n") for line in sys.stdin]
    if not texts:
        raise ValueError(
            "there is no text: pass some, a --file, or lines on stdin"
        )
    return [Text(text, []) for text in texts]


def _with_progress(
    answers: Iterator[tuple[Answer, float]], total: int
) -> Iterator[tuple[Answer, float]]:
    """The same, with a bar on a terminal where it takes more than a moment."""
    if not (sys.stderr.isatty() and total > BATCH_SIZE):
        yield from answers
        return
    columns = Progress.get_default_columns()
    target = console(stderr=True)
    with Progress(*columns, console=target, transient=True) as progress:
        yield from progress.track(answers, total, description="Answering")
