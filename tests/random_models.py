"""Random Functional classifiers, of everything that a cut must get right."""

import random

import keras
import numpy as np
from keras import layers, ops

UNITS = 4
NUM_CLASSES = 3


@keras.saving.register_keras_serializable(package="tests")
class Penalty(layers.Layer):
    """Hands its input on, and adds a loss in proportion to it."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, x):
        self.add_loss(0.01 * ops.mean(ops.square(x)))
        return x


class Positions(layers.Layer):
    """Learned positions, of shape `(time, units)` or `(1, time, units)`."""

    def __init__(self, leading_axis, **kwargs):
        super().__init__(**kwargs)
        self.leading_axis = leading_axis

    def build(self, shape):
        self.table = self.add_weight(
            shape=(9, UNITS), initializer="random_normal", name="table"
        )

    def call(self, x):
        positions = self.table[: ops.shape(x)[1]]
        return positions[None] if self.leading_axis else positions

    def compute_mask(self, inputs, mask=None):
        return None


class TrainingScale(layers.Layer):
    """Doubles its input while training; looks at `training` by itself."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, x, training=False):
        return 2 * x if training else x


class Inner:
    """Draws the layers of one model, nested ones included.

    Attributes:
        paths: List of strings, all that `mix_at` might name.
    """

    def __init__(self, rng, is_sequence, depth=0):
        self.rng = rng
        self.is_sequence = is_sequence
        self.depth = depth
        self.shared = []
        self.paths = []

    def layer(self, kind, *args, **kwargs):
        name = f"{kind.__name__.lower()}_no_{len(self.paths)}"
        self.paths.append(name)
        return kind(*args, name=name, **kwargs)

    def unary(self, *args, **kwargs):
        one = self.layer(*args, **kwargs)
        self.shared.append(one)
        return one

    def draw(self, tensors):
        """A new tensor from those that are there."""
        rng = self.rng
        x = tensors[-1] if rng.random() < 0.6 else rng.choice(tensors)
        kinds = [
            "dense", "dense", "shared", "shared", "shared", "norm", "dropout",
            "add", "penalty", "training", "operation", "join", "identity",
        ]  # fmt: skip
        if self.is_sequence:
            kinds += ["attention", "attention", "lstm", "convolution"]
            kinds += ["positions", "layer_norm", "masking"]
        if self.depth < 2:
            kinds += ["nested"] * 4
        kind = rng.choice(kinds)
        if kind == "shared":
            if not self.shared:
                kind = "dense"
            else:
                return rng.choice(self.shared)(x)
        if kind == "dense":
            penalty = keras.regularizers.L2(0.01)
            return self.unary(
                layers.Dense,
                UNITS,
                activation=rng.choice(["tanh", "relu", None]),
                kernel_regularizer=rng.choice([None, penalty]),
                activity_regularizer=rng.choice([None, penalty]),
            )(x)
        if kind == "norm":
            return self.unary(layers.BatchNormalization)(x)
        if kind == "layer_norm":
            return self.unary(layers.LayerNormalization)(x)
        if kind == "dropout":
            return self.unary(layers.Dropout, 0.3, seed=1)(x)
        if kind == "penalty":
            return self.unary(Penalty)(x)
        if kind == "training":
            return self.unary(TrainingScale)(x)
        if kind == "identity":
            return self.unary(layers.Identity)(x)
        if kind == "operation":
            constant = np.linspace(-1, 1, UNITS, dtype="float32")
            return rng.choice(
                [ops.tanh, ops.negative, lambda x: ops.add(x, constant)]
            )(x)
        if kind == "add":
            return self.layer(layers.Add)([x, rng.choice(tensors)])
        if kind == "join":
            both = self.layer(layers.Concatenate)([x, rng.choice(tensors)])
            return self.layer(layers.Dense, UNITS)(both)
        if kind == "attention":
            heads = self.layer(
                layers.MultiHeadAttention,
                2,
                2,
                dropout=rng.choice([0.0, 0.3]),
                seed=1,
            )
            return heads(
                x, rng.choice(tensors), use_causal_mask=rng.random() < 0.3
            )
        if kind == "lstm":
            return self.unary(layers.LSTM, UNITS, return_sequences=True)(x)
        if kind == "convolution":
            return self.unary(layers.Conv1D, UNITS, 3, padding="same")(x)
        if kind == "masking":
            return self.unary(layers.Masking)(x)
        if kind == "positions":
            # Of what is read first, so that they cross most cuts.
            return x + self.layer(Positions, rng.random() < 0.5)(tensors[0])
        return self.nested(x)

    def nested(self, x):
        inner = Inner(self.rng, self.is_sequence, self.depth + 1)
        inputs = keras.Input(x.shape[1:])
        tensors = [inputs]
        for _ in range(self.rng.randint(1, 4)):
            tensors.append(inner.draw(tensors))
        model = self.layer(Functional, inputs, tensors[-1])
        self.shared.append(model)
        self.paths += [f"{model.name}/{path}" for path in inner.paths]
        training = self.rng.choice([None, False, True])
        return model(x) if training is None else model(x, training=training)


def Functional(inputs, outputs, name):  # noqa: N802 (stands for a class)
    return keras.Model(inputs, outputs, name=name)


def random_classifier(seed):
    """A model and the places that might be mixed at.

    Its dropout has seeds: without, PyTorch draws from generators of its own.

    Args:
        seed: Int; the same seed gives the same model.

    Returns:
        The `keras.Model`; whether it reads ids `(batch, time)` below 9, or
        else features `(batch, UNITS)`; and the list of places.
    """
    rng = random.Random(seed)
    keras.utils.set_random_seed(seed)
    is_sequence = rng.random() < 0.7
    outer = Inner(rng, is_sequence)
    if is_sequence:
        inputs = keras.Input((rng.choice([None, 5]),), dtype="int32")
        embedding = outer.layer(
            layers.Embedding, 9, UNITS, mask_zero=rng.random() < 0.7
        )
        tensors = [embedding(inputs)]
    else:
        inputs = keras.Input((UNITS,))
        tensors = [inputs]
    for _ in range(rng.randint(3, 8)):
        tensors.append(outer.draw(tensors))
    x = tensors[-1]
    if is_sequence:
        pool = rng.choice([layers.GlobalAveragePooling1D, layers.LSTM])
        options = {} if pool is layers.GlobalAveragePooling1D else {"units": 4}
        x = outer.layer(pool, **options)(x)
    outputs = outer.layer(layers.Dense, NUM_CLASSES)(x)
    model = keras.Model(inputs, outputs)
    return model, is_sequence, outer.paths
