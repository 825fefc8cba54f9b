"""What `compare` is given, and the sentences that say what is wrong with it."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from keras import tree

from keras_amp.comparison.measures import MEASURES


def check_numbers(epochs: int, batch_size: int, test_share: float) -> None:
    """Raises `ValueError` for a number that is out of its range."""
    for name, number in (("epochs", epochs), ("batch_size", batch_size)):
        if number < 1:
            raise ValueError(
                f"`{name}` must be 1 at least. Received: {name}={number!r}"
            )
    if not 0 < test_share < 1:
        raise ValueError(
            "`test_share` must be above 0 and below 1. Received: "
            f"test_share={test_share!r}"
        )


def check_rows(x: Any, number: int) -> None:
    """Raises `ValueError` unless `x` has a row for each of so many labels.

    Args:
        x: As of `compare`.
        number: Int.
    """
    shapes = {np.shape(one): None for one in tree.flatten(x)}
    if not shapes or any(shape[:1] != (number,) for shape in shapes):
        raise ValueError(
            "`x` must be an array, or a list or dict of arrays, with a row for "
            f"each of {number} labels. Received: shapes "
            f"{', '.join(map(str, [*shapes][:3]))}"
        )


def checked_labels(
    y: Any, methods: Mapping, metric: str, repeats: int
) -> np.ndarray:
    """The labels as ints, once nothing is wrong with them and the rest.

    Args:
        y, methods, metric, repeats: As of `compare`.

    Raises:
        ValueError: If something is.
    """
    if not methods or "none" in methods:
        raise ValueError(
            "`methods` must hold one method at least, none of them called "
            f"'none', which is always compared. Received: {[*methods]}"
        )
    if metric not in MEASURES:
        raise ValueError(
            f"`metric` must be one of {', '.join(MEASURES)}. Received: "
            f"metric={metric!r}"
        )
    if repeats < 2:
        raise ValueError(
            f"`repeats` must be 2 at least. Received: repeats={repeats!r}"
        )
    labels = np.asarray(y)
    if labels.ndim != 1 or labels.dtype.kind not in "iub":
        raise ValueError(
            "`y` must be ints of shape (examples,), the classes; "
            "`numpy.unique(y, return_inverse=True)[1]` makes them of names. "
            f"Received: {labels.dtype} of shape {labels.shape}"
        )
    if len(np.unique(labels)) < 2:
        raise ValueError(
            f"`y` must have two classes at least. Received: {np.unique(labels)}"
        )
    return labels.astype("int32")


def too_few(y: np.ndarray, test_share: float) -> str:
    """What is lacking for splits that have each class on both sides."""
    classes, counts = np.unique(y, return_counts=True)
    if counts.min() < 2:
        few = classes[counts < 2]
        return (
            "`y` must have two examples of each class at least, one for each "
            f"side of a split. Received: one of {', '.join(map(str, few))}"
        )
    return (
        f"`y` must have more examples, so that {test_share:.0%} of them hold "
        f"each of {len(classes)} classes. Received: {len(y)} examples"
    )
