"""Labels per position, such as those of a tagger."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from keras_amp import AdversarialMixup, Mixup
from keras_amp.mixup import Pairs
from tests.helpers import (
    assert_same_weights,
    compiled,
    cross_entropy,
    given,
    weights_after,
)

IDS = np.array([[1, 2, 3, 0, 0], [4, 5, 6, 7, 8], [3, 0, 0, 0, 0]])
TAGS = np.array([[1, 2, 0, 0, 0], [0, 1, 2, 1, 0], [1, 0, 0, 0, 0]])
ONES, PARTNER = np.ones(3), [1, 2, 0]
KINDS = {
    "Mixup": Mixup,
    "AdversarialMixup": lambda *args: AdversarialMixup(*args, epsilon=0.0),
}


def tagger(mask_zero=True):
    keras.utils.set_random_seed(0)
    ids = keras.Input((None,), dtype="int32")
    x = layers.Embedding(9, 4, mask_zero=mask_zero, name="embedding")(ids)
    x = layers.LSTM(4, return_sequences=True, name="lstm")(x)
    model = keras.Model(ids, layers.Dense(3)(x))
    # Far from uniform, so that every position makes a difference.
    model.set_weights([4 * weight for weight in model.get_weights()])
    return model


def mixture(lam, hidden):
    shares = lam[:, None, None]
    return shares * hidden + (1 - shares) * hidden[PARTNER]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"mask_zero": False},
        {"reduction": "sum"},
        {"reduction": "mean_with_sample_weight"},
        {"ignore_class": 0},
    ],
    ids=str,
)
@pytest.mark.parametrize("mix_at", ["embedding", ["lstm", "embedding"]])
def test_lam_one_is_plain_training(kind, options, mix_at):
    options = dict(options)
    mask_zero = options.pop("mask_zero", True)
    plain = tagger(mask_zero)
    wrapper = given(KINDS[kind](tagger(mask_zero), mix_at), ONES, PARTNER)
    for model in (plain, wrapper):
        entropy = keras.metrics.SparseCategoricalCrossentropy(from_logits=True)
        compiled(model, cross_entropy(**options), metrics=["accuracy", entropy])
    # Not what it counts in training: on JAX, Keras loses the mask there.
    expected = plain.test_on_batch(IDS, TAGS, return_dict=True)
    plain.train_on_batch(IDS, TAGS)
    logs = wrapper.train_on_batch(IDS, TAGS, return_dict=True)
    for name, value in expected.items():
        assert logs[name] == pytest.approx(value, rel=1e-5), name
    assert_same_weights(
        wrapper.model.get_weights(), plain.get_weights(), rtol=1e-5, atol=1e-6
    )


LAM = np.array([0.8, 0.4, 0.3], "float32")


def losses_of_parts(wrapper):
    """Where mixtures have positions, and there the losses of both labels."""
    hidden = ops.convert_to_numpy(wrapper.lower(IDS)[0])
    mixed = ops.cast(mixture(LAM, hidden), "float32")
    lives = (IDS != 0) | (IDS[PARTNER] != 0)
    mixed._keras_mask = ops.convert_to_tensor(lives)
    log_p = ops.convert_to_numpy(
        ops.log_softmax(wrapper.upper([mixed, mixed._keras_mask]))
    )
    own, other = (
        -np.take_along_axis(log_p, tags[..., None], axis=-1)[..., 0]
        for tags in (TAGS, TAGS[PARTNER])
    )
    return lives, LAM[:, None] * own, (1 - LAM)[:, None] * other


def test_both_labels_count_where_the_mixture_has_a_position():
    wrapper = given(Mixup(tagger(), "embedding"), LAM, PARTNER)
    lives, own, other = losses_of_parts(wrapper)
    loss = compiled(wrapper).train_on_batch(IDS, TAGS)
    assert loss == pytest.approx((own + other)[lives].mean(), rel=1e-5)


def test_the_search_takes_the_mean_over_the_positions_of_each_mixture():
    wrapper = compiled(AdversarialMixup(tagger(), "embedding"))
    lives, own, other = losses_of_parts(wrapper)
    losses = np.where(lives, own + other, 0)
    pairs = Pairs.of_batch(TAGS, None, ops.array(LAM), ops.array(PARTNER))
    found = wrapper.search_loss(
        wrapper.upper, wrapper.lower(IDS), pairs, pairs.lam
    )
    np.testing.assert_allclose(
        ops.convert_to_numpy(found),
        losses.sum(axis=1) / lives.sum(axis=1),
        rtol=1e-5,
    )


def test_a_class_that_is_ignored_counts_for_neither_part():
    wrapper = given(Mixup(tagger(), "embedding"), LAM, PARTNER)
    lives, own, other = losses_of_parts(wrapper)
    counts_own, counts_other = (
        share * (lives & (tags != 0))
        for share, tags in (
            (LAM[:, None], TAGS),
            (1 - LAM[:, None], TAGS[PARTNER]),
        )
    )
    total = np.sum(own * (counts_own > 0) + other * (counts_other > 0))
    number = np.sum(counts_own + counts_other)
    compiled(wrapper, cross_entropy(ignore_class=0))
    loss = wrapper.train_on_batch(IDS, TAGS)
    assert loss == pytest.approx(total / number, rel=1e-5)


def test_weights_per_position_weigh_each_label_with_its_own():
    rng = np.random.default_rng(0)
    weights = rng.uniform(size=TAGS.shape).astype("float32")
    lam = np.array([0.8, 0.4, 0.3])
    wrapper = given(Mixup(tagger(False), "embedding"), lam, PARTNER)
    mixed = mixture(lam, ops.convert_to_numpy(wrapper.lower(IDS)[0]))
    log_p = ops.convert_to_numpy(
        ops.log_softmax(wrapper.upper([ops.cast(mixed, "float32")]))
    )
    total = right = weight = 0.0
    for share, rows in ((lam, [0, 1, 2]), (1 - lam, PARTNER)):
        picked = np.take_along_axis(log_p, TAGS[rows][..., None], axis=-1)
        total -= np.sum(share[:, None] * weights[rows] * picked[..., 0])
        is_right = log_p.argmax(axis=-1) == TAGS[rows]
        right += np.sum(share[:, None] * weights[rows] * is_right)
        weight += np.sum(share[:, None] * weights[rows])
    logs = compiled(wrapper, weighted_metrics=["accuracy"]).train_on_batch(
        IDS, TAGS, sample_weight=weights, return_dict=True
    )
    assert logs["loss"] == pytest.approx(total / TAGS.size, rel=1e-5)
    assert logs["accuracy"] == pytest.approx(right / weight, rel=1e-5)


def test_weights_per_example_hold_for_all_its_positions():
    weights = np.array([2.0, 0.5, 1.0], "float32")
    results = []
    for given_weights in (weights, np.repeat(weights[:, None], 5, axis=1)):
        wrapper = given(Mixup(tagger(), "embedding"), [0.8, 0.4, 0.3], PARTNER)
        # The first batch Keras itself looks at, on JAX and PyTorch, with a
        # loss of its own that takes no such weights.
        compiled(wrapper).train_on_batch(IDS, TAGS)
        results.append(
            weights_after(wrapper, IDS, TAGS, sample_weight=given_weights)
        )
    assert_same_weights(*results, rtol=1e-5, atol=1e-7)


def test_a_segmentation_trains_and_counts_as_plain_keras_does():
    rng = np.random.default_rng(0)
    images = rng.normal(size=(4, 6, 6, 2)).astype("float32")
    classes = rng.integers(0, 3, (4, 6, 6))
    results = []
    for wrap in (
        lambda m: m,
        lambda m: given(Mixup(m, "c"), np.ones(4), [1, 2, 3, 0]),
    ):
        keras.utils.set_random_seed(0)
        inputs = keras.Input((6, 6, 2))
        x = layers.Conv2D(4, 3, padding="same", name="c")(inputs)
        model = wrap(keras.Model(inputs, layers.Conv2D(3, 1)(x)))
        compiled(model, metrics=["accuracy"])
        results.append(model.train_on_batch(images, classes))
    np.testing.assert_allclose(*results, rtol=1e-5)
