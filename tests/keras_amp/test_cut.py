import keras
import numpy as np
import pytest
from keras import layers, ops

from keras_amp import cut
from tests.helpers import (
    arrays,
    classifier,
    text_model,
)


def residual():
    inputs = keras.Input((4,), name="features")
    x = layers.Dense(4, name="first")(inputs)
    y = layers.BatchNormalization(name="norm")(x)
    y = layers.Dense(4, activation="relu", name="second")(y)
    return keras.Model(inputs, layers.Dense(2)(layers.Add(name="add")([x, y])))


def recurrent():
    ids = keras.Input((None,), dtype="int32", name="ids")
    x = layers.Embedding(20, 4, mask_zero=True, name="embedding")(ids)
    x = layers.LSTM(5, return_sequences=True, name="lstm")(x)
    return keras.Model(ids, layers.Dense(2)(layers.GRU(3, name="gru")(x)))


def two_inputs():
    ids = keras.Input((3,), dtype="int32", name="ids")
    extra = keras.Input((2,), name="extra")
    x = layers.Flatten()(layers.Embedding(20, 4, name="embedding")(ids))
    x = layers.Concatenate(name="joined")([x, extra])
    return keras.Model({"ids": ids, "extra": extra}, layers.Dense(2)(x))


def nested():
    inner = keras.Sequential(
        [
            keras.Input((4,), name="entry"),
            layers.Dense(3, name="a"),
            layers.Dense(3, activation="relu", name="b"),
        ],
        name="inner",
    )
    inputs = keras.Input((4,), name="features")
    x = inner(layers.Dense(4, name="before")(inputs))
    return keras.Model(inputs, layers.Dense(2, name="after")(x))


def sequential():
    return keras.Sequential(
        [keras.Input((4,), name="features"), layers.Dense(3, name="a")]
    )


FEATURES = np.random.default_rng(0).normal(size=(5, 4)).astype("float32")
IDS = np.array([[3, 4, 5], [6, 7, 0], [8, 0, 0]], "int32")
CASES = {
    "functional": (
        classifier,
        FEATURES,
        ["features", "hidden", "above", "out"],
    ),
    "residual": (residual, FEATURES, ["features", "first", "norm", "second"]),
    "masked": (recurrent, IDS, ["embedding", "lstm", "gru"]),
    "dict": (
        two_inputs,
        {"ids": IDS, "extra": np.ones((3, 2), "float32")},
        ["embedding", "extra", "joined"],
    ),
    "nested": (
        nested,
        FEATURES,
        ["before", "inner", "inner/entry", "inner/a", "inner/b", "after"],
    ),
    "sequential": (sequential, FEATURES, ["features", "a"]),
    "text": (text_model, IDS, ["embedding", "word", "conv_3", "sentence"]),
}


@pytest.mark.parametrize(
    ("build", "x", "name"),
    [
        pytest.param(build, x, name, id=f"{case}-{name}")
        for case, (build, x, names) in CASES.items()
        for name in names
    ],
)
def test_upper_of_lower_is_the_model(build, x, name):
    model = build()
    lower, upper = cut(model, name)
    np.testing.assert_allclose(
        *arrays(upper(lower(x)), model(x)), rtol=1e-6, atol=1e-7
    )
    np.testing.assert_allclose(
        *arrays(upper(lower(x, training=False), training=False), model(x)),
        atol=1e-7,
    )


def test_halves_share_the_weights_and_split_them():
    model = classifier()
    lower, upper = cut(model, "hidden")
    shared = [*lower.weights, *upper.weights]
    assert {id(w) for w in shared} == {id(w) for w in model.weights}
    model.get_layer("out").bias.assign([1.0, 2.0, 3.0])
    np.testing.assert_array_equal(
        *arrays(upper(lower(FEATURES)), model(FEATURES))
    )


def test_the_model_is_left_as_it_was():
    model = classifier()
    calls = {layer.name: len(layer._inbound_nodes) for layer in model.layers}
    cut(model, "hidden")
    after = {layer.name: len(layer._inbound_nodes) for layer in model.layers}
    assert after == calls
    assert model.get_layer("out").output.shape == (None, 3)


def test_training_reaches_the_layers():
    model = classifier(dropout=0.9, batch_norm=True)
    lower, upper = cut(model, "hidden")
    hidden = lower(FEATURES)
    state = [v.numpy() for v in model.non_trainable_variables]
    noisy = upper(hidden, training=True)
    moved = [v.numpy() for v in model.non_trainable_variables]
    for variable, before in zip(
        model.non_trainable_variables, state, strict=True
    ):
        variable.assign(before)
    np.testing.assert_allclose(*arrays(noisy, model(FEATURES, training=True)))
    assert not np.allclose(*arrays(noisy, upper(hidden, training=False)))
    for variable, after in zip(
        model.non_trainable_variables, moved, strict=True
    ):
        np.testing.assert_allclose(variable, after)


def test_the_layers_own_output_comes_first():
    hidden = cut(residual(), "second")[0](FEATURES)
    model = residual()
    lower, _ = cut(model, "second")
    second = keras.Model(model.input, model.get_layer("second").output)
    np.testing.assert_allclose(
        *arrays(lower(FEATURES)[0], second(FEATURES)), rtol=1e-6
    )
    assert len(hidden) == 2


def test_explicit_masks_cross():
    lower, _ = cut(text_model(), "word")
    word, mask = lower(IDS)
    assert word.shape == (3, 3, 6)
    np.testing.assert_array_equal(*arrays(mask, IDS != 0))


def test_int_masks_cross_by_their_name():
    class Times(layers.Layer):
        def call(self, x, mask):
            return x * ops.cast(ops.expand_dims(mask, -1), x.dtype)

    ids = keras.Input((3,), dtype="int32", name="ids")
    mask = keras.Input((3,), dtype="int32", name="padding_mask")
    x = layers.Embedding(20, 4, name="embedding")(ids)
    x = layers.Flatten()(Times()(x, mask))
    model = keras.Model({"ids": ids, "padding_mask": mask}, layers.Dense(2)(x))
    lower, upper = cut(model, "embedding")
    inputs = {"ids": IDS, "padding_mask": np.array([[1, 1, 0]] * 3, "int32")}
    _, crossed = lower(inputs)
    assert keras.backend.standardize_dtype(crossed.dtype) == "int32"
    np.testing.assert_allclose(
        *arrays(upper(lower(inputs)), model(inputs)), rtol=1e-6
    )


def refused(model, name):
    with pytest.raises((ValueError, TypeError)) as error:
        cut(model, name)
    return str(error.value)


def test_unknown_layers_are_refused_with_those_that_can_be_cut():
    message = refused(text_model(), "words")
    assert "no layer 'words'" in message
    assert "Did you mean 'word'?" in message
    assert "sentence" in message
    assert " ids" not in message.partition("These can be cut:")[2]


def test_integers_are_refused():
    message = refused(recurrent(), "ids")
    assert "int32 tensor 'ids' crosses the cut" in message


def test_layers_beside_the_output_are_refused():
    inputs = keras.Input((4,))
    x = layers.Dense(3, name="used")(inputs)
    model = keras.Model(inputs, x)
    keras.Model(inputs, layers.Dense(3, name="aside")(inputs))
    assert "no layer 'aside'" in refused(model, "aside")


def test_layers_applied_to_their_own_output_are_refused():
    dense = layers.Dense(4, name="again")
    inputs = keras.Input((4,))
    model = keras.Model(inputs, layers.Dense(2)(dense(dense(inputs))))
    assert "called several times" in refused(model, "again")


def test_siamese_layers_are_cut_at_every_call():
    dense = layers.Dense(4, name="twin")
    left, right = keras.Input((4,), name="l"), keras.Input((4,), name="r")
    x = layers.Concatenate()([dense(left), dense(right)])
    model = keras.Model([left, right], layers.Dense(2)(x))
    lower, upper = cut(model, "twin")
    inputs = [FEATURES, 2 * FEATURES]
    assert len(lower(inputs)) == 2
    np.testing.assert_allclose(
        *arrays(upper(lower(inputs)), model(inputs)), rtol=1e-6
    )


@pytest.mark.parametrize("form", [list, tuple, "dict"])
def test_several_outputs_come_as_the_model_puts_them_out(form):
    inputs = keras.Input((4,))
    x = layers.Dense(3, name="x")(inputs)
    outputs = [layers.Dense(2)(x), layers.Dense(1)(x)]
    made = {"b": outputs[0], "a": outputs[1]} if form == "dict" else None
    model = keras.Model(inputs, made or form(outputs))
    lower, upper = cut(model, "x")
    values = np.ones((2, 4), "float32")
    got, expected = upper(lower(values)), model(values)
    assert type(got) is type(expected)
    keras.tree.assert_same_structure(got, expected)
    flat = zip(*map(keras.tree.flatten, (got, expected)), strict=True)
    for one, other in flat:
        np.testing.assert_allclose(*arrays(one, other), rtol=1e-6)


def test_an_output_beside_the_layer_is_refused():
    inputs = keras.Input((4,))
    x = layers.Dense(3, name="x")(inputs)
    model = keras.Model(inputs, [layers.Dense(2)(x), layers.Dense(2)(inputs)])
    assert "does not depend on it" in refused(model, "x")


def test_subclassed_models_are_refused():
    class Mine(keras.Model):
        def call(self, x):
            return x

    assert "subclassed model" in refused(Mine(), "x")


def test_unbuilt_sequential_models_are_refused():
    model = keras.Sequential([layers.Dense(2, name="x")])
    assert "not built" in refused(model, "x")


def test_what_is_no_model_or_no_name_is_refused():
    assert "Only a `keras.Model`" in refused(layers.Dense(2), "x")
    assert "must be a layer of the model or its name" in refused(
        classifier(), 3
    )


def test_nested_models_called_twice_are_refused():
    inner = keras.Sequential([keras.Input((4,)), layers.Dense(4, name="a")])
    inputs = keras.Input((4,))
    model = keras.Model(inputs, layers.Dense(2)(inner(inner(inputs))))
    assert "called 2 times" in refused(model, f"{inner.name}/a")


def looks_at_training(training):
    """A nested model whose layers all look at `training`, called with one."""
    inner_inputs = keras.Input((4,))
    x = layers.Dense(4, name="first")(inner_inputs)
    x = layers.BatchNormalization(name="norm")(x)
    x = layers.Dropout(0.5, seed=1, name="drop")(x)
    innermost = keras.Sequential(
        [
            keras.Input((4,)),
            layers.GaussianNoise(1.0, seed=2, name="noise"),
            layers.BatchNormalization(name="norm"),
        ],
        name="innermost",
    )
    base = keras.Model(inner_inputs, innermost(x), name="base")
    inputs = keras.Input((4,), name="features")
    called = {} if training is None else {"training": training}
    x = layers.Dropout(0.5, seed=3, name="before")(inputs)
    return keras.Model(inputs, layers.Dense(2)(base(x, **called)))


TRAINING_PLACES = [
    "features",
    "before",
    "base/first",
    "base/norm",
    "base/drop",
    "base/innermost",
    "base/innermost/noise",
    "base/innermost/norm",
    "base",
]


@pytest.mark.parametrize("traced", [None, False, True])
@pytest.mark.parametrize("place", TRAINING_PLACES)
@pytest.mark.parametrize("training", [False, True])
def test_halves_train_what_the_whole_model_trains(traced, place, training):
    model = looks_at_training(traced)
    before = [v.numpy() for v in model.variables]
    expected = model(FEATURES, training=training)
    moved = [v.numpy() for v in model.variables]
    for variable, value in zip(model.variables, before, strict=True):
        variable.assign(value)
    lower, upper = cut(model, place)
    got = upper(lower(FEATURES, training=training), training=training)
    np.testing.assert_allclose(*arrays(got, expected), rtol=1e-5, atol=1e-6)
    for variable, value in zip(model.variables, moved, strict=True):
        np.testing.assert_allclose(variable, value, rtol=1e-6)
    norms = [v for v in model.variables if v.name == "moving_mean"]
    assert len(norms) == 2
    assert all(np.any(v.numpy()) for v in norms) == training


@pytest.mark.parametrize("traced", [None, False, True])
@pytest.mark.parametrize("place", ["base/first", "base/innermost/noise"])
def test_without_a_word_on_training_the_trace_says(traced, place):
    model = looks_at_training(traced)
    before = [v.numpy() for v in model.variables]
    model(FEATURES)
    moved = [v.numpy() for v in model.variables]
    for variable, value in zip(model.variables, before, strict=True):
        variable.assign(value)
    lower, upper = cut(model, place)
    upper(lower(FEATURES))
    for variable, value in zip(model.variables, moved, strict=True):
        np.testing.assert_allclose(variable, value, rtol=1e-6)


def attentions(is_deeper):
    """Of two layers that read a masked tensor, the first takes its mask.

    Keras runs the deeper one first, and of two as deep that of the first call.
    """
    ids = keras.Input((None,), dtype="int32", name="ids")
    x = layers.Embedding(20, 4, mask_zero=True, name="embedding")(ids)
    first = layers.MultiHeadAttention(2, 4, name="first")(x, x)
    second = layers.MultiHeadAttention(2, 4, name="second")(x, x)
    if is_deeper:
        second = layers.Dense(4, name="deeper")(second)
    x = layers.Add(name="added")([first, second])
    x = layers.Lambda(lambda x: 5 * ops.mean(x, axis=1), name="pool")(x)
    return keras.Model(ids, layers.Dense(2)(x))


@pytest.mark.parametrize("is_deeper", [True, False])
@pytest.mark.parametrize(
    "place", ["embedding", "first", "second", "added", "pool"]
)
@pytest.mark.filterwarnings("ignore:Layer 'pool'")
def test_masks_go_to_whom_the_whole_model_gives_them(place, is_deeper):
    model = attentions(is_deeper)
    lower, upper = cut(model, place)
    ids = np.array([[3, 4, 5, 0, 0], [6, 0, 0, 0, 0]])
    np.testing.assert_allclose(
        *arrays(upper(lower(ids)), model(ids)), rtol=1e-5, atol=1e-6
    )


def overtaking():
    """What lies above a cut at `early` reads `embedding` before `late` does."""
    ids = keras.Input((None,), dtype="int32", name="ids")
    x = layers.Embedding(20, 4, mask_zero=True, name="embedding")(ids)
    early = layers.Dense(4, name="early")(x)
    heads = layers.MultiHeadAttention(2, 4, name="heads")(early, x)
    for _ in range(4):
        heads = layers.Dense(4)(heads)
    late = layers.LSTM(4, return_sequences=True, name="late")(x)
    x = layers.Add()([heads, late])
    return keras.Model(ids, layers.Dense(2)(layers.LSTM(3)(x)))


def test_a_cut_that_changes_who_sees_a_mask_is_refused():
    model = overtaking()
    ids = np.array([[3, 4, 5, 0, 0], [6, 0, 0, 0, 0]])
    lower, upper = cut(model, "early")
    hidden = lower(ids)
    with pytest.raises(ValueError, match="'heads' takes the mask off"):
        upper(hidden)
    lower, upper = cut(model, "heads")
    np.testing.assert_allclose(
        *arrays(upper(lower(ids)), model(ids)), rtol=1e-5
    )


def test_models_with_a_call_of_their_own_are_refused():
    class Twice(keras.Model):
        def __init__(self):
            inputs = keras.Input((4,))
            super().__init__(inputs, layers.Dense(4, name="x")(inputs))

        def call(self, inputs, training=None):
            return 2 * super().call(inputs, training=training)

    assert "has a `call` of its own" in refused(Twice(), "x")
