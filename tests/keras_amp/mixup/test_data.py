"""Whatever `fit` takes."""

import functools

import keras
import numpy as np
import pytest
from keras import layers

import keras_amp
from tests.helpers import assert_same_weights, classifier, compiled, tf, unmixed

RNG = np.random.default_rng(0)
X = RNG.normal(size=(14, 4)).astype("float32")
Y = RNG.integers(0, 3, 14).astype("int32")
WEIGHT = np.linspace(0, 2, 14, dtype="float32")
CLASS_WEIGHT = {0: 1.0, 1: 2.0, 2: 0.5}
TOLERANCE = {"rtol": 1e-5}


class Sequence(keras.utils.PyDataset):
    def __init__(self, *more, **options):
        super().__init__(**options)
        self.arrays = (X, Y, *more)

    def __len__(self):
        return 4

    def __getitem__(self, index):
        part = slice(4 * index, 4 * index + 4)
        return tuple(array[part] for array in self.arrays)


class Endless(Sequence):
    @property
    def num_batches(self):
        return None

    def __getitem__(self, index):
        return super().__getitem__(index % 4)


def generator(*more):
    while True:
        for index in range(4):
            yield Sequence(*more)[index]


def data_frame():
    pandas = pytest.importorskip("pandas")
    return {"x": pandas.DataFrame(X), "y": pandas.Series(Y)}


def dataset(*more):
    return tf.data.Dataset.from_tensor_slices((X, Y, *more)).batch(4)


def data_loader():
    data = pytest.importorskip("torch.utils.data")
    return data.DataLoader([*zip(X, Y, strict=True)], batch_size=4)


# Batches of 4, 4, 4 and 2 in this order, whatever brings them. A PyDataset in
# threads is none of these: Keras looks at its first and trains on it last.
SOURCES = {
    "arrays": lambda: {"x": X, "y": Y, "batch_size": 4},
    "tensors": lambda: {"x": tf.constant(X), "y": Y, "batch_size": 4},
    "lists of arrays": lambda: {"x": [X], "y": Y, "batch_size": 4},
    "a dict": lambda: {"x": {"features": X}, "y": Y, "batch_size": 4},
    "pandas": lambda: {**data_frame(), "batch_size": 4},
    "tf.data": lambda: {"x": dataset()},
    "tf.data of dicts": lambda: {
        "x": dataset().map(lambda x, y: ({"features": x}, y))
    },
    "tf.data of tuples": lambda: {"x": dataset().map(lambda x, y: ((x,), y))},
    "PyDataset": lambda: {"x": Sequence()},
    "PyDataset without end": lambda: {"x": Endless(), "steps_per_epoch": 4},
    "a generator": lambda: {"x": generator(), "steps_per_epoch": 4},
    "DataLoader": lambda: {"x": data_loader()},
    "steps_per_execution": lambda: {"x": dataset(), "steps_per_execution": 3},
}
# The same with a weight for each example.
WEIGHTED = {
    "tf.data": lambda: {"x": dataset(WEIGHT)},
    "PyDataset": lambda: {"x": Sequence(WEIGHT)},
    "a generator": lambda: {"x": generator(WEIGHT), "steps_per_epoch": 4},
}


def fitted(steps_per_execution=1, **data):
    keras.utils.set_random_seed(2)
    wrapper = keras_amp.AdversarialMixup(classifier(), "hidden", seed=0)
    compiled(wrapper, steps_per_execution=steps_per_execution)
    wrapper.fit(**data, shuffle=False, epochs=2, verbose=0)
    return wrapper.model.get_weights()


@functools.cache
def fitted_to_arrays(weights=None):
    options = {
        None: {},
        "of examples": {"sample_weight": WEIGHT},
        "of classes": {"class_weight": CLASS_WEIGHT},
    }
    return fitted(x=X, y=Y, batch_size=4, **options[weights])


@pytest.mark.filterwarnings("ignore:`shuffle=")
@pytest.mark.filterwarnings("ignore:The structure of `inputs`")
@pytest.mark.parametrize("name", SOURCES)
def test_every_source_of_the_same_batches_gives_the_same_steps(name):
    if name == "tensors" and keras.backend.backend() != "tensorflow":
        pytest.skip("TensorFlow's own")
    got = fitted(**SOURCES[name]())
    assert_same_weights(got, fitted_to_arrays(), **TOLERANCE)


@pytest.mark.filterwarnings("ignore:`shuffle=")
@pytest.mark.parametrize("name", WEIGHTED)
def test_weights_of_examples_come_with_any_source(name):
    expected = fitted_to_arrays("of examples")
    assert_same_weights(fitted(**WEIGHTED[name]()), expected, **TOLERANCE)
    assert not np.allclose(expected[0], fitted_to_arrays()[0])


# Keras takes none with a generator.
@pytest.mark.filterwarnings("ignore:`shuffle=")
@pytest.mark.parametrize("name", ["tf.data", "PyDataset"])
def test_weights_of_classes_go_with_any_source(name):
    expected = fitted_to_arrays("of classes")
    got = fitted(**SOURCES[name](), class_weight=CLASS_WEIGHT)
    assert_same_weights(got, expected, **TOLERANCE)
    assert not np.allclose(expected[0], fitted_to_arrays()[0])


@pytest.mark.tensorflow
def test_ragged_sentences():
    inputs = keras.Input((None,), dtype="int32", ragged=False)
    x = layers.Embedding(20, 4, mask_zero=True, name="embedding")(inputs)
    x = layers.GlobalAveragePooling1D()(x)
    model = keras.Model(inputs, layers.Dense(3)(x))
    wrapper = keras_amp.AdversarialMixup(model, "embedding", seed=0)
    compiled(wrapper)
    ids = tf.ragged.constant([[3, 4], [5], [6, 7, 8], [9, 1]] * 2)
    data = tf.data.Dataset.from_tensor_slices((ids, Y[:8])).batch(3)
    dense = data.map(lambda ids, y: (ids.to_tensor(), y))
    history = wrapper.fit(dense, epochs=2, shuffle=False, verbose=0).history
    loss = history["loss"]
    assert np.all(np.isfinite(loss))


def test_validation_split_and_class_weight():
    wrapper = keras_amp.AdversarialMixup(classifier(), "hidden", seed=0)
    compiled(wrapper, metrics=["accuracy"])
    history = wrapper.fit(
        X,
        Y,
        batch_size=4,
        validation_split=0.3,
        class_weight={0: 1.0, 1: 2.0, 2: 0.5},
        verbose=0,
    ).history
    assert {"accuracy", "val_accuracy", "lam_shift"} <= set(history)


def test_accumulated_gradients_are_one_step_on_all():
    def trained(batch_size, **options):
        keras.utils.set_random_seed(2)
        model = keras_amp.Mixup(classifier(), "hidden", seed=0)
        model.draw = unmixed
        compiled(model, optimizer=keras.optimizers.SGD(0.5, **options))
        model.fit(X[:8], Y[:8], batch_size=batch_size, shuffle=False, verbose=0)
        return model.model.get_weights()

    accumulated = trained(4, gradient_accumulation_steps=2)
    assert_same_weights(accumulated, trained(8), rtol=1e-5)


@pytest.mark.tensorflow
def test_dynamic_and_static_shapes_take_two_traces_at_most():
    for drop_remainder in (True, False):
        wrapper = keras_amp.AdversarialMixup(classifier(), "hidden", seed=0)
        traces = []
        choose_lam = wrapper.choose_lam

        def counted(*args, choose_lam=choose_lam, traces=traces):
            traces.append(1)
            return choose_lam(*args)

        wrapper.choose_lam = counted
        compiled(wrapper, optimizer="adam")
        data = tf.data.Dataset.from_tensor_slices((X, Y))
        data = data.batch(4, drop_remainder=drop_remainder)
        wrapper.fit(data, epochs=3, shuffle=False, verbose=0)
        assert len(traces) <= 2
