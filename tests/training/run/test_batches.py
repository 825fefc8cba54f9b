import numpy as np
import pytest
import tensorflow as tf

from keras_amp.text import word_tokenizer
from training.data.dataset import Examples
from training.run.array_batches import window_of
from training.run.batches import BUCKETS, batches, order_by_length

TEXTS = ["a " * n for n in (1, 3, 9, 20, 300)] + [""]
EXAMPLES = Examples(TEXTS, np.arange(6))
TOKENIZER = word_tokenizer(["a"], max_length=256)


def test_batches_are_as_long_as_the_next_bucket():
    shapes = [ids.shape for ids, _ in batches(EXAMPLES, TOKENIZER, 2)]
    assert shapes == [(2, 8), (2, 24), (2, 256)]
    assert {shape[1] for shape in shapes} <= set(BUCKETS)


@pytest.mark.parametrize(
    ("max_length", "longest"), [(10, 10), (280, 280), (None, 300)]
)
def test_batches_are_never_longer_than_the_tokenizer_cuts(max_length, longest):
    tokenizer = word_tokenizer(["a"], max_length=max_length)
    shapes = [ids.shape for ids, _ in batches(EXAMPLES, tokenizer, 3)]
    assert shapes == [(3, min(16, longest)), (3, longest)]


def test_nothing_is_lost_and_order_is_kept():
    seen = [(ids, labels) for ids, labels in batches(EXAMPLES, TOKENIZER, 4)]
    assert [len(labels) for _, labels in seen] == [4, 2]
    lengths = np.concatenate([np.sum(ids != 0, axis=1) for ids, _ in seen])
    assert lengths.tolist() == [1, 3, 9, 20, 256, 0]
    labels = np.concatenate([labels for _, labels in seen])
    assert labels.tolist() == list(range(6))


@pytest.mark.parametrize("seed", [0, 1])
def test_training_batches_shuffle_by_their_seed_without_end(seed):
    def orders(seed):
        data = batches(EXAMPLES, TOKENIZER, 6, seed=seed).take(3)
        return [labels.numpy().tolist() for _, labels in data]

    assert orders(seed) == orders(seed) != orders(seed + 1)
    assert all(sorted(order) == list(range(6)) for order in orders(seed))


def test_rows_are_shuffled_as_their_labels_would_be():
    data = batches(EXAMPLES, TOKENIZER, 4, seed=3, skip=1).take(5)
    found = [label for _, labels in data for label in labels.numpy().tolist()]
    labels = tf.data.Dataset.from_tensor_slices(EXAMPLES.labels)
    expected = labels.shuffle(6, seed=3).repeat().skip(4).take(20)
    assert found == [int(label) for label in expected]


def test_by_length_is_from_the_shortest_and_else_as_it_was():
    examples = Examples(["a a", "a", "", "a a a", "a"], np.arange(5))
    order = order_by_length(examples, TOKENIZER)
    assert order.tolist() == [2, 1, 4, 0, 3]


LENGTHS = np.random.default_rng(0).integers(1, 60, 200)
MANY = Examples(["a " * n for n in LENGTHS], np.arange(200))


def _batches(count, **more):
    data = batches(MANY, TOKENIZER, 5, seed=1, **more).take(count)
    return [(ids.numpy(), labels.numpy()) for ids, labels in data]


def test_grouped_by_length_hold_little_padding():
    def padding(of):
        return np.mean(np.concatenate([ids == 0 for ids, _ in of], axis=None))

    grouped = padding(_batches(40, group_by_length=True))
    assert grouped < 0.6 * padding(_batches(40))


def test_grouped_by_length_each_is_drawn_once_a_pass():
    found = _batches(80, group_by_length=True)  # ten windows of 8 x 5
    for one in (found[:40], found[40:]):
        drawn = np.concatenate([labels for _, labels in one])
        assert sorted(drawn) == [*range(200)]
    lengths = [np.sum(ids != 0, axis=1) for ids, _ in found]
    for (_, labels), one in zip(found, lengths, strict=True):
        assert one.tolist() == LENGTHS[labels].tolist()
    first, second = ([one.mean() for one in lengths[i : i + 8]] for i in (0, 8))
    # Shuffled, not from short to long, and each window by itself.
    assert sorted(first) != first
    assert np.argsort(first).tolist() != np.argsort(second).tolist()


def test_grouped_by_length_are_of_the_form_of_those_that_are_not():
    kinds = (batches(MANY, TOKENIZER, 5, 1, 0, kind) for kind in (False, True))
    first, second = (kind.element_spec for kind in kinds)
    assert [one.shape.rank for one in first] == [2, 1]
    assert [one.shape for one in first] == [one.shape for one in second]


@pytest.mark.parametrize("skip", [1, 8, 11])
def test_grouped_by_length_skips_what_came_first(skip):
    rest = _batches(20 - skip, group_by_length=True, skip=skip)
    whole = _batches(20, group_by_length=True)[skip:]
    for (ids, labels), (others, their_labels) in zip(rest, whole, strict=True):
        np.testing.assert_array_equal(ids, others)
        np.testing.assert_array_equal(labels, their_labels)


@pytest.mark.parametrize(("size", "expected"), [(3, 1), (19, 1), (50, 2)])
def test_of_few_examples_fewer_batches_are_sorted_at_a_time(size, expected):
    assert window_of(size, 5) == expected
    assert window_of(100 * size, 5) == 8
