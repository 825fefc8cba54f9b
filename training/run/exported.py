"""Exported classifiers: where they are, and how they are asked."""

import importlib.util
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from training.run.numbered import next_version


def find_export(model: str | Path) -> Path:
    """The path of a SavedModel: `model` itself or its newest version.

    Raises:
        FileNotFoundError: If there is none.
    """
    path = Path(model)
    newest = path / str(next_version(path) - 1)
    for candidate in (path, newest):
        if (candidate / "saved_model.pb").is_file():
            return candidate
    raise FileNotFoundError(
        f"there is no exported model at '{path}': `python -m training train` "
        "makes one and prints its path"
    )


def load_export(
    path: str | Path,
) -> Callable[[Sequence[bytes]], dict[str, np.ndarray]]:
    """Loads an export, in half of the time that it takes beside Keras.

    Args:
        path: Path of a SavedModel of `keras_amp.export_text_classifier`.

    Returns:
        Function of a list of sentences, UTF-8 or not, to the arrays of the
        signature `serve`.

    Raises:
        ValueError: If it needs operations of tensorflow-text, which is missing,
            or is another SavedModel.
    """
    tf = _tensorflow_alone()
    # Its operations are in libraries; its Python brings Keras.
    if text := importlib.util.find_spec("tensorflow_text"):
        for library in Path(str(text.origin)).parent.glob("python/ops/*.so"):
            tf.load_op_library(str(library))
    try:
        exported = tf.saved_model.load(path)
    except (tf.errors.NotFoundError, RuntimeError) as error:
        if "not registered" not in str(error):
            raise
        raise ValueError(
            f"'{path}' needs operations of tensorflow-text: "
            "pip install tensorflow-text"
        ) from error
    serve = exported.signatures.get("serve")
    if not _answers_texts(serve):
        raise ValueError(
            f"'{path}' is a SavedModel that answers no texts: `python -m "
            "training train` makes one that does"
        )

    def ask(sentences: Sequence[bytes]) -> dict[str, np.ndarray]:
        found = serve(sentences=tf.constant(sentences))
        return {name: value.numpy() for name, value in found.items()}

    return ask


def _answers_texts(serve: Any) -> bool:
    """Whether a signature, or `None`, has the inputs and outputs of ours."""
    if serve is None:
        return False
    _, inputs = serve.structured_input_signature
    outputs = {"label", "label_names", "probabilities"}
    return {*inputs} == {"sentences"} and outputs <= {*serve.structured_outputs}


def _tensorflow_alone() -> Any:
    """TensorFlow without Keras, unless that is loaded already.

    TensorFlow imports Keras for editors that complete names, and goes on where
    there is none. No SavedModel needs it, and it takes over a second.
    """
    is_hidden = "keras" not in sys.modules
    if is_hidden:
        sys.modules["keras"] = None  # type: ignore[assignment]
    try:
        import tensorflow
    finally:
        if is_hidden:
            del sys.modules["keras"]
    return tensorflow
