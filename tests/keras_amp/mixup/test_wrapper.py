"""What is asked of the wrapper and answered by the classifier."""

import h5py
import keras
import numpy as np
import pytest
from keras import layers

from keras_amp import AdversarialMixup, Mixup, NonlinearMixup
from tests.helpers import (
    CutsItself,
    arrays,
    batch,
    classifier,
    compiled,
)

X, _ = batch()


def sequential():
    return keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(5, name="hidden"),
            layers.Dense(3, name="out"),
        ]
    )


def two_inputs():
    inputs = {
        "a": keras.Input((4,), name="a"),
        "b": keras.Input((2,), name="b"),
    }
    x = layers.Concatenate(name="hidden")([*inputs.values()])
    return keras.Model(inputs, {"out": layers.Dense(3, name="out")(x)})


@pytest.mark.parametrize("build", [classifier, sequential, two_inputs])
@pytest.mark.parametrize("kind", [Mixup, AdversarialMixup, NonlinearMixup])
def test_it_answers_as_the_classifier_does(kind, build):
    model = build()
    wrapper = kind(model, "hidden")
    for layer in model.layers:
        assert wrapper.get_layer(layer.name) is layer
    assert wrapper.get_layer(index=1) is model.get_layer(index=1)
    for name in ("inputs", "outputs"):
        own, asked = getattr(model, name), getattr(wrapper, name)
        assert list(map(id, asked)) == list(map(id, own))
    assert wrapper.input_shape == model.input_shape
    assert wrapper.output_shape == model.output_shape


def test_there_is_no_other_layer():
    wrapper = Mixup(classifier(), "hidden")
    with pytest.raises(ValueError, match="No such layer: x"):
        wrapper.get_layer("x")


def test_a_part_of_the_classifier_is_built_from_the_wrapper():
    wrapper = Mixup(classifier(), "hidden")
    part = keras.Model(wrapper.inputs[0], wrapper.get_layer("hidden").output)
    (expected,) = wrapper.lower(X)
    np.testing.assert_array_equal(*arrays(part(X), expected))


def test_of_what_has_no_graph_there_is_no_answer():
    model = CutsItself()
    model(X)
    wrapper = Mixup(model, "below")
    for name in ("inputs", "outputs", "input_shape", "output_shape"):
        assert not hasattr(model, name)
        assert not hasattr(wrapper, name)


def test_it_is_saved_and_loaded_as_before(tmp_path):
    wrapper = compiled(Mixup(sequential(), "hidden"))
    wrapper.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(*arrays(loaded(X), wrapper(X)))
    assert loaded.input_shape == (None, 4)


# The layout of version 0.2.0, which later versions go on reading.
LAYERS = "layers/functional/layers"
FILE = [
    *(
        f"{LAYERS}/{layer}/vars/{index}"
        for layer in ("dense", "dense_1", "dense_2")
        for index in (0, 1)
    ),
    *(f"vars/random_state_{index}" for index in range(3)),
]


@pytest.mark.parametrize("kind", [Mixup, AdversarialMixup])
def test_a_file_has_the_layout_that_it_had(tmp_path, kind):
    path = tmp_path / "model.weights.h5"
    wrapper = kind(classifier(dropout=0.5), ["hidden", "above"], seed=3)
    wrapper.save_weights(path)
    names = []
    with h5py.File(path) as file:
        file.visititems(
            lambda name, item: (
                names.append(name) if isinstance(item, h5py.Dataset) else None
            )
        )
        assert {"lower", "upper"} <= {*file}
    assert sorted(names) == FILE


@pytest.mark.parametrize("kind", [Mixup, AdversarialMixup])
def test_a_file_of_0_2_loads(tmp_path, kind):
    path = tmp_path / "model.weights.h5"
    kind(classifier(dropout=0.5), ["hidden", "above"]).save_weights(path)
    rng = np.random.default_rng(0)
    with h5py.File(path, "r+") as file:
        for name in FILE:
            new = 100 * rng.uniform(size=file[name].shape)
            file[name][...] = new.astype(file[name].dtype)
        expected = [file[name][...] for name in FILE]
    wrapper = kind(classifier(dropout=0.5), ["hidden", "above"])
    wrapper.load_weights(path)
    got = [*wrapper.get_weights(), *map(np.array, wrapper._random_states())]
    # States: λ and partners, places, dropout.
    for one, other in zip(got, expected, strict=True):
        np.testing.assert_array_equal(one, other)
