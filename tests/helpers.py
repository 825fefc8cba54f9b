"""Small models and a slow, obvious twin of the library's maths."""

import contextlib
import platform
import re
import subprocess
import sys

import keras
import numpy as np
import pytest
from keras import layers

import keras_amp
from conftest import EXTRAS
from keras_amp.extras import WhenUsed, needed

# For tests that are one backend's own, in files that run elsewhere too.
jax = WhenUsed("jax", "This test", '"keras_amp[jax]"')
tf = WhenUsed("tensorflow", "This test", "tensorflow")


def classifier(num_classes=3, activation=None, dropout=0.0, batch_norm=False):
    """A small Functional model of 4 features, with a layer `hidden`."""
    inputs = keras.Input((4,), name="features")
    x = layers.Dense(5, activation="tanh", name="hidden")(inputs)
    x = layers.Dense(6, activation="tanh", name="above")(x)
    if batch_norm:
        x = layers.BatchNormalization(name="norm")(x)
    if dropout:
        x = layers.Dropout(dropout, seed=3, name="dropout")(x)
    outputs = layers.Dense(num_classes, activation=activation, name="out")(x)
    return keras.Model(inputs, outputs)


def batch(size=6, num_classes=3, seed=0):
    """Features of shape `(size, 4)` and int labels."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(size, 4)).astype("float32")
    return x, rng.integers(0, num_classes, size).astype("int32")


def given(wrapper, lam, partner):
    """The wrapper, made to use this `lam` and `partner` in every step."""
    lam = keras.ops.convert_to_tensor(lam, dtype=keras.config.floatx())
    partner = keras.ops.convert_to_tensor(partner, dtype="int32")
    wrapper.draw = lambda hidden, y: (lam, partner)
    return wrapper


def unmixed(hidden, y):
    """What `draw` returns to mix nothing."""
    size = keras.ops.shape(keras.tree.flatten(y)[0])[0]
    return keras.ops.ones(size), keras.ops.arange(size)


def cross_entropy(**kwargs):
    return keras.losses.SparseCategoricalCrossentropy(
        from_logits=True, **kwargs
    )


def arrays(*tensors):
    """Tensors of whichever backend as NumPy arrays."""
    return tuple(map(keras.ops.convert_to_numpy, tensors))


def weights_after(wrapper, x, y, steps=1, **fit_options):
    """The classifier's weights after some steps on one batch."""
    for _ in range(steps):
        wrapper.train_on_batch(x, y, **fit_options)
    return wrapper.model.get_weights()


def compiled(wrapper, loss=None, optimizer=None, **options):
    """The wrapper, compiled; skips what its backend has no need or way of."""
    backend = keras.backend.backend()
    if options.get("jit_compile") and backend != "tensorflow":
        pytest.skip("JAX compiles every step; PyTorch takes minutes for one")
    if options.get("steps_per_execution", 1) > 1 and backend == "torch":
        pytest.skip("Keras takes one step at a time on PyTorch")
    wrapper.compile(
        optimizer or keras.optimizers.SGD(0.5),
        loss or cross_entropy(),
        **options,
    )
    return wrapper


# Of a `classifier`: options of `compile`, and where it is mixed.
however_compiled = pytest.mark.parametrize(
    ("how", "mix_at"),
    [
        ({}, "hidden"),
        ({}, ["hidden", "above"]),
        ({"run_eagerly": True}, ["hidden", "above"]),
        ({"jit_compile": True}, ["hidden", "above"]),
    ],
    ids=str,
)


def assert_same_weights(got, expected, **tolerance):
    assert len(got) == len(expected)
    for one, other in zip(got, expected, strict=True):
        np.testing.assert_allclose(one, other, **tolerance)


def text_model(vocabulary_size=20, num_classes=3):
    return keras_amp.TextCNN(
        vocabulary_size, num_classes, embedding_dim=6, num_filters=4
    )


@keras.saving.register_keras_serializable(package="tests")
class CutsItself(keras.Model):
    """A subclassed model that brings its own `cut`."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.below = layers.Dense(8, activation="tanh")
        self.noise = layers.Dropout(0.2)
        self.above = layers.Dense(3)

    def call(self, x, training=None):
        lower, upper = self.cut("below")
        return upper(lower(x, training=training), training=training)

    def cut(self, mix_at):
        if mix_at != "below":
            raise ValueError(f"there is no place '{mix_at}', only 'below'")

        def lower(x, training=None):
            return [self.below(x)]

        def upper(hidden, training=None):
            return self.above(self.noise(hidden[0], training=training))

        return lower, upper


def in_mode(mode, function):
    """A function run "eager", in a "graph" of TensorFlow's, or under "xla"."""
    backend = keras.backend.backend()
    if mode == "eager":
        return function
    if backend == "tensorflow":
        return tf.function(function, jit_compile=mode == "xla")
    if (backend, mode) == ("jax", "xla"):
        return jax.jit(function)
    pytest.skip(f"on {backend}, there is no mode '{mode}'")


def need_imports(source):
    """Skips the test of a program that imports what an extra brings."""
    for module in re.findall(r"^import (\w+)", source, re.MULTILINE):
        if module in EXTRAS:
            needed(module, "This program", f'"keras_amp[{EXTRAS[module]}]"')


@contextlib.contextmanager
def files_limited_to(size):
    """No file may grow beyond so many bytes: what a full disc is like."""
    import resource  # not on Windows

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def abandoned(path, process=None):
    """Where a process, else one that has ended, writes what is to be `path`."""
    if process is None:
        ended = subprocess.Popen([sys.executable, "-c", ""])
        ended.wait()
        process = ended.pid
    owner = f"{platform.node()}-{process}-1"
    return path.with_name(f".{path.name}.{owner}.unfinished")
