"""Labels that are no class: several at once, and numbers."""

import keras
import numpy as np
import pytest
from keras import layers, ops

import keras_amp
from tests.helpers import assert_same_weights, given, unmixed

RNG = np.random.default_rng(0)
X = RNG.normal(size=(6, 4)).astype("float32")
TAGS = RNG.integers(0, 2, (6, 5)).astype("float32")
NUMBERS = RNG.normal(size=(6, 2)).astype("float32")
LAM = np.array([0.9, 0.3, 0.5, 0.2, 0.6, 0.7], "float32")
PARTNER = np.array([3, 0, 2, 5, 1, 4], "int32")


def binary(y, p):
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))


def squared(y, z):
    return np.mean((y - z) ** 2)


def absolute(y, z):
    return np.mean(np.abs(y - z))


@pytest.mark.parametrize(
    ("y", "activation", "loss", "of_one"),
    [
        (TAGS, "sigmoid", "binary_crossentropy", binary),
        (NUMBERS, None, "mse", squared),
        (NUMBERS, None, "mae", absolute),
    ],
)
@pytest.mark.parametrize("kind", ["Mixup", "AdversarialMixup"])
def test_the_loss_is_the_mean_over_mixed_pairs(
    kind, y, activation, loss, of_one
):
    inputs = keras.Input((4,))
    h = layers.Dense(5, activation="tanh", name="hidden")(inputs)
    out = layers.Dense(y.shape[1], activation=activation)(h)
    inner = keras.Model(inputs, out)
    model = given(getattr(keras_amp, kind)(inner, "hidden"), LAM, PARTNER)
    if kind == "AdversarialMixup":
        model.epsilon = 0.0
    model.compile(keras.optimizers.SGD(0.1), loss, metrics=["mae"])
    hidden = keras.ops.convert_to_numpy(model.lower(X)[0])
    lam = LAM[:, None]
    mixed = lam * hidden + (1 - lam) * hidden[PARTNER]
    (mixed,) = [keras.ops.convert_to_tensor(mixed)]
    predicted = keras.ops.convert_to_numpy(model.upper([mixed]))

    def both(function):
        """Of both labels, weighted, one pair at a time."""
        values = [
            LAM[i] * function(y[i], predicted[i])
            + (1 - LAM[i]) * function(y[PARTNER[i]], predicted[i])
            for i in range(6)
        ]
        return np.mean(values)

    logs = model.train_on_batch(X, y, return_dict=True)
    assert logs["loss"] == pytest.approx(both(of_one), rel=1e-5)
    # A metric counts both labels by their shares, which add up to one.
    assert logs["mae"] == pytest.approx(both(absolute), rel=1e-5)


def root_mean_square(y, y_pred):
    return ops.sqrt(ops.mean(ops.square(y - y_pred)))


def regression(is_flat):
    keras.utils.set_random_seed(0)
    inputs = keras.Input((4,))
    hidden = keras.layers.Dense(5, activation="tanh", name="hidden")(inputs)
    outputs = keras.layers.Dense(1)(hidden)
    outputs = ops.squeeze(outputs, -1) if is_flat else outputs
    return keras.Model(inputs, outputs)


@pytest.mark.parametrize("loss", ["mse", "mae", "binary_crossentropy"])
@pytest.mark.parametrize("is_flat", [True, False])
def test_numbers_without_an_axis_of_their_own_are_trained_on(is_flat, loss):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(6, 4)).astype("float32")
    y = rng.uniform(size=6).astype("float32")
    plain, wrapped = regression(is_flat), regression(is_flat)
    model = keras_amp.Mixup(wrapped, "hidden")
    model.draw = unmixed
    for one in (plain, model):
        one.compile("sgd", loss, metrics=["mae", root_mean_square])
    y = y if is_flat else y[:, None]
    expected = plain.fit(x, y, batch_size=3, shuffle=False, verbose=0).history
    logs = model.fit(x, y, batch_size=3, shuffle=False, verbose=0).history
    assert {*logs} == {*expected}
    for name, values in expected.items():
        assert logs[name] == pytest.approx(values, rel=1e-5), name
    assert_same_weights(
        wrapped.get_weights(), plain.get_weights(), rtol=1e-5, atol=1e-6
    )
