"""Logits, and the loss along λ, against slow and obvious twins."""

import keras
import numpy as np
import pytest

import keras_amp
from tests.helpers import batch, classifier, text_model
from training.data.dataset import Examples, take_share
from training.run.batches import batches
from training.run.measures import (
    loss_along_lam,
    predict_logits,
)


def test_logits_of_all_batches_in_order():
    model = text_model()
    tokenizer = keras.layers.TextVectorization(vocabulary=["a", "b", "c"])
    examples = Examples(["a b", "c", "b b a a", "c c", "a"], np.arange(5) % 3)
    logits, labels = predict_logits(model, batches(examples, tokenizer, 2))
    np.testing.assert_array_equal(labels, examples.labels)
    ids = keras.ops.convert_to_tensor(tokenizer(examples.texts))
    alone = keras.ops.convert_to_numpy(model(ids))
    np.testing.assert_allclose(logits, alone, atol=1e-6)


@pytest.mark.parametrize("size", [6, 7])
def test_loss_along_lam_is_that_of_each_pair_by_hand(size):
    model = keras_amp.Mixup(classifier(dropout=0.5), "hidden")
    x, y = batch(size)
    got = loss_along_lam(model, x, y, num_points=5)
    order = np.random.default_rng(0).permutation(size)
    (hidden,) = map(keras.ops.convert_to_numpy, model.lower(x))
    by_hand = []
    for lam in got["lam"]:
        losses = []
        for own, other in zip(order, order[::-1], strict=True):
            mixed = lam * hidden[own] + (1 - lam) * hidden[other]
            mixed = keras.ops.convert_to_tensor(mixed[None], "float32")
            log_p = keras.ops.log_softmax(model.upper([mixed]))
            log_p = keras.ops.convert_to_numpy(log_p)[0]
            losses.append(-lam * log_p[y[own]] - (1 - lam) * log_p[y[other]])
        by_hand.append(losses)
    by_hand = np.array(by_hand)
    assert got["lam"] == [0, 0.25, 0.5, 0.75, 1]
    np.testing.assert_allclose(got["pairs"], by_hand.T[:2], rtol=1e-5)
    np.testing.assert_allclose(got["mean"], by_hand.mean(axis=1), rtol=1e-5)
    np.testing.assert_allclose(got["mean"], got["mean"][::-1])


def test_a_share_is_of_each_class_and_at_least_one():
    labels = np.repeat([0, 1, 2, 3], [100, 50, 29, 1])
    examples = Examples([str(n) for n in range(len(labels))], labels)
    some = take_share(examples, 0.29, seed=1)
    assert np.bincount(some.labels).tolist() == [29, 14, 8, 1]
    indices = list(map(int, some.texts))
    np.testing.assert_array_equal(labels[indices], some.labels)
    assert indices == sorted(indices)
    assert take_share(examples, 0.29, seed=1).texts == some.texts
    assert take_share(examples, 0.29, seed=2).texts != some.texts
    fewer = take_share(examples, 0.03, seed=1)
    assert np.bincount(fewer.labels).tolist() == [3, 1, 1, 1]
    assert set(fewer.texts) < set(some.texts)
    assert take_share(examples, 1.0, seed=1).texts == examples.texts
