import numpy as np
import pytest

from keras_amp.comparison.batches import shuffled_batches

pytestmark = pytest.mark.tensorflow

X = {"a": np.arange(14.0).reshape(7, 2), "b": np.array([*"tuvwxyz"])}
Y = np.arange(7)


def epoch(data):
    """The batches' sizes, and the examples one after the other."""
    batches = [(x["a"].numpy(), x["b"].numpy(), y.numpy()) for x, y in data]
    sizes = [len(y) for _, _, y in batches]
    return sizes, [np.concatenate(one) for one in zip(*batches, strict=True)]


def test_each_epoch_has_every_example_once_in_an_order_of_its_own():
    data = shuffled_batches(X, Y, 3, seed=0)
    epochs = [epoch(data) for _ in range(3)]
    for sizes, (a, b, y) in epochs:
        assert sizes == [3, 3, 1]
        assert sorted(y) == [*Y]
        np.testing.assert_array_equal(a, X["a"][y])
        np.testing.assert_array_equal(b.astype(str), X["b"][y])
        assert a.dtype == "float32"
    orders = [tuple(y) for _, (_, _, y) in epochs]
    assert len({*orders, tuple(Y)}) == 4
    again = shuffled_batches(X, Y, 3, seed=0)
    assert [tuple(epoch(again)[1][2]) for _ in range(3)] == orders
    other = shuffled_batches(X, Y, 3, seed=1)
    assert tuple(epoch(other)[1][2]) != orders[0]


def test_a_list_of_arrays_stays_several():
    ((first, second), _), *_ = shuffled_batches([*X.values()], Y, 7, seed=0)
    assert (first.shape, second.shape) == ((7, 2), (7,))
