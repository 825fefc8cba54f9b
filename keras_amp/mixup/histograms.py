"""Histograms of what the adversarial search finds, counted in the step."""

import keras
import numpy as np
from keras import ops

from keras_amp.branches import cond

# Twenty edges a decade to either side of 0, for what has no range of its own.
_MAGNITUDES = np.geomspace(1e-8, 1e3, 11 * 20 + 1)
_SIGNED = np.concatenate([-_MAGNITUDES[::-1], _MAGNITUDES])
_EDGES = {
    "lam_star": np.linspace(0, 1, 51),
    "lam_step": _SIGNED,
    "loss_gain": _SIGNED,
}


class Histograms:
    """The histograms of a wrapper, which count while someone looks.

    They are no metrics that Keras knows of: nothing logs, resets or saves
    them. Whether they count is read in the step, so that looking begins and
    ends without a new trace, and costs next to nothing while nobody does.

    Args:
        with_gain: Bool, whether the search knows 𝓛′ − 𝓛.

    Attributes:
        by_name: Dict of the `Histogram`s: `lam_star`, the λ* of each example,
            `lam_step`, its λ* − λ, and `loss_gain`, its 𝓛′ − 𝓛.

    Examples:
        >>> histograms = Histograms(with_gain=False)
        >>> lam, lam_star = keras.ops.array([0.1]), keras.ops.array([0.105])
        >>> histograms.update(lam, lam_star)
        >>> histograms.start()
        >>> histograms.update(lam, lam_star)
        >>> histograms.by_name["lam_star"].buckets()
        array([[0.1 , 0.12, 1.  ]])
    """

    def __init__(self, with_gain):
        self.by_name = {
            name: Histogram(edges, name=name)
            for name, edges in _EDGES.items()
            if name != "loss_gain" or with_gain
        }
        self._counts = keras.Variable(
            False, dtype="bool", trainable=False, name="counts"
        )

    @property
    def variables(self):
        """All state that a step reads or updates."""
        return [
            self._counts,
            *(v for one in self.by_name.values() for v in one.variables),
        ]

    def start(self):
        """Begins to count, at nothing."""
        self.reset()
        self._counts.assign(True)

    def stop(self):
        """Ends the counting; what was counted stays."""
        self._counts.assign(False)

    def reset(self):
        """Forgets what was counted."""
        for histogram in self.by_name.values():
            histogram.reset_state()

    def update(self, lam, lam_star, gain=None):
        """Counts the examples of a batch; a part of the step.

        Args:
            lam, lam_star: Float tensors of shape `(batch,)`.
            gain: The same, or `None` if the search does not know it.
        """
        values = {
            "lam_star": lam_star,
            "lam_step": lam_star - lam,
            "loss_gain": gain,
        }
        found = [
            (histogram, values[name])
            for name, histogram in self.by_name.items()
            if values[name] is not None
        ]
        # Only numbers leave a branch: not every backend assigns within one.
        added = cond(
            ops.cast(self._counts, "bool"),
            lambda: [histogram.at_least(value) for histogram, value in found],
            lambda: [histogram.nothing() for histogram, _ in found],
        )
        for (histogram, _), number in zip(found, added, strict=True):
            histogram.add(number)


class Histogram(keras.metrics.Metric):
    """Counts values by bins with fixed edges.

    Comparisons and a sum, nothing whose shape depends on the values: it runs
    in any compiled step. Values beyond the outer edges count in the outer
    bins, and what is no number not at all.

    Args:
        edges: Increasing array of shape `(bins + 1,)`.
        name: String.

    Examples:
        >>> histogram = Histogram([0.0, 0.5, 1.0, 2.0])
        >>> histogram.update_state([0.1, 0.5, 0.7])
        >>> histogram.buckets()
        array([[0. , 0.5, 1. ],
               [0.5, 1. , 2. ]])
    """

    def __init__(self, edges, name="histogram"):
        super().__init__(name=name)
        self.edges = np.asarray(edges, "float64")
        self._at_least = self.add_variable(
            (len(self.edges) - 1,), initializer="zeros", name="at_least"
        )

    def update_state(self, values):
        self.add(self.at_least(values))

    def at_least(self, values):
        """How many values are in each bin or above it, of shape `(bins,)`."""
        values = ops.reshape(ops.cast(values, "float32"), (-1, 1))
        lowest = np.concatenate([[-np.inf], self.edges[1:-1]])
        reached = values >= ops.cast(lowest, "float32")
        return ops.sum(ops.cast(reached, "float32"), axis=0)

    def nothing(self):
        """What `at_least` is of no values."""
        return ops.zeros((len(self.edges) - 1,), "float32")

    def add(self, at_least):
        """Counts what `at_least` returned."""
        self._at_least.assign_add(at_least)

    def result(self):
        """The number of values in each bin, of shape `(bins,)`."""
        beyond = ops.concatenate([self._at_least[1:], ops.zeros((1,))])
        return self._at_least - beyond

    def buckets(self):
        """What TensorBoard takes for a histogram, without the empty ends.

        Returns:
            Array of shape `(bins, 3)`: left edge, right edge, number.
        """
        counts = ops.convert_to_numpy(self.result()).astype("float64")
        buckets = np.stack([self.edges[:-1], self.edges[1:], counts], axis=1)
        filled = np.flatnonzero(counts)
        if not len(filled):
            return buckets[:0]
        return buckets[filled[0] : filled[-1] + 1]
