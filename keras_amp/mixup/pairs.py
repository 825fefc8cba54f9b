"""The pairs of one step: who is mixed with whom, and on which labels."""

import dataclasses
from typing import Any

from keras import ops, tree

from keras_amp import policy
from keras_amp.mixup.per_example_loss import PerExampleLoss
from keras_amp.policy import Tensor


@dataclasses.dataclass(frozen=True)
class Pairs:
    """The λ, partners, labels and sample weights of one batch.

    Labels and weights may be per position, such as `(batch, time)`. Then both
    labels of a pair count wherever the mixture has a position: where either
    part has one. To leave padding's labels out, give them a weight of 0, or a
    class of their own that the loss ignores.

    Of a model with several outputs, `y`, `y_partner` and the weights are lists
    with one for each, in the order of the outputs.

    Attributes:
        lam: Float32 tensor of shape `(batch,)`, the labels' λ.
        partner: Int tensor of shape `(batch,)`.
        y, y_partner: Labels of shape `(batch, ...)`: own and the partner's.
        weight, weight_partner: Float tensors of shape `(batch,)` or that of
            the losses, or 1.
        is_mixed: Bool tensor of shape `(batch,)`, false for examples that are
            to stay as they are, whose λ is 1; `None` if all are mixed.
    """

    lam: Tensor
    partner: Tensor
    y: Tensor
    y_partner: Tensor
    weight: float | Tensor = 1.0
    weight_partner: float | Tensor = 1.0
    is_mixed: Tensor | None = None

    @classmethod
    def of_batch(
        cls,
        y: Any,
        sample_weight: Any,
        lam: Tensor,
        partner: Tensor,
        is_mixed: Tensor | None = None,
    ) -> "Pairs":
        """Looks up what belongs to each example's partner.

        Args:
            y: Labels, or a list of them, one per output.
            sample_weight: Weights, or a list of them, or `None`.
            lam, partner, is_mixed: As the attributes.
        """
        weight = tree.map_structure(_as_weight, sample_weight)
        y_partner, weight_partner = (
            tree.map_structure(lambda one: _of_partner(one, partner), each)
            for each in (y, weight)
        )
        return cls(lam, partner, y, y_partner, weight, weight_partner, is_mixed)

    def of_output(self, index: int) -> "Pairs":
        """The pairs of one of several outputs."""

        def of_it(values: Any) -> Any:
            return values[index] if isinstance(values, list) else values

        return dataclasses.replace(
            self,
            y=of_it(self.y),
            y_partner=of_it(self.y_partner),
            weight=of_it(self.weight),
            weight_partner=of_it(self.weight_partner),
        )

    def where_mixed(self, values: Tensor, otherwise: float) -> Tensor:
        """Values of shape `(batch, ...)`, and a number for who is not mixed."""
        if self.is_mixed is None:
            return values
        is_mixed = _expand(self.is_mixed, len(values.shape))
        return ops.where(is_mixed, values, ops.cast(otherwise, values.dtype))

    def unmixed(self) -> "Pairs":
        """The same examples, each by itself: its own partner, at λ = 1."""
        return dataclasses.replace(
            self,
            lam=ops.ones_like(self.lam),
            partner=ops.arange(ops.shape(self.partner)[0], dtype="int32"),
            y_partner=self.y,
            weight_partner=self.weight,
        )

    def loss(self, per_example_loss: Any, y_pred: Any) -> Tensor:
        """The mixup loss of each pair, of shape `(batch,)` (Eq. 17, 20).

        Of labels per position it is the mean over the positions that count; of
        several outputs the weighted sum of theirs.

        Args:
            per_example_loss: `PerExampleLoss` or `PerOutputLoss`.
            y_pred: Predictions for the mixtures.
        """
        return sum(
            weight * pairs._loss(loss, predicted)
            for loss, weight, pairs, predicted in per_example_loss.each(
                self, y_pred
            )
        )

    def total_loss(
        self, per_example_loss: Any, y_pred: Any, num_replicas: int = 1
    ) -> Tensor:
        """The mixup loss of the batch, reduced as the loss itself would.

        Args:
            per_example_loss, y_pred: As of `loss`.
            num_replicas: Int, how many replicas' means are added up.

        Returns:
            A scalar; 0 for an empty batch, and where nothing counts.
        """
        return sum(
            weight * pairs._total_loss(loss, predicted, num_replicas)
            for loss, weight, pairs, predicted in per_example_loss.each(
                self, y_pred
            )
        )

    def _loss(self, per_example_loss: PerExampleLoss, y_pred: Tensor) -> Tensor:
        losses, counts, _ = self._losses(per_example_loss, y_pred)
        positions = tuple(range(1, len(losses.shape)))
        if not positions:
            return losses
        if counts is None:
            return ops.mean(losses, axis=positions)
        return ops.divide_no_nan(
            ops.sum(losses, axis=positions), ops.sum(counts, axis=positions)
        )

    def _total_loss(
        self,
        per_example_loss: PerExampleLoss,
        y_pred: Tensor,
        num_replicas: int,
    ) -> Tensor:
        losses, counts, weights = self._losses(per_example_loss, y_pred)
        total = ops.sum(losses)
        if per_example_loss.reduction == "sum":
            return total
        if per_example_loss.reduction == "mean_with_sample_weight":
            number = ops.sum(weights)
        elif counts is not None:
            number = ops.sum(counts)
        else:
            number = ops.size(losses)
        mean = ops.divide_no_nan(total, ops.cast(number, total.dtype))
        return mean / num_replicas

    def shares(self, weighted: bool, shape: Any) -> tuple[Tensor, Tensor]:
        """The weights of both labels in a metric.

        Args:
            weighted: Bool, whether the sample weights count.
            shape: Tuple, that of the predictions without their classes.

        Returns:
            Two float tensors of that shape.
        """
        rank = len(shape)
        # Not a view of λ: on PyTorch, Keras multiplies masks into it in place.
        lam = _expand(self.lam, rank) * ops.ones(shape, self.lam.dtype)
        own, other = lam, 1 - lam
        if weighted:
            own = own * _expand(self.weight, rank)
            other = other * _expand(self.weight_partner, rank)
        return own, other

    def _losses(
        self, per_example_loss: PerExampleLoss, y_pred: Tensor
    ) -> tuple[Tensor, Tensor | None, Tensor]:
        """The mixup losses; how much each counts, or `None`; their weights."""
        own, counted_own = per_example_loss(self.y, y_pred)
        other, counted_other = per_example_loss(self.y_partner, y_pred)
        rank, dtype = len(own.shape), own.dtype
        for weight in (self.weight, self.weight_partner):
            shape = tuple(getattr(weight, "shape", ()))
            if len(shape) not in (0, 1, rank):
                raise ValueError(
                    "`sample_weight` must have one value per example, shape "
                    "(batch,), or one per loss, shape "
                    f"{tuple(own.shape)}. Received: sample_weight of shape "
                    f"{shape}"
                )
        lam = ops.cast(_expand(self.lam, rank), dtype)
        weight_own, weight_other = (
            ops.cast(_expand(weight, rank), dtype)
            for weight in (self.weight, self.weight_partner)
        )
        counts = None
        if counted_own is not None:
            counts = lam * counted_own + (1 - lam) * counted_other
            weight_own = weight_own * counted_own
            weight_other = weight_other * counted_other
        losses = policy.mixup_loss(own, other, lam, weight_own, weight_other)
        weights = lam * weight_own + (1 - lam) * weight_other
        return losses, counts, weights


def _as_weight(weight: Any) -> float | Tensor:
    """Sample weights as floats of shape `(batch, ...)`; 1 for none."""
    if weight is None:
        return 1.0
    weight = ops.cast(weight, "float32")
    is_column = len(weight.shape) == 2 and weight.shape[1] == 1
    return ops.squeeze(weight, axis=1) if is_column else weight


def _of_partner(values: Any, partner: Tensor) -> Any:
    """What belongs to each example's partner; a number or `None` to all."""
    is_shared = values is None or isinstance(values, float)
    return values if is_shared else ops.take(values, partner, axis=0)


def _expand(values: float | Tensor, rank: int) -> float | Tensor:
    """Axes of size 1 behind those that a tensor has; numbers stay."""
    missing = rank - len(getattr(values, "shape", (None,) * rank))
    if missing <= 0:
        return values
    return ops.reshape(values, (*ops.shape(values), *(1,) * missing))
