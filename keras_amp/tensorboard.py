"""What the adversarial search does, in TensorBoard."""

import os

import keras

from keras_amp.extras import WhenUsed, needed
from keras_amp.mixup import AdversarialMixup

tf = WhenUsed("tensorflow", "keras_amp.TensorBoard", "tensorflow")

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

    The counting is a part of the compiled step, which does it while this
    callback trains along: nothing leaves the device before an epoch ends, and
    nothing is traced anew.

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
        self._histograms = None
        self._mixing_writer = None

    def set_model(self, model):
        super().set_model(model)
        is_adversarial = isinstance(model, AdversarialMixup)
        self._histograms = model.histograms if is_adversarial else None

    def on_train_begin(self, logs=None):
        super().on_train_begin(logs)
        if self._histograms:
            path = os.path.join(self.log_dir, "mixing")
            self._mixing_writer = tf.summary.create_file_writer(path)
            self._histograms.start()

    def on_epoch_begin(self, epoch, logs=None):
        super().on_epoch_begin(epoch, logs)
        if self._histograms:
            self._histograms.reset()

    def on_epoch_end(self, epoch, logs=None):
        super().on_epoch_end(epoch, logs)
        if not self._histograms:
            return
        with self._mixing_writer.as_default(step=epoch):
            for name, histogram in self._histograms.by_name.items():
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
            self._histograms.stop()
            self._mixing_writer.close()
