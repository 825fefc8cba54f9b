"""Mixtures first, then clean examples: when, and what the steps are then."""

import keras
import pytest

import keras_amp
from tests.helpers import assert_same_weights, batch, classifier, compiled

X, Y = batch(9)
KINDS = ["Mixup", "AdversarialMixup", "NonlinearMixup"]


def fit(model, epochs, callbacks=(), **options):
    """Three steps an epoch."""
    return model.fit(
        X,
        Y,
        batch_size=3,
        epochs=epochs,
        shuffle=False,
        verbose=0,
        callbacks=[*callbacks],
        **options,
    ).history


class Counting(keras_amp.Mixup):
    """Says which steps of a fit were mixed."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.steps = []

    def train_step(self, *args):
        self.steps.append(not self.mixes_nothing)
        return super().train_step(*args)


@pytest.mark.tensorflow  # elsewhere, what is eager is another step
@pytest.mark.parametrize(
    ("at", "mixed"),
    [(0, 0), (1, 3), (2, 6), (9, 9), (0.0, 0), (0.5, 4), (0.67, 6), (1.0, 9)],
)
def test_so_many_steps_are_mixed(at, mixed):
    model = compiled(Counting(classifier(), "hidden"), run_eagerly=True)
    fit(model, 3, [keras_amp.StopMixing(at)])
    assert model.steps == [True] * mixed + [False] * (9 - mixed)
    assert model.mix_share == 1.0


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("begin", "at", "mixed"),
    [
        (1, 2, range(3, 6)),
        (0.5, 1.0, range(4, 9)),
        (0.34, 2, range(3, 6)),
        (2, 1, []),
        (1.0, 1.0, []),
    ],
)
def test_mixing_begins_and_ends(begin, at, mixed):
    model = compiled(Counting(classifier(), "hidden"), run_eagerly=True)
    fit(model, 3, [keras_amp.StopMixing(at, begin)])
    assert [i for i, one in enumerate(model.steps) if one] == [*mixed]
    assert model.mix_share == 1.0


def test_what_is_assigned_while_training_stays():
    model = compiled(keras_amp.Mixup(classifier(), "hidden"))
    seen = []

    class Assigning(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            seen.append((self.model.mixes_nothing, self.model.mix_share))
            self.model.mix_share = 0.5

    fit(model, 2, [Assigning(), keras_amp.StopMixing(1)])
    assert seen == [(False, 1.0), *[(False, 0.5)] * 2, *[(True, 0.5)] * 3]
    assert not model.mixes_nothing
    assert model.mix_share == 0.5


def test_what_is_saved_after_the_mixing_mixes_as_it_was_set(tmp_path):
    model = keras_amp.AdversarialMixup(classifier(), "hidden", mix_share=0.75)
    path = tmp_path / "last.keras"
    checkpoint = keras.callbacks.ModelCheckpoint(path)
    fit(compiled(model), 2, [keras_amp.StopMixing(1), checkpoint])
    loaded = keras.models.load_model(path)
    assert loaded.mix_share == 0.75
    assert loaded.count_params() == model.model.count_params()
    history = fit(loaded, 2, [keras_amp.StopMixing(1)])
    assert [shift > 0 for shift in history["lam_shift"]] == [True, False]


@pytest.mark.parametrize("is_stopped_again", [False, True])
def test_an_interrupt_after_the_mixing_ends_the_pause(is_stopped_again):
    model = compiled(keras_amp.AdversarialMixup(classifier(), "hidden"))

    class Interrupt(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 2:
                assert self.model.mixes_nothing
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(model, 3, [keras_amp.StopMixing(1), Interrupt()])
    assert not model.mixes_nothing
    assert model.mix_share == 1.0
    callbacks = [keras_amp.StopMixing(1)] if is_stopped_again else []
    history = fit(model, 2, callbacks)
    mixed = [True, not is_stopped_again]
    assert [shift > 0 for shift in history["lam_shift"]] == mixed


def test_a_share_of_unknown_steps_is_one_of_epochs():
    model = compiled(keras_amp.AdversarialMixup(classifier(), "hidden"))

    class Endless(keras.callbacks.Callback):
        def set_params(self, params):
            params["steps"] = None

    stop = keras_amp.StopMixing(0.5)
    history = fit(model, 4, [Endless(), stop])
    assert [shift > 0 for shift in history["lam_shift"]] == [1, 1, 0, 0]
    with pytest.raises(ValueError, match=r"0\.5 of 1 rounds to none"):
        fit(model, 1, [Endless(), stop])


@pytest.mark.parametrize("kind", KINDS)
def test_the_steps_after_it_are_the_classifiers(kind):
    build = getattr(keras_amp, kind)
    model = compiled(build(classifier(dropout=0.5), "hidden", seed=0))
    twin = compiled(build(classifier(dropout=0.5), "hidden", seed=0))
    twin.set_weights(model.get_weights())
    fit(model, 4, [keras_amp.StopMixing(2)])
    fit(twin, 2)
    plain = compiled(twin.model)  # gradient descent, which keeps no state
    fit(plain, 2)
    assert_same_weights(
        model.model.get_weights(), plain.get_weights(), rtol=0, atol=0
    )


@pytest.mark.parametrize("at", [2, 0.5])
@pytest.mark.parametrize("interrupted", [1, 3])
def test_training_that_goes_on_stops_where_it_would_have(at, interrupted):
    model = compiled(keras_amp.AdversarialMixup(classifier(), "hidden", seed=0))
    twin = compiled(keras_amp.AdversarialMixup(classifier(), "hidden", seed=0))
    twin.set_weights(model.get_weights())
    history = fit(model, 4, [keras_amp.StopMixing(at)])

    class Interrupt(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == interrupted:
                raise KeyboardInterrupt

    stop = keras_amp.StopMixing(at)
    with pytest.raises(KeyboardInterrupt):
        fit(twin, 4, [Interrupt(), stop])
    rest = fit(twin, 4, [stop], initial_epoch=interrupted)
    assert rest["lam_shift"] == history["lam_shift"][interrupted:]
    assert_same_weights(model.get_weights(), twin.get_weights(), rtol=0, atol=0)
    assert twin.mix_share == 1.0


@pytest.mark.parametrize(
    ("at", "kind"),
    [
        (-1, ValueError),
        (1.5, ValueError),
        (float("nan"), ValueError),
        (True, TypeError),
        ("2", TypeError),
        (None, TypeError),
    ],
)
def test_what_is_no_part_of_a_training_is_refused(at, kind):
    with pytest.raises(kind, match=r"`at` must be .*Received: at="):
        keras_amp.StopMixing(at)
    with pytest.raises(kind, match=r"`begin` must be .*Received: begin="):
        keras_amp.StopMixing(1, begin=at)


def test_a_model_that_does_not_mix_is_refused():
    with pytest.raises(ValueError, match="needs a model that mixes"):
        fit(compiled(classifier()), 1, [keras_amp.StopMixing(1)])
