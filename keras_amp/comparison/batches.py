"""Batches of arrays that TensorFlow's `fit` waits for no longer than needed."""

from typing import Any

import keras
import numpy as np
from keras import tree

from keras_amp.extras import WhenUsed

tf = WhenUsed("tensorflow", "Batches", "tensorflow")


def shuffled_batches(x: Any, y: Any, batch_size: int, seed: int) -> Any:
    """What `fit` would make of arrays, each epoch in another order.

    Args:
        x: Array, or a list or dict of arrays, whose first axis is that of the
            examples.
        y: Array of that length.
        batch_size: Int; the last batch may be smaller.
        seed: Int.

    Returns:
        A `tf.data.Dataset` of pairs of a batch of `x` and of `y`.
    """
    # As `fit` does with arrays.
    x = tree.lists_to_tuples(tree.map_structure(_as_tensor, x))
    y = _as_tensor(y)
    rows = tf.data.Dataset.range(len(y)).shuffle(len(y), seed=seed)

    def batch(rows: Any) -> Any:
        return tree.map_structure(lambda one: tf.gather(one, rows), (x, y))

    return untuned(rows.batch(batch_size).map(batch).prefetch(2))


def untuned(data: Any) -> Any:
    """A `tf.data.Dataset` whose end nothing waits for.

    The thread that tunes an iterator keeps its end waiting, for as long again
    as it was read and up to a minute.
    """
    fixed = tf.data.Options()
    fixed.autotune.enabled = False
    return data.with_options(fixed)


def _as_tensor(array: Any) -> Any:
    array = np.asarray(array)
    is_float = array.dtype.kind == "f"
    return tf.constant(
        array.astype(keras.config.floatx()) if is_float else array
    )
