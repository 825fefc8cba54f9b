"""The Adversarial Mixing Policy (AMP) on top of Mixup."""

import contextlib

import keras
from keras import ops

from keras_amp import policy
from keras_amp.checks import check_epsilon
from keras_amp.mixup.backend import pull_back
from keras_amp.mixup.hidden import mix_hidden
from keras_amp.mixup.histograms import Histograms
from keras_amp.mixup.mixup import Mixup
from keras_amp.mixup.outcome import Found
from keras_amp.mixup.setting import Setting


@keras.saving.register_keras_serializable(package="keras_amp")
class AdversarialMixup(Mixup):
    """Mixup whose inputs are mixed at an adversarially chosen λ.

    A step of the Adversarial Mixing Policy is a Mixup step, taken at the
    harder of two mixtures: at λ, or at λ moved by ε times its clipped
    gradient, whichever has the higher loss, for each example. The labels'
    weights keep the λ that was drawn (the paper's Eq. 14–21).

    The search runs `upper` twice more, and backwards once, but only down to
    the mixing layer: it costs next to nothing above a deep layer. It draws the
    dropout noise that the training pass draws after it, so the comparison is
    of mixtures, not of noise, and leaves no trace in batch statistics, seeds
    or losses.

    Beside the compiled metrics, training logs `lam_shift`, the mean |λ* − λ|,
    `adversarial_share`, the share of examples trained at λ′, and `loss_gain`,
    the mean 𝓛′ − 𝓛.

    Args:
        model: A built model, as of `Mixup`.
        mix_at: The layer whose output is mixed, or its name, or a list of
            these, of which one is drawn for each step.
        alpha: Float > 0, the concentration of Beta(α, α).
        epsilon: Float >= 0, the step size ε on λ; 0 is Mixup, the paper's
            "+RandOp". May be assigned while training.
        min_op: Bool, whether to keep the higher of both losses. `False`
            always trains at λ′, the paper's "+MaxOp", and saves a pass.
        seed: Int, to draw the same λ and partners in every run.
        **kwargs: `mix_share`, `fold`, `clean_weight`, `partner` and `name`, as
            of `Mixup`. Examples that are not mixed are not moved either.

    Attributes:
        histograms: What the search finds, example by example; counted while
            `keras_amp.TensorBoard` trains along.

    Raises:
        TypeError, ValueError: As `Mixup`, and if `epsilon` is not >= 0.

    Examples:
        >>> classifier = keras.Sequential([
        ...     keras.Input((4,)),
        ...     keras.layers.Dense(8, activation="relu", name="hidden"),
        ...     keras.layers.Dense(3, activation="softmax"),
        ... ])
        >>> model = AdversarialMixup(classifier, mix_at="hidden", epsilon=0.002)
        >>> model.compile("adam", loss="sparse_categorical_crossentropy")
        >>> x = keras.random.normal((6, 4))
        >>> y = keras.ops.array([0, 1, 2, 0, 1, 2])
        >>> sorted(model.fit(x, y, verbose=0).history)
        ['adversarial_share', 'lam_shift', 'loss', 'loss_gain']

    References:
        - [Adversarial Mixing Policy](https://arxiv.org/abs/2109.07177),
          Liu et al., 2021.
    """

    epsilon = Setting(
        check_epsilon, "The step size on λ; assign to it at any time."
    )

    def __init__(
        self,
        model,
        mix_at,
        alpha=1.0,
        epsilon=0.002,
        min_op=True,
        seed=None,
        **kwargs,
    ):
        super().__init__(model, mix_at, alpha=alpha, seed=seed, **kwargs)
        self.epsilon = epsilon
        self.min_op = min_op
        self.histograms = Histograms(with_gain=min_op)
        self._is_evaluating = False
        self.lam_shift = keras.metrics.Mean(name="lam_shift")
        self._training_metrics = [self.lam_shift]
        if min_op:
            self.adversarial_share = keras.metrics.Mean(
                name="adversarial_share"
            )
            self.loss_gain = keras.metrics.Mean(name="loss_gain")
            self._training_metrics += [self.adversarial_share, self.loss_gain]

    @property
    def metrics(self):
        """Keras' metrics; while evaluating, the classifier's alone."""
        own = {id(metric) for metric in self._training_metrics}
        return [
            metric
            for metric in super().metrics
            if not (self._is_evaluating and id(metric) in own)
        ]

    @property
    def metrics_variables(self):
        """Keras' own, and the histograms', which no log shows."""
        return [*super().metrics_variables, *self.histograms.variables]

    def evaluate(self, *args, **kwargs):
        with self._evaluating():
            return super().evaluate(*args, **kwargs)

    def test_on_batch(self, *args, **kwargs):
        with self._evaluating():
            return super().test_on_batch(*args, **kwargs)

    @contextlib.contextmanager
    def _evaluating(self):
        self._is_evaluating = True
        try:
            yield
        finally:
            self._is_evaluating = False

    def choose_lam(self, upper, hidden, pairs):
        """Searches the λ with the higher loss for each example (Eq. 14–21).

        Args:
            upper, hidden, pairs: As of `Mixup.choose_lam`.

        Returns:
            `Found`, with the gain unless `min_op` is `False`.
        """
        loss, grad = self.search_gradient(upper, hidden, pairs)
        epsilon = AdversarialMixup.epsilon.variable(self)
        lam_adv = policy.ascend(pairs.lam, grad, epsilon)
        if not self.min_op:
            return Found(lam_adv)
        loss_adv = self.search_loss(upper, hidden, pairs, lam_adv)
        mask = policy.adversarial_mask(loss, loss_adv)
        return Found(policy.select(mask, lam_adv, pairs.lam), loss_adv - loss)

    def search_gradient(self, upper, hidden, pairs):
        """The loss of each pair, and its derivative by its λ (Eq. 16, 17).

        Args:
            upper, hidden, pairs: As of `choose_lam`.

        Returns:
            Two float tensors of shape `(batch,)`.

        Raises:
            ValueError: If the loss does not depend on λ; on JAX the derivative
                is 0 then.
        """
        # Half-precision gradients are scaled as the optimizer scales its own.
        scale = self.optimizer.scale_loss(ops.ones(()))
        loss, grad = pull_back(
            lambda lam: self.search_loss(upper, hidden, pairs, lam),
            pairs.lam,
            upstream=scale,
        )
        if grad is None:
            raise ValueError(
                f"The loss has no gradient with respect to what is mixed at "
                f"'{self.mix_at}'. Is what lies above differentiable?"
            )
        return loss, grad / scale

    def search_loss(self, upper, hidden, pairs, lam_inputs):
        """The loss of each pair with inputs mixed at `lam_inputs`.

        It leaves no trace, and each pass sees the same dropout noise.

        Args:
            upper, hidden, pairs: As of `choose_lam`.
            lam_inputs: What `mix_hidden` takes.

        Returns:
            Float tensor of shape `(batch,)`.
        """
        with self.leaving_no_trace():
            mixed = mix_hidden(hidden, pairs.partner, lam_inputs, upper)
            y_pred = upper(mixed, training=True)
            return pairs.loss(self.per_example_loss, y_pred)

    def count(self, outcome):
        super().count(outcome)
        lam, lam_star = outcome.pairs.lam, outcome.lam_inputs
        gain = outcome.gain
        if lam_star is not None:
            self.lam_shift.update_state(ops.abs(lam_star - lam))
            self.histograms.update(lam, lam_star, gain)
        if self.min_op and gain is not None:
            is_higher = policy.adversarial_mask(0.0, gain)
            self.adversarial_share.update_state(ops.cast(is_higher, "float32"))
            self.loss_gain.update_state(gain)

    def get_config(self):
        config = super().get_config()
        return {**config, "epsilon": self.epsilon, "min_op": self.min_op}
