"""Training that mixes for a part of the time only."""

import keras


class StopMixing(keras.callbacks.Callback):
    """Mixes for a part of the training only.

    For the rest the steps are those of the classifier without a wrapper, in
    what they do and in the time that they take. `mix_share` stays what it is,
    also in a model that is saved meanwhile.

    What is counted are epochs and their steps, so that training that was
    interrupted, and goes on with `initial_epoch`, stops where it would have.

    Args:
        at: Int, after how many epochs mixing ends; or float from 0 to 1, after
            which share of all steps that `fit` was asked for. Where `fit` does
            not know their number, as of a generator without
            `steps_per_epoch`, it is a share of the epochs, rounded to whole
            ones.
        begin: Int or float like `at`, when mixing begins.

    Raises:
        ValueError, TypeError: If `at` or `begin` is none of these, or, from
            `fit`, if the model has no `pause_mixing`, or a share of the epochs
            rounds to none.

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

    def __init__(self, at, begin=0):
        super().__init__()
        self.at = _checked("at", at)
        self.begin = _checked("begin", begin)

    def on_train_begin(self, logs=None):
        if not hasattr(self.model, "pause_mixing"):
            raise ValueError(
                "StopMixing needs a model that mixes, such as "
                f"`keras_amp.Mixup`. Received: '{self.model.name}'"
            )
        epochs, steps = self.params["epochs"], self.params.get("steps")
        for name in ("at", "begin"):
            share = getattr(self, name)
            is_share = isinstance(share, float) and share > 0
            if is_share and not steps and round(share * epochs) == 0:
                raise ValueError(
                    f"`{name}` is a share of the epochs where the number of "
                    f"steps is not known, and {share} of {epochs} rounds to "
                    "none. Give `steps_per_epoch` to `fit`."
                )
        self.model.pause_mixing(False)

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch = epoch
        self._mix_if_due(0)

    def on_train_batch_begin(self, batch, logs=None):
        self._mix_if_due(batch)

    def on_train_end(self, logs=None):
        self.model.pause_mixing(False)

    def _mix_if_due(self, batch):
        is_due = self._has_come(self.begin, batch)
        is_due = is_due and not self._has_come(self.at, batch)
        self.model.pause_mixing(not is_due)

    def _has_come(self, time, batch):
        """Whether this step is the first that lies behind it, or later."""
        epochs, steps = self.params["epochs"], self.params.get("steps")
        if isinstance(time, int):
            return self._epoch >= time
        if not steps:
            return self._epoch >= round(time * epochs)
        return self._epoch * steps + batch >= round(time * epochs * steps)


def _checked(name, time):
    """What was given as the beginning or end, if it is one.

    Raises:
        ValueError, TypeError: If it is none.
    """
    if not isinstance(time, (int, float)) or isinstance(time, bool):
        raise TypeError(
            f"`{name}` must be a number of epochs, or a share of the steps "
            f"from 0.0 to 1.0. Received: {name}={time!r}"
        )
    if not (time >= 0 and (isinstance(time, int) or time <= 1)):
        raise ValueError(
            f"`{name}` must be a number of epochs >= 0, or a share of the "
            f"steps from 0.0 to 1.0. Received: {name}={time!r}"
        )
    return time
