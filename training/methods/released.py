"""What the authors' released code does, as options: `docs/choices.md` lists it.

The steps themselves are in `released_step.py`.
"""

import dataclasses
from typing import Annotated

import tyro


@dataclasses.dataclass(frozen=True)
class Released:
    """What the authors' released code does and the paper does not."""

    # Differentiate the mean loss of the batch by lam: a step of epsilon /
    # batch size.
    mean_gradient: Annotated[
        bool, tyro.conf.arg(name="released.mean-gradient")
    ] = False
    # Draw new dropout noise for the second pass, and compare across it.
    fresh_noise: Annotated[bool, tyro.conf.arg(name="released.fresh-noise")] = (
        False
    )
    # Weigh examples whose gain is above average by its z-score.
    reweight: Annotated[bool, tyro.conf.arg(name="released.reweight")] = False
    # Sum the binary cross-entropies of the softmax's classes.
    binary_cross_entropy: Annotated[
        bool, tyro.conf.arg(name="released.binary-cross-entropy")
    ] = False

    @property
    def changes_the_step(self) -> bool:
        """Whether more than the loss is another."""
        plain = Released(binary_cross_entropy=self.binary_cross_entropy)
        return self != plain
