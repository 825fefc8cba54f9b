"""Classifiers of words and what they begin with, from options."""

from pathlib import Path
from typing import Any

import keras
import numpy as np

import keras_amp
from keras_amp import text
from training.data.vector_cache import load_vectors


def word_tokenizer(options: Any, texts: list[str]) -> keras.layers.Layer:
    """The words of the training texts."""
    return text.word_tokenizer(
        texts, max_words=options.max_words, max_length=options.max_length
    )


def load_words(
    options: Any, tokenizer: Any, folder: str | Path
) -> text.WordVectors | None:
    """The pretrained vectors that the options ask for, or `None`.

    Args:
        options: `ModelOptions`.
        tokenizer: What `word_tokenizer` made.
        folder: Path, where what was read is kept for the next time.

    Returns:
        `keras_amp.text.WordVectors`, one row per word of the tokenizer.

    Raises:
        ValueError, FileNotFoundError: As `load_vectors`.
    """
    if options.embeddings == "random":
        return None
    return load_vectors(
        options.embeddings,
        tokenizer.get_vocabulary(),
        folder,
    )


def build_on_words(
    name: str,
    options: Any,
    tokenizer: Any,
    num_classes: int,
    vectors: np.ndarray | None = None,
) -> keras.Model:
    """A classifier of words.

    Args:
        name: String, that of a function of `keras_amp`.
        options: `ModelOptions`, filled in.
        tokenizer: What `word_tokenizer` made.
        num_classes: Int.
        vectors: Float array `(ids, units)` to begin with, or `None`.

    Returns:
        A `keras.Model` from ids to logits.
    """
    backbone = getattr(keras_amp, name)
    settings = {"dropout": options.dropout, "l2": options.l2}
    size = tokenizer.vocabulary_size()
    if vectors is None:
        return backbone(size, num_classes, **settings)
    model = backbone(size, num_classes, vectors.shape[1], **settings)
    embedding = model.get_layer("embedding")
    embedding.set_weights([vectors])
    embedding.trainable = not options.freeze_embeddings
    return model
