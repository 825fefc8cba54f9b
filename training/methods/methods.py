"""The systems of the paper: what is mixed, where, and at which λ.

A method is one entry of `METHODS`: the command line, the grids, the report and
the benchmarks take it from there.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

# What loads TensorFlow is imported where a model is made: naming a method, as
# the command line does, loads none of it.


def _unmixed(
    classifier: Any, mix_at: str | None, mixing: Any, seed: int
) -> Any:
    del mix_at, mixing, seed
    return classifier


def _mixed_by(class_name: str) -> Callable:
    """A function that wraps with `keras_amp`'s class of this name."""

    def wrap(
        classifier: Any, mix_at: str | None, mixing: Any, seed: int
    ) -> Any:
        import keras_amp

        wrapper = getattr(keras_amp, class_name)
        return wrapper(classifier, mix_at, seed=seed, **mixing.knobs)

    return wrap


def _adversarial(
    classifier: Any, mix_at: str | None, mixing: Any, seed: int
) -> Any:
    import keras_amp
    from training.methods.released_step import ReleasedMixup

    settings = {"epsilon": mixing.epsilon, "seed": seed, **mixing.knobs}
    if mixing.released.changes_the_step:
        return ReleasedMixup(
            classifier, mix_at, released=mixing.released, **settings
        )
    return keras_amp.AdversarialMixup(
        classifier, mix_at, min_op=mixing.min_op, **settings
    )


@dataclasses.dataclass(frozen=True)
class Method:
    """A way to train a classifier.

    Attributes:
        name: String, what it is called on the command line and in records.
        title: String, what it is called in tables and figures.
        about: String, what it does, for the command line's help.
        mix_at: String, the layer that is mixed at; `None` if nothing is.
        wrap: Function of a classifier, `mix_at`, `MixingOptions` and a seed to
            the model that trains.
        against: String, the method that tables compare it with, or `None`.
        is_adversarial: Bool, whether λ is moved to where the loss is higher.
        style: Dict of how `matplotlib` draws its lines.
    """

    name: str
    title: str
    about: str
    mix_at: str | None = None
    wrap: Callable[[Any, str | None, Any, int], Any] = _unmixed
    against: str | None = None
    is_adversarial: bool = False
    style: dict = dataclasses.field(default_factory=dict)

    def model(self, classifier: Any, mixing: Any, seed: int) -> Any:
        """The classifier, wrapped to be trained by this method."""
        return self.wrap(classifier, self.mix_at, mixing, seed)


# Colours of Okabe and Ito, which most eyes tell apart; Mixup is dashed.
METHODS = {
    method.name: method
    for method in (
        Method(
            name="none",
            title="no mixup",
            about="nothing",
            style={"color": "#000000", "linestyle": ":"},
        ),
        Method(
            name="word",
            title="WordMixup",
            about="words' embeddings are mixed",
            mix_at="word",
            wrap=_mixed_by("Mixup"),
            against="none",
            style={"color": "#0072B2", "linestyle": "--"},
        ),
        Method(
            name="word-amp",
            title="WordAMP",
            about="WordMixup at an adversarial lam",
            mix_at="word",
            wrap=_adversarial,
            against="word",
            is_adversarial=True,
            style={"color": "#0072B2", "linestyle": "-"},
        ),
        Method(
            name="sent",
            title="SentMixup",
            about="sentences' features are mixed",
            mix_at="sentence",
            wrap=_mixed_by("Mixup"),
            against="none",
            style={"color": "#D55E00", "linestyle": "--"},
        ),
        Method(
            name="sent-amp",
            title="SentAMP",
            about="SentMixup at an adversarial lam",
            mix_at="sentence",
            wrap=_adversarial,
            against="sent",
            is_adversarial=True,
            style={"color": "#D55E00", "linestyle": "-"},
        ),
        Method(
            name="nonlinear",
            title="Non-linear Mixup",
            about="sentences' features are mixed by learned coefficients",
            mix_at="sentence",
            wrap=_mixed_by("NonlinearMixup"),
            against="sent",
            style={"color": "#009E73", "linestyle": "-."},
        ),
    )
}


@dataclasses.dataclass(frozen=True)
class Place:
    """Where a table's runs mix, and what they are then called.

    Attributes:
        title: String, in tables and figures.
        mixup, amp: Strings, the names of Mixup and of AMP there.
    """

    title: str
    mixup: str
    amp: str


PLACES = {
    "word": Place("words mixed", "word", "word-amp"),
    "sent": Place("sentences mixed", "sent", "sent-amp"),
}
