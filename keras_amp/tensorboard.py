"""What the adversarial search does, in TensorBoard."""

import os

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from keras_amp.extras import needed
from keras_amp.mixup import AdversarialMixup

# Twenty edges a decade to either side of 0, for what has no range of its own.
_MAGNITUDES = np.geomspace(1e-8, 1e3, 11 * 20 + 1)
_SIGNED = np.concatenate([-_MAGNITUDES[::-1], _MAGNITUDES])
_EDGES = {
    "lam_star": np.linspace(0, 1, 51),
    "lam_step": _SIGNED,
    "loss_gain": _SIGNED,
}
_DESCRIPTIONS = {
    "lam_star": "λ*, at which the inputs of each example were mixed",
    "lam_step": "λ* − λ, the adversarial step of each example",
    "loss_gain": "𝓛′ − 𝓛 of each example: what moving λ would add to its loss",
}


class TensorBoard(keras.callbacks.TensorBoard):
    """Keras' TensorBoard, with histograms of what `AdversarialMixup` does.

    The scalars are Keras' own: all losses and metrics of each epoch, in the
    runs `train` and `validation`. The run `mixing` gets, for each epoch, the
    histograms over all its examples of `lam_star`, the λ* at which they were
    mixed, of `lam_step`, λ* − λ, and of `loss_gain`, 𝓛′ − 𝓛 (not with
    `min_op=False`, which does not compute it). Other models than
    `AdversarialMixup` get the scalars.

    The counting is a part of the compiled step, so nothing leaves the device
    before an epoch ends.

    Args:
        log_dir: Path of the folder to write into.
        *args, **kwargs: As of `keras.callbacks.TensorBoard`.

    Raises:
        ImportError: If `tensorboard` is missing.

    Examples:
        >>> classifier = keras.Sequential([
        ...     keras.Input((4,)),
        ...     keras.layers.Dense(8, activation="relu", name="hidden"),
        ...     keras.layers.Dense(3, activation="softmax"),
        ... ])
        >>> model = keras_amp.AdversarialMixup(classifier, mix_at="hidden")
        >>> model.compile("adam", loss="sparse_categorical_crossentropy")
        >>> x = keras.random.normal((6, 4))
        >>> y = keras.ops.array([0, 1, 2, 0, 1, 2])
        >>> import os, tempfile
        >>> folder = tempfile.mkdtemp()
        >>> _ = model.fit(x, y, callbacks=[TensorBoard(folder)], verbose=0)
        >>> sorted(os.listdir(folder))
        ['mixing', 'train']
    """

    def __init__(self, log_dir="logs", *args, **kwargs):
        self._metadata = needed(
            "tensorboard.plugins.histogram.metadata",
            "keras_amp.TensorBoard",
            "tensorboard",
        )
        super().__init__(os.fspath(log_dir), *args, **kwargs)
        self._histograms = {}
        self._mixing_writer = None

    def set_model(self, model):
        super().set_model(model)
        self._histograms = {}
        if not isinstance(model, AdversarialMixup):
            return
        names = [name for name in _EDGES if name != "loss_gain" or model.min_op]
        with model.distribute_strategy.scope():
            self._histograms = {name: Histogram(_EDGES[name]) for name in names}
        model.observer = self._count
        # A step that is compiled already counts nothing.
        model.train_function = None

    def on_train_begin(self, logs=None):
        super().on_train_begin(logs)
        if self._histograms:
            path = os.path.join(self.log_dir, "mixing")
            self._mixing_writer = tf.summary.create_file_writer(path)

    def on_epoch_begin(self, epoch, logs=None):
        super().on_epoch_begin(epoch, logs)
        for histogram in self._histograms.values():
            histogram.reset_state()

    def on_epoch_end(self, epoch, logs=None):
        super().on_epoch_end(epoch, logs)
        if not self._histograms:
            return
        with self._mixing_writer.as_default(step=epoch):
            for name, histogram in self._histograms.items():
                tf.summary.write(
                    name,
                    histogram.buckets(),
                    metadata=self._metadata.create_summary_metadata(
                        display_name=name, description=_DESCRIPTIONS[name]
                    ),
                )
        self._mixing_writer.flush()

    def on_train_end(self, logs=None):
        super().on_train_end(logs)
        if self._histograms:
            self._mixing_writer.close()
            self.model.observer = None
            self.model.train_function = None

    def _count(self, lam, lam_star, gain):
        values = {
            "lam_star": lam_star,
            "lam_step": lam_star - lam,
            "loss_gain": gain,
        }
        for name, histogram in self._histograms.items():
            histogram.update_state(values[name])


class Histogram(keras.metrics.Metric):
    """Counts values by bins with fixed edges.

    Comparisons and a sum, nothing whose shape depends on the values: it runs
    in any compiled step. Values beyond the outer edges count in the outer
    bins, and what is no number not at all.

    Args:
        edges: Increasing array of shape `(bins + 1,)`.

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
        values = ops.reshape(ops.cast(values, "float32"), (-1, 1))
        lowest = np.concatenate([[-np.inf], self.edges[1:-1]])
        reached = values >= ops.cast(lowest, "float32")
        self._at_least.assign_add(ops.sum(ops.cast(reached, "float32"), axis=0))

    def result(self):
        """The number of values in each bin, of shape `(bins,)`."""
        beyond = ops.concatenate([self._at_least[1:], ops.zeros((1,))])
        return self._at_least - beyond

    def buckets(self):
        """What TensorBoard takes for a histogram, without the empty ends.

        Returns:
            Array of shape `(bins, 3)`: left edge, right edge, number.
        """
        counts = np.asarray(self.result(), "float64")
        buckets = np.stack([self.edges[:-1], self.edges[1:], counts], axis=1)
        filled = np.flatnonzero(counts)
        if not len(filled):
            return buckets[:0]
        return buckets[filled[0] : filled[-1] + 1]
