"""A wrapper's training step, but for who differentiates."""

import contextlib
import dataclasses
from collections.abc import Callable

import keras
from keras import ops, tree

from keras_amp.masks import hang, mask_of
from keras_amp.mixup.outcome import Found, Outcome
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


class Forward(Wrapper):
    """What the steps of all backends have in common.

    A child has `_places`, a tuple of `Place`s, and, if there are several,
    `_place_generator`, whose seeds all replicas share; and the methods
    `pair_up`, `choose_lam`, `train_on` and `count`, see `keras_amp.Mixup`.

    Args:
        model: The classifier.
        name: String, the wrapper's name.
    """

    def num_replicas(self):
        """How many replicas train together, each on a batch of its own."""
        return 1

    def seed_generator(self, seed):
        """A generator of seeds that tell replicas apart."""
        return keras.random.SeedGenerator(seed)

    def begin(self, data):
        """Unpacks a batch.

        Args:
            data: What Keras hands to `train_step`.

        Returns:
            The inputs, labels and sample weights or `None`; of several
            outputs lists with one for each.

        Raises:
            ValueError: If there are no labels.
        """
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        if y is None:
            raise ValueError("Mixup needs labels: `fit` was given none.")
        outputs = self.outputs_of_model
        y = outputs.of_each(y, "y")
        if tree.is_nested(sample_weight):
            sample_weight = outputs.of_each(sample_weight, "sample_weight")
        if outputs.are_several:
            return x, y, sample_weight
        return x, y[0], tree.flatten(sample_weight)[0]

    def draw_place(self):
        """Draws one of several places: an int tensor, its index."""
        return keras.random.randint(
            (), 0, len(self._places), seed=self._place_generator
        )

    def outcome_at(self, place, x, y, sample_weight):
        """One mixed pass at a place, at the λ that is chosen for it.

        Args:
            place: `Place`.
            x, y, sample_weight: What `begin` returns.

        Returns:
            `Outcome`.
        """

        def one_pass(x):
            hidden = place.lower(x, training=True)
            constants = {id(tensor): _constant(tensor) for tensor in hidden}
            fixed = [constants[id(tensor)] for tensor in hidden]
            pairs = self.pair_up(fixed, y, sample_weight)
            found = self._search(place.upper, fixed, pairs)
            trained = self.train_on(place.upper, hidden, pairs, found)
            return pairs, found, trained

        pairs, found, trained = place.call(x, forward=one_pass, training=True)
        # Its shape may differ from place to place.
        lam_inputs = None if isinstance(found.lam, list) else found.lam
        return Outcome(pairs, *trained, lam_inputs, found.gain)

    def _search(self, upper, hidden, pairs):
        """What `choose_lam` finds for the examples that are mixed.

        No gradient flows through it.
        """
        found = self.choose_lam(upper, hidden, pairs)
        if not isinstance(found, Found):
            raise TypeError(
                f"`{type(self).__name__}.choose_lam` must return "
                "`keras_amp.mixup.Found(lam)`. "
                f"Received: {found!r} of type {type(found).__name__}"
            )
        lam, gain = found.lam, found.gain
        lam = tree.map_structure(lambda one: pairs.where_mixed(one, 1.0), lam)
        if gain is not None:
            gain = pairs.where_mixed(gain, 0.0)
        return Found(*tree.map_structure(_constant, (lam, gain)))

    def making_variables(self):
        """A scope to make variables in, that metrics have from the first step.

        Returns:
            A context manager.
        """
        return contextlib.nullcontext()

    def leaving_no_trace(self):
        """A scope for passes that are looked at and not trained on.

        They read the current weights and seeds, and all that they update is
        dropped: each sees the same dropout noise, and no state moves. No
        gradient flows to the weights.

        Returns:
            A context manager, a `keras.StatelessScope`.
        """
        # On JAX a scope does not look into the one around it.
        return keras.StatelessScope(
            [
                (variable, ops.stop_gradient(variable.value))
                for variable in [*self.variables, *self.metrics_variables]
            ]
        )


def _constant(tensor):
    """The same tensor, with its mask, through which no gradient flows."""
    if tensor is None:
        return None
    value = ops.stop_gradient(tensor)
    mask = mask_of(tensor)
    if mask is not None:
        hang(mask, value)
    return value
