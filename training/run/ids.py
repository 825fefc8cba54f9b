"""Texts as ids without padding: a long one makes no wide table of them all."""

from typing import Any, NamedTuple

import keras
import numpy as np

from keras_amp.extras import WhenUsed

tf = WhenUsed("tensorflow", "A tokenizer of Keras", "tensorflow")

_CHUNK = 4096  # texts at once


class Ids(NamedTuple):
    """Ids of some texts, one after the other.

    Attributes:
        values: Int32 array of shape `(ids,)`.
        lengths: Int array of shape `(texts,)`, how many are each text's.
    """

    values: np.ndarray
    lengths: np.ndarray


def ids_of(tokenizer: Any, texts: list[str]) -> Ids:
    """What a tokenizer makes of texts.

    Args:
        tokenizer: Layer from strings `(batch,)` to ids `(batch, time)`, or a
            function from a list of them; 0 is padding, on the right.
        texts: List of strings.

    Examples:
        >>> ids_of(keras_amp.text.word_tokenizer(["a b"]), ["b a", "", "b"])
        Ids(values=array([2, 3, 2], dtype=int32), lengths=array([2, 0, 1]))
    """
    # Keras takes no list of strings for a tensor.
    is_layer = isinstance(tokenizer, keras.layers.Layer)
    values, lengths = [np.empty(0, "int32")], [np.empty(0, int)]
    for begin in range(0, len(texts), _CHUNK):
        some = texts[begin : begin + _CHUNK]
        ids = np.asarray(tokenizer(tf.constant(some) if is_layer else some))
        is_id = ids != 0
        values.append(ids[is_id].astype("int32"))
        lengths.append(is_id.sum(axis=1))
    return Ids(np.concatenate(values), np.concatenate(lengths))
