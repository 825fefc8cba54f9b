"""Branches of a step, of which one is taken."""

from collections.abc import Callable
from typing import Any

import keras
from keras import ops


def cond(
    predicate: Any, if_true: Callable[[], Any], if_false: Callable[[], Any]
) -> Any:
    """`keras.ops.cond`, which takes a branch at once where it can.

    Eager JAX compiles the branches anew each time, and keeps them.

    Args:
        predicate: Bool tensor, a scalar.
        if_true, if_false: Functions without arguments to tensors.

    Returns:
        What the one or the other returns.

    Examples:
        >>> cond(keras.ops.array(True), lambda: "yes", lambda: "no")
        'yes'
    """
    if keras.backend.backend() == "jax":
        try:
            is_true = bool(predicate)
        except TypeError:  # JAX's own, of what is compiled
            return ops.cond(predicate, if_true, if_false)
        return if_true() if is_true else if_false()
    return ops.cond(predicate, if_true, if_false)
