import numpy as np
import pytest
import tensorflow as tf

from keras_amp.text import word_tokenizer
from training.data.dataset import Examples
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
