"""What an export can be asked before it is written.

Length and ids are asked on TensorFlow: JAX answers what is out of range too,
and on a GPU it is the end of all that PyTorch does there.
"""

import keras
import numpy as np
from keras import ops

from keras_amp.errors import one_line


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
    if not np.all(np.isfinite(found)):
        raise ValueError(
            "The model's outputs must be finite, for texts of any length, two "
            f"ids here. Received: outputs such as {found[0].tolist()}"
        )
    is_inside = bool(np.all((found >= 0) & (found <= 1)))
    # As near to 1 as a softmax comes, which on some processors is computed in
    # bfloat16 throughout. The logits of all texts don't by chance.
    is_rough = keras.backend.standardize_dtype(outputs.dtype) == "bfloat16"
    apart = np.abs(found.sum(axis=-1) - 1).max()
    are_shares = is_inside and apart < (0.03 if is_rough else 5e-3)
    if are_shares and from_logits:
        wanted = "logits, and they sum to 1 as probabilities do"
        then = "Then say `from_logits=False`"
    elif not are_shares and not from_logits:
        wanted = "probabilities that sum to 1"
        then = (
            "These lie from 0 to 1, as of a sigmoid for each class: end the "
            "model with a softmax"
            if is_inside
            else "Of logits say `from_logits=True`"
        )
    else:
        return
    raise ValueError(
        f"With `from_logits={from_logits}` the model's outputs must be "
        f"{wanted}. {then}. Received: outputs such as {found[0].tolist()}"
    )


def outputs_for_two(model):
    """What a model answers to two texts of two ids.

    Args:
        model: The classifier.

    Raises:
        ValueError: If it takes none, such as if all must be of one length.
    """
    # Of two positions: Keras' attention warns of one.
    ids = ops.array([[0, 0], [1, 1]], "int32")
    try:
        return model(ids)
    except Exception as error:  # Each backend has its own.
        raise ValueError(
            "`model` must take ids of shape (batch, time) of any length, two "
            "here, as texts are served padded to the longest of a batch; pool "
            f"over the positions. It raised {one_line(error)}"
        ) from error


def check_length(model, longest):
    """Raises `ValueError` if a model does not take texts of some length.

    Args:
        model: The classifier, which takes ids of shape `(1, 2)`.
        longest: Int, the most ids of a text; `None` if nothing limits them,
            which is not checked.
    """
    if longest is None or longest <= 2:
        return
    error = _error_of(model, [1] * longest)
    if error is None:
        return
    most, too_many = 2, longest
    while too_many - most > 1:
        middle = (most + too_many) // 2
        if _error_of(model, [1] * middle) is None:
            most = middle
        else:
            too_many = middle
    raise ValueError(
        f"`tokenizer.max_length` is {longest}, and the model takes {most} ids "
        "of a text at most, so that longer texts would not be answered. Make "
        f"the tokenizer with `max_length={most}`."
    ) from error


def check_number_of_ids(model, number):
    """Raises `ValueError` if a model has not as many ids as its tokenizer.

    Args:
        model: The classifier, which takes ids of shape `(1, 2)`.
        number: Int, how many ids the tokenizer may make.
    """
    error = _error_of(model, [0, number - 1])
    if error is not None:
        raise ValueError(
            f"`tokenizer` makes {number} ids, and the model does not take the "
            "last of them, so that texts with its word would not be answered. "
            "Build the model for `tokenizer.vocabulary_size()` ids."
        ) from error


def _error_of(model, ids):
    """What a model raises of one text's ids on a CPU, or `None`.

    TensorFlow answers ids that are out of range with zeros on a GPU.
    """
    with keras.device("cpu:0"):
        try:
            model(ops.array([ids], "int32"))
        except Exception as error:  # TensorFlow has many.
            return error
    return None
