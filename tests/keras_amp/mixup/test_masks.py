"""Mixing sequences of different lengths."""

import keras
import numpy as np
from keras import layers, ops

from keras_amp import AdversarialMixup, Mixup, cut
from keras_amp.mixup import mix_hidden
from tests.helpers import (
    arrays,
    compiled,
    given,
)

IDS = np.array([[3, 4, 5, 6], [7, 0, 0, 0], [8, 9, 0, 0]], "int32")
PARTNER = np.array([1, 2, 0])
LAM = np.array([0.4, 0.6, 0.5], "float32")
UNITED = [[1, 1, 1, 1], [1, 1, 0, 0], [1, 1, 1, 1]]


def recurrent():
    ids = keras.Input((None,), dtype="int32", name="ids")
    x = layers.Embedding(10, 4, mask_zero=True, name="embedding")(ids)
    x = layers.LSTM(5, return_sequences=True, name="lstm")(x)
    return keras.Model(
        ids, layers.Dense(2, name="out")(layers.LSTM(3, name="top")(x))
    )


def test_implicit_masks_unite():
    lower, _ = cut(recurrent(), "embedding")
    mixed = mix_hidden(lower(IDS), PARTNER, LAM)
    np.testing.assert_array_equal(mixed[0]._keras_mask, UNITED)


def test_a_mixture_lives_as_long_as_its_longer_sentence():
    model = recurrent()
    lower, upper = cut(model, "embedding")
    mixed = mix_hidden(lower(IDS), PARTNER, LAM)
    got = upper(mixed)
    # Row 1 alone, cut to the two words that live.
    row = mixed[0][1:2, :2]
    row._keras_mask = np.array([[True, True]])
    lstm, top, out = (model.get_layer(n) for n in ("lstm", "top", "out"))
    mask = np.array([[True, True]])
    expected = out(top(lstm(row, mask=mask), mask=mask))
    np.testing.assert_allclose(
        *arrays(got[1:2], expected), rtol=1e-5, atol=1e-6
    )


def test_masked_models_train():
    wrapper = Mixup(recurrent(), "lstm", seed=0)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    wrapper.compile("adam", loss)
    history = wrapper.fit(IDS, np.array([0, 1, 1]), epochs=2, verbose=0)
    assert np.all(np.isfinite(history.history["loss"]))


class AdditiveMask(layers.Layer):
    """0 where there is a word and minus infinity where there is none."""

    def call(self, ids):
        return ops.where(ids == 0, -float("inf"), 0.0)[:, None, :]


def test_additive_masks_of_minus_infinity_stop_no_search():
    ids = keras.Input((None,), dtype="int32")
    x = layers.Embedding(10, 4, name="word")(ids)
    scores = ops.matmul(x, ops.transpose(x, (0, 2, 1)))
    x = ops.matmul(ops.softmax(scores + AdditiveMask()(ids)), x)
    model = keras.Model(ids, layers.Dense(2)(ops.mean(x, axis=1)))
    wrapper = AdversarialMixup(model, "word", epsilon=0.1)
    assert len(wrapper.lower(IDS)) == 2
    labels = np.array([0, 1, 0])
    for lam in ([0.5] * len(IDS), [1.0] * len(IDS), [0.0] * len(IDS)):
        given(compiled(wrapper), lam, PARTNER)
        logs = wrapper.train_on_batch(IDS, labels, return_dict=True)
        assert np.isfinite(logs["loss"])
        assert logs["lam_shift"] > 0
        wrapper.reset_metrics()
