"""The training step on JAX: a function from state and batch to state."""

import functools
import warnings

import jax
import keras
from jax import numpy as jnp

from keras_amp.mixup.forward import Forward
from keras_amp.mixup.outcome import Outcome


def pull_back(function, x, upstream):
    """A function's value, and the gradient of `sum(upstream * value)`.

    Args:
        function: Function from a tensor to a tensor.
        x: Float tensor, at which to differentiate.
        upstream: Scalar tensor.

    Returns:
        The value, and a tensor like `x`, 0 if the value does not depend on it.
    """
    value, pull = jax.vjp(function, x)
    (gradient,) = pull(jnp.full_like(value, upstream))
    return value, gradient


class Step(Forward):
    """Trains by `jax.grad`, and keeps nothing: all state goes in and out.

    Args:
        model: The classifier.
        name: String, the wrapper's name.
    """

    def train_step(self, state, data):
        with self._holding(state) as scope:
            batch = self.begin(data)
            drawn = self.draw_place() if len(self._places) > 1 else 0
        state = self._held_by(scope)
        descents = [
            functools.partial(self._descend, place, batch)
            for place in self._places
        ]
        if len(descents) == 1:
            tensors, gradients, state = descents[0](state)
        else:
            tensors, gradients, state = jax.lax.switch(drawn, descents, state)
        weights, others, slots, metrics = state
        if weights:
            weights, slots = self.optimizer.stateless_apply(
                slots, gradients, weights
            )
        else:
            warnings.warn("The model has no trainable weights.", stacklevel=2)
        with self._holding((weights, others, slots, metrics)) as scope:
            self.count(Outcome.of_tensors(tensors))
            logs = self.get_metrics_result()
        return logs, self._held_by(scope)

    def _descend(self, place, batch, state):
        """One Mixup step's outcome, gradients and state after it."""

        def scaled_loss(weights):
            with self._holding((weights, *state[1:])) as scope:
                outcome = self.outcome_at(place, *batch)
                scaled = self.optimizer.scale_loss(outcome.loss)
            return scaled, (outcome.tensors(), self._held_by(scope))

        gradients, (tensors, state) = jax.grad(scaled_loss, has_aux=True)(
            state[0]
        )
        return tensors, gradients, state

    def _state_variables(self):
        """The variables whose values Keras hands to a step, in its order."""
        return (
            self.trainable_variables,
            self.non_trainable_variables,
            self.optimizer.variables,
            self.metrics_variables,
        )

    def _holding(self, state):
        """A scope in which the variables have the values of a state."""
        pairs = [
            pair
            for variables, values in zip(
                self._state_variables(), state, strict=True
            )
            for pair in zip(variables, values, strict=True)
        ]
        return keras.StatelessScope(pairs, collect_losses=True)

    def _held_by(self, scope):
        """The state at a scope's end."""
        return tuple(
            [scope.get_current_value(variable) for variable in variables]
            for variables in self._state_variables()
        )
