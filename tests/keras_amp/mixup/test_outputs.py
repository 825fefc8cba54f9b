"""Models with several outputs: one λ and partner, and each its own loss."""

import keras
import numpy as np
import pytest
from keras import layers, ops

import keras_amp
from keras_amp.mixup import Pairs
from tests.helpers import assert_same_weights, given, unmixed

RNG = np.random.default_rng(0)
X = RNG.normal(size=(6, 4)).astype("float32")
KIND = RNG.integers(0, 3, 6).astype("int32")
SIZE = RNG.normal(size=(6, 1)).astype("float32")
LAM = np.array([0.9, 0.3, 0.5, 0.2, 0.6, 0.7], "float32")
PARTNER = np.array([3, 0, 2, 5, 1, 4], "int32")
LOSSES = {"kind": "sparse_categorical_crossentropy", "size": "mse"}
WEIGHTS = {"kind": 1.0, "size": 0.25}
FORMS = ["list", "tuple", "names", "keys"]
KINDS = {
    "Mixup": keras_amp.Mixup,
    "AdversarialMixup": lambda *args: keras_amp.AdversarialMixup(
        *args, epsilon=0.3
    ),
}


def build(form):
    """Two outputs, as a list, a tuple or a dict, by other keys or names."""
    inputs = keras.Input((4,))
    h = layers.Dense(5, activation="tanh", name="hidden")(inputs)
    h = layers.Dense(4, activation="tanh", name="above")(h)
    kind = layers.Dense(3, activation="softmax", name="kind")(h)
    names = {"keys": "other"}
    size = layers.Dense(1, name=names.get(form, "size"))(h)
    # Keras orders them by their keys.
    outputs = {"size": size, "kind": kind}
    if form in ("list", "tuple"):
        outputs = {"list": list, "tuple": tuple}[form]([kind, size])
    return keras.Model(inputs, outputs)


def in_form(form, of_each):
    """A dict by name in the form of the outputs."""
    return of_each if form in ("names", "keys") else [*of_each.values()]


def compile_(model, form, loss=LOSSES, loss_weights=WEIGHTS, **options):
    model.compile(
        keras.optimizers.SGD(0.1),
        in_form(form, loss),
        loss_weights=in_form(form, loss_weights),
        metrics=in_form(form, {"kind": ["accuracy"], "size": None}),
        weighted_metrics=in_form(form, {"kind": "accuracy", "size": ["mae"]}),
        **options,
    )
    return model


def step(model, form, **options):
    y = in_form(form, {"kind": KIND, "size": SIZE})
    return model.train_on_batch(X, y, return_dict=True, **options)


@pytest.mark.parametrize(
    ("form", "kind", "mix_at"),
    [
        *((form, "Mixup", "hidden") for form in FORMS),
        ("list", "AdversarialMixup", ["hidden", "above"]),
        ("keys", "AdversarialMixup", "hidden"),
    ],
)
@pytest.mark.parametrize("are_weights_each", [False, True])
def test_unmixed_it_is_keras_own_step(form, kind, mix_at, are_weights_each):
    plain, wrapped = build(form), build(form)
    wrapped.set_weights(plain.get_weights())
    model = KINDS[kind](wrapped, mix_at)
    if kind == "AdversarialMixup":
        model.epsilon = 0.0
    model.draw = unmixed
    weight = np.array([1, 2, 0.5, 3, 0, 1], "float32")
    if are_weights_each:
        weight = in_form(form, {"kind": weight, "size": weight[::-1].copy()})
    compile_(plain, form)
    compile_(model, form)
    for _ in range(2):
        expected = step(plain, form, sample_weight=weight)
        got = step(model, form, sample_weight=weight)
    assert {key: got[key] for key in expected} == pytest.approx(
        expected, rel=1e-5
    )
    assert_same_weights(
        wrapped.get_weights(), plain.get_weights(), rtol=1e-5, atol=1e-6
    )


@pytest.mark.filterwarnings("ignore:Gradients do not exist")  # Keras' own
@pytest.mark.parametrize("kind", KINDS)
def test_an_output_without_a_loss_is_as_if_it_were_not(kind):
    several = build("list")
    inputs = several.inputs
    alone = keras.Model(inputs, several.outputs[0])
    alone = keras.models.clone_model(alone)
    names = [layer.name for layer in alone.layers if layer.weights]
    for name in names:
        weights = several.get_layer(name).get_weights()
        alone.get_layer(name).set_weights(weights)
    models = []
    for classifier, y, loss in (
        (several, [KIND, SIZE], {"loss": [LOSSES["kind"], None]}),
        (alone, KIND, {"loss": LOSSES["kind"]}),
    ):
        model = given(KINDS[kind](classifier, "hidden"), LAM, PARTNER)
        model.compile(keras.optimizers.SGD(0.5), **loss)
        logs = model.train_on_batch(X, y, return_dict=True)
        models.append((model, logs))
    (one, logs), (other, expected) = models
    assert {key: logs[key] for key in expected} == pytest.approx(
        expected, rel=1e-6
    )
    for name in names:
        assert_same_weights(
            one.get_layer(name).get_weights(),
            other.get_layer(name).get_weights(),
            rtol=1e-5,
            atol=1e-7,
        )


@pytest.mark.filterwarnings("ignore:Gradients do not exist")  # Keras' own
@pytest.mark.parametrize("partner", ["any", "no-self"])
@pytest.mark.parametrize("kind", KINDS)
def test_labels_that_no_loss_asks_for_may_be_missing(kind, partner):
    found = []
    for y in ({"kind": KIND, "size": SIZE}, {"size": SIZE}):
        keras.utils.set_random_seed(0)
        model = KINDS[kind](build("names"), "hidden")
        model.partner = partner
        model.compile(keras.optimizers.SGD(0.1), {"size": "mse"})
        logs = model.fit(
            X, y, batch_size=4, epochs=2, validation_data=(X, y), verbose=0
        ).history
        found.append((logs, model.get_weights()))
    (logs, weights), (expected, others) = found
    assert logs == expected
    assert_same_weights(weights, others, rtol=0, atol=0)


def mixup_loss(predicted, own, other):
    """The mixture's loss by labels that are mixed, one example at a time."""
    losses = [
        LAM[i] * own(predicted[i], i)
        + (1 - LAM[i]) * other(predicted[i], PARTNER[i])
        for i in range(6)
    ]
    return np.array(losses)


@pytest.mark.parametrize("form", FORMS)
def test_the_loss_of_a_pair_is_the_weighted_sum(form):
    model = compile_(KINDS["AdversarialMixup"](build(form), "hidden"), form)
    pairs = Pairs.of_batch(
        [ops.convert_to_tensor(KIND), ops.convert_to_tensor(SIZE)],
        None,
        ops.convert_to_tensor(LAM),
        ops.convert_to_tensor(PARTNER),
    )
    hidden = model.lower(ops.convert_to_tensor(X))
    mixed = LAM[:, None] * ops.convert_to_numpy(hidden[0])
    mixed = mixed + (1 - LAM[:, None]) * ops.convert_to_numpy(
        ops.take(hidden[0], PARTNER, axis=0)
    )
    kind, size = keras.tree.flatten(model.upper([ops.convert_to_tensor(mixed)]))

    def entropy(p, i):
        return -np.log(p[KIND[i]])

    def square(z, i):
        return (z[0] - SIZE[i, 0]) ** 2

    kind, size = map(ops.convert_to_numpy, (kind, size))
    expected = mixup_loss(kind, entropy, entropy) + 0.25 * mixup_loss(
        size, square, square
    )
    got = model.search_loss(model.upper, hidden, pairs, pairs.lam)
    np.testing.assert_allclose(
        ops.convert_to_numpy(got), expected, rtol=1e-4, atol=1e-6
    )
    given(model, LAM, PARTNER)
    model.epsilon = 0.0
    y = in_form(form, {"kind": KIND, "size": SIZE})
    logs = model.train_on_batch(X, y, return_dict=True)
    assert logs["loss"] == pytest.approx(expected.mean(), rel=1e-4)


@pytest.mark.parametrize(
    "form",
    [
        "list",
        pytest.param("tuple", marks=pytest.mark.slow),
        pytest.param("names", marks=pytest.mark.slow),
        "keys",
    ],
)
def test_it_lives_as_others_do(form, tmp_path):
    classifier = build(form)
    model = compile_(
        keras_amp.Mixup(classifier, "hidden", clean_weight=1.0, mix_share=0.5),
        form,
    )
    y = in_form(form, {"kind": KIND, "size": SIZE})
    history = model.fit(
        X, y, batch_size=4, epochs=2, validation_data=(X, y), verbose=0
    ).history
    for name in ("kind", "size"):
        assert np.all(np.array(history[f"{name}_loss"]) > 0)
        assert f"val_{name}_loss" in history
    compile_(classifier, form)
    expected = classifier.evaluate(X, y, return_dict=True, verbose=0)
    got = model.evaluate(X, y, return_dict=True, verbose=0)
    assert got == pytest.approx(expected)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    predicted = [
        keras.tree.flatten(one.predict(X, verbose=0))
        for one in (loaded, classifier)
    ]
    assert_same_weights(*predicted, rtol=0, atol=0)
    loaded.train_on_batch(X, y)


def test_one_loss_is_that_of_all():
    inputs = keras.Input((4,))
    h = layers.Dense(5, name="hidden")(inputs)
    outputs = [layers.Dense(1, name=name)(h) for name in "ab"]
    model = keras_amp.Mixup(keras.Model(inputs, outputs), "hidden", seed=0)
    model.compile("sgd", loss="mse")
    logs = model.train_on_batch(X, [SIZE, SIZE], return_dict=True)
    assert logs["loss"] == pytest.approx(logs["a_loss"] + logs["b_loss"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"loss": ["mse"]}, "`loss` must be a list with one for each"),
        ({"loss": {"other": "mse"}}, "outputs 'kind', 'size'"),
        ({"loss": [None, None]}, "`loss` must hold one"),
        ({"loss": ["mse", "mse"], "loss_weights": [1]}, "`loss_weights` must"),
        ({"loss": ["mse", "mse"], "metrics": ["mae"]}, "`metrics` must be"),
    ],
)
def test_what_belongs_to_no_output_is_refused(options, message):
    model = keras_amp.Mixup(build("list"), "hidden")
    with pytest.raises(ValueError, match=message):
        model.compile("sgd", **options)


def test_an_output_that_is_not_mixed_is_refused():
    inputs = keras.Input((4,))
    h = layers.Dense(5, name="hidden")(inputs)
    outputs = [layers.Dense(3)(h), layers.Dense(2)(inputs)]
    with pytest.raises(ValueError, match=r"output '.*' does not depend on it"):
        keras_amp.Mixup(keras.Model(inputs, outputs), "hidden")


def test_outputs_nested_deeper_are_refused():
    inputs = keras.Input((4,))
    h = layers.Dense(5, name="hidden")(inputs)
    outputs = {"x": [layers.Dense(3)(h), layers.Dense(2)(h)]}
    with pytest.raises(ValueError, match="nested deeper"):
        keras_amp.Mixup(keras.Model(inputs, outputs), "hidden")


def test_partners_by_class_need_one_class():
    model = keras_amp.Mixup(build("list"), "hidden", partner="same-class")
    compile_(model, "list")
    with pytest.raises(ValueError, match="the model has 2 outputs"):
        step(model, "list")
