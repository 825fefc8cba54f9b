"""The paper's mixing policy as pure functions on tensors.

| paper | here | equation |
|---|---|---|
| λ ~ Beta(α, α) | `sample_lam` | 10 |
| i, j | `sample_partner` | 11 |
| ĝ_k | `interpolate`, `unite_masks` | 11 |
| ŷ | `interpolate` on one-hot labels | 12 |
| λ′ = λ + ε·∇λ | `ascend` | 15 |
| 𝓛, 𝓛′ | `mixup_loss` | 17, 20 |
| λ*, and so 𝓛_final | `select` | 19 |
| mask, δ | `adversarial_mask` | 21 |

Equation 16, the gradient ∂𝓛/∂λ itself, needs a tape and lives with the
training step in `keras_amp.mixup.adversarial_mixup`. Nothing here knows
TensorFlow: every function is written with `keras.ops`.

`lam` always weighs the example itself: `lam * x + (1 - lam) * x[partner]`.
"""

import math
from typing import Any, TypeAlias

import keras
from keras import ops

from keras_amp.branches import cond
from keras_amp.checks import check_alpha

Tensor: TypeAlias = Any  # of whichever backend


def sample_lam(shape: Any, alpha: float | Tensor, seed: Any = None) -> Tensor:
    """Draws mixing coefficients `λ ~ Beta(α, α)`, one per example (Eq. 10).

    The gamma samplers behind `keras.random.beta` have no XLA kernel, so this
    uses the closed form of the symmetric Beta distribution (Bailey 1994;
    Devroye 1996). With `U`, `V` uniform, `G = U**(1/α)`, `C = cos(2πV)`:

        T = C² (1 − G) / (G + C² (1 − G)),   λ = ½ + ½ · sign(C) · sqrt(T)

    The smaller of λ and 1 − λ is computed without cancellation, and no
    intermediate overflows for any α > 0.

    Args:
        shape: Int or int tensor, the number of draws, or a tuple of these.
        alpha: Float or tensor, the concentration, > 0, one for all draws or
            one each. Near 0 the coefficients are near 0 or 1; 1 is uniform;
            large is near ½.
        seed: Int or `keras.random.SeedGenerator`.

    Returns:
        Float32 tensor of that shape with values in `[0, 1]`.

    Raises:
        ValueError: If `alpha` is a number and not > 0.

    Examples:
        >>> lam = sample_lam(4, alpha=1.0, seed=0)
        >>> tuple(lam.shape)
        (4,)
    """
    if isinstance(alpha, (int, float)):
        check_alpha(alpha)
    shape = shape if isinstance(shape, tuple) else (shape,)
    uniform = keras.random.uniform((2, *shape), dtype="float32", seed=seed)
    log_g = ops.log(uniform[0]) / ops.cast(alpha, "float32")
    g = ops.exp(log_g)
    cosine = ops.cos(2 * math.pi * uniform[1])
    far = -ops.expm1(log_g) * ops.square(cosine)
    smaller = 0.5 * g / ((g + far) * (1 + ops.sqrt(far / (g + far))))
    return ops.where(cosine < 0, smaller, 1 - smaller)


def fold(lam: Tensor) -> Tensor:
    """Gives the example itself at least half of the mixture.

        max(λ, 1 − λ)

    Args:
        lam: Float tensor.

    Returns:
        Float tensor of that shape with values in `[½, 1]`.
    """
    return ops.maximum(lam, 1 - lam)


def sample_partner(batch_size: int | Tensor, seed: Any = None) -> Tensor:
    """Draws a partner for each example: a permutation of the batch (Eq. 11).

    Args:
        batch_size: Int or int tensor.
        seed: Int or `keras.random.SeedGenerator`.

    Returns:
        Int32 tensor of shape `(batch_size,)`, a permutation of its range.
    """
    return keras.random.shuffle(
        ops.arange(batch_size, dtype="int32"), seed=seed
    )


def interpolate(x: Tensor, partner: Tensor, lam: Tensor) -> Tensor:
    """Mixes each example with its partner (Eq. 11; Eq. 12 for labels).

        lam * x + (1 - lam) * x[partner]

    Half-precision inputs are mixed in float32, float64 inputs in float64.

    Args:
        x: Float tensor of shape `(batch, ...)`.
        partner: Int tensor of shape `(batch,)`, numbers of examples. They may
            repeat; the gradient of a permutation of the batch is faster.
        lam: Float tensor of shape `(batch,)`, weight of the example itself,
            or of the shape of `x`, one weight per element.

    Returns:
        Tensor with the shape and dtype of `x`; equal to `x` where `lam == 1`
        and to `x[partner]` where `lam == 0`, whatever the other part holds.
        Where a part is infinite, as in additive attention masks, so is a
        mixture at a `lam` from 0 to 1, and it has no gradient by `lam` there.

    Raises:
        ValueError: If `lam` has neither rank 1 nor that of `x`.

    Examples:
        >>> x = keras.ops.array([[0.0], [10.0]])
        >>> mixed = interpolate(x, [1, 0], keras.ops.array([0.75, 0.5]))
        >>> keras.ops.convert_to_numpy(mixed).tolist()
        [[2.5], [5.0]]
    """
    x, lam = ops.convert_to_tensor(x), ops.convert_to_tensor(lam)
    if len(lam.shape) == 1:
        lam = _expand_like(lam, x)
    elif len(lam.shape) != len(x.shape):
        raise ValueError(
            "`lam` must have one value per example, shape (batch,), or one per "
            f"element. Received: lam of shape {tuple(lam.shape)} for x of "
            f"shape {tuple(x.shape)}"
        )
    dtype = keras.backend.result_type(x.dtype, lam.dtype)
    weight = ops.cast(lam, dtype)
    own = ops.cast(x, dtype)
    other = _of_partner(own, ops.convert_to_tensor(partner))
    return ops.cast(_mixture(own, other, weight), x.dtype)


def unite_masks(
    mask: Tensor, partner: Tensor, lam: Tensor | None = None
) -> Tensor:
    """Joins the padding masks of each example and its partner.

    A position of the mixture lives where a part that weighs something does, so
    at `lam == 1` the mask is the example's own.

    Args:
        mask: Bool or int tensor of shape `(batch, ...)`, nonzero where real.
        partner: Int tensor of shape `(batch,)`, numbers of examples.
        lam: Float tensor of shape `(batch,)`; `None` where both weigh
            something.

    Returns:
        Tensor with the shape and dtype of `mask`.
    """
    own, other = mask, ops.take(mask, partner, axis=0)
    if lam is not None:
        lam, nothing = _expand_like(lam, mask), ops.zeros_like(mask)
        own = ops.where(lam != 0, own, nothing)
        other = ops.where(lam != 1, other, nothing)
    return ops.where(ops.cast(own, "bool"), own, other)


def mixup_loss(
    loss_own: Tensor,
    loss_partner: Tensor,
    lam: Tensor,
    weight_own: float | Tensor = 1.0,
    weight_partner: float | Tensor = 1.0,
) -> Tensor:
    """Interpolates the losses on both labels of each pair (Eq. 17, 20).

        lam * w_i * ℓ(ŷ, y_i) + (1 - lam) * w_j * ℓ(ŷ, y_j)

    Args:
        loss_own, loss_partner: Float tensors of shape `(batch,)`: the loss of
            the mixture's prediction on the example's and the partner's label.
        lam: Float tensor of shape `(batch,)`. The label's λ: never perturbed.
        weight_own, weight_partner: Sample weights, of shape `(batch,)`.

    Returns:
        Float tensor of shape `(batch,)`.
    """
    lam = ops.cast(lam, loss_own.dtype)
    return (
        lam * weight_own * loss_own + (1 - lam) * weight_partner * loss_partner
    )


def ascend(lam: Tensor, grad: Tensor, epsilon: float | Tensor) -> Tensor:
    """Moves λ one clipped step towards a higher loss (Eq. 15).

        λ′ = clip(λ + ε · clip(∇λ, −1, 1), 0, 1)

    Args:
        lam: Float tensor of shape `(batch,)`.
        grad: Float tensor of shape `(batch,)`, `∂𝓛/∂λ` of each example's own
            loss (Eq. 16). A gradient that is not finite moves nothing.
        epsilon: Float or scalar tensor, the step size, >= 0.

    Returns:
        Float tensor of shape `(batch,)`; equal to `lam` at `epsilon == 0`.

    Examples:
        >>> lam = keras.ops.array([0.5, 0.5])
        >>> lam_adv = ascend(lam, keras.ops.array([9.0, -0.5]), epsilon=0.1)
        >>> keras.ops.convert_to_numpy(lam_adv)
        array([0.6 , 0.45], dtype=float32)
    """
    grad = ops.where(ops.isfinite(grad), grad, ops.zeros_like(grad))
    step = ops.cast(epsilon, lam.dtype) * ops.clip(grad, -1.0, 1.0)
    return ops.clip(lam + step, 0.0, 1.0)


def adversarial_mask(loss: Tensor, loss_adv: Tensor) -> Tensor:
    """Says where the perturbed mixture has the higher loss (Eq. 21).

    Args:
        loss, loss_adv: Float tensors of shape `(batch,)`, 𝓛 and 𝓛′.

    Returns:
        Bool tensor of shape `(batch,)`, true where `loss_adv - loss > 0`.
    """
    return loss_adv - loss > 0


def select(mask: Tensor, adversarial: Tensor, plain: Tensor) -> Tensor:
    """Selects per example between two values (Eq. 19).

    The mask is a constant for the weights, so selecting the λ to train at,
    and then taking that one loss, has the gradient of
    `𝓛 · (1 − mask) + 𝓛′ · mask` at half its cost.

    Args:
        mask: Bool tensor of shape `(batch,)`.
        adversarial, plain: Float tensors of shape `(batch,)`.

    Returns:
        Float tensor of shape `(batch,)`.
    """
    return ops.where(mask, adversarial, plain)


@ops.custom_gradient
def _of_partner(x: Tensor, partner: Tensor) -> Tensor:
    """`x[partner]`; of a permutation the gradient is a gather too."""
    inverse = ops.argsort(partner)
    order = ops.arange(ops.shape(partner)[0], dtype=partner.dtype)
    is_permutation = ops.all(ops.take(partner, inverse) == order)

    def gradient(*args: Tensor, upstream: Tensor | None = None) -> tuple:
        upstream = args[0] if upstream is None else upstream
        size = ops.shape(upstream)[0]
        by_x = cond(
            is_permutation,
            lambda: ops.take(upstream, inverse, axis=0),
            # A scatter is slow: for partners that repeat alone.
            lambda: ops.segment_sum(upstream, partner, num_segments=size),
        )
        return by_x, None

    return ops.take(x, partner, axis=0), gradient


@ops.custom_gradient
def _mixture(own: Tensor, other: Tensor, weight: Tensor) -> Tensor:
    """`weight * own + (1 - weight) * other`, where 0 times infinity is 0."""

    def between() -> Tensor:
        return weight * own + (1 - weight) * other

    def at_the_ends() -> Tensor:
        return ops.where(weight != 0, weight * own, 0.0) + ops.where(
            weight != 1, (1 - weight) * other, 0.0
        )

    # Infinities and ends are rare, and looking for them is another pass over
    # all numbers, but where XLA does it in passing.
    looks_always = keras.backend.backend() == "jax"

    def gradient(*args: Tensor, upstream: Tensor | None = None) -> tuple:
        upstream = args[0] if upstream is None else upstream
        axes = [axis for axis, size in enumerate(weight.shape) if size == 1]
        slope = own - other

        def of_finite_parts() -> Tensor:
            finite = ops.where(ops.isfinite(slope), slope, 0.0)
            return ops.sum(upstream * finite, axis=axes, keepdims=True)

        if looks_always:
            by_weight = of_finite_parts()
        else:
            of_all = ops.sum(upstream * slope, axis=axes, keepdims=True)
            by_weight = ops.cond(
                ops.all(ops.isfinite(of_all)), lambda: of_all, of_finite_parts
            )
        return weight * upstream, (1 - weight) * upstream, by_weight

    if looks_always:
        return at_the_ends(), gradient
    both_weigh = ops.all(ops.logical_and(weight != 0, weight != 1))
    return ops.cond(both_weigh, between, at_the_ends), gradient


def _expand_like(lam: Tensor, x: Tensor) -> Tensor:
    return ops.reshape(lam, (-1,) + (1,) * (len(x.shape) - 1))
