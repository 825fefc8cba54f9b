"""Which tensors of a graph hold the examples of a batch in their first axis.

Positions of shape `(time, units)` or `(1, time, units)`, a causal mask
`(time, time)`: such tensors depend on no example and must not be mixed, though
nothing in their shapes says so once `time` is the size of the batch.
"""

from collections.abc import Sequence
from typing import Any

import keras

from keras_amp.graph import Call, run_calls

# A prime of which no other axis is a multiple.
_BATCH = 10_007
# For axes of unknown size, the first that the layers take.
_LENGTHS = (64, 224, 32, 16, 8, 4, 2, 1)


def is_batched(
    calls: Sequence[Call],
    inputs: Sequence[keras.KerasTensor],
    tensors: Sequence[keras.KerasTensor],
) -> tuple[bool, ...]:
    """Says of symbolic tensors whether their first axis is the batch's.

    The shapes are computed anew, for inputs of a batch size that no other
    axis has; nothing is run.

    Args:
        calls: List of `Call`s, from the inputs to the tensors.
        inputs: List of symbolic tensors.
        tensors: List of symbolic tensors.

    Returns:
        Tuple of bools.

    Raises:
        ValueError: If the batch is in another axis than the first, or a part
            of it, as in `(batch * time, units)`.
    """
    shapes = _shapes(calls, inputs, tensors)
    for tensor, shape in zip(tensors, shapes, strict=True):
        others = shape[1:] if shape[:1] == (_BATCH,) else shape
        if any(size and size % _BATCH == 0 for size in others):
            raise ValueError(
                f"the tensor '{tensor.name}' of shape {tuple(tensor.shape)} "
                "crosses the cut, and the examples of a batch are not what "
                "its first axis, and no other, counts"
            )
    # Some layers leave the size of the batch open, whatever they are told.
    return tuple(shape[:1] in ((_BATCH,), (None,)) for shape in shapes)


def _shapes(
    calls: Sequence[Call],
    inputs: Sequence[keras.KerasTensor],
    tensors: Sequence[keras.KerasTensor],
) -> list[tuple]:
    """Shapes of tensors for a batch of `_BATCH` examples."""
    for length in _LENGTHS:
        values = [
            keras.KerasTensor(
                (_BATCH, *(length if n is None else n for n in x.shape[1:])),
                dtype=x.dtype,
                sparse=x.sparse,
            )
            for x in inputs
        ]
        try:
            known = run_calls(calls, inputs, values, _infer)
        except Exception:
            # A layer may want another length, or the very batch size that
            # the model was built with.
            continue
        return [tuple(known[id(tensor)].shape) for tensor in tensors]
    sizes = {None, *(x.shape[0] for x in inputs)}
    return [
        (_BATCH, *t.shape[1:]) if {*t.shape[:1]} & sizes else tuple(t.shape)
        for t in tensors
    ]


def _infer(operation: Any, args: Any, kwargs: dict) -> Any:
    """The shapes of what an operation makes, without running it."""
    if isinstance(operation, keras.Layer):
        kwargs.pop("training", None)
    return operation.compute_output_spec(*args, **kwargs)
