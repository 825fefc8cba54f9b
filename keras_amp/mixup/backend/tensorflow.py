"""The training step on TensorFlow: a tape records, variables hold the state."""

import contextlib
import functools
import warnings

import tensorflow as tf

from keras_amp.mixup.backend.replicas import (
    ReplicaSeedGenerator,
    check_strategy,
    num_replicas,
)
from keras_amp.mixup.forward import Forward
from keras_amp.mixup.outcome import Outcome


def pull_back(function, x, upstream):
    """A function's value, and the gradient of `sum(upstream * value)`.

    Args:
        function: Function from a tensor to a tensor.
        x: Float tensor, at which to differentiate.
        upstream: Scalar tensor.

    Returns:
        The value, and a tensor like `x`; `None` if the value does not depend
        on it.
    """
    # A tensor of its own: what else was made of `x` is a constant.
    x = tf.identity(x)
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(x)
        value = function(x)
    weight = tf.cast(upstream, value.dtype) * tf.ones_like(value)
    return value, tape.gradient(value, x, output_gradients=weight)


def _unlifted(make, **options):
    """Makes a variable that is nothing of a function being traced."""
    return make(**{**options, "experimental_enable_variable_lifting": False})


class Step(Forward):
    """Trains by `GradientTape`, alone or as one of several replicas.

    Args:
        model: The classifier.
        name: String, the wrapper's name.
    """

    def __init__(self, model, **kwargs):
        check_strategy()
        super().__init__(model, **kwargs)

    def num_replicas(self):
        return num_replicas()

    def seed_generator(self, seed):
        return ReplicaSeedGenerator(seed)

    @contextlib.contextmanager
    def making_variables(self):
        # Those that a trace holds make TensorFlow trace once more.
        with tf.init_scope(), tf.variable_creator_scope(_unlifted):
            yield

    def train_step(self, data):
        batch = self.begin(data)
        if not self.optimizer.built:
            with self.making_variables():
                self.optimizer.build(self.trainable_weights)
        if len(self._places) == 1:
            outcome, gradients = self._descend(self._places[0], batch)
        else:
            outcome, gradients = self._descend_somewhere(batch)
        weights = self.trainable_weights
        if weights:
            self.optimizer.apply_gradients(zip(gradients, weights, strict=True))
        else:
            warnings.warn("The model has no trainable weights.", stacklevel=2)
        self.count(outcome)
        return self.get_metrics_result()

    def _descend(self, place, batch):
        """One Mixup step's outcome and gradients."""
        with tf.GradientTape() as tape:
            outcome = self.outcome_at(place, *batch)
            scaled_loss = self.optimizer.scale_loss(outcome.loss)
        return outcome, tape.gradient(scaled_loss, self.trainable_weights)

    def _descend_somewhere(self, batch):
        """One Mixup step at a place that is drawn for it."""

        def descend(place):
            outcome, gradients = self._descend(place, batch)
            # The same tensors, whichever place is drawn.
            weights = self.trainable_weights
            gradients = [
                tf.zeros_like(w) if g is None else tf.convert_to_tensor(g)
                for g, w in zip(gradients, weights, strict=True)
            ]
            return outcome.tensors(), gradients

        tensors, gradients = tf.switch_case(
            self.draw_place(),
            [functools.partial(descend, place) for place in self._places],
        )
        return Outcome.of_tensors(tensors), gradients
