"""Which evaluation's weights are kept, and when there is no use in more."""


def best_evaluation(curves: dict[str, list], keep: str | None) -> int:
    """The index of the evaluation that is kept.

    Args:
        curves: Dict of lists, one value per evaluation: `val_accuracy`, and
            `val_loss` where it is asked for.
        keep: `"last"`; or one with the lowest error on dev: `"by-loss"`, of
            these the one with the lowest loss on dev, the last of several;
            else the first.

    Examples:
        >>> curves = {"val_accuracy": [0.9, 0.9, 0.8], "val_loss": [2, 1, 1]}
        >>> [best_evaluation(curves, x) for x in ("first", "by-loss", "last")]
        [0, 1, 2]
    """
    accuracies = curves["val_accuracy"]
    if keep == "last":
        return len(accuracies) - 1
    best = [i for i, one in enumerate(accuracies) if one == max(accuracies)]
    if keep != "by-loss":
        return best[0]
    return min(best, key=lambda i: (curves["val_loss"][i], -i))


def is_stale(curves: dict[str, list], patience: int | None) -> bool:
    """Whether the last evaluations lowered neither dev error nor dev loss.

    Args:
        curves: Dict of lists, `val_accuracy` and `val_loss`.
        patience: Int, of how many evaluations; 0 or `None` for never.

    Examples:
        >>> curves = {"val_accuracy": [0.8, 0.9, 0.9], "val_loss": [2, 1, 3]}
        >>> is_stale(curves, 1), is_stale(curves, 2)
        (True, False)
    """
    if not patience or len(curves.get("val_accuracy", ())) <= patience:
        return False
    accuracies, losses = curves["val_accuracy"], curves["val_loss"]
    is_higher = max(accuracies[-patience:]) > max(accuracies[:-patience])
    return not is_higher and min(losses[-patience:]) >= min(losses[:-patience])
