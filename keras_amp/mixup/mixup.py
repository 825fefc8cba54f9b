"""Mixup at any layer of a Keras model, as a `keras.Model`."""

import dataclasses

import keras
from keras import ops, tree

from keras_amp import policy
from keras_amp.cut import cut, place_name
from keras_amp.mixup.backend import Step
from keras_amp.mixup.forward import Place
from keras_amp.mixup.hidden import mix_hidden
from keras_amp.mixup.one_call import OneCall
from keras_amp.mixup.outcome import Found
from keras_amp.mixup.per_example_loss import PerExampleLoss
from keras_amp.mixup.setting import Setting


@keras.saving.register_keras_serializable(package="keras_amp")
class Mixup(Step):
    """Trains a classifier on mixtures of the examples of each batch.

    Each example of a batch is mixed with a random partner, at the output of
    the layer `mix_at`, with its own coefficient λ ~ Beta(α, α); the loss is
    that of both labels, weighted by λ and 1 − λ (the paper's Eq. 10–13, 17).
    Of several layers one is drawn for each step (manifold mixup); a step costs
    what the drawn one costs.

    Only training changes: `evaluate`, `predict`, `export`, `get_layer` and
    calling the wrapper do what `model` does. While training, the compiled
    metrics count both labels of a mixture with the weights λ and 1 − λ.

    This is not `keras.layers.MixUp`. That layer belongs into the pipeline of
    the data: it mixes images, before a model sees them, and their one-hot
    labels. This wraps a model and mixes inside of it, at any layer, so that
    texts and whatever else is no image can be mixed too; labels stay as they
    are, as it mixes losses.

    A policy of your own is a subclass that overrides one method: `draw`,
    `choose_lam`, `weigh_labels`, `train_at` or `count`. What they are given
    and return is public in `keras_amp.mixup`.

    Args:
        model: A built classifier with one output: Functional, Sequential, or
            one that cuts itself, see `keras_amp.cut`. Its weights are trained
            in place.
        mix_at: The layer whose output is mixed, or its name, which is
            `"inner/layer"` inside a nested model, see `keras_amp.cut`; or a
            list of these. What is kept are names.
        alpha: Float > 0, the concentration of Beta(α, α). Near 0 there is next
            to no mixing; 1 draws λ uniformly. May be assigned while training;
            it is a setting and no weight: loading weights leaves it alone.
        seed: Int, to draw the same λ and partners in every run.
        name: String, the wrapper's name.

    Attributes:
        lower, upper: The classifier below and above (the first) `mix_at`.
        per_example_loss: The compiled loss as `keras_amp.mixup.Pairs` takes
            it.

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

        A policy of one's own, which mixes inputs at λ or ½, whichever has the
        higher loss:

        >>> from keras_amp.mixup import Found, mix_hidden
        >>> class Harder(Mixup):
        ...     def choose_lam(self, upper, hidden, pairs):
        ...         half = 0.5 * keras.ops.ones_like(pairs.lam)
        ...         own, other = (
        ...             self.loss_at(upper, hidden, pairs, lam)
        ...             for lam in (pairs.lam, half)
        ...         )
        ...         lam = keras.ops.where(other > own, half, pairs.lam)
        ...         return Found(lam, gain=other - own)
        ...
        ...     def loss_at(self, upper, hidden, pairs, lam):
        ...         mixed = mix_hidden(hidden, pairs.partner, lam, upper)
        ...         # It drops what the pass would leave: seeds, statistics.
        ...         with self.leaving_no_trace():
        ...             y_pred = upper(mixed, training=True)
        ...         return pairs.loss(self.per_example_loss, y_pred)
        >>> model = Harder(classifier, mix_at="hidden")
        >>> model.compile("adam", loss="sparse_categorical_crossentropy")
        >>> history = model.fit(x, y, verbose=0)

    References:
        - [mixup](https://arxiv.org/abs/1710.09412), Zhang et al., 2018.
        - [Manifold Mixup](https://arxiv.org/abs/1806.05236), Verma et al.,
          2019.
    """

    alpha = Setting(
        policy.check_alpha,
        "The concentration of Beta(α, α); assign to it at any time.",
    )

    def __init__(self, model, mix_at, alpha=1.0, seed=None, **kwargs):
        super().__init__(model, **kwargs)
        is_list = isinstance(mix_at, (list, tuple))
        places = mix_at if is_list else [mix_at]
        places = [place_name(model, place) for place in places]
        if not places:
            raise ValueError("`mix_at` must name a layer. Received: mix_at=[]")
        call = OneCall(model)
        self._places = tuple(Place(call, *cut(model, at)) for at in places)
        self.mix_at = places if is_list else places[0]
        self.seed = seed
        self._seed_generator = self.seed_generator(seed)
        if len(self._places) > 1:
            # All replicas mix at the same place.
            self._place_generator = keras.random.SeedGenerator(seed)
        self.alpha = alpha
        self.built = True

    @property
    def lower(self):
        """The classifier up to (the first) `mix_at`, g_k of the paper."""
        return self._places[0].lower

    @property
    def upper(self):
        """The classifier above (the first) `mix_at`, f_k of the paper."""
        return self._places[0].upper

    @property
    def metrics_variables(self):
        """Keras' own, and the settings: all that only a step reads."""
        return [*super().metrics_variables, *Setting.variables_of(self)]

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
        self.per_example_loss = PerExampleLoss(loss)
        if loss_weights is not None:
            raise ValueError(
                "`loss_weights` weighs several losses, and there is one. "
                f"Received: loss_weights={loss_weights!r}"
            )
        metrics, weighted_metrics = map(_flat, (metrics, weighted_metrics))
        self._num_weighted_metrics = len(weighted_metrics)
        super().compile(
            optimizer,
            loss,
            metrics=metrics,
            weighted_metrics=weighted_metrics,
            **kwargs,
        )

    def draw(self, batch_size):
        """Draws λ and the partners of a batch (Eq. 10); override for others.

        Args:
            batch_size: Int or int tensor.

        Returns:
            `lam`, float32 of shape `(batch,)`, and `partner`, int32 of shape
            `(batch,)`, a permutation of the batch.
        """
        alpha = Mixup.alpha.variable(self)
        lam = policy.sample_lam(batch_size, alpha, self._seed_generator)
        partner = policy.sample_partner(batch_size, self._seed_generator)
        return lam, partner

    def choose_lam(self, upper, hidden, pairs):
        """Says which λ the inputs are mixed with; the labels keep `pairs.lam`.

        No gradient flows through it, and what it found is counted by `count`.
        What runs `upper` to find it does so within `leaving_no_trace()`.

        Args:
            upper: The classifier above the place that is mixed at.
            hidden: List of tensors that cross the cut, `lower(x)`.
            pairs: The `Pairs` of this batch.

        Returns:
            `Found`: for Mixup, with `pairs.lam` itself.
        """
        del upper, hidden
        return Found(pairs.lam)

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

    def train_at(self, upper, hidden, pairs, found):
        """The pass that is trained on, at the λ that was found.

        Args:
            upper: The classifier above the place that is mixed at.
            hidden: List of tensors that cross the cut.
            pairs: The `Pairs` of this batch.
            found: `Found`, what `choose_lam` returned.

        Returns:
            The loss, a scalar as of `total_loss`; the predictions for the
            mixtures; and the labels' λ, of shape `(batch,)`.
        """
        mixed = mix_hidden(hidden, pairs.partner, found.lam, upper)
        pairs = self.weigh_labels(upper, mixed, pairs)
        y_pred = upper(mixed, training=True)
        return self.total_loss(pairs, y_pred), y_pred, pairs.lam

    def total_loss(self, pairs, y_pred):
        """This replica's share of the loss; `tf.distribute` sums them.

        Args:
            pairs: `Pairs`, with the labels' λ.
            y_pred: Predictions for the mixtures.

        Returns:
            A scalar, the loss of the pairs and the model's penalties.
        """
        loss = pairs.total_loss(self.per_example_loss, y_pred)
        if self.per_example_loss.reduction != "sum":
            loss /= self.num_replicas()
        for penalty in self.losses:
            loss += ops.cast(ops.sum(penalty), loss.dtype) / self.num_replicas()
        return loss

    def count(self, pairs, outcome):
        """Updates every metric after a step; override to count more.

        Args:
            pairs: The `Pairs` of this batch, with the λ that was drawn.
            outcome: The `Outcome` of the step.
        """
        y_pred = outcome.y_pred
        pairs = dataclasses.replace(pairs, lam=outcome.lam)
        metrics = {metric.name: metric for metric in self.metrics}
        metrics["loss"].update_state(
            outcome.loss * self.num_replicas(),
            sample_weight=ops.shape(pairs.lam)[0],
        )
        compiled = metrics.get("compile_metrics")
        if compiled is None:
            return
        if not compiled.built:
            compiled.build(pairs.y, y_pred)
        num_unweighted = len(compiled.metrics) - self._num_weighted_metrics
        # Of labels per position, all axes but that of the classes.
        shape = ops.shape(y_pred)[:-1]
        for index, metric in enumerate(compiled.metrics):
            own, other = pairs.shares(index >= num_unweighted, shape)
            metric.update_state(pairs.y, y_pred, sample_weight=own)
            metric.update_state(pairs.y_partner, y_pred, sample_weight=other)

    def get_config(self):
        config = super().get_config()
        settings = {"alpha": self.alpha, "seed": self.seed}
        return {**config, "mix_at": self.mix_at, **settings}


def _flat(metrics):
    """Metrics of the one output, of whatever structure, as a list."""
    return [one for one in tree.flatten(metrics) if one is not None]
