"""What Keras' own trainer does with a model, it does with a wrapper."""

import functools

import keras
import numpy as np
import pytest
from keras import layers

from keras_amp import AdversarialMixup, Mixup
from tests.helpers import (
    assert_same_weights,
    batch,
    compiled,
    cross_entropy,
    unmixed,
)

BACKEND = keras.backend.backend()
# Keras takes one step at a time on PyTorch.
SEVERAL = 1 if BACKEND == "torch" else 2
X, Y = batch(22)
OPTIONS = {"batch_size": 4, "shuffle": False, "verbose": 0}
# At λ = 1 each trains as the classifier without it.
KINDS = {
    "Mixup": Mixup,
    "AdversarialMixup": lambda *args: AdversarialMixup(*args, epsilon=0.0),
}
OWN = {"adversarial_share", "lam_shift", "loss_gain"}


def classifier():
    inputs = keras.Input((4,), name="features")
    x = layers.Dense(5, activation="tanh", name="hidden")(inputs)
    x = layers.BatchNormalization(name="norm")(x)
    x = layers.Dense(6, kernel_constraint="non_neg", name="above")(x)
    return keras.Model(inputs, layers.Dense(3, name="out")(x))


def built(kind, **options):
    """A classifier, or a wrapper around it that mixes nothing; compiled."""
    keras.utils.set_random_seed(3)
    model = classifier()
    if kind is not None:
        model = KINDS[kind](model, "hidden")
        model.draw = unmixed
    options = {
        "metrics": ["accuracy"],
        "optimizer": keras.optimizers.SGD(0.3, 0.9),
        **options,
    }
    return compiled(model, **options)


def weights_of(model):
    return getattr(model, "model", model).get_weights()


def assert_alike(wrapper, plain, **tolerance):
    tolerance = {"rtol": 1e-4, "atol": 1e-6} | tolerance
    assert_same_weights(weights_of(wrapper), weights_of(plain), **tolerance)


def without_own(logs):
    return {name: of for name, of in logs.items() if name not in OWN}


def assert_same_logs(got, expected):
    assert {*without_own(got)} == {*expected}
    for name, value in expected.items():
        assert got[name] == pytest.approx(value, rel=1e-4), name


@pytest.mark.filterwarnings("ignore:Your input ran out of data")
@pytest.mark.parametrize(
    ("kind", "options", "steps_per_epoch"),
    [
        ("Mixup", {}, None),
        ("AdversarialMixup", {"run_eagerly": True}, 8),
        ("AdversarialMixup", {"steps_per_execution": SEVERAL}, 4),
    ],
)
def test_fit_and_its_history(kind, options, steps_per_epoch):
    wrapper, plain = built(kind, **options), built(None, **options)
    before = weights_of(plain)
    histories = [
        model.fit(
            X,
            Y,
            epochs=3,
            steps_per_epoch=steps_per_epoch,
            validation_data=(X[:9], Y[:9]),
            **OPTIONS,
        )
        for model in (wrapper, plain)
    ]
    got, expected = histories
    assert got.epoch == expected.epoch
    assert_same_logs(got.history, expected.history)
    assert_alike(wrapper, plain)
    assert np.min(wrapper.get_layer("above").kernel.numpy()) >= 0
    assert not np.allclose(before[0], weights_of(plain)[0])


class Diary(keras.callbacks.Callback):
    """Writes down each hook that Keras calls, and with what."""

    def __init__(self):
        super().__init__()
        self.entries = []
        for hook in dir(self):
            if hook.startswith("on_") and hook.endswith(("begin", "end")):
                setattr(self, hook, self._writer(hook))

    def _writer(self, hook):
        def write(*args, logs=None):
            *number, logs = args if logs is None else (*args, logs)
            self.entries.append((hook, *number, {*(logs or ())}))

        return write


def test_callbacks_are_called_with_the_same_numbers():
    diaries = []
    for kind in ("AdversarialMixup", None):
        model = built(kind, steps_per_execution=SEVERAL)
        diary = Diary()
        model.fit(
            X,
            Y,
            epochs=2,
            validation_data=(X[:9], Y[:9]),
            callbacks=[diary],
            **OPTIONS,
        )
        model.evaluate(X, Y, batch_size=4, callbacks=[diary], verbose=0)
        model.predict(X, batch_size=4, callbacks=[diary], verbose=0)
        diaries.append(diary.entries)
    got, expected = diaries
    trained = ("on_train_batch_end", "on_batch_end", "on_epoch_end")
    for (hook, *rest, logs), entry in zip(got, expected, strict=True):
        # What a wrapper counts while training, and only then.
        is_own = hook in (*trained, "on_train_end")
        assert logs & OWN == (OWN if is_own else set()), hook
        assert (hook, *rest, logs - OWN) == entry
    assert len(expected) > 20


def test_training_stops_in_the_middle_of_an_epoch():
    class Stop(keras.callbacks.Callback):
        def on_train_batch_end(self, step, logs=None):
            if self.model.optimizer.iterations == 8:
                self.model.stop_training = True

    models = [
        built(kind, steps_per_execution=SEVERAL)
        for kind in ("AdversarialMixup", None)
    ]
    histories = [
        model.fit(X, Y, epochs=5, callbacks=[Stop()], **OPTIONS)
        for model in models
    ]
    # Six steps are an epoch: the second ends after two.
    assert int(models[0].optimizer.iterations) == 8
    assert histories[0].epoch == [0, 1]
    assert_same_logs(histories[0].history, histories[1].history)
    assert_alike(*models)
    models[0].fit(X, Y, **OPTIONS)
    assert int(models[0].optimizer.iterations) == 14


@pytest.mark.parametrize("asked", ["evaluate", "predict"])
def test_asking_stops_too(asked):
    class Stop(keras.callbacks.Callback):
        batches = 0

        def stop(self, step, logs=None):
            self.batches += 1
            self.model.stop_evaluating = self.batches == 2
            self.model.stop_predicting = self.batches == 2

        on_test_batch_end = on_predict_batch_end = stop

    def endless():
        while True:
            yield (X[:4], Y[:4]) if asked == "evaluate" else (X[:4],)

    wrapper, stop = built("AdversarialMixup"), Stop()
    getattr(wrapper, asked)(endless(), callbacks=[stop], verbose=0)
    assert stop.batches == 2


@pytest.mark.parametrize(
    ("options", "weights"),
    [
        ({}, {}),
        ({"run_eagerly": True}, {"class_weight": {0: 1.0, 1: 2.0, 2: 0.5}}),
        ({"run_eagerly": True}, {"sample_weight": np.linspace(0, 2, 22)}),
    ],
    ids=["none", "of classes", "of examples"],
)
def test_single_batches(options, weights):
    models = [
        built(kind, weighted_metrics=["accuracy"], **options)
        for kind in ("AdversarialMixup", None)
    ]
    for _ in range(2):  # logs are those of all batches since the reset
        got, expected = (
            model.train_on_batch(X, Y, return_dict=True, **weights)
            for model in models
        )
        assert_same_logs(got, expected)
    assert_alike(*models)
    of_test = {name: of for name, of in weights.items() if name[0] == "s"}
    for asked in (False, True):
        got, expected = (
            model.test_on_batch(X, Y, return_dict=asked, **of_test)
            for model in models
        )
        if asked:
            assert_same_logs(got, expected)
        else:
            assert got == pytest.approx(expected, rel=1e-4)
    got, expected = (model.predict_on_batch(X) for model in models)
    np.testing.assert_allclose(got, expected, rtol=1e-3, atol=1e-4)


def halve_the_learning_rate(model):
    model.optimizer.learning_rate = 0.5 * float(model.optimizer.learning_rate)


def halve_the_weights(model):
    of = getattr(model, "model", model)
    of.set_weights([0.5 * weight for weight in of.get_weights()])


def assign_one_weight(model):
    model.get_layer("out").bias.assign(np.array([1.0, 0.0, -1.0], "float32"))


def forget_what_was_counted(model):
    model.reset_metrics()


class Changing(keras.callbacks.Callback):
    """Changes something before or behind the third and later steps."""

    def __init__(self, when, change):
        super().__init__()

        def change_late(step, logs=None):
            if step >= 2:
                change(self.model)

        setattr(self, f"on_train_batch_{when}", change_late)


def fitted(kind, *callbacks):
    model = built(kind, steps_per_execution=SEVERAL)
    history = model.fit(X, Y, epochs=2, callbacks=[*callbacks], **OPTIONS)
    return model, history.history


@functools.cache
def unchanged():
    return fitted(None)[1]["loss"]


@pytest.mark.parametrize(
    ("when", "change"),
    [
        ("begin", halve_the_learning_rate),
        ("end", halve_the_weights),
        ("begin", assign_one_weight),
        ("end", forget_what_was_counted),
    ],
)
def test_what_a_callback_changes_the_next_step_sees(when, change):
    wrapper, got = fitted("AdversarialMixup", Changing(when, change))
    plain, expected = fitted(None, Changing(when, change))
    assert_same_logs(got, expected)
    assert_alike(wrapper, plain)
    assert expected["loss"] != pytest.approx(unchanged(), rel=1e-4)


def test_keras_own_callbacks():
    def callbacks():
        return [
            keras.callbacks.LearningRateScheduler(
                lambda epoch, rate: 0.8 * rate
            ),
            keras.callbacks.ReduceLROnPlateau("loss", patience=0, min_delta=9),
            keras.callbacks.EarlyStopping(
                "val_loss", mode="max", patience=1, restore_best_weights=True
            ),
            keras.callbacks.SwapEMAWeights(swap_on_epoch=True),
            keras.callbacks.TerminateOnNaN(),
        ]

    models, histories = [], []
    for kind in ("AdversarialMixup", None):
        optimizer = keras.optimizers.SGD(0.3, use_ema=True, ema_momentum=0.5)
        model = built(kind, optimizer=optimizer)
        history = model.fit(
            X,
            Y,
            epochs=6,
            validation_data=(X[:9], Y[:9]),
            callbacks=callbacks(),
            **OPTIONS,
        )
        models.append(model)
        histories.append(history)
    got, expected = histories
    assert got.epoch == expected.epoch
    assert len(got.epoch) < 6
    assert_same_logs(got.history, expected.history)
    assert_alike(*models)


@pytest.mark.skipif(
    BACKEND == "torch", reason="on PyTorch each step runs as it is"
)
@pytest.mark.parametrize("steps_per_execution", [1, 3])
def test_a_step_is_traced_once_until_it_is_compiled_again(steps_per_execution):
    traces = []

    class Counting(AdversarialMixup):
        def train_step(self, *args):
            traces.append(1)
            return super().train_step(*args)

    wrapper = Counting(classifier(), "hidden")
    options = {"steps_per_execution": steps_per_execution}
    compiled(wrapper, **options)
    for _ in range(2):
        wrapper.fit(X[:20], Y[:20], epochs=3, **OPTIONS)
        wrapper.evaluate(X, Y, batch_size=4, verbose=0)
    first = len(traces)
    # TensorFlow looks at the first batch and again at what varies; JAX traces
    # single steps and several in one.
    assert first <= 2
    compiled(wrapper, **options)
    wrapper.fit(X[:20], Y[:20], epochs=3, **OPTIONS)
    assert first < len(traces) <= 2 * first


def test_what_is_frozen_and_compiled_again_stays_as_it_is():
    models = [built(kind) for kind in ("AdversarialMixup", None)]
    moved = []
    for is_trainable in (False, True):
        for model in models:
            model.get_layer("hidden").trainable = is_trainable
            compiled(model)
            before = model.get_layer("hidden").get_weights()
            model.fit(X, Y, epochs=2, **OPTIONS)
            after = model.get_layer("hidden").get_weights()
            moved.append(not np.array_equal(before[0], after[0]))
        assert_alike(*models)
    assert moved == [False, False, True, True]


def test_a_whole_wrapper_is_frozen():
    wrapper = built("AdversarialMixup")
    wrapper.trainable = False
    assert not wrapper.model.trainable_weights
    wrapper.trainable = True
    assert wrapper.model.trainable_weights


def test_compiled_anew_it_counts_and_loses_anew():
    wrapper = built("AdversarialMixup", metrics=["accuracy"])
    first = wrapper.fit(X, Y, **OPTIONS).history
    top = keras.metrics.SparseTopKCategoricalAccuracy(2, name="top2")
    compiled(
        wrapper,
        lambda y, outputs: 0.0 * outputs[..., 0],
        metrics=[top],
    )
    second = wrapper.fit(X, Y, **OPTIONS).history
    assert {*first} == {"loss", "accuracy"} | OWN
    assert {*second} == {"loss", "top2"} | OWN
    assert first["loss"] > second["loss"] == [0]
    evaluated = wrapper.evaluate(X, Y, verbose=0, return_dict=True)
    assert {*evaluated} == {"loss", "top2"}


@pytest.mark.filterwarnings("ignore:`shuffle=")
def test_endless_data_are_trained_and_validated_on_for_as_many_steps():
    def endless(asked):
        while True:
            asked.append(1)
            yield X[:4], Y[:4]

    seen = Diary()
    wrapper = built("AdversarialMixup")
    wrapper.fit(
        endless([]),
        steps_per_epoch=3,
        validation_data=endless([]),
        validation_steps=2,
        epochs=2,
        callbacks=[seen],
        verbose=0,
    )
    hooks = [hook for hook, *_ in seen.entries]
    assert hooks.count("on_train_batch_end") == 6
    assert hooks.count("on_test_batch_end") == 4
    assert int(wrapper.optimizer.iterations) == 6


def test_validation_that_failed_leaves_nothing_behind():
    wrapper = built("AdversarialMixup")
    with pytest.raises(Exception, match=r"(?i)shape|dim|expected"):
        wrapper.fit(
            X, Y, validation_data=(X[:, :3], Y), validation_freq=1, **OPTIONS
        )
    history = wrapper.fit(X, Y, validation_data=(X, Y), **OPTIONS).history
    usual = {"loss", "accuracy"}
    assert {*history} == usual | OWN | {f"val_{name}" for name in usual}


@pytest.mark.parametrize("kind", KINDS)
def test_without_compile_there_is_no_fit(kind):
    wrapper = KINDS[kind](classifier(), "hidden")
    assert not wrapper.compiled
    methods = [wrapper.fit, wrapper.train_on_batch]
    # On PyTorch, Keras' own `evaluate` misses an attribute first.
    if BACKEND != "torch":
        methods.append(wrapper.evaluate)
    for asked in methods:
        with pytest.raises(ValueError, match=r"must call `compile\(\)`"):
            asked(X, Y)


@pytest.mark.parametrize("kind", KINDS)
def test_the_loss_is_scaled_where_the_classifier_is_in_float16(kind):
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = classifier()
    finally:
        keras.config.set_dtype_policy("float32")
    plain = keras.models.clone_model(model)
    wrapper = KINDS[kind](model, "hidden")
    for one in (plain, wrapper):
        one.compile("sgd", cross_entropy())
    assert type(wrapper.optimizer) is type(plain.optimizer)
