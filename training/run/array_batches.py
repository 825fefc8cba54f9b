"""Batches as arrays, for where Keras does not run on TensorFlow."""

from collections.abc import Sequence

import keras
import numpy as np

from training.run.ids import Ids


def window_of(num_examples: int, batch_size: int) -> int:
    """How many batches of like lengths are cut from as many drawn at a time.

    Eight leave little padding. Of fewer examples fewer, down to one, which
    sorts nothing: a window that holds the end of one pass and the beginning of
    the next has some examples twice, often in one batch. A quarter of a pass at
    most keeps these to about one in a hundred.

    Args:
        num_examples: Int, of a pass.
        batch_size: Int.
    """
    return min(8, max(1, num_examples // (4 * batch_size)))


class ArrayBatches(keras.utils.PyDataset):
    """Batches of ids, padded to the next of some lengths, and labels.

    On PyTorch each batch is as long as it must be; on JAX all are as long as
    the longest, for each shape is compiled anew, which takes longer than all
    padding of a short run.

    Args:
        ids: `Ids`.
        labels: Int array of shape `(examples,)`.
        batch_size: Int; the last batch may be smaller.
        lengths: Ascending ints, the last no shorter than the longest example.
        seed: Int, to shuffle and repeat without end: each pass has an order
            of its own, and a batch may hold the end of one and the beginning
            of the next. `None` keeps the order and goes through once.
        skip: Int, how many batches to leave out at the start.
        group_by_length: Bool, whether shuffled batches hold examples of about
            one length: those of `window_of` batches, sorted, then cut into
            batches in an order drawn at random.

    Examples:
        >>> texts = Ids(np.array([3, 4, 5]), lengths=np.array([1, 2]))
        >>> batches = ArrayBatches(texts, np.array([0, 1]), 1, [1, 2])
        >>> [ids.tolist() for ids, labels in batches][1]
        [[4, 5]]
    """

    def __init__(
        self,
        ids: Ids,
        labels: np.ndarray,
        batch_size: int,
        lengths: Sequence[int],
        seed: int | None = None,
        skip: int = 0,
        group_by_length: bool = False,
    ) -> None:
        super().__init__()
        self._ids, self._labels = ids, np.asarray(labels, "int32")
        self._ends = np.cumsum(ids.lengths)
        self._batch_size, self._seed, self._skip = batch_size, seed, skip
        is_grouped = group_by_length and seed is not None
        size = len(self._labels)
        self._window = window_of(size, batch_size) if is_grouped else 1
        self._lengths = np.array(lengths)
        if keras.backend.backend() == "jax":
            self._lengths = self._lengths[[self._bucket(ids.lengths)]]

    @property
    def num_batches(self) -> int | None:
        """How many there are; `None` if they have no end."""
        if self._seed is not None:
            return None
        return max(-(-len(self._labels) // self._batch_size) - self._skip, 0)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        if self.num_batches is not None and index >= self.num_batches:
            raise IndexError(index)
        rows = self._batch(self._skip + index)
        lengths, ends = self._ids.lengths[rows], self._ends[rows]
        longest = self._lengths[self._bucket(lengths)]
        ids = np.zeros((len(rows), longest), "int32")
        for row, length, end in zip(ids, lengths, ends, strict=True):
            row[:length] = self._ids.values[end - length : end]
        return ids, self._labels[rows]

    def _batch(self, number: int) -> np.ndarray:
        """Which examples a batch holds, counted from the first of all."""
        window, within = divmod(number, self._window)
        places = np.arange(self._window * self._batch_size)
        rows = self._rows(window * len(places) + places)
        if self._window == 1:
            return rows
        assert self._seed is not None
        rows = rows[np.argsort(self._ids.lengths[rows], kind="stable")]
        # The 1 keeps this apart from what the passes are drawn by.
        order = np.random.default_rng([self._seed, window, 1])
        place = order.permutation(self._window)[within]
        return rows.reshape(self._window, -1)[place]

    def _rows(self, places: np.ndarray) -> np.ndarray:
        """Which examples are at some places of the order."""
        size = len(self._labels)
        if self._seed is None:
            return places[places < size]
        passes, within = np.divmod(places, size)
        orders = {
            one: np.random.default_rng([self._seed, one]).permutation(size)
            for one in np.unique(passes)
        }
        return np.array(
            [orders[a][b] for a, b in zip(passes, within, strict=True)]
        )

    def _bucket(self, lengths: np.ndarray) -> int:
        return int(np.searchsorted(self._lengths, lengths.max(initial=0)))
