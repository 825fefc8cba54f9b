"""What is mixed, and how."""

import dataclasses

from training.methods.methods import METHODS
from training.methods.released import Released
from training.options.registries import changed, check_known, one_of

# What changes a step that mixes, beside alpha and what moves lam.
KNOBS = (
    *("mix_share", "mix_from", "mix_until"),
    *("fold_lam", "clean_weight", "partner"),
)
# What says how lam is moved, and how it is asked for.
MOVES = {"epsilon": "epsilon", "min_op": "no-min-op"}


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
    # The probability that an example is mixed; from 0 to 1.
    mix_share: float = 1.0
    # Mix for this share of the steps only, then train on clean examples.
    mix_until: float = 1.0
    # Train on clean examples for this share of the steps first.
    mix_from: float = 0.0
    # Give the example itself at least half: lam becomes max(lam, 1 - lam).
    fold_lam: bool = False
    # How much the loss on the clean examples weighs beside that on mixtures;
    # >= 0.
    clean_weight: float = 0.0
    # Who is mixed with whom: any, no-self, same-class or other-class.
    partner: str = "any"
    # Take so much of each label and spread it over all classes; from 0 to 1.
    # What mixing is compared with, as it does without any.
    label_smoothing: float = 0.0
    # Measure the loss on mixtures of test sentences at so many values of lam,
    # as in the paper's Figure 2; 0 for none, else at least 2.
    lam_points: int = 0
    # Steps of the authors' released code that are not in the paper.
    released: Released = dataclasses.field(default_factory=Released)

    @property
    def knobs(self) -> dict:
        """Dict of what every wrapper takes beside `mix_at` and `seed`."""
        return {
            "alpha": self.alpha,
            "mix_share": self.mix_share,
            "fold": self.fold_lam,
            "clean_weight": self.clean_weight,
            "partner": self.partner,
        }

    def check(self) -> None:
        """Raises `ValueError` if the method can't be combined with the rest."""
        check_known("--method", self.method, METHODS)
        # Not before it is used: it loads TensorFlow.
        from keras_amp import checks, partners

        if self.lam_points != 0 and self.lam_points < 2:
            raise ValueError(
                f"--lam-points must be 0 or at least 2, not {self.lam_points}"
            )
        checks.check_alpha(self.alpha)
        checks.check_epsilon(self.epsilon)
        checks.check_mix_share(self.mix_share)
        checks.check_clean_weight(self.clean_weight)
        if self.partner not in partners.NAMES:
            raise ValueError(
                f"--partner must be one of {', '.join(partners.NAMES)}, not "
                f"'{self.partner}'"
            )
        for option in ("mix_from", "mix_until", "label_smoothing"):
            value = getattr(self, option)
            if not 0 <= value <= 1:
                raise ValueError(
                    f"--{option.replace('_', '-')} must be between 0 and 1, "
                    f"not {value}"
                )
        self._check_knobs_are_used()
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

    def _check_knobs_are_used(self) -> None:
        """Raises `ValueError` if a knob is turned that nothing looks at."""
        names = changed(self)
        turned = [name for name in KNOBS if name in names]
        of_mixing = [name for name in ("alpha", *KNOBS) if name in names]
        if of_mixing and METHODS[self.method].mix_at is None:
            option = of_mixing[0].replace("_", "-")
            raise ValueError(
                f"--{option} needs a --method that mixes, not '{self.method}'"
            )
        moves = [MOVES[name] for name in MOVES if name in names]
        if moves and not METHODS[self.method].is_adversarial:
            moving = [m.name for m in METHODS.values() if m.is_adversarial]
            raise ValueError(
                f"--{moves[0]} needs --method {' or '.join(moving)}, not "
                f"'{self.method}'"
            )
        if turned and self.released.changes_the_step:
            option = turned[0].replace("_", "-")
            raise ValueError(
                f"--{option} is nothing that the released code knows; leave it "
                "or --released.* out"
            )
        if self.label_smoothing and self.released.binary_cross_entropy:
            raise ValueError(
                "--label-smoothing is of the cross-entropy; leave "
                "--released.binary-cross-entropy out"
            )
