"""Comparing on arrays: what is the same for all, and what is found."""

import keras
import numpy as np
import pytest
from keras import layers
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

import keras_amp
from keras_amp.comparison import compare
from tests.helpers import text_model

X, Y = load_digits(return_X_y=True)
X, Y = (X[:300] / 16).astype("float32"), Y[:300]


def build(outputs="softmax"):
    inputs = keras.Input((64,))
    x = layers.Dense(16, "relu", name="hidden")(inputs)
    x = layers.Dropout(0.2)(x)
    return keras.Model(inputs, layers.Dense(10, outputs)(x))


def frozen():
    model = build()
    model.trainable = False
    return model


def thawed(model):
    model.trainable = True
    return model


without_weights = pytest.mark.filterwarnings(
    "ignore:The model does not have any trainable"
)


def compared(methods, build=build, x=X, y=Y, **options):
    options = {"epochs": 2, "repeats": 2, "verbose": 0} | options
    return compare(build, x, y, methods, **options)


def test_a_method_that_does_nothing_differs_by_nothing():
    def draws_first(model):
        np.random.uniform(size=7)
        keras.random.uniform((3,))
        return model

    found = compared(
        {"same": draws_first}, optimizer=keras.optimizers.Adam(0.01)
    )
    for metric, values in found.scores["none"].items():
        assert found.scores["same"][metric] == values
    assert found.recommended == "none"
    assert found.overlap == pytest.approx(30 / 270)


@without_weights
def test_what_helps_is_recommended():
    found = compared(
        {"thawed": thawed},
        frozen,
        epochs=8,
        repeats=4,
        batch_size=16,
        optimizer=keras.optimizers.Adam(0.01),
        references={
            "regression": lambda x, y, x_test: (
                LogisticRegression(C=10.0).fit(x, y).predict_proba(x_test)
            )
        },
    )
    assert found.recommended == "thawed"
    assert found.mean("regression", "error") < 20
    assert found.mean("thawed", "error") < found.mean("none", "error") - 30


@without_weights
def test_who_is_behind_at_half_is_dropped(capsys):
    found = compared(
        {
            "frozen": lambda model: setattr(model, "trainable", False) or model,
            "same": lambda model: model,
        },
        epochs=4,
        repeats=8,
        batch_size=16,
        optimizer=keras.optimizers.Adam(0.01),
        verbose=1,
    )
    assert found.differences["frozen"].repeats == 4
    assert found.differences["same"].repeats == 8
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 8 + 8 + 4
    assert lines[0].startswith("split 1 of 8, none: error (%) ")


def test_a_text_model_and_logits_and_several_inputs():
    ids = np.random.default_rng(0).integers(1, 20, (60, 5))
    y = (ids[:, 0] > 10).astype(int)

    def two_inputs():
        inputs = [keras.Input((64,)), keras.Input((1,))]
        x = layers.Dense(8, name="hidden")(layers.Concatenate()(inputs))
        return keras.Model(inputs, layers.Dense(10)(x))

    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    methods = {"amp": lambda model: keras_amp.AdversarialMixup(model, "word")}
    found = compared(methods, lambda: text_model(20), ids, y, loss=loss)
    assert np.all(np.isfinite(found.scores["amp"]["nll"]))
    methods = {"mix": lambda model: keras_amp.Mixup(model, "hidden")}
    found = compared(methods, two_inputs, [X, Y[:, None]], Y, loss=loss)
    assert np.all(np.isfinite(found.scores["mix"]["nll"]))


def on_shared(layer):
    """A `build` whose models have a layer in common."""

    def build():
        inputs = keras.Input((64,))
        x = layers.Identity(name="hidden")(layer(inputs))
        return keras.Model(inputs, layers.Dense(10, "softmax")(x))

    return build


def test_a_layer_that_an_earlier_run_has_trained_is_refused():
    message = "`build` must return a new model each time.* inside of `build`"
    layer = layers.Dense(8, name="shared")
    with pytest.raises(ValueError, match=f"{message}.*'shared/kernel'"):
        compared({"same": lambda model: model}, on_shared(layer))
    model = build()
    with pytest.raises(ValueError, match=message):
        compared({"same": lambda model: model}, lambda: model)


def test_a_shared_layer_that_stays_frozen_is_none_of_them():
    layer = layers.Dense(8, trainable=False)
    methods = {"mix": lambda model: keras_amp.Mixup(model, "hidden")}
    found = compared(methods, on_shared(layer))
    assert np.all(np.isfinite(found.scores["mix"]["error"]))

    def thaws_it(model):
        layer.trainable = True
        return model

    # One method that trains it spoils it for all that follow.
    with pytest.raises(ValueError, match="an earlier run has trained"):
        compared({"thawed": thaws_it}, on_shared(layer))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"methods": {}}, "one method at least"),
        ({"methods": {"none": thawed}}, "none of them called 'none'"),
        ({"metric": "f1"}, "error, nll, ece, macro-f1"),
        ({"repeats": 1}, "`repeats` must be 2 at least"),
        ({"test_share": 1.5}, "`test_share` must be"),
        ({"y": np.zeros(300, int)}, "two classes at least"),
        ({"y": np.arange(300) == 0}, "two examples of each class"),
        ({"y": np.array(["a", "b"] * 150)}, "numpy.unique"),
        ({"y": np.eye(10)[Y]}, "ints of shape"),
        ({"y": np.arange(300) // 2}, "more examples"),
    ],
)
def test_what_cannot_be_compared_is_refused(changed, message):
    methods = changed.pop("methods", {"thawed": thawed})
    with pytest.raises(ValueError, match=message):
        compared(methods, **changed)
