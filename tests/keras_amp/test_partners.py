"""Partners by name, against what they promise, for any batch."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops

import keras_amp
from keras_amp.partners import NAMES, sample_partner_by
from tests.helpers import classifier

LABELS = st.lists(st.integers(0, 4), min_size=1, max_size=30)


def drawn(name, y, seed=0):
    y = ops.convert_to_tensor(np.asarray(y, "int32"))
    return ops.convert_to_numpy(sample_partner_by(name, y, seed))


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=25, deadline=None)
@given(labels=LABELS, seed=st.integers(0, 999))
def test_partners_are_a_permutation(name, labels, seed):
    partner = drawn(name, labels, seed)
    assert partner.dtype == "int32"
    assert sorted(partner) == [*range(len(labels))]


@settings(max_examples=50, deadline=None)
@given(labels=LABELS, seed=st.integers(0, 999))
def test_no_self_is_nobody_where_there_is_another(labels, seed):
    fixed = drawn("no-self", labels, seed) == np.arange(len(labels))
    assert fixed.sum() == (len(labels) == 1)


@settings(max_examples=50, deadline=None)
@given(labels=LABELS, seed=st.integers(0, 999))
def test_same_class_is_another_of_it_unless_it_is_alone(labels, seed):
    y = np.array(labels)
    partner = drawn("same-class", y, seed)
    np.testing.assert_array_equal(y[partner], y)
    is_alone = (y[:, None] == y).sum(axis=1) == 1
    np.testing.assert_array_equal(partner == np.arange(len(y)), is_alone)


@settings(max_examples=100, deadline=None)
@given(labels=LABELS, seed=st.integers(0, 999))
def test_other_class_leaves_as_few_as_can_be(labels, seed):
    y = np.array(labels)
    left = y[drawn("other-class", y, seed)] == y
    # A class with more than half of the batch has too few others for itself.
    largest = np.bincount(y).max()
    assert left.sum() == max(0, 2 * largest - len(y))


@pytest.mark.parametrize("name", NAMES)
def test_all_who_can_be_partners_are_equally_likely(name):
    y = np.array([0, 0, 0, 1, 1, 1])
    counts = np.zeros((6, 6))
    seed = keras.random.SeedGenerator(0)
    for _ in range(600):
        counts[np.arange(6), drawn(name, y, seed)] += 1
    is_possible = {
        "any": np.ones((6, 6)),
        "no-self": 1 - np.eye(6),
        "same-class": (y[:, None] == y) - np.eye(6),
        "other-class": 1.0 * (y[:, None] != y),
    }[name]
    expected = 600 * is_possible / is_possible.sum(axis=1, keepdims=True)
    # Five standard deviations of a count.
    assert np.all(np.abs(counts - expected) <= 5 * np.sqrt(expected))


@pytest.mark.parametrize("name", ["same-class", "other-class"])
def test_labels_in_other_forms_are_classes_too(name):
    y = np.array([2, 0, 1, 2, 2, 0])
    expected = drawn(name, y)
    soft = 0.7 * np.eye(3)[y] + 0.1
    for form in (y[:, None], np.eye(3)[y], soft):
        form = ops.convert_to_tensor(form)
        got = ops.convert_to_numpy(sample_partner_by(name, form, 0))
        np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("name", ["same-class", "other-class"])
@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_one_number_is_no_class(name, dtype):
    for y in (ops.zeros(3, dtype), ops.zeros((3, 1), dtype)):
        with pytest.raises(ValueError, match=f"`y.astype.*dtype {dtype} and"):
            sample_partner_by(name, y)
        assert len(sample_partner_by("no-self", y)) == 3


@pytest.mark.parametrize(
    "loss",
    [
        "binary_crossentropy",
        keras.losses.BinaryCrossentropy(),
        keras.losses.BinaryFocalCrossentropy(name="mine"),
        "sparse_categorical_crossentropy",
        keras.losses.SparseCategoricalCrossentropy(),
    ],
    ids=lambda loss: getattr(loss, "name", loss),
)
def test_a_loss_of_columns_says_that_they_are_no_classes(loss):
    model = keras_amp.Mixup(classifier(), "hidden", partner="same-class")
    model.draw(None, ops.ones((4, 3)))  # No loss says anything yet.
    model.compile("sgd", loss)
    for dtype in ("int32", "float32"):
        with pytest.raises(ValueError, match=r"own. Received.*\(4, 3\)"):
            model.draw(None, ops.ones((4, 3), dtype))
    for shape in ((4,), (4, 1)):
        lam, partner = model.draw(None, ops.ones(shape, "int32"))
        assert len(lam) == len(partner) == 4
    model.partner = "no-self"
    model.draw(None, ops.ones((4, 3)))
    model.partner = "other-class"
    model.compile("sgd", "categorical_crossentropy")
    model.draw(None, ops.one_hot(ops.arange(4) % 3, 3))


def test_what_has_no_class_is_refused():
    with pytest.raises(ValueError, match=r"'same-class'.*shape \(2, 3, 4\)"):
        sample_partner_by("same-class", ops.zeros((2, 3, 4)))
    with pytest.raises(ValueError, match=r"'any'.*Received: partner='none'"):
        sample_partner_by("none", ops.zeros(2))
    # Who is mixed with whoever needs none.
    assert len(sample_partner_by("no-self", ops.zeros((2, 3, 4)))) == 2
