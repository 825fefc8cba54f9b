"""What is mixed, and how."""

import dataclasses

from training.methods.methods import METHODS
from training.methods.released import Released
from training.options.registries import check_known, one_of


@dataclasses.dataclass(frozen=True)
class MixingOptions:
    """What is mixed, and how."""

    method: one_of(  # type: ignore[valid-type]
        METHODS, "What is mixed", "word-amp, but none for --train-file"
    ) = None
    # Concentration of Beta(alpha, alpha), from which lam is drawn; > 0.
    alpha: float = 1.0
    # Adversarial step size on lam; >= 0.
    epsilon: float = 0.002
    # Keep, per example, the lam with the higher loss.
    min_op: bool = True
    # Measure the loss on mixtures of test sentences at so many values of lam,
    # as in the paper's Figure 2; 0 for none, else at least 2.
    lam_points: int = 0
    # Steps of the authors' released code that are not in the paper.
    released: Released = dataclasses.field(default_factory=Released)

    def check(self) -> None:
        """Raises `ValueError` if the method can't be combined with the rest."""
        check_known("--method", self.method, METHODS)
        # Not before it is used: it loads TensorFlow.
        from keras_amp import policy

        if self.lam_points != 0 and self.lam_points < 2:
            raise ValueError(
                f"--lam-points must be 0 or at least 2, not {self.lam_points}"
            )
        policy.check_alpha(self.alpha)
        policy.check_epsilon(self.epsilon)
        if METHODS[self.method].mix_at is None and self.lam_points:
            raise ValueError("--lam-points needs a --method that mixes")
        if not self.released.changes_the_step:
            return
        if not (METHODS[self.method].is_adversarial and self.min_op):
            names = [m.name for m in METHODS.values() if m.is_adversarial]
            raise ValueError(
                "--released.* but for the loss need --method "
                f"{' or '.join(names)}, with --min-op"
            )
