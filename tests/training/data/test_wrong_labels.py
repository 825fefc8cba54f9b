import numpy as np
import pytest

from training.data.dataset import Dataset, Examples
from training.data.wrong_labels import with_wrong_labels


def dataset(classes):
    def some(number):
        texts = [str(i) for i in range(number)]
        return Examples(texts, (np.arange(number) % classes).astype("int32"))

    names = tuple("abcdef"[:classes])
    return Dataset("some", names, some(500), some(300), some(40))


@pytest.mark.parametrize("kind", ["uniform", "class"])
@pytest.mark.parametrize("classes", [2, 6])
@pytest.mark.parametrize("share", [0.2, 0.4])
def test_so_many_labels_are_wrong_and_no_text(kind, classes, share):
    right = dataset(classes)
    wrong = with_wrong_labels(right, share, kind, seed=0)
    for one, two in ((wrong.train, right.train), (wrong.dev, right.dev)):
        assert one.texts == two.texts
        is_wrong = one.labels != two.labels
        assert is_wrong.mean() == pytest.approx(share)
        away = (one.labels - two.labels)[is_wrong] % classes
        expected = range(1, classes) if kind == "uniform" else [1]
        assert {*away.tolist()} == {*expected}
    assert wrong.test is right.test
    assert wrong.right_dev is right.dev


def test_wrong_is_any_part_of_each_class_alike():
    right = dataset(6)
    wrong = with_wrong_labels(right, 0.4, "uniform", seed=0)
    is_wrong = wrong.train.labels != right.train.labels
    shares = [is_wrong[right.train.labels == one].mean() for one in range(6)]
    assert 0.25 < min(shares) < max(shares) < 0.55


def test_a_seed_changes_the_same_labels_and_more_of_a_larger_share():
    def labels(share, seed, kind="uniform"):
        changed = with_wrong_labels(dataset(6), share, kind, seed)
        return changed.train.labels

    right = dataset(6).train.labels
    less, more = labels(0.2, 0), labels(0.4, 0)
    np.testing.assert_array_equal(less, labels(0.2, 0))
    np.testing.assert_array_equal(more[less != right], less[less != right])
    assert np.any(less != labels(0.2, 1))
    # Both kinds change the same examples.
    np.testing.assert_array_equal(
        less != right, labels(0.2, 0, "class") != right
    )
