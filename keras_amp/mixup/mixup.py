"""Mixup at any layer of a Keras model, as a `keras.Model`."""

import dataclasses
import functools

import keras
from keras import ops

from keras_amp import checks, partners, policy
from keras_amp.cut import cut, place_name
from keras_amp.mixup.compiled import Compiled
from keras_amp.mixup.forward import Place
from keras_amp.mixup.hidden import mix_hidden
from keras_amp.mixup.one_call import OneCall
from keras_amp.mixup.outcome import Found
from keras_amp.mixup.pairs import Pairs
from keras_amp.mixup.setting import Choice, Setting, renew_step


@keras.saving.register_keras_serializable(package="keras_amp")
class Mixup(Compiled):
    """Trains a model on mixtures of the examples of each batch.

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
    and return is public in `keras_amp.mixup`; the page "A policy of your own"
    has examples.

    Args:
        model: A built model: Functional, Sequential, or one that cuts itself,
            see `keras_amp.cut`. Its weights are trained in place. It may have
            several outputs, in a list or a dict, that all depend on `mix_at`;
            a loss has one value per example, of whatever labels: classes,
            several at once, numbers.
        mix_at: The layer whose output is mixed, or its name, which is
            `"inner/layer"` inside a nested model, see `keras_amp.cut`; or a
            list of these. What is kept are names.
        alpha: Float > 0, the concentration of Beta(α, α). Near 0 there is next
            to no mixing; 1 draws λ uniformly. May be assigned while training;
            it is a setting and no weight: loading weights leaves it alone.
        seed: Int, to draw the same λ and partners in every run.
        mix_share: Float from 0 to 1, the probability that an example is mixed;
            the λ of the others is 1. At 0 a step is that of the classifier
            without a wrapper, to the last bit, as it is after the part of the
            training that `keras_amp.StopMixing` mixes.
        fold: Bool, whether λ becomes max(λ, 1 − λ), so that at least half of a
            mixture is the example itself.
        clean_weight: Float >= 0, how much w the loss ℓ on the clean examples
            weighs beside that on the mixtures 𝓛: the step trains on
            (w · ℓ + 𝓛) / (1 + w), for one more pass of what lies above
            `mix_at`, which updates batch statistics too (RegMixup, where w is
            1). Metrics count the mixtures.
        partner: String, who is mixed with whom: `"any"`, `"no-self"`,
            `"same-class"` or `"other-class"`, see `keras_amp.partners`.
        name: String, the wrapper's name.

    Attributes:
        lower, upper: The classifier below and above (the first) `mix_at`.
        per_example_loss: The compiled loss as `keras_amp.mixup.Pairs` takes
            it.
        seeds: `keras.random.SeedGenerator` that λ and partners are drawn from.

    Raises:
        TypeError, ValueError: If the model cannot be cut at `mix_at`, a number
            is out of its range, there is no such `partner`, or, from
            `compile`, there is not exactly one loss.

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
        - [RegMixup](https://arxiv.org/abs/2206.14502), Pinto et al., 2022.
    """

    alpha = Setting(
        checks.check_alpha,
        "The concentration of Beta(α, α); assign to it at any time.",
    )
    mix_share = Setting(
        checks.check_mix_share,
        "The probability that an example is mixed; assign to it at any time.",
        apart=(0.0, 1.0),
    )
    fold = Setting(
        checks.check_fold,
        "Whether λ becomes max(λ, 1 − λ); assign to it at any time.",
        kind=bool,
    )
    clean_weight = Setting(
        checks.check_clean_weight,
        "The weight of the loss on clean examples; assign to it at any time.",
        apart=(0.0,),
    )
    partner = Choice(
        partners.check_partner,
        "Who is mixed with whom, by name; assign to it at any time.",
    )

    def __init__(
        self,
        model,
        mix_at,
        alpha=1.0,
        seed=None,
        mix_share=1.0,
        fold=False,
        clean_weight=0.0,
        partner="any",
        **kwargs,
    ):
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
        self.seeds = self.seed_generator(seed)
        if len(self._places) > 1:
            # All replicas mix at the same place.
            self._place_generator = keras.random.SeedGenerator(seed)
        self.alpha = alpha
        self.mix_share = mix_share
        self.fold = fold
        self.clean_weight = clean_weight
        self.partner = partner
        self._is_paused = False
        self.built = True

    @property
    def lower(self):
        """The classifier up to (the first) `mix_at`, g_k of the paper."""
        return self._places[0].lower

    @property
    def upper(self):
        """The classifier above (the first) `mix_at`, f_k of the paper."""
        return self._places[0].upper

    @functools.wraps(keras.Model.fit)
    def fit(self, *args, **kwargs):
        try:
            return super().fit(*args, **kwargs)
        finally:
            # A callback that paused is not told of an interrupt.
            self.pause_mixing(False)

    def train_step(self, *args):
        if self.mixes_nothing:
            return keras.Model.train_step(self, *args)
        return super().train_step(*args)

    def pause_mixing(self, is_paused=True):
        """Mixes nothing for now, as at a `mix_share` of 0.

        `keras_amp.StopMixing` calls it. This is no setting: they stay as they
        are, it is saved nowhere, and ends with `fit`.

        Args:
            is_paused: Bool, `False` to go on mixing.
        """
        if is_paused != self._is_paused:
            self._is_paused = is_paused
            renew_step(self)

    @property
    def mixes_nothing(self):
        """Whether steps are the classifier's own: `mix_share` 0, or a pause."""
        return self._is_paused or Mixup.mix_share.apart(self) == 0

    def draw(self, hidden, y):
        """Draws λ and the partners of a batch (Eq. 10); override for others.

        Draw from `seeds`, so that runs repeat and resume. No gradient flows.

        Args:
            hidden: List of tensors that cross the cut, `lower(x)`.
            y: Labels of shape `(batch, ...)`; of several outputs a list, with
                `None` for those without labels.

        Returns:
            `lam`, float32 of shape `(batch,)`, and `partner`, int32 of shape
            `(batch,)`: here a permutation of the batch. Of yours partners may
            repeat, as nearest neighbours do, and `lam` may lie beyond 0 and
            1, to extrapolate.
        """
        del hidden
        alpha, size = Mixup.alpha.variable(self), partners.batch_size_of(y)
        lam = policy.sample_lam(size, alpha, self.seeds)
        partner = partners.sample_partner_by(self.partner, y, self.seeds)
        if self.compiled and self.partner in partners.BY_CLASS:
            self.per_example_loss.check_one_class(y)
        return lam, partner

    def folded(self, lam):
        """The λ of a tensor, or max(λ, 1 − λ) where `fold` is set."""
        fold = ops.cast(Mixup.fold.variable(self), "bool")
        return ops.where(fold, policy.fold(lam), lam)

    def pair_up(self, hidden, y, sample_weight):
        """The `Pairs` of a batch: what `draw` says, and who stays unmixed.

        Args:
            hidden: List of tensors that cross the cut, `lower(x)`.
            y: Labels of shape `(batch, ...)`.
            sample_weight: Weights of the examples, or `None`.
        """
        lam, partner = self.draw(hidden, y)
        lam, is_mixed = self.folded(lam), None
        if Mixup.mix_share.apart(self) != 1:
            drawn = keras.random.uniform(ops.shape(lam), seed=self.seeds)
            is_mixed = drawn < Mixup.mix_share.variable(self)
            lam = ops.where(is_mixed, lam, ops.ones_like(lam))
        return Pairs.of_batch(y, sample_weight, lam, partner, is_mixed)

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
        weighed = self.weigh_labels(upper, mixed, pairs)
        lam = pairs.where_mixed(weighed.lam, 1.0)
        y_pred = upper(mixed, training=True)
        pairs = dataclasses.replace(weighed, lam=lam)
        return self.total_loss(pairs, y_pred), y_pred, lam

    def train_on(self, upper, hidden, pairs, found):
        """`train_at`, and beside it the clean examples, if they weigh.

        Args:
            upper, hidden, pairs, found: As of `train_at`.

        Returns:
            As `train_at`.
        """
        if Mixup.clean_weight.apart(self) == 0:
            return self.train_at(upper, hidden, pairs, found)
        before = self.penalties("float32")
        loss, y_pred, lam = self.train_at(upper, hidden, pairs, found)
        # The clean pass has its own penalties and not those of the mixtures.
        surplus = self.penalties("float32") - before
        clean = upper(hidden, training=True)
        clean_loss = self.total_loss(pairs.unmixed(), clean) - surplus
        weight = ops.cast(Mixup.clean_weight.variable(self), loss.dtype)
        return (weight * clean_loss + loss) / (1 + weight), y_pred, lam

    def get_config(self):
        config = super().get_config()
        names = ("mix_at", "alpha", "seed", "mix_share", "fold")
        names = (*names, "clean_weight", "partner")
        return {**config, **{name: getattr(self, name) for name in names}}
