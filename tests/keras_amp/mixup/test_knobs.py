"""The knobs beside alpha and epsilon: where they end, and what they do."""

import keras
import numpy as np
import pytest
from keras import layers, ops

import keras_amp
from tests.helpers import (
    assert_same_weights,
    batch,
    classifier,
    compiled,
    given,
    text_model,
)

LAM = np.array([0.9, 0.3, 0.5, 0.2, 0.6, 0.7], "float32")
PARTNER = np.array([3, 0, 2, 5, 1, 4], "int32")
KINDS = {
    "Mixup": keras_amp.Mixup,
    "AdversarialMixup": lambda *args, **kwargs: keras_amp.AdversarialMixup(
        *args, epsilon=0.3, **kwargs
    ),
    "NonlinearMixup": keras_amp.NonlinearMixup,
}
each_kind = pytest.mark.parametrize("kind", KINDS)


def after(model, x, y):
    """A compiled model's classifier's weights and history after two epochs."""
    history = model.fit(x, y, batch_size=6, epochs=2, shuffle=False, verbose=0)
    return getattr(model, "model", model).get_weights(), history.history


@pytest.mark.parametrize(
    ("kind", "mix_at"),
    [("Mixup", "hidden"), *((kind, ["hidden", "above"]) for kind in KINDS)],
)
def test_none_mixed_is_the_classifier_by_itself(kind, mix_at):
    x, y = batch(20)
    plain, wrapped = (classifier(dropout=0.5, batch_norm=True) for _ in "ab")
    wrapped.set_weights(plain.get_weights())
    model = KINDS[kind](wrapped, mix_at, mix_share=0.0)
    keras.utils.set_random_seed(7)
    got, history = after(compiled(model, metrics=["accuracy"]), x, y)
    keras.utils.set_random_seed(7)
    expected, logs = after(compiled(plain, metrics=["accuracy"]), x, y)
    assert_same_weights(got, expected, rtol=0, atol=0)
    assert {key: history[key] for key in logs} == logs


@each_kind
def test_all_mixed_draws_nothing_more(kind):
    x, y = batch(20)
    models = [KINDS[kind](classifier(), "hidden", seed=0) for _ in "ab"]
    models[1].set_weights(models[0].get_weights())
    models[1].mix_share = 0.5
    models[1].mix_share = 1.0
    weights = [after(compiled(model), x, y)[0] for model in models]
    assert_same_weights(*weights, rtol=0, atol=0)


def seen_by(kind):
    """A wrapper of this kind that keeps the pairs and λ of its last step."""
    model = KINDS[kind](classifier(), "hidden", seed=0, mix_share=0.5)
    count = model.count

    def keep(outcome):
        model.last = outcome
        count(outcome)

    model.count = keep
    return compiled(model, run_eagerly=True)


@pytest.mark.tensorflow  # where an eager step can be looked into
@each_kind
def test_who_is_not_mixed_stays_as_it_is(kind):
    x, y = batch(400)
    model = seen_by(kind)
    hidden = []
    upper = model.upper

    class Looking:
        crossing = upper.crossing
        is_batched = upper.is_batched

        def __call__(self, tensors, training):
            hidden.append(ops.convert_to_numpy(tensors[0]))
            return upper(tensors, training=training)

    place = model._places[0]
    looking = type(place)(place.call, place.lower, Looking())
    object.__setattr__(model, "_places", (looking,))
    expected = ops.convert_to_numpy(model.lower(ops.convert_to_tensor(x))[0])
    model.train_on_batch(x, y)
    is_mixed = ops.convert_to_numpy(model.last.pairs.is_mixed)
    # Five standard deviations of 400 draws.
    assert abs(is_mixed.mean() - 0.5) <= 5 * np.sqrt(0.25 / 400)
    for lam in (model.last.pairs.lam, model.last.lam, model.last.lam_inputs):
        if lam is not None:
            lam = ops.convert_to_numpy(lam)
            np.testing.assert_array_equal(lam[~is_mixed], 1)
            assert np.mean(lam[is_mixed] < 1) > 0.8
    # What the pass that is trained on saw, the last one.
    same = np.all(hidden[-1] == expected, axis=1)
    assert np.all(same[~is_mixed])
    assert np.mean(same[is_mixed]) < 0.2
    if model.last.gain is not None:
        gain = ops.convert_to_numpy(model.last.gain)
        np.testing.assert_array_equal(gain[~is_mixed], 0)


def test_a_share_is_a_step_at_the_lams_that_are_left():
    x, y = batch()
    is_mixed = np.array([True, False, True, True, False, False])

    class Given(keras_amp.Mixup):
        def pair_up(self, hidden, y, sample_weight):
            return keras_amp.mixup.Pairs.of_batch(
                y,
                sample_weight,
                ops.where(is_mixed, LAM, 1.0),
                PARTNER,
                ops.convert_to_tensor(is_mixed),
            )

    one, other = classifier(), classifier()
    other.set_weights(one.get_weights())
    model = compiled(Given(one, "hidden"))
    lam = np.where(is_mixed, LAM, 1).astype("float32")
    expected = compiled(given(keras_amp.Mixup(other, "hidden"), lam, PARTNER))
    for wrapper in (model, expected):
        wrapper.train_on_batch(x, y)
    assert_same_weights(one.get_weights(), other.get_weights(), rtol=1e-6)


@pytest.mark.tensorflow
@each_kind
def test_a_folded_mixture_is_its_own_example_for_the_most_part(kind):
    x, y = batch(100)
    model = seen_by(kind)
    model.mix_share, model.fold = 1.0, True
    model.train_on_batch(x, y)
    lam = ops.convert_to_numpy(model.last.pairs.lam)
    assert 0.5 <= lam.min() < 0.6 < lam.max()
    model.fold = False
    model.train_on_batch(x, y)
    assert ops.convert_to_numpy(model.last.pairs.lam).min() < 0.4


@each_kind
def test_a_half_is_folded_onto_itself(kind):
    x, y = batch()
    models = [
        compiled(
            given(
                KINDS[kind](classifier(), "hidden", seed=0),
                0 * LAM + 0.5,
                PARTNER,
            )
        )
        for _ in "ab"
    ]
    models[1].set_weights(models[0].get_weights())
    models[1].fold = True
    if kind == "NonlinearMixup":  # It draws of its own.
        for model in models:
            model.choose_lam = lambda upper, hidden, pairs: (
                keras_amp.mixup.Found(pairs.lam)
            )
    for model in models:
        model.train_on_batch(x, y)
    assert_same_weights(
        *(model.get_weights() for model in models), rtol=0, atol=0
    )


def with_penalties():
    """Penalties of weights, below the cut, and on both sides' activities."""
    l2 = keras.regularizers.L2(0.1)
    return keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(5, kernel_regularizer=l2, activity_regularizer=l2),
            layers.Dense(5, activation="tanh", name="hidden"),
            layers.Dense(4, activity_regularizer=l2),
            layers.Dense(3, bias_regularizer=l2),
        ]
    )


@each_kind
@pytest.mark.parametrize("build", [classifier, with_penalties])
def test_clean_weight_averages_two_steps(kind, build):
    """With gradient descent, a step on a mean is the mean of two steps."""
    x, y = batch()
    begin = build().get_weights()
    sample_weight = np.array([1, 2, 0.5, 3, 0, 1], "float32")

    def wrapped(**knobs):
        model = KINDS[kind](build(), "hidden", seed=0, **knobs)
        model.model.set_weights(begin)
        given(model, LAM, PARTNER)
        compiled(model, optimizer=keras.optimizers.SGD(0.1))
        return model, [(one, one.numpy()) for one in model.variables]

    def step(model, state):
        """The loss and weights of a step from a state, which it leaves."""
        for variable, value in state:
            variable.assign(value)
        model.reset_metrics()  # which are no variables of older models
        loss = model.train_on_batch(
            x, y, sample_weight=sample_weight, return_dict=True
        )["loss"]
        return [loss, *model.model.get_weights()]

    plain, mixed = step(*wrapped(mix_share=0.0)), step(*wrapped())
    # A weight is assigned to a step that was made for another.
    model, state = wrapped(clean_weight=3.0)
    for weight in (0.5, 1.0, 1e7):
        model.clean_weight = weight
        expected = [
            (weight * one + other) / (1 + weight)
            for one, other in zip(plain, mixed, strict=True)
        ]
        assert_same_weights(step(model, state), expected, rtol=1e-5, atol=1e-6)


def all_knobs():
    return {
        "mix_share": 0.75,
        "fold": True,
        "clean_weight": 1.0,
        "partner": "other-class",
    }


def in_all_ways():
    """Each kind as a graph, one in each other way, the others when slow."""
    for kind in KINDS:
        yield pytest.param(kind, {}, 14, id=kind)
        marks = () if kind == "AdversarialMixup" else pytest.mark.slow
        eager, xla = {"run_eagerly": True}, {"jit_compile": True}
        yield pytest.param(kind, eager, 14, marks=marks, id=f"{kind}-eager")
        # XLA compiles once for each size of a batch.
        marks = [pytest.mark.tensorflow, *([marks] if marks else [])]
        yield pytest.param(kind, xla, 15, marks=marks, id=f"{kind}-xla")


@pytest.mark.parametrize(("kind", "how", "size"), [*in_all_ways()])
def test_all_together_train_words_and_sentences(kind, how, size):
    ids = np.random.default_rng(0).integers(1, 20, (size, 7)).astype("int32")
    y = np.arange(size) % 3
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = KINDS[kind](text_model(), ["word", "sentence"], **all_knobs())
        compiled(model, metrics=["accuracy"], **how)
        history = model.fit(
            ids, y, batch_size=5, epochs=2, verbose=0, class_weight={1: 2.0}
        ).history
    finally:
        keras.config.set_dtype_policy("float32")
    assert np.all(np.isfinite(history["loss"]))


@pytest.mark.tensorflow  # which says how often it traces
def test_a_new_trace_is_needed_where_the_step_is_another_alone():
    traces = []

    class Counting(keras_amp.AdversarialMixup):
        def train_step(self, data):
            traces.append(len(traces))
            return super().train_step(data)

    x, y = batch()
    model = compiled(Counting(classifier(), "hidden", **all_knobs()))
    model.train_on_batch(x, y)
    for knob, value, expected in [
        ("mix_share", 0.5, 1),
        ("fold", False, 1),
        ("clean_weight", 0.25, 1),
        ("epsilon", 0.0, 1),
        ("partner", "other-class", 1),
        ("mix_share", 0.0, 2),
        ("mix_share", 0.5, 3),
        ("partner", "any", 4),
        ("clean_weight", 0.0, 5),
    ]:
        setattr(model, knob, value)
        model.train_on_batch(x, y)
        assert (knob, len(traces)) == (knob, expected)


def test_a_saved_model_keeps_its_knobs(tmp_path):
    model = compiled(keras_amp.Mixup(classifier(), "hidden", **all_knobs()))
    model.mix_share = 0.25
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    knobs = {**all_knobs(), "mix_share": 0.25}
    assert {name: getattr(loaded, name) for name in knobs} == knobs
    assert [id(w) for w in loaded.weights] == [
        id(w) for w in loaded.model.weights
    ]


@pytest.mark.parametrize(
    ("knob", "value", "kind"),
    [
        ("mix_share", -0.1, ValueError),
        ("mix_share", 1.1, ValueError),
        ("mix_share", float("nan"), ValueError),
        ("fold", 1, TypeError),
        ("clean_weight", -1.0, ValueError),
        ("clean_weight", float("inf"), ValueError),
        ("partner", "someone", ValueError),
    ],
)
def test_what_is_no_knob_is_refused_and_changes_nothing(knob, value, kind):
    model = keras_amp.Mixup(classifier(), "hidden", **all_knobs())
    with pytest.raises(kind, match=f"`{knob}`"):
        setattr(model, knob, value)
    with pytest.raises(kind, match=f"`{knob}`"):
        keras_amp.Mixup(classifier(), "hidden", **{knob: value})
    assert getattr(model, knob) == all_knobs()[knob]
