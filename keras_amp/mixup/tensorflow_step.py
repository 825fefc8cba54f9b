"""A wrapper's training step on TensorFlow: who differentiates, and when."""

import dataclasses
import functools
import warnings
from collections.abc import Callable

import keras
import tensorflow as tf
from keras import ops

from keras_amp.mixup.outcome import Found, Outcome
from keras_amp.mixup.pairs import Pairs, only_one
from keras_amp.mixup.wrapper import Wrapper


@dataclasses.dataclass(frozen=True)
class Place:
    """A place to mix at: what Keras must not track a second time.

    Attributes:
        call: `OneCall` of the classifier.
        lower, upper: What `keras_amp.cut` returns.
    """

    call: Callable
    lower: Callable
    upper: Callable


class TensorFlowStep(Wrapper):
    """Trains by `GradientTape`; what is mixed, and how, its children say.

    A child has `_places`, a tuple of `Place`s, and, if there are several,
    `_place_generator`, whose seeds all replicas share; and the methods `draw`,
    `choose_lam`, `train_at` and `count`, see `keras_amp.Mixup`.

    Args:
        model: The classifier.
        name: String, the wrapper's name.
    """

    def train_step(self, data):
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        if y is None:
            raise ValueError("Mixup needs labels: `fit` was given none.")
        lam, partner = self.draw(ops.shape(only_one(y, "y"))[0])
        pairs = Pairs.of_batch(y, sample_weight, lam, partner)

        if len(self._places) == 1:
            outcome, gradients = self._descend(self._places[0], x, pairs)
        else:
            outcome, gradients = self._descend_somewhere(x, pairs)
        weights = self.trainable_weights
        if weights:
            self.optimizer.apply_gradients(zip(gradients, weights, strict=True))
        else:
            warnings.warn("The model has no trainable weights.", stacklevel=2)
        self.count(pairs, outcome)
        return self.get_metrics_result()

    def _descend(self, place, x, pairs):
        """One Mixup step's outcome and gradients."""
        with tf.GradientTape() as tape:
            forward = functools.partial(self._forward, place, pairs, tape)
            outcome = place.call(x, forward=forward, training=True)
            scaled_loss = self.optimizer.scale_loss(outcome.loss)
        gradients = tape.gradient(scaled_loss, self.trainable_weights)
        return outcome, gradients

    def _forward(self, place, pairs, tape, x):
        """One mixed pass, at the λ that is chosen for it."""
        hidden = place.lower(x, training=True)
        with tape.stop_recording():
            found = self.choose_lam(place.upper, hidden, pairs)
        if not isinstance(found, Found):
            raise TypeError(
                f"`{type(self).__name__}.choose_lam` must return "
                "`keras_amp.mixup.Found(lam)`. "
                f"Received: {found!r} of type {type(found).__name__}"
            )
        loss, y_pred, lam = self.train_at(place.upper, hidden, pairs, found)
        # Its shape may differ from place to place.
        lam_inputs = None if isinstance(found.lam, list) else found.lam
        return Outcome(loss, y_pred, lam, lam_inputs, found.gain)

    def _descend_somewhere(self, x, pairs):
        """One Mixup step at a place that is drawn for it."""

        def descend(place):
            outcome, gradients = self._descend(place, x, pairs)
            # The same tensors, whichever place is drawn; a mask is one.
            mask = getattr(outcome.y_pred, "_keras_mask", None)
            masks = [] if mask is None else [mask]
            weights = self.trainable_weights
            gradients = [
                tf.zeros_like(w) if g is None else tf.convert_to_tensor(g)
                for g, w in zip(gradients, weights, strict=True)
            ]
            return vars(outcome), gradients, masks

        drawn = keras.random.randint(
            (), 0, len(self._places), seed=self._place_generator
        )
        outcome, gradients, masks = tf.switch_case(
            drawn,
            [functools.partial(descend, place) for place in self._places],
        )
        for mask in masks:
            outcome["y_pred"]._keras_mask = mask
        return Outcome(**outcome), gradients
