"""Training that begins with mixtures and ends with clean examples."""

import keras


class StopMixing(keras.callbacks.Callback):
    """Mixes for a part of the training only.

    From there on `mix_share` is 0: the steps are those of the classifier
    without a wrapper, in what they do and in the time that they take. When
    `fit` ends, `mix_share` is again what it was.

    What is counted are epochs and their steps, so that training that was
    interrupted, and goes on with `initial_epoch`, stops where it would have.

    Args:
        at: Int, how many epochs are mixed; or float from 0 to 1, the share of
            all steps that `fit` was asked for. Where the number of steps is
            not known, as in the first epoch of a generator, the share is that
            of the epochs.

    Raises:
        ValueError, TypeError: If `at` is none of these, or, from `fit`, if the
            model has no `mix_share`.

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
        >>> stop = keras_amp.StopMixing(at=0.67)
        >>> history = model.fit(x, y, epochs=3, callbacks=[stop], verbose=0)
        >>> [shift > 0 for shift in history.history["lam_shift"]]
        [True, True, False]
    """

    def __init__(self, at):
        super().__init__()
        is_number = isinstance(at, (int, float)) and not isinstance(at, bool)
        if not is_number:
            raise TypeError(
                "`at` must be a number of epochs, or a share of the steps from "
                f"0.0 to 1.0. Received: at={at!r}"
            )
        if not (at >= 0 and (isinstance(at, int) or at <= 1)):
            raise ValueError(
                "`at` must be a number of epochs >= 0, or a share of the steps "
                f"from 0.0 to 1.0. Received: at={at!r}"
            )
        self.at = at
        self._mix_share = None

    def on_train_begin(self, logs=None):
        if not hasattr(self.model, "mix_share"):
            raise ValueError(
                "StopMixing needs a model that mixes, such as "
                f"`keras_amp.Mixup`. Received: '{self.model.name}'"
            )
        if self._mix_share is None:  # else the last `fit` was interrupted
            self._mix_share = self.model.mix_share
        self.model.mix_share = self._mix_share
        self._is_over = False

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch = epoch
        if isinstance(self.at, int):
            self._stop_at(self.at, epoch)
        elif not self.params.get("steps"):
            self._stop_at(self.at * self.params["epochs"], epoch)

    def on_train_batch_begin(self, batch, logs=None):
        steps = self.params.get("steps")
        if isinstance(self.at, float) and steps:
            end = self.at * self.params["epochs"] * steps
            self._stop_at(end, self._epoch * steps + batch)

    def on_train_end(self, logs=None):
        self.model.mix_share = self._mix_share
        self._mix_share = None

    def _stop_at(self, end, done):
        if done >= round(end) and not self._is_over:
            self._is_over = True
            self.model.mix_share = 0.0
