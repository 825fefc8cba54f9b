"""The pairs of one step: who is mixed with whom, and on which labels."""

import dataclasses
from typing import Any

from keras import ops

from keras_amp import policy


@dataclasses.dataclass(frozen=True)
class Pairs:
    """The λ, partners, labels and sample weights of one batch.

    Attributes:
        lam: Float32 tensor of shape `(batch,)`, the labels' λ.
        partner: Int tensor of shape `(batch,)`.
        y, y_partner: Labels of shape `(batch, ...)`: own and the partner's.
        weight, weight_partner: Float tensors of shape `(batch,)`, or 1.
    """

    lam: Any
    partner: Any
    y: Any
    y_partner: Any
    weight: Any = 1.0
    weight_partner: Any = 1.0

    @classmethod
    def of_batch(cls, y, sample_weight, lam, partner):
        """Looks up what belongs to each example's partner.

        Raises:
            ValueError: If `sample_weight` is not one value per example.
        """
        pairs = cls(lam, partner, y, ops.take(y, partner, axis=0))
        if sample_weight is None:
            return pairs
        shape = tuple(sample_weight.shape)
        if not (len(shape) == 1 or (len(shape) == 2 and shape[1] == 1)):
            raise ValueError(
                "`sample_weight` must have one value per example, shape "
                f"(batch,). Received: sample_weight of shape {shape}"
            )
        weight = ops.reshape(ops.cast(sample_weight, "float32"), (-1,))
        weight_partner = ops.take(weight, partner, axis=0)
        return dataclasses.replace(
            pairs, weight=weight, weight_partner=weight_partner
        )

    def loss(self, per_example_loss, y_pred):
        """The mixup loss of each pair, of shape `(batch,)` (Eq. 17, 20)."""
        loss_own = per_example_loss(self.y, y_pred)
        loss_partner = per_example_loss(self.y_partner, y_pred)
        return policy.mixup_loss(
            loss_own,
            loss_partner,
            self.lam,
            ops.cast(self.weight, loss_own.dtype),
            ops.cast(self.weight_partner, loss_own.dtype),
        )

    def shares(self, weighted):
        """The weights of both labels in a metric, each of shape `(batch,)`."""
        own, other = self.lam, 1 - self.lam
        if weighted:
            own, other = own * self.weight, other * self.weight_partner
        return own, other
