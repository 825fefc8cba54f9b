"""Who is mixed with whom: permutations of a batch.

All are drawn from one random order of the batch, and are permutations, so that
each example is a partner once. `NAMES` has them by name.
"""

from typing import Any

import keras
from keras import ops, tree

from keras_amp.policy import Tensor, sample_partner

NAMES = ("any", "no-self", "same-class", "other-class")
BY_CLASS = ("same-class", "other-class")


def sample_partner_by(name: str, y: Tensor, seed: Any = None) -> Tensor:
    """Draws a partner for each example, as one of `NAMES` says.

    - `"any"`: whoever, itself too: `policy.sample_partner`, as in the paper.
      On average one example of a batch is mixed with itself, whatever the
      batch's size: 2 % of a batch of 50.
    - `"no-self"`: any other example. In a batch of one it is itself.
    - `"same-class"`: another example of its class; itself if it is the only
      one of it, so that it is not mixed.
    - `"other-class"`: an example of another class. Where one class has more
      than half of the batch that cannot be for all: of a class with m of n
      examples, 2 m − n are left, as few as can be, and have a partner of
      their own class.

    Args:
        name: String, one of `NAMES`.
        y: Labels of the batch: ints of shape `(batch,)` or `(batch, 1)`, or
            one-hot or soft ones of shape `(batch, classes)`, of which the
            highest is the class; that rows are such is not seen from here.
            `"any"` and `"no-self"` take any labels.
        seed: Int or `keras.random.SeedGenerator`.

    Returns:
        Int32 tensor of shape `(batch,)`, a permutation of its range.

    Raises:
        ValueError: If there is no such name, or no class for each example.

    Examples:
        >>> y = keras.ops.array([0, 0, 1, 1])
        >>> partner = sample_partner_by("other-class", y, seed=0)
        >>> keras.ops.convert_to_numpy(keras.ops.take(y, partner)).tolist()
        [1, 1, 0, 0]
    """
    check_partner(name)
    rank = sample_partner(batch_size_of(y), seed)
    if name == "any":
        return rank
    if name == "no-self":
        return _next_of_class(rank, ops.zeros_like(rank))
    classes = _classes_of(y, name)
    if name == "same-class":
        return _next_of_class(rank, classes)
    return _next_of_other_class(rank, classes)


def batch_size_of(y: Any) -> int | Tensor:
    """The number of examples that a batch has labels of.

    Args:
        y: Labels of shape `(batch, ...)`; of several outputs a list, with
            `None` for those without labels.
    """
    given = [one for one in tree.flatten(y) if one is not None]
    return ops.shape(given[0])[0]


def check_partner(name: str) -> None:
    """Raises `ValueError` unless it is one of `NAMES`."""
    if name not in NAMES:
        raise ValueError(
            f"`partner` must be one of {', '.join(map(repr, NAMES))}. "
            f"Received: partner={name!r}"
        )


def _next_of_class(rank: Tensor, classes: Tensor) -> Tensor:
    """The next of each example's class, in a random order that closes."""
    order, sizes, begin = _blocks(rank, classes)
    position = ops.arange(ops.shape(rank)[0], dtype="int32")
    return _permutation(order, begin + (position - begin + 1) % sizes)


def _next_of_other_class(rank: Tensor, classes: Tensor) -> Tensor:
    """The example that is one largest class further on.

    With the examples ordered by class, whoever is that far away is of another
    class, unless the largest has more than half of them.
    """
    order, sizes, _ = _blocks(rank, classes)
    position = ops.arange(ops.shape(rank)[0], dtype="int32")
    return _permutation(order, (position + ops.max(sizes)) % ops.shape(rank)[0])


def _blocks(rank: Tensor, classes: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The batch ordered by class, classes and examples in random order.

    Returns:
        Int32 tensors of shape `(batch,)`: the examples in that order; how many
        are of their class; and where their class begins.
    """
    same = ops.equal(classes[:, None], classes[None, :])
    number = ops.shape(rank)[0]
    # The lowest rank in a class is the class's own.
    block = ops.min(ops.where(same, rank[None, :], number), axis=1)
    order = ops.cast(ops.argsort(block * number + rank), "int32")
    sizes = ops.sum(ops.cast(same, "int32"), axis=1)
    before = ops.cast(block[None, :] < block[:, None], "int32")
    begin = ops.sum(before, axis=1)
    return order, ops.take(sizes, order), ops.take(begin, order)


def _permutation(order: Tensor, positions: Tensor) -> Tensor:
    """For each example, who stands at its position's `positions`."""
    return ops.take(ops.take(order, positions), ops.argsort(order))


def _classes_of(y: Tensor, name: str) -> Tensor:
    """The class of each example, of shape `(batch,)`."""
    if tree.is_nested(y):
        raise ValueError(
            f"partner={name!r} needs one class per example, and the model has "
            f"{len(y)} outputs. Draw partners by the labels of one in a `draw` "
            "of your own."
        )
    rank = len(y.shape)
    if rank == 2 and y.shape[1] != 1:
        return ops.argmax(y, axis=1)
    dtype = keras.backend.standardize_dtype(y.dtype)
    if rank in (1, 2) and keras.backend.is_float_dtype(dtype):
        raise ValueError(
            f"partner={name!r} needs one class per example, and one float for "
            "each is a number. If they are classes, give them as ints: "
            f'`y.astype("int32")`. Received: y of dtype {dtype} and shape '
            f"{tuple(y.shape)}"
        )
    if rank == 2:
        return y[:, 0]
    if rank != 1:
        raise ValueError(
            f"partner={name!r} needs one class per example: labels of shape "
            f"(batch,) or (batch, classes). Received: y of shape "
            f"{tuple(y.shape)}"
        )
    return y
