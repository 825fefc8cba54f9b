"""Labels and predictions of whatever form, as one number per class."""

from typing import Any

import numpy as np
from keras import ops

from keras_amp.policy import Tensor


def by_class(
    y_true: Tensor, y_pred: Tensor, from_logits: bool
) -> tuple[Tensor, Tensor]:
    """Labels and predictions as float32 of one shape, `(..., classes)`."""
    y_true, y_pred = map(ops.convert_to_tensor, (y_true, y_pred))
    y_pred = ops.cast(y_pred, "float32")
    _check_rank(y_true, y_pred)
    if y_pred.shape[-1] == 1:
        y_true = ops.reshape(ops.cast(y_true, "float32"), ops.shape(y_pred))
        first = ops.zeros_like(y_pred) if from_logits else 1 - y_pred
        return (
            ops.concatenate([1 - y_true, y_true], axis=-1),
            ops.concatenate([first, y_pred], axis=-1),
        )
    if _is_distribution(y_true, y_pred):
        return ops.cast(y_true, "float32"), y_pred
    y_true = ops.reshape(ops.cast(y_true, "int32"), ops.shape(y_pred)[:-1])
    return ops.one_hot(y_true, y_pred.shape[-1], dtype="float32"), y_pred


def checked(
    y_true: Any, y_pred: Any, from_logits: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Labels and predictions as arrays, once nothing is wrong with them."""
    y_true, y_pred = map(ops.convert_to_numpy, (y_true, y_pred))
    y_pred = y_pred.astype("float64")
    _check_rank(y_true, y_pred)
    num_classes = y_pred.shape[-1]
    is_alike = _is_distribution(y_true, y_pred)
    num_labels = y_true.size / (num_classes if is_alike else 1)
    if not y_pred.size or num_labels != y_pred.size / num_classes:
        raise ValueError(
            "There must be predictions, and as many labels. Received: y_true "
            f"of shape {y_true.shape}, y_pred of shape {y_pred.shape}"
        )
    if not np.all(np.isfinite(y_pred)):
        count = np.count_nonzero(~np.isfinite(y_pred))
        raise ValueError(
            f"`y_pred` must be finite. Received: y_pred with {count} NaN or "
            "infinite values"
        )
    sums = y_pred.sum(axis=-1) if num_classes > 1 else np.ones(1)
    is_inside = np.min(y_pred) >= -1e-3 and np.max(y_pred) <= 1 + 1e-3
    if not from_logits and not (is_inside and np.allclose(sums, 1, atol=0.05)):
        raise ValueError(
            "`y_pred` must be probabilities, which sum to 1; of logits, say "
            "`from_logits=True`. Received: y_pred with values from "
            f"{np.min(y_pred):.4g} to {np.max(y_pred):.4g}"
        )
    if num_classes == 1 or is_alike:
        is_share = np.all((y_true >= 0) & (y_true <= 1))
        sums = y_true.sum(axis=-1) if num_classes > 1 else np.ones(1)
        is_known = bool(is_share) and np.allclose(sums, 1, atol=0.05)
        wanted = "from 0 to 1, and 1 over all classes"
    else:
        is_known = bool(np.all(np.isin(y_true, np.arange(num_classes))))
        wanted = f"ints from 0 to {num_classes - 1}"
    if not is_known:
        raise ValueError(
            f"`y_true` must be {wanted}, for y_pred of shape {y_pred.shape}. "
            f"Received: y_true of shape {y_true.shape} with values from "
            f"{np.min(y_true)} to {np.max(y_true)}"
        )
    return y_true, y_pred


def _is_distribution(y_true: Any, y_pred: Any) -> bool:
    same_rank = len(y_true.shape) == len(y_pred.shape)
    return same_rank and y_true.shape[-1] == y_pred.shape[-1]


def _check_rank(y_true: Any, y_pred: Any) -> None:
    if len(y_pred.shape) < 2:
        raise ValueError(
            "`y_pred` must have a last axis of classes, or of 1 for the second "
            f"of two. Received: y_pred of shape {tuple(y_pred.shape)}"
        )
