"""What the numbers that steer training may be."""

import math

import numpy as np


def check_alpha(alpha: float) -> None:
    """Raises `ValueError` unless `alpha` is a finite float32 > 0."""
    if not 0 < _as_float32(alpha) < math.inf:
        raise ValueError(
            "`alpha`, the concentration of Beta(alpha, alpha), must be > 0 and "
            f"finite in float32; the paper uses 1.0. Received: alpha={alpha}"
        )


def check_epsilon(epsilon: float) -> None:
    """Raises `ValueError` unless `epsilon` is a finite float32 >= 0."""
    if not 0 <= _as_float32(epsilon) < math.inf:
        raise ValueError(
            "`epsilon`, the step size on lam, must be >= 0 and finite in "
            f"float32; the paper uses 0.002. Received: epsilon={epsilon}"
        )


def check_mix_share(mix_share: float) -> None:
    """Raises `ValueError` unless `mix_share` lies in [0, 1]."""
    if not 0 <= mix_share <= 1:
        raise ValueError(
            "`mix_share`, the probability that an example is mixed, must be "
            f"between 0 and 1. Received: mix_share={mix_share}"
        )


def check_clean_weight(clean_weight: float) -> None:
    """Raises `ValueError` unless `clean_weight` is a finite float32 >= 0."""
    if not 0 <= _as_float32(clean_weight) < math.inf:
        raise ValueError(
            "`clean_weight`, how much the loss on clean examples weighs beside "
            "that on mixtures, must be >= 0 and finite in float32; 0 leaves "
            f"it out. Received: clean_weight={clean_weight}"
        )


def check_fold(fold: bool) -> None:
    """Raises `TypeError` unless `fold` is a bool."""
    if not isinstance(fold, (bool, np.bool_)):
        raise TypeError(
            "`fold`, whether λ is max(λ, 1 − λ), must be True or False. "
            f"Received: fold={fold!r}"
        )


def _as_float32(number: float) -> float:
    """The number that a float32 tensor will hold: 1e39 is infinite there."""
    with np.errstate(over="ignore"):
        return float(np.float32(number))
