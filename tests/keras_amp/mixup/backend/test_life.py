"""A wrapper's life, on whichever backend Keras runs."""

import keras
import numpy as np
import pytest

from keras_amp import AdversarialMixup, Mixup, NonlinearMixup
from tests.helpers import (
    assert_same_weights,
    batch,
    classifier,
    compiled,
    cross_entropy,
    given,
    text_model,
    weights_after,
)

BACKEND = keras.backend.backend()
X, Y = batch(12)
LAM = np.linspace(0.05, 0.95, 12, dtype="float32")
PARTNER = np.roll(np.arange(12), 5)


def amp(mix_at="hidden", dropout=0.5, **options):
    options = {"epsilon": 0.3, "seed": 1} | options
    model = classifier(dropout=dropout, batch_norm=True)
    return AdversarialMixup(model, mix_at, **options)


def numbers(variables):
    return [np.array(variable.numpy()) for variable in variables]


def test_lam_one_is_plain_training():
    model = classifier(batch_norm=True)
    plain = keras.models.clone_model(model)
    plain.set_weights(model.get_weights())
    wrapper = given(Mixup(model, "hidden"), np.ones(12), PARTNER)
    got = compiled(wrapper).train_on_batch(X, Y, return_dict=True)["loss"]
    loss = compiled(plain).train_on_batch(X, Y)
    assert got == pytest.approx(float(loss), rel=1e-6)
    assert_same_weights(
        model.get_weights(), plain.get_weights(), rtol=1e-5, atol=1e-7
    )


def seeded():
    return classifier(dropout=0.5, batch_norm=True), "hidden", X


def unseeded():
    # Its dropout has no seed, for which PyTorch has a generator of its own.
    ids = np.random.default_rng(0).integers(1, 20, (12, 7))
    return text_model(), "word", ids


@pytest.mark.parametrize("build", [seeded, unseeded])
def test_no_step_is_mixup_and_the_search_leaves_no_trace(build):
    states = []
    for kind, options in ((Mixup, {}), (AdversarialMixup, {"epsilon": 0.0})):
        keras.utils.set_random_seed(6)
        model, mix_at, x = build()
        wrapper = compiled(kind(model, mix_at, seed=1, **options))
        logs = wrapper.train_on_batch(x, Y, return_dict=True)
        weights_after(wrapper, x, Y)
        states.append(numbers(wrapper.variables))
    assert_same_weights(*states, rtol=1e-5, atol=1e-7)
    # All passes see the same noise, so that where nothing moves nothing gains.
    assert logs["loss_gain"] == pytest.approx(0, abs=1e-7)
    assert logs["lam_shift"] == 0


def test_what_is_assigned_while_training_takes_effect_without_a_new_trace():
    traces, shifts = [], []

    class Counting(AdversarialMixup):
        def choose_lam(self, upper, hidden, pairs):
            traces.append(pairs)
            return super().choose_lam(upper, hidden, pairs)

    wrapper = compiled(Counting(classifier(), "hidden", epsilon=0.0, seed=0))

    class Schedule(keras.callbacks.Callback):
        def on_train_batch_begin(self, step, logs=None):
            assert wrapper.epsilon == pytest.approx(0.1 * max(step - 1, 0))
            wrapper.epsilon = 0.1 * step

        def on_train_batch_end(self, step, logs=None):
            shifts.append(float(self.model.lam_shift.result()) * (step + 1))

    wrapper.fit(X, Y, batch_size=4, verbose=0, callbacks=[Schedule()])
    moved = np.diff([0, *shifts])
    assert moved[0] == 0
    assert 0 < moved[1] <= 0.1 + 1e-6
    assert 0 < moved[2] <= 0.2 + 1e-6
    assert wrapper.epsilon == pytest.approx(0.2)
    assert len(traces) <= (3 if BACKEND == "torch" else 2)


def test_fit_counts_validates_and_answers_as_the_classifier(tmp_path):
    wrapper = amp(["hidden", "above"])
    several = {} if BACKEND == "torch" else {"steps_per_execution": 2}
    compiled(wrapper, metrics=["accuracy"], **several)
    wrapper.histograms.start()
    history = wrapper.fit(
        X,
        Y,
        batch_size=4,
        epochs=2,
        verbose=0,
        validation_data=(X, Y),
        class_weight={0: 1.0, 1: 2.0, 2: 3.0},
        callbacks=[keras.callbacks.ModelCheckpoint(tmp_path / "it.keras")],
    ).history
    own = {"lam_shift", "adversarial_share", "loss_gain"}
    usual = {"loss", "accuracy"}
    assert {*history} == own | usual | {f"val_{name}" for name in usual}
    assert np.all(np.isfinite([*history.values()]))
    for histogram in wrapper.histograms.by_name.values():
        assert histogram.buckets()[:, 2].sum() == 24
    wrapper.train_on_batch(X[:4], Y[:4], sample_weight=np.ones(4))
    model = compiled(wrapper.model, metrics=["accuracy"])
    assert wrapper.evaluate(X, Y, verbose=0) == model.evaluate(X, Y, verbose=0)
    np.testing.assert_array_equal(
        wrapper.predict(X, verbose=0), model.predict(X, verbose=0)
    )
    loaded = keras.models.load_model(tmp_path / "it.keras")
    assert type(loaded) is AdversarialMixup


def test_a_run_that_is_interrupted_ends_as_one_that_is_not(tmp_path):
    class Interrupt(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 1:
                raise KeyboardInterrupt

    def fit(wrapper, *callbacks):
        compiled(wrapper, optimizer=keras.optimizers.Adam(0.01))
        wrapper.fit(
            X,
            Y,
            batch_size=6,
            epochs=2,
            shuffle=False,
            verbose=0,
            callbacks=[*callbacks],
        )
        return wrapper

    def new():
        keras.utils.set_random_seed(4)
        return amp()

    def backup():
        return keras.callbacks.BackupAndRestore(tmp_path / "backup")

    expected = fit(new())
    with pytest.raises(KeyboardInterrupt):
        fit(new(), backup(), Interrupt())
    resumed = new()
    resumed.seeds.state.assign([7, 7])
    fit(resumed, backup())
    assert_same_weights(numbers(resumed.variables), numbers(expected.variables))


def test_nonlinear_mixup_trains_at_several_places():
    ids = np.random.default_rng(0).integers(1, 20, (12, 7))
    wrapper = NonlinearMixup(text_model(), ["word", "sentence"], seed=0)
    before = wrapper.get_weights()
    history = compiled(wrapper).fit(ids, Y, epochs=2, verbose=0).history
    assert np.all(np.isfinite(history["loss"]))
    assert not np.allclose(before[0], wrapper.get_weights()[0])


def test_half_precision_trains_with_a_loss_scale():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = classifier(batch_norm=True)
    finally:
        keras.config.set_dtype_policy("float32")
    wrapper = AdversarialMixup(model, "hidden", epsilon=0.1, seed=0)
    sgd = keras.optimizers.SGD(0.1)
    compiled(wrapper, optimizer=keras.optimizers.LossScaleOptimizer(sgd))
    history = wrapper.fit(X, Y, batch_size=6, epochs=2, verbose=0).history
    assert np.all(np.isfinite(history["loss"]))
    assert history["lam_shift"][0] > 1e-4


def test_eager_steps_are_the_compiled_ones():
    results = []
    for options in ({}, {"run_eagerly": True}):
        keras.utils.set_random_seed(3)
        wrapper = given(amp(dropout=0.0), LAM, PARTNER)
        compiled(wrapper, **options)
        results.append(weights_after(wrapper, X, Y, steps=2))
    assert_same_weights(*results, rtol=1e-4, atol=1e-6)


def test_a_model_without_weights_to_train_is_warned_of():
    model = classifier()
    model.trainable = False
    wrapper = compiled(Mixup(model, "hidden", seed=0), cross_entropy())
    before = wrapper.get_weights()
    with pytest.warns(UserWarning, match="no trainable weights"):
        wrapper.train_on_batch(X, Y)
    assert_same_weights(wrapper.get_weights(), before)
