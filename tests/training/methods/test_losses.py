"""Losses of the experiments, against Keras' own where it has them."""

import keras
import numpy as np
import pytest
from keras import ops

from training.methods.losses import SmoothedCrossEntropy

LOGITS = np.random.default_rng(0).normal(size=(5, 4)).astype("float32")
LABELS = np.array([0, 3, 1, 1, 2])


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
def test_smoothed_labels_are_those_of_one_hot_ones(smoothing):
    expected = keras.losses.CategoricalCrossentropy(
        from_logits=True, label_smoothing=smoothing, reduction=None
    )(np.eye(4)[LABELS], LOGITS)
    loss = SmoothedCrossEntropy(smoothing)
    got = loss.call(LABELS, ops.convert_to_tensor(LOGITS))
    np.testing.assert_allclose(got, expected, rtol=1e-6)


def test_labels_of_which_all_is_spread_say_nothing():
    loss = SmoothedCrossEntropy(1.0)
    logits = ops.convert_to_tensor(LOGITS)
    one, other = (loss.call(labels, logits) for labels in (LABELS, 0 * LABELS))
    np.testing.assert_allclose(one, other, rtol=1e-6)
