import pytest

from training.run.selection import best_evaluation, is_stale


@pytest.mark.parametrize(
    ("accuracies", "losses", "first", "by_loss"),
    [
        ([0.5], [1.0], 0, 0),
        ([0.5, 0.7, 0.7, 0.6], [9.0, 3.0, 2.0, 1.0], 1, 2),
        ([0.7, 0.7, 0.7], [2.0, 1.0, 1.0], 0, 2),
        ([0.7, 0.7, 0.7], [1.0, 2.0, 3.0], 0, 0),
        ([0.6, 0.7], [1.0, 9.0], 1, 1),
    ],
)
def test_the_lowest_error_then_the_loss_then_the_later(
    accuracies, losses, first, by_loss
):
    curves = {"val_accuracy": accuracies, "val_loss": losses}
    assert best_evaluation({"val_accuracy": accuracies}, None) == first
    assert best_evaluation(curves, "first") == first
    assert best_evaluation(curves, "by-loss") == by_loss
    assert best_evaluation(curves, "last") == len(losses) - 1


@pytest.mark.parametrize(
    ("accuracies", "losses", "patience", "expected"),
    [
        ([0.7, 0.6, 0.6], [1.0, 2.0, 3.0], 2, True),
        ([0.7, 0.6, 0.6], [1.0, 2.0, 3.0], 3, False),
        ([0.7, 0.6, 0.8], [1.0, 2.0, 3.0], 2, False),
        ([0.7, 0.6, 0.6], [1.0, 2.0, 0.9], 2, False),
        ([0.7, 0.7, 0.7], [1.0, 1.0, 1.0], 2, True),
        ([0.7, 0.6, 0.6], [1.0, 2.0, 3.0], 0, False),
        ([0.7, 0.6, 0.6], [1.0, 2.0, 3.0], None, False),
    ],
)
def test_stale_is_where_neither_error_nor_loss_gets_lower(
    accuracies, losses, patience, expected
):
    curves = {"val_accuracy": accuracies, "val_loss": losses}
    assert is_stale(curves, patience) is expected


def test_nothing_is_stale_before_the_first_evaluation():
    assert not is_stale({}, 3)
