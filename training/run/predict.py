"""Asks an exported classifier from the shell."""

import contextlib
import sys
from collections.abc import Sequence
from pathlib import Path

import tensorflow as tf
from rich.table import Table

from training.run.numbered import next_version
from training.run.unknown import in_answers
from training.terminal import console as new_console
from training.terminal import shown


def predict(model: str | Path, texts: Sequence[str]) -> None:
    """Prints the most probable labels of each text.

    Says so if most words of a text are unknown to the classifier.

    Args:
        model: Path of an export, or of a folder of numbered ones, of which
            the newest answers.
        texts: List of strings; if empty, lines are read from standard input.

    Raises:
        FileNotFoundError: If there is no export at `model`.
        ValueError: If there is no text.
    """
    path = find_export(model)
    if not texts:
        # Bytes that are no UTF-8 come as arguments of a command do.
        sys.stdin.reconfigure(errors="surrogateescape")  # type: ignore[union-attr]
    texts = list(texts) or [line.rstrip("\r\n") for line in sys.stdin]
    if not texts:
        raise ValueError("there is no text: pass some, or lines on stdin")
    with contextlib.suppress(ImportError):
        import tensorflow_text  # noqa: F401 (operations of BERT's exports)
    try:
        exported = tf.saved_model.load(path)
    except tf.errors.NotFoundError as error:
        raise ValueError(
            f"'{path}' needs operations of tensorflow-text: "
            "pip install tensorflow-text"
        ) from error
    sentences = [text.encode("utf-8", "surrogateescape") for text in texts]
    answers = exported.signatures["serve"](sentences=tf.constant(sentences))
    names = [name.decode() for name in answers["label_names"][0].numpy()]
    table = Table("text", "label", "probability", "then")
    for text, row in zip(texts, answers["probabilities"].numpy(), strict=True):
        ranked = sorted(zip(row, names, strict=True), reverse=True)
        (probability, label), *others = ranked
        then = ", ".join(f"{shown(name)} {p:.3f}" for p, name in others[:2])
        table.add_row(shown(text), shown(label), f"{probability:.3f}", then)
    console = new_console()
    console.print(table)
    # An export of before said nothing.
    shares = answers.get("unknown_share", tf.zeros(len(texts)))
    if warning := in_answers(texts, shares.numpy()):
        console.print(warning)


def find_export(model: str | Path) -> Path:
    """The path of a SavedModel: `model` itself or its newest version."""
    path = Path(model)
    newest = path / str(next_version(path) - 1)
    for candidate in (path, newest):
        if (candidate / "saved_model.pb").is_file():
            return candidate
    raise FileNotFoundError(
        f"there is no exported model at '{path}': `python -m training train` "
        "makes one and prints its path"
    )
