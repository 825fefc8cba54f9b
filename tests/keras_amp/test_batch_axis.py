"""What holds no examples crosses a cut as it is."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from keras_amp import AdversarialMixup, Mixup, NonlinearMixup, cut
from keras_amp.mixup import mix_hidden
from tests.helpers import (
    arrays,
    assert_same_weights,
    compiled,
    given,
    weights_after,
)
from tests.random_models import Positions

IDS = np.array([[1, 2, 3, 4], [5, 6, 7, 8], [2, 4, 6, 8], [1, 3, 5, 7]])
LABELS = np.array([0, 1, 1, 0])
LAM, PARTNER = np.array([0.9, 0.3, 0.5, 0.7], "float32"), [1, 2, 3, 0]


class CausalMask(layers.Layer):
    """A bool mask of shape `(time, time)`."""

    def call(self, x):
        ones = ops.ones((ops.shape(x)[1],) * 2)
        return ops.cast(ops.tril(ones), "bool")


class Scale(layers.Layer):
    """One number, whatever comes."""

    def call(self, x):
        return ops.mean(ops.zeros_like(x)) + 2.0


def with_positions(leading_axis=False, length=None):
    keras.utils.set_random_seed(0)
    ids = keras.Input((length,), dtype="int32", name="ids")
    word = layers.Embedding(9, 4, name="word")(ids)
    x = layers.Add(name="sum")([word, Positions(leading_axis)(word)])
    x = layers.GlobalAveragePooling1D()(layers.Dense(4, activation="tanh")(x))
    return keras.Model(ids, layers.Dense(2)(x))


def with_positions_of_ids(leading_axis=False, length=None):
    """Positions that are below a cut at `word`."""
    keras.utils.set_random_seed(0)
    ids = keras.Input((length,), dtype="int32", name="ids")
    word = layers.Embedding(9, 4, name="word")(ids)
    positions = Positions(leading_axis, name="positions")(ids)
    mask = CausalMask(name="mask")(ids)
    x = word + positions
    x = layers.MultiHeadAttention(2, 4)(
        x, x, attention_mask=ops.expand_dims(mask, 0)
    )
    x = layers.GlobalAveragePooling1D()(x * Scale()(ops.cast(ids, "float32")))
    return keras.Model(ids, layers.Dense(2)(x))


BUILDERS = {
    "(time, units)": lambda: with_positions_of_ids(),
    "(1, time, units)": lambda: with_positions_of_ids(True),
    "time is known": lambda: with_positions_of_ids(False, 4),
}


@pytest.mark.parametrize("build", BUILDERS.values(), ids=BUILDERS)
def test_only_examples_are_mixed(build):
    lower, upper = cut(build(), "word")
    hidden = lower(IDS)
    assert len(hidden) == 4
    mixed = mix_hidden(hidden, PARTNER, ops.array(LAM), upper)
    own = ops.convert_to_numpy(hidden[0])
    shares = LAM[:, None, None]
    np.testing.assert_allclose(
        *arrays(mixed[0], shares * own + (1 - shares) * own[PARTNER]), rtol=1e-6
    )
    for before, after in zip(hidden[1:], mixed[1:], strict=True):
        np.testing.assert_array_equal(*arrays(before, after))


@pytest.mark.parametrize("build", BUILDERS.values(), ids=BUILDERS)
def test_as_many_positions_as_examples_make_no_difference(build):
    """Steps on a batch are those of the batch beside a padded column."""
    results = []
    for kind in (Mixup, lambda *args: AdversarialMixup(*args, epsilon=0.0)):
        wrapper = given(kind(build(), "word"), np.ones(4), PARTNER)
        results.append(weights_after(compiled(wrapper), IDS, LABELS))
    plain = compiled(build())
    plain.train_on_batch(IDS, LABELS)
    for got in results:
        assert_same_weights(got, plain.get_weights(), rtol=1e-5, atol=1e-6)


def test_the_same_layer_at_another_cut_is_part_of_the_mixture():
    lower, upper = cut(with_positions(), "sum")
    assert upper.is_batched == (True,)
    assert len(lower(IDS)) == 1


def test_nonlinear_mixup_leaves_it_too():
    wrapper = compiled(NonlinearMixup(with_positions_of_ids(), "word"))
    assert np.isfinite(wrapper.train_on_batch(IDS, LABELS))


def test_a_place_without_examples_is_refused():
    with pytest.raises(ValueError, match=r"'positions': its output.*nothing"):
        Mixup(with_positions_of_ids(), "positions")


def test_examples_in_another_axis_are_refused():
    inputs = keras.Input((5, 3))
    x = ops.reshape(inputs, (-1, 3))
    x = layers.Dense(3, name="dense")(x)
    x = ops.mean(ops.reshape(x, (-1, 5, 3)), axis=1)
    model = keras.Model(inputs, layers.Dense(2)(x))
    with pytest.raises(ValueError, match=r"'dense'.*\(None, 3\) crosses"):
        cut(model, "dense")


def test_a_fixed_batch_size_is_one():
    inputs = keras.Input(batch_shape=(4, 3))
    x = layers.Dense(3, name="dense")(inputs)
    x = layers.Dense(2)(ops.reshape(x, (4, 3)))
    assert cut(keras.Model(inputs, x), "dense")[1].is_batched == (True,)
