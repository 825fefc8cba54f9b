"""What a step finds, and what it comes to."""

import dataclasses
from typing import Any

from keras import tree

from keras_amp.masks import hang, mask_of
from keras_amp.mixup.pairs import Pairs
from keras_amp.policy import Tensor


@dataclasses.dataclass(frozen=True)
class Found:
    """At which λ the inputs of a batch are mixed; what `choose_lam` returns.

    Attributes:
        lam: Float tensor of shape `(batch,)`, or a list with a tensor per
            tensor that crosses the cut, as `mix_hidden` takes it.
        gain: Float tensor of shape `(batch,)`, 𝓛′ − 𝓛: what moving λ would
            add to each example's loss; `None` if nobody looked.
    """

    lam: Tensor | list[Tensor]
    gain: Tensor | None = None


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What a step came to: all that metrics can count.

    Attributes:
        pairs: The batch's `Pairs`, with the λ that was drawn.
        loss: Scalar, this replica's share of the loss.
        y_pred: Predictions for the mixtures, of shape `(batch, ...)`; of
            several outputs a list or a dict, as the model makes it.
        lam: Float tensor of shape `(batch,)`, the labels' λ.
        lam_inputs: Float tensor of shape `(batch,)`, the inputs' λ; `None`
            where each element has one of its own.
        gain: As that of `Found`.
    """

    pairs: Pairs
    loss: Tensor
    y_pred: Tensor
    lam: Tensor
    lam_inputs: Tensor | None = None
    gain: Tensor | None = None

    def tensors(self) -> dict[str, Any]:
        """All of it as a dict: its tensors alone, the mask among them."""
        masks = [mask_of(one) for one in tree.flatten(self.y_pred)]
        return {**vars(self), "pairs": {**vars(self.pairs)}, "masks": masks}

    @classmethod
    def of_tensors(cls, tensors: dict[str, Any]) -> "Outcome":
        """The `Outcome` whose `tensors()` these were."""
        tensors = dict(tensors)
        masks = tensors.pop("masks")
        tensors["pairs"] = Pairs(**tensors["pairs"])
        for mask, one in zip(
            masks, tree.flatten(tensors["y_pred"]), strict=True
        ):
            if mask is not None:
                hang(mask, one)
        return cls(**tensors)
