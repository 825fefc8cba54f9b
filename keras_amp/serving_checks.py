"""What an export can be asked before it is written."""

import numpy as np
from keras import ops


def check_outputs(outputs, from_logits):
    """Raises `ValueError` if outputs are not what they are said to be.

    Args:
        outputs: Tensor of shape `(texts, classes)`, the model's outputs.
        from_logits: Bool, whether they are said to be logits, rather than
            probabilities that sum to 1.

    Examples:
        >>> check_outputs(ops.array([[2.0, -1.0]]), from_logits=True)
        >>> check_outputs(ops.array([[0.7, 0.3]]), from_logits=False)
    """
    found = ops.convert_to_numpy(ops.cast(outputs, "float32"))
    is_inside = bool(np.all((found >= 0) & (found <= 1)))
    # As near to 1 as bfloat16 comes. The logits of all texts don't by chance.
    are_shares = is_inside and np.allclose(found.sum(axis=-1), 1, atol=5e-3)
    if are_shares and from_logits:
        wanted = "logits, and they sum to 1 as probabilities do"
    elif not are_shares and not from_logits:
        wanted = "probabilities, which sum to 1, as logits don't"
    else:
        return
    raise ValueError(
        f"With `from_logits={from_logits}` the model's outputs must be "
        f"{wanted}. Then say `from_logits={not from_logits}`. Received: "
        f"outputs such as {found[0].tolist()}"
    )


def check_length(model, longest):
    """Raises `ValueError` if a model does not take texts of some length.

    Args:
        model: The classifier, which takes ids of shape `(1, 2)`.
        longest: Int, the most ids of a text; `None` if nothing limits them,
            which is not checked.
    """
    if longest is None or longest <= 2:
        return
    error = _error_at(model, longest)
    if error is None:
        return
    most, too_many = 2, longest
    while too_many - most > 1:
        middle = (most + too_many) // 2
        if _error_at(model, middle) is None:
            most = middle
        else:
            too_many = middle
    raise ValueError(
        f"`tokenizer.max_length` is {longest}, and the model takes {most} ids "
        "of a text at most, so that longer texts would not be answered. Make "
        f"the tokenizer with `max_length={most}`."
    ) from error


def _error_at(model, length):
    """What a model raises of so many ids, or `None`."""
    try:
        model(ops.ones([1, length], "int32"))
    except Exception as error:  # Each backend has its own.
        return error
    return None
