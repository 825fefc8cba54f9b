"""Comparing on arrays: what is the same for all, and what is found."""

import keras
import numpy as np
import pytest
from keras import layers
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

import keras_amp
from keras_amp.comparison import compare, measure
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


def regression(x, y, x_test):
    return LogisticRegression(C=10.0).fit(x, y).predict_proba(x_test)


def on_logits(y_true, y_pred):
    """A loss that says of itself nothing."""
    return keras.losses.sparse_categorical_crossentropy(
        y_true, y_pred, from_logits=True
    )


def same(model):
    return model


def diverged(model):
    model.layers[-1].bias.assign(np.full(10, np.nan))
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
        references={"regression": regression},
    )
    assert found.recommended == "thawed"
    assert found.mean("regression", "error") < 20
    assert found.mean("thawed", "error") < found.mean("none", "error") - 30


@without_weights
def test_who_is_behind_at_half_is_dropped(capsys):
    found = compared(
        {
            "frozen": lambda model: setattr(model, "trainable", False) or model,
            "same": same,
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


def test_probabilities_of_a_reference_are_none_of_the_models_logits():
    def scores(outputs):
        return compared(
            {"same": same},
            lambda: build(outputs),
            loss=keras.losses.SparseCategoricalCrossentropy(outputs is None),
            references={"regression": regression},
        ).references["regression"]

    found = scores(None)
    assert found == scores("softmax")
    assert max(found["nll"]) < 0.5
    message = "`references` must return probabilities.*others of 'labels'"
    with pytest.raises(ValueError, match=message):
        compared(
            {"same": same},
            references={"labels": lambda x, y, x_test: np.zeros(len(x_test))},
        )


def test_a_loss_of_ones_own_may_be_on_logits():
    options = {"loss": on_logits, "build": lambda: build(None)}
    found = compared({"same": same}, from_logits=True, **options)
    expected = compared(
        {"same": same},
        options["build"],
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    assert found.scores == expected.scores
    with pytest.raises(ValueError, match="of logits, say `from_logits=True`"):
        compared({"same": same}, **options)


def test_a_run_that_diverges_is_missing_and_shows_nothing():
    # Only the first of three runs of it.
    runs = iter([diverged, same, same])
    with pytest.warns(UserWarning, match="split 1 of 3, once: .* not finite"):
        found = compared(
            {"same": same, "once": lambda model: next(runs)(model)}, repeats=3
        )
    errors = found.scores["once"]["error"]
    assert np.isnan(errors[0])
    assert errors[1:] == found.scores["none"]["error"][1:]
    assert found.p_values["once"] == 1.0
    assert [row["splits"] for row in found.rows()] == [3, 3, 2]
    with pytest.warns(UserWarning, match="diverged"):
        found = compared({"same": same, "never": diverged})
    assert found.recommended == "none"
    assert "same" in str(found)
    assert [row["splits"] for row in found.rows()] == [2, 2, 0]


def test_where_nothing_is_finite_nothing_is_compared():
    with pytest.warns(UserWarning, match="split . of 2, never"):
        found = compared({"never": diverged})
    assert "nothing can be said" in str(found)
    with (
        pytest.warns(UserWarning, match="split . of 2, (none|same)"),
        pytest.raises(ValueError, match="finite in none of 2 splits"),
    ):
        compared({"same": same}, lambda: diverged(build()))


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
        compared({"same": same}, on_shared(layer))
    model = build()
    with pytest.raises(ValueError, match=message):
        compared({"same": same}, lambda: model)


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
        ({"test_share": 20}, "`test_share` must be"),
        ({"batch_size": 0}, "`batch_size` must be 1 at least"),
        ({"epochs": 0}, "`epochs` must be 1 at least"),
        ({"x": np.concatenate([X[:3], X])}, r"each of 300 labels.*\(303, "),
        ({"x": X[:50]}, r"each of 300 labels.*\(50, "),
        ({"x": {"a": X, "b": X[1:]}}, r"each of 300 labels.*\(299, "),
        ({"x": X.tolist()}, r"each of 300 labels.*shapes \(\)"),
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


def test_probabilities_and_their_logits_have_the_same_measures():
    logits = np.array([[100.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 60.0]])
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    of_logits = measure([1, 1, 2], logits, from_logits=True)
    of_shares = measure([1, 1, 2], shares)
    for name, value in of_logits.items():
        assert value == pytest.approx(of_shares[name], abs=1e-5), name
    assert of_logits["nll"] == pytest.approx(9.29, abs=0.01)
