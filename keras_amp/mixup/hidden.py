"""Mixes what crosses a cut."""

import keras

from keras_amp import policy
from keras_amp.masks import hang, mask_of


def mix_hidden(hidden, partner, lam, upper=None):
    """Mixes everything that crosses a cut with the same λ (Eq. 11).

    Args:
        hidden: List of tensors of shape `(batch, ...)`: floating point ones
            are interpolated, padding masks united, implicit masks too.
        partner: Int tensor of shape `(batch,)`.
        lam: Float tensor of shape `(batch,)`, or a list with a tensor per
            tensor of `hidden`, of its shape or `(batch,)`.
        upper: What `keras_amp.cut` returns as the part above, which knows
            which tensors depend on no example and stay as they are; `None` if
            there are none.

    Returns:
        A list of tensors like `hidden`.
    """
    lams = lam if isinstance(lam, list) else [lam] * len(hidden)
    batched = getattr(upper, "is_batched", (True,) * len(hidden))
    # Layers may hand on the very tensor that they got; so does its mixture.
    mixed = {}
    for tensor, lam, holds_examples in zip(hidden, lams, batched, strict=True):
        if id(tensor) in mixed:
            continue
        mixed[id(tensor)] = (
            _mix(tensor, partner, lam) if holds_examples else tensor
        )
    return [mixed[id(tensor)] for tensor in hidden]


def _mix(tensor, partner, lam):
    # A tensor of coefficients leaves something of both in every position.
    shares = lam if len(lam.shape) == 1 else None
    if keras.backend.is_float_dtype(tensor.dtype):
        value = policy.interpolate(tensor, partner, lam)
    else:
        value = policy.unite_masks(tensor, partner, shares)
    mask = mask_of(tensor)
    if mask is not None:
        hang(policy.unite_masks(mask, partner, shares), value)
    return value
