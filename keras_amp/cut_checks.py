"""What can be cut, and what may cross a cut; the sentences that say so."""

from typing import Any

import keras


def check_model(model: Any, within: str = "") -> None:
    """Raises unless Keras knows, and follows, the order of a model's layers.

    Args:
        model: What is to be cut.
        within: String, how the message begins.

    Raises:
        TypeError, ValueError: Saying what would do.
    """
    if not isinstance(model, keras.Model):
        raise TypeError(
            f"{within}Only a `keras.Model` can be cut. "
            f"Received: {model!r} of type {type(model).__name__}"
        )
    is_sequential = isinstance(model, keras.Sequential)
    if is_sequential and not model.built:
        raise ValueError(
            f"{within}The Sequential model '{model.name}' is not built. Call "
            "`model.build(input_shape)` or begin it with a `keras.Input`."
        )
    if not is_sequential and not hasattr(model, "operations"):
        raise ValueError(
            f"{within}'{model.name}' is a subclassed model, whose layers Keras "
            "does not know the order of. Build it with the Functional API, "
            "give it a method `cut`, or choose a layer outside of it."
        )
    if not type(model).call.__module__.startswith("keras."):
        raise ValueError(
            f"{within}'{model.name}' has a `call` of its own, which need not "
            "follow the graph that it was built from. Give it a method `cut`, "
            "or choose a layer outside of it."
        )


def check_crossing(tensor: keras.KerasTensor, mix_at: str) -> None:
    """Raises `ValueError` for what can neither be mixed nor united."""
    if keras.backend.is_float_dtype(tensor.dtype) or _is_padding_mask(tensor):
        return
    raise ValueError(
        f"Cannot cut at layer '{mix_at}': the {tensor.dtype} tensor "
        f"'{tensor.name}' crosses the cut, and what crosses must be floating "
        "point (to be mixed) or a padding mask (to be united: of dtype bool, "
        "or an int tensor whose name ends in 'mask'). Cut after its embedding."
    )


def _is_padding_mask(tensor: keras.KerasTensor) -> bool:
    """Says whether a symbolic tensor is a padding mask.

    Bool tensors are, and int tensors whose name ends in "mask", such as the
    `padding_mask` inputs of keras-hub.
    """
    dtype = keras.backend.standardize_dtype(tensor.dtype)
    return dtype == "bool" or ("int" in dtype and tensor.name.endswith("mask"))
