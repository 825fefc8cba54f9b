"""Batches of word ids, padded to a few lengths."""

from typing import Any

import keras
import numpy as np

from keras_amp.comparison.batches import untuned
from keras_amp.extras import WhenUsed
from training.data.dataset import Examples
from training.run.array_batches import ArrayBatches, window_of
from training.run.ids import ids_of

tf = WhenUsed("tensorflow", "Batches of texts", "tensorflow")

BUCKETS = (8, 16, 24, 32, 48, 64, 96, 128, 192, 256)


def batches(
    examples: Examples,
    tokenizer: Any,
    batch_size: int,
    seed: int | None = None,
    skip: int = 0,
    group_by_length: bool = False,
) -> Any:
    """Batches of sentences and labels, padded to the next bucket's length.

    The sentences of a batch are drawn at random, not by length unless that is
    asked for: which ones are mixed is part of the method. A batch is as long
    as the first of `BUCKETS` that its longest sentence fits into, so that a
    compiled step meets few shapes.

    Args:
        examples: `Examples`.
        tokenizer: Layer from strings `(batch,)` to ids `(batch, time)`. Its
            `max_length`, if it has one, is how long they are at most.
        batch_size: Int; the last batch may be smaller.
        seed: Int, to shuffle and repeat without end; `None` keeps the order
            and goes through once.
        skip: Int, how many batches to leave out at the start.
        group_by_length: Bool, whether shuffled batches hold sentences of about
            one length, which leaves little padding: those of `window_of`
            batches, sorted, then cut into batches in an order drawn at random.

    Returns:
        What `fit` takes, and a loop: int32 ids `(batch, time)` and int32
        labels `(batch,)`. A `tf.data.Dataset`, or `ArrayBatches` where Keras
        runs on another backend; of one seed, their orders differ.
    """
    found = ids_of(tokenizer, examples.texts)
    # A model may have no place for more than the tokenizer lets through.
    last = getattr(tokenizer, "max_length", None)
    last = last or max(BUCKETS[-1], int(found.lengths.max(initial=0)))
    lengths = [*(b for b in BUCKETS if b < last), last]
    if keras.backend.backend() != "tensorflow":
        return ArrayBatches(
            found,
            examples.labels,
            batch_size,
            lengths,
            seed,
            skip,
            group_by_length,
        )
    buckets = tf.constant(lengths, tf.int64)
    every_id = tf.RaggedTensor.from_row_lengths(*found)
    labels = tf.constant(examples.labels)

    def pad(rows: Any) -> tuple[Any, Any]:
        ids = tf.gather(every_id, rows)
        longest = ids.bounding_shape()[1]
        bucket = buckets[tf.searchsorted(buckets, longest[None])[0]]
        padded = ids.to_tensor(shape=tf.stack([-1, bucket]))
        return padded, tf.gather(labels, rows)

    # Rows are shuffled by their number, which takes less than their ids.
    data = tf.data.Dataset.range(len(examples))
    if seed is not None:
        data = data.shuffle(len(examples), seed=seed).repeat()
    if group_by_length and seed is not None:
        data = _of_like_length(data, found.lengths, batch_size, seed)
    else:
        data = data.batch(batch_size)
    return untuned(data.skip(skip).map(pad).prefetch(2))


def _of_like_length(
    data: Any, lengths: np.ndarray, batch_size: int, seed: int
) -> Any:
    """Batches of rows that come without end, each of about one length."""
    window = window_of(len(lengths), batch_size)
    every_length = tf.constant(lengths)

    def cut(number: Any, rows: Any) -> Any:
        by_length = tf.argsort(tf.gather(every_length, rows), stable=True)
        # -1 leaves the size open, as it is of batches that are not grouped.
        batches = tf.reshape(tf.gather(rows, by_length), (window, -1))
        drawn = tf.random.stateless_uniform((window,), [seed, number])
        return tf.gather(batches, tf.argsort(drawn))

    windows = data.batch(window * batch_size).enumerate()
    return windows.map(cut).unbatch()


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
    lengths = ids_of(tokenizer, examples.texts).lengths
    return np.argsort(lengths, kind="stable")
