"""The masks that Keras hangs on tensors, on every backend.

What JAX traces holds no attributes, so Keras keeps its masks elsewhere, and
only a layer is told: these ask one.
"""

from typing import Any, TypeAlias

import keras

Tensor: TypeAlias = Any  # of whichever backend


def mask_of(tensor: Tensor) -> Tensor | None:
    """The mask that Keras has hung on a tensor.

    Args:
        tensor: Tensor of whichever backend, or what can become one.

    Returns:
        Bool tensor, or `None` if there is no mask.

    Examples:
        >>> embedding = keras.layers.Embedding(5, 2, mask_zero=True)
        >>> mask = mask_of(embedding(keras.ops.array([[3, 0]])))
        >>> keras.ops.convert_to_numpy(mask).tolist()
        [[True, False]]
    """
    mask = getattr(tensor, "_keras_mask", None)
    # What is symbolic has it as elsewhere; lists and arrays have none.
    is_jax = keras.backend.backend() == "jax"
    if mask is None and is_jax and keras.ops.is_tensor(tensor):
        mask = _MaskOf()(tensor)
    return mask


def hang(mask: Tensor, tensor: Tensor) -> None:
    """Hangs a mask on a tensor that has none.

    Args:
        mask: Bool tensor.
        tensor: Tensor of whichever backend.

    Examples:
        >>> tensor = keras.ops.ones((1, 2))
        >>> mask = keras.ops.array([[True, False]])
        >>> hang(mask, tensor)
        >>> mask_of(tensor) is mask
        True
    """
    try:
        tensor._keras_mask = mask
    except AttributeError:
        _Hang(mask)(tensor)


class _MaskOf(keras.Layer):
    """Hands on the mask of its input."""

    def __init__(self) -> None:
        super().__init__(autocast=False)
        self.supports_masking = True
        self.built = True

    def call(self, x: Tensor, mask: Tensor | None = None) -> Tensor | None:
        return mask

    def compute_mask(self, x: Tensor, previous_mask: Any = None) -> None:
        return None


class _Hang(keras.Layer):
    """Hands on its input itself, with a mask."""

    def __init__(self, mask: Tensor) -> None:
        super().__init__(autocast=False)
        self.supports_masking = True
        self.built = True
        self._mask = mask

    def call(self, x: Tensor) -> Tensor:
        return x

    def compute_mask(self, x: Tensor, previous_mask: Any = None) -> Tensor:
        return self._mask
