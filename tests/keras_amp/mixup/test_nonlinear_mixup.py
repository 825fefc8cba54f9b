import keras
import numpy as np
import pytest
from keras import ops

from keras_amp import Mixup, NonlinearMixup
from keras_amp.mixup import Found, Pairs, mix_hidden
from tests.helpers import (
    arrays,
    assert_same_weights,
    batch,
    classifier,
    compiled,
    cross_entropy,
    given,
    text_model,
    weights_after,
)

LAM = np.array([0.9, 0.3, 0.5, 0.2, 0.6, 0.7], "float32")
PARTNER = np.array([3, 0, 2, 5, 1, 4], "int32")
IDS = np.random.default_rng(0).integers(1, 20, (6, 7))


def pairs_of(y):
    lam = ops.convert_to_tensor(LAM)
    return Pairs.of_batch(y, None, lam, ops.convert_to_tensor(PARTNER))


def label_lam(wrapper, mixed, y):
    pairs = wrapper.weigh_labels(wrapper.upper, mixed, pairs_of(y))
    return ops.convert_to_numpy(pairs.lam)


@pytest.mark.filterwarnings("ignore:Gradients do not exist for variables")
def test_constant_coefficients_and_a_policy_of_lam_are_mixup():
    x, y = batch()

    class Constant(NonlinearMixup):
        def choose_lam(self, upper, hidden, pairs):
            shape = ops.shape(hidden[0])
            return Found([ops.broadcast_to(pairs.lam[:, None], shape)])

        def weigh_labels(self, upper, mixed, pairs):
            return pairs

    model = classifier()
    start = model.get_weights()
    steps = []
    for method in (Mixup, Constant):
        model.set_weights(start)
        wrapper = given(method(model, "hidden"), LAM, PARTNER)
        compiled(wrapper, metrics=["accuracy"])
        steps.append(weights_after(wrapper, x, y))
    assert_same_weights(*steps, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(
    ("build", "x", "mix_at"),
    [
        (classifier, batch()[0], "hidden"),
        (text_model, IDS, "word"),
        (text_model, IDS, "sentence"),
    ],
)
def test_each_element_has_a_coefficient_of_its_own(build, x, mix_at):
    wrapper = NonlinearMixup(build(), mix_at, alpha=0.7, seed=0)
    hidden = wrapper.lower(x)
    lams = wrapper.choose_lam(wrapper.upper, hidden, pairs_of(np.zeros(6))).lam
    mixed = mix_hidden(hidden, PARTNER, lams)
    own, weights, mixed = (
        ops.convert_to_numpy(tensors[0]) for tensors in (hidden, lams, mixed)
    )
    assert weights.shape == own.shape
    assert len(np.unique(weights)) > 0.9 * np.size(weights)
    expected = weights * own + (1 - weights) * own[PARTNER]
    np.testing.assert_allclose(mixed, expected, rtol=1e-5, atol=1e-6)
    assert weights.min() < 0.4
    wrapper.fold = True
    lams = wrapper.choose_lam(wrapper.upper, hidden, pairs_of(np.zeros(6))).lam
    assert ops.convert_to_numpy(lams[0]).min() >= 0.5


def test_masks_of_both_sentences_unite():
    ids = np.array([[3, 4, 5], [6, 0, 0]])
    wrapper = NonlinearMixup(text_model(), "word", seed=0)
    hidden = wrapper.lower(ids)
    lam = ops.array([0.5, 0.5])
    partner = ops.array([1, 0])
    pairs = Pairs.of_batch(np.zeros(2), None, lam, partner)
    lams = wrapper.choose_lam(wrapper.upper, hidden, pairs).lam
    mixed = mix_hidden(hidden, partner, lams)
    np.testing.assert_array_equal(mixed[1], np.ones((2, 3)))


def test_the_policy_begins_at_equal_weights_and_is_trained():
    x, y = batch()
    wrapper = compiled(
        given(NonlinearMixup(classifier(), "hidden"), LAM, PARTNER)
    )
    mixed = mix_hidden(wrapper.lower(x), PARTNER, LAM)
    before = label_lam(wrapper, mixed, y)
    np.testing.assert_array_equal(before, np.full(6, 0.5, "float32"))
    for _ in range(3):
        wrapper.train_on_batch(x, y)
    after = label_lam(wrapper, mixed, y)
    assert np.max(np.abs(after - before)) > 1e-3


def test_the_policy_descends_the_loss():
    x, y = batch()
    wrapper = given(NonlinearMixup(classifier(), "hidden"), LAM, PARTNER)
    wrapper.model.trainable = False
    mixed = mix_hidden(wrapper.lower(x), PARTNER, LAM)
    wrapper.choose_lam = lambda upper, hidden, pairs: Found(pairs.lam)
    compiled(wrapper, optimizer=keras.optimizers.Adam(0.05))
    for _ in range(40):
        wrapper.train_on_batch(x, y)
    logits = wrapper.upper(mixed)
    loss = cross_entropy(reduction=None)
    own, other = (
        ops.convert_to_numpy(loss(labels, logits)) for labels in (y, y[PARTNER])
    )
    lam = label_lam(wrapper, mixed, y)
    learned = np.mean(lam * own + (1 - lam) * other)
    assert learned < np.mean(0.5 * own + 0.5 * other) - 1e-3


@pytest.mark.parametrize(
    ("mix_at", "jit_compile", "batch_size"),
    [
        ("word", False, 4),
        ("sentence", False, 4),
        (["word", "sentence"], False, 4),
        # XLA compiles once for each size of a batch.
        (["word", "sentence"], True, 3),
    ],
)
def test_it_trains_at_any_place(mix_at, jit_compile, batch_size):
    wrapper = NonlinearMixup(text_model(), mix_at, seed=0)
    compiled(wrapper, metrics=["accuracy"], jit_compile=jit_compile)
    y = np.arange(6) % 3
    history = wrapper.fit(
        IDS,
        y,
        batch_size=batch_size,
        epochs=3,
        verbose=0,
        validation_data=(IDS, y),
    ).history
    assert np.all(np.isfinite(history["loss"]))
    assert set(history) == {"loss", "accuracy", "val_loss", "val_accuracy"}


def test_save_and_load(tmp_path):
    x, y = batch()
    wrapper = compiled(NonlinearMixup(classifier(), "hidden", policy_units=5))
    wrapper.fit(x, y, verbose=0)
    wrapper.save(tmp_path / "wrapper.keras")
    loaded = keras.models.load_model(tmp_path / "wrapper.keras")
    assert loaded.policy_units == 5
    assert_same_weights(loaded.get_weights(), wrapper.get_weights())


def test_evaluation_is_the_classifiers_own():
    x, _ = batch()
    wrapper = compiled(NonlinearMixup(classifier(), "hidden"))
    np.testing.assert_array_equal(*arrays(wrapper(x), wrapper.model(x)))
    assert len(wrapper.model.weights) == 6
