"""Non-linear Mixup (Guo 2020), as we read it."""

import dataclasses
import warnings

import keras
from keras import layers, ops

from keras_amp import policy
from keras_amp.mixup.mixup import Mixup
from keras_amp.mixup.outcome import Found


@keras.saving.register_keras_serializable(package="keras_amp")
class NonlinearMixup(Mixup):
    """Mixup with a coefficient per element, and label weights that are learned.

    Each element of a pair's representation is mixed with a λ of its own, drawn
    from Beta(α, α). What the mixture is called then no longer follows from one
    number: a small policy network looks at the mixture and says how much the
    example's own label weighs. It is trained with the model, on the same loss.

    This is our reading of Guo (2020), who released no code. The paper also
    embeds the labels in a space of their own and classifies by the nearest
    label; here a label is a class, so that any classifier and loss will do.
    How the paper's policy network is built, and whether it shares weights
    with the model, we could not tell; ours has one hidden layer on the mean
    of the mixture over its positions, and begins at equal weights. With
    constant coefficients and a policy that returns them this is `Mixup`.

    Args:
        model: A built Functional or Sequential model, as of `Mixup`.
        mix_at: The layer whose output is mixed, or its name, or a list of
            these, of which one is drawn for each step.
        alpha: Float > 0, the concentration of Beta(α, α).
        policy_units: Int, size of the policy network's hidden layer.
        seed: Int, to draw the same λ and partners in every run.
        **kwargs: `mix_share`, `fold`, `clean_weight`, `partner` and `name`, as
            of `Mixup`. Where all elements are an example's own, so is the
            label.

    Examples:
        >>> classifier = keras.Sequential([
        ...     keras.Input((4,)),
        ...     keras.layers.Dense(8, activation="relu", name="hidden"),
        ...     keras.layers.Dense(3, activation="softmax"),
        ... ])
        >>> model = NonlinearMixup(classifier, mix_at="hidden")
        >>> model.compile("adam", loss="sparse_categorical_crossentropy")
        >>> x = keras.random.normal((6, 4))
        >>> y = keras.ops.array([0, 1, 2, 0, 1, 2])
        >>> history = model.fit(x, y, verbose=0)

    References:
        - Nonlinear Mixup: Out-Of-Manifold Data Augmentation for Text
          Classification, Guo, AAAI 2020.
    """

    def __init__(
        self, model, mix_at, alpha=1.0, policy_units=64, seed=None, **kwargs
    ):
        super().__init__(model, mix_at, alpha=alpha, seed=seed, **kwargs)
        if not all(hasattr(p.upper, "crossing") for p in self._places):
            raise ValueError(
                "NonlinearMixup needs the shape of what is mixed, and a model "
                "that cuts itself does not say it. Build "
                f"'{model.name}' with the Functional API."
            )
        self.policy_units = policy_units
        self.label_policies = [
            _label_policy(place.upper.crossing[0].shape[-1], policy_units)
            for place in self._places
        ]

    def train_step(self, *args):
        with warnings.catch_warnings():
            if self.mixes_nothing:
                # Nobody asks the policy network then.
                warnings.filterwarnings("ignore", "Gradients do not exist")
            return super().train_step(*args)

    def choose_lam(self, upper, hidden, pairs):
        """One λ per element of what is floating point."""
        del upper
        alpha = Mixup.alpha.variable(self)
        lams = [
            self.folded(policy.sample_lam(ops.shape(tensor), alpha, self.seeds))
            if keras.backend.is_float_dtype(tensor.dtype)
            else pairs.lam
            for tensor in hidden
        ]
        return Found(lams)

    def weigh_labels(self, upper, mixed, pairs):
        """The policy network's weights of the examples' own labels."""
        uppers = [place.upper for place in self._places]
        network = self.label_policies[uppers.index(upper)]
        positions = tuple(range(1, len(mixed[0].shape) - 1))
        seen = ops.mean(ops.cast(mixed[0], "float32"), axis=positions)
        lam = ops.squeeze(network(seen, training=True), axis=-1)
        return dataclasses.replace(pairs, lam=ops.cast(lam, "float32"))

    def get_config(self):
        config = super().get_config()
        return {**config, "policy_units": self.policy_units}


def _label_policy(size, units):
    """From a mixture's mean `(batch, size)` to a weight `(batch, 1)`."""
    return keras.Sequential(
        [
            keras.Input((size,)),
            layers.Dense(units, activation="tanh", dtype="float32"),
            layers.Dense(
                1,
                activation="sigmoid",
                kernel_initializer="zeros",
                dtype="float32",
            ),
        ],
        name="label_policy",
    )
