"""Batches of word ids, padded to a few lengths."""

from typing import Any

import numpy as np
import tensorflow as tf

from training.data.dataset import Examples

BUCKETS = (8, 16, 24, 32, 48, 64, 96, 128, 192, 256)


def batches(
    examples: Examples,
    tokenizer: Any,
    batch_size: int,
    seed: int | None = None,
    skip: int = 0,
) -> tf.data.Dataset:
    """Batches of sentences and labels, padded to the next bucket's length.

    The sentences of a batch are drawn at random, not by length: which ones
    are mixed is part of the method. A batch is as long as the first of
    `BUCKETS` that its longest sentence fits into, so that a compiled step
    meets few shapes.

    Args:
        examples: `Examples`.
        tokenizer: Layer from strings `(batch,)` to ids `(batch, time)`. Its
            `max_length`, if it has one, is how long they are at most.
        batch_size: Int; the last batch may be smaller.
        seed: Int, to shuffle and repeat without end; `None` keeps the order
            and goes through once.
        skip: Int, how many batches to leave out at the start.

    Returns:
        A `tf.data.Dataset` of int32 ids `(batch, time)`, int32 labels
        `(batch,)`.
    """
    ids = tf.cast(tokenizer(tf.constant(examples.texts)), tf.int32)
    # A model may have no place for more than the tokenizer lets through.
    last = getattr(tokenizer, "max_length", None)
    last = last or max(BUCKETS[-1], int(tf.shape(ids)[1]))
    lengths = [*(b for b in BUCKETS if b < last), last]
    buckets = tf.constant(lengths, tf.int64)
    ids = tf.RaggedTensor.from_tensor(ids, padding=0)

    def pad(ids: Any, labels: Any) -> tuple[Any, Any]:
        longest = ids.bounding_shape()[1]
        bucket = buckets[tf.searchsorted(buckets, longest[None])[0]]
        return ids.to_tensor(shape=tf.stack([-1, bucket])), labels

    data = tf.data.Dataset.from_tensor_slices((ids, examples.labels))
    if seed is not None:
        data = data.shuffle(len(examples), seed=seed).repeat()
    data = data.batch(batch_size).skip(skip).map(pad).prefetch(2)
    # The thread that tunes an iterator keeps its end waiting, up to a minute.
    fixed = tf.data.Options()
    fixed.autotune.enabled = False
    return data.with_options(fixed)


def order_by_length(examples: Examples, tokenizer: Any) -> np.ndarray:
    """Indices of the examples from the shortest to the longest.

    In this order, batches hold little padding: what only asks a classifier is
    done in half the time or less, and the answers are the same to rounding.

    Args:
        examples: `Examples`.
        tokenizer: Layer from strings `(batch,)` to ids `(batch, time)`.

    Returns:
        Int array of shape `(len(examples),)`.
    """
    ids = np.asarray(tokenizer(tf.constant(examples.texts)))
    return np.argsort(np.count_nonzero(ids, axis=1), kind="stable")
