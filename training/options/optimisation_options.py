"""How it is trained, and how long."""

import dataclasses


# The comments below are the command line's help: of attributes' docstrings its
# parser would keep the line breaks, as it does before a line that begins with
# no letter.
@dataclasses.dataclass(frozen=True)
class OptimisationOptions:
    """How it is trained, and how long."""

    # Training steps; 8000 as in the paper, 300 for demo.
    steps: int | None = None
    # Training steps between evaluations on dev and test; 100, 50 for demo.
    steps_per_evaluation: int | None = None
    # Sentences a step; 50, 24 for bert.
    batch_size: int | None = None
    # Of Adam; 2e-4 as in the paper (bert: 1e-5, 3e-4 if it begins at
    # random), 1e-3 for demo.
    learning_rate: float | None = None
    # Of weights, shuffling, dropout, lam and partners.
    seed: int = 0
    # Compile the step with XLA.
    jit_compile: bool = False

    def check_filled(self) -> None:
        """Raises `ValueError` if a default that was filled in is none."""
        for key in (
            *("steps", "steps_per_evaluation", "batch_size"),
            "learning_rate",
        ):
            if not getattr(self, key) > 0:
                raise ValueError(
                    f"--{key.replace('_', '-')} must be above 0, not "
                    f"{getattr(self, key)}"
                )
