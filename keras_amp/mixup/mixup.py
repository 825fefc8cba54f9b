"""Mixup at any layer of a Keras model, as a `keras.Model`."""

import dataclasses
import functools
from collections.abc import Callable

import keras
import tensorflow as tf
from keras import ops, tree

from keras_amp import policy
from keras_amp.cut import cut
from keras_amp.mixup.hidden import mix_hidden
from keras_amp.mixup.pairs import Pairs
from keras_amp.mixup.per_example_loss import PerExampleLoss
from keras_amp.mixup.replica_seed import ReplicaSeedGenerator


@keras.saving.register_keras_serializable(package="keras_amp")
class Mixup(keras.Model):
    """Trains a classifier on mixtures of the examples of each batch.

    Each example of a batch is mixed with a random partner, at the output of
    the layer `mix_at`, with its own coefficient λ ~ Beta(α, α); the loss is
    that of both labels, weighted by λ and 1 − λ (the paper's Eq. 10–13, 17).
    Of several layers one is drawn for each step (manifold mixup); a step costs
    what the drawn one costs.

    Only training changes: `evaluate`, `predict`, `export` and calling the
    wrapper do what `model` does. While training, the compiled metrics count
    both labels of a mixture with the weights λ and 1 − λ.

    Args:
        model: A built classifier with one output: Functional, Sequential, or
            one that cuts itself, see `keras_amp.cut`. Its weights are trained
            in place.
        mix_at: Name of the layer whose output is mixed, or `"inner/layer"`
            inside a nested model, see `keras_amp.cut`; or a list of names.
        alpha: Float > 0, the concentration of Beta(α, α). Near 0 there is next
            to no mixing; 1 draws λ uniformly. May be assigned while training.
        seed: Int, to draw the same λ and partners in every run.
        name: String, the wrapper's name.

    Raises:
        TypeError, ValueError: If the model cannot be cut at `mix_at`, `alpha`
            is not > 0, or, from `compile`, there is not exactly one loss.

    Examples:
        >>> classifier = keras.Sequential([
        ...     keras.Input((4,)),
        ...     keras.layers.Dense(8, activation="relu", name="hidden"),
        ...     keras.layers.Dense(3, activation="softmax"),
        ... ])
        >>> model = Mixup(classifier, mix_at="hidden", alpha=1.0)
        >>> model.compile("adam", loss="sparse_categorical_crossentropy")
        >>> x = keras.random.normal((6, 4))
        >>> y = keras.ops.array([0, 1, 2, 0, 1, 2])
        >>> history = model.fit(x, y, verbose=0)

    References:
        - [mixup](https://arxiv.org/abs/1710.09412), Zhang et al., 2018.
        - [Manifold Mixup](https://arxiv.org/abs/1806.05236), Verma et al.,
          2019.
    """

    def __init__(self, model, mix_at, alpha=1.0, seed=None, **kwargs):
        _check_strategy()
        # The classifier casts its inputs itself.
        super().__init__(autocast=False, **kwargs)
        places = [mix_at] if isinstance(mix_at, str) else list(mix_at)
        if not places:
            raise ValueError("`mix_at` must name a layer. Received: mix_at=[]")
        self._places = tuple(_Place(*cut(model, name)) for name in places)
        self.model = model
        self.mix_at = mix_at if isinstance(mix_at, str) else places
        self.seed = seed
        self._seed_generator = ReplicaSeedGenerator(seed)
        if len(self._places) > 1:
            # All replicas mix at the same place.
            self._place_generator = keras.random.SeedGenerator(seed)
        policy.check_alpha(alpha)
        self._alpha = self._add_knob("alpha", alpha)
        self.built = True

    @property
    def alpha(self):
        """The concentration of Beta(α, α); assign to it at any time."""
        return float(self._alpha.numpy())

    @alpha.setter
    def alpha(self, value):
        policy.check_alpha(value)
        self._alpha.assign(value)

    @property
    def lower(self):
        """The classifier up to (the first) `mix_at`, g_k of the paper."""
        return self._places[0].lower

    @property
    def upper(self):
        """The classifier above (the first) `mix_at`, f_k of the paper."""
        return self._places[0].upper

    def call(self, inputs, training=None, mask=None):
        # A subclassed model may take no mask.
        masks = {} if mask is None else {"mask": mask}
        return self.model(inputs, training=training, **masks)

    def compile(
        self,
        optimizer="rmsprop",
        loss=None,
        loss_weights=None,
        metrics=None,
        weighted_metrics=None,
        **kwargs,
    ):
        """Configures training as `keras.Model.compile` does.

        Raises:
            ValueError: If there is not exactly one loss, or `loss_weights`.
        """
        self._per_example_loss = PerExampleLoss(loss)
        if loss_weights is not None:
            raise ValueError(
                "`loss_weights` weighs several losses, and there is one. "
                f"Received: loss_weights={loss_weights!r}"
            )
        weighted = tree.flatten(weighted_metrics)
        self._num_weighted_metrics = sum(one is not None for one in weighted)
        super().compile(
            optimizer,
            loss,
            metrics=metrics,
            weighted_metrics=weighted_metrics,
            **kwargs,
        )

    def compile_from_config(self, config):
        # Keras leaves this to whoever overrides `compile`.
        self.compile(**keras.saving.deserialize_keras_object(config))
        self.optimizer.build(self.trainable_variables)

    def train_step(self, data):
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        if y is None:
            raise ValueError("Mixup needs labels: `fit` was given none.")
        lam, partner = self.draw(ops.shape(y)[0])
        pairs = Pairs.of_batch(y, sample_weight, lam, partner)

        if len(self._places) == 1:
            results = self._descend(self._places[0], x, pairs)
        else:
            results = self._descend_somewhere(x, pairs)
        loss, y_pred, lam, gradients = results
        weights = self.trainable_weights
        self.optimizer.apply_gradients(zip(gradients, weights, strict=True))

        pairs = dataclasses.replace(pairs, lam=lam)
        self._update_metrics(pairs, y_pred, loss)
        return self.get_metrics_result()

    def _descend(self, place, x, pairs):
        """One Mixup step's loss, predictions, labels' λ and gradients."""
        with tf.GradientTape() as tape:
            hidden = place.lower(x, training=True)
            with tape.stop_recording():
                lam_inputs = self.choose_lam(place.upper, hidden, pairs)
            mixed = mix_hidden(hidden, pairs.partner, lam_inputs)
            pairs = self.weigh_labels(place.upper, mixed, pairs)
            y_pred = place.upper(mixed, training=True)
            loss = self._total_loss(pairs, y_pred)
            scaled_loss = self.optimizer.scale_loss(loss)
        gradients = tape.gradient(scaled_loss, self.trainable_weights)
        return loss, y_pred, pairs.lam, gradients

    def _descend_somewhere(self, x, pairs):
        """One Mixup step at a place that is drawn for it."""

        def descend(place):
            *results, gradients = self._descend(place, x, pairs)
            # The same tensors, whichever place is drawn.
            weights = self.trainable_weights
            gradients = [
                tf.zeros_like(w) if g is None else tf.convert_to_tensor(g)
                for g, w in zip(gradients, weights, strict=True)
            ]
            return *results, gradients

        drawn = keras.random.randint(
            (), 0, len(self._places), seed=self._place_generator
        )
        return tf.switch_case(
            drawn,
            [functools.partial(descend, place) for place in self._places],
        )

    def draw(self, batch_size):
        """Draws λ and the partners of a batch (Eq. 10); override for others.

        Args:
            batch_size: Int or int tensor.

        Returns:
            `lam`, float32 of shape `(batch,)`, and `partner`, int32 of shape
            `(batch,)`, a permutation of the batch.
        """
        lam = policy.sample_lam(batch_size, self._alpha, self._seed_generator)
        partner = policy.sample_partner(batch_size, self._seed_generator)
        return lam, partner

    def choose_lam(self, upper, hidden, pairs):
        """Says which λ the inputs are mixed with; the labels keep `pairs.lam`.

        Args:
            upper: The classifier above the place that is mixed at.
            hidden: List of tensors that cross the cut, `lower(x)`.
            pairs: The `Pairs` of this batch.

        Returns:
            What `mix_hidden` takes: for Mixup, `pairs.lam` itself.
        """
        del upper, hidden
        return pairs.lam

    def weigh_labels(self, upper, mixed, pairs):
        """Says how much each label of a mixture weighs.

        Args:
            upper: The classifier above the place that is mixed at.
            mixed: List of mixed tensors, what `upper` gets.
            pairs: The `Pairs` of this batch.

        Returns:
            `Pairs` with the labels' λ: for Mixup, `pairs` as they are.
        """
        del upper, mixed
        return pairs

    def export(self, filepath, *args, **kwargs):
        """Exports the classifier, as `keras.Model.export` does."""
        return self.model.export(filepath, *args, **kwargs)

    def save_own_variables(self, store):
        super().save_own_variables(store)
        # Keras saves no random state; without it, a run that goes on would
        # not be the run that was interrupted.
        for index, state in enumerate(self._random_states()):
            store[f"{_RANDOM_STATE}{index}"] = state.numpy()

    def load_own_variables(self, store):
        stored = set(store.keys())
        keys = {key for key in stored if key.startswith(_RANDOM_STATE)}
        states = self._random_states()
        if len(keys) == len(states):
            for index, state in enumerate(states):
                state.assign(store[f"{_RANDOM_STATE}{index}"])
        super().load_own_variables({key: store[key] for key in stored - keys})

    def _random_states(self):
        """The states of all generators: λ, partners, places and dropout."""
        weights = {id(weight) for weight in self.weights}
        return [one for one in self.variables if id(one) not in weights]

    def get_config(self):
        return {
            "model": keras.saving.serialize_keras_object(self.model),
            "mix_at": self.mix_at,
            "alpha": self.alpha,
            "seed": self.seed,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config):
        config = dict(config)
        config["model"] = keras.saving.deserialize_keras_object(config["model"])
        return cls(**config)

    def _add_knob(self, name, value):
        """A number in a variable: it can change without a new trace."""
        return self.add_weight(
            name=name,
            shape=(),
            initializer=keras.initializers.Constant(value),
            dtype="float32",
            autocast=False,
            trainable=False,
        )

    def _total_loss(self, pairs, y_pred):
        """This replica's share of the loss; `tf.distribute` sums them."""
        values = pairs.loss(self._per_example_loss, y_pred)
        own, other = pairs.shares(weighted=True)
        loss = self._per_example_loss.reduce(values, own + other)
        if self._per_example_loss.reduction != "sum":
            loss /= _num_replicas()
        for penalty in self.losses:
            loss += ops.cast(ops.sum(penalty), loss.dtype) / _num_replicas()
        return loss

    def _update_metrics(self, pairs, y_pred, loss):
        metrics = {metric.name: metric for metric in self.metrics}
        metrics["loss"].update_state(
            loss * _num_replicas(), sample_weight=ops.shape(pairs.lam)[0]
        )
        compiled = metrics.get("compile_metrics")
        if compiled is None:
            return
        if not compiled.built:
            compiled.build(pairs.y, y_pred)
        num_unweighted = len(compiled.metrics) - self._num_weighted_metrics
        for index, metric in enumerate(compiled.metrics):
            own, other = pairs.shares(weighted=index >= num_unweighted)
            metric.update_state(pairs.y, y_pred, sample_weight=own)
            metric.update_state(pairs.y_partner, y_pred, sample_weight=other)


_RANDOM_STATE = "random_state_"


@dataclasses.dataclass(frozen=True)
class _Place:
    """Holds the two halves where Keras doesn't track them a second time."""

    lower: Callable
    upper: Callable


def _check_strategy():
    strategy = tf.distribute.get_strategy()
    if isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
        raise ValueError(
            "Keras 3 itself cannot `fit` under MultiWorkerMirroredStrategy "
            "(keras-team/keras issues 20329 and 20585). Use MirroredStrategy "
            "on one machine."
        )


def _num_replicas():
    return tf.distribute.get_strategy().num_replicas_in_sync
