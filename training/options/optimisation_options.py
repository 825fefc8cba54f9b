"""How it is trained, and how long."""

import dataclasses

from training.options.registries import check_seed

SCHEDULES = ("constant", "warm-up", "two-stage")
KEPT = ("first", "by-loss", "last")


@dataclasses.dataclass(frozen=True)
class OptimisationOptions:
    """How it is trained, and how long."""

    # Training steps, rounded up to whole evaluations; 8000 as in the paper, 300
    # for demo; for --train-file from its size: 20 times through for cnn and
    # bilstm, at least 300, or 4 times through for bert, at least 200.
    steps: int | None = None
    # Training steps between evaluations on dev and test; 100, 50 for demo, a
    # tenth of --steps for --train-file.
    steps_per_evaluation: int | None = None
    # Sentences a step; 50, 24 for bert.
    batch_size: int | None = None
    # Draw the sentences of a batch among those of about one length, which
    # leaves less padding to compute: with bert, a step takes less time.
    # Sentences are then mixed with those of about their length. Of fewer than
    # eight batches of sentences, and on JAX, whose batches are all as long as
    # the longest sentence, it changes little or nothing.
    group_by_length: bool = False
    # Of Adam; 2e-4 as in the paper (bert: 1e-5, 3e-4 if it begins at random),
    # 1e-3 for demo and for --train-file (bert: 5e-5).
    learning_rate: float | None = None
    # constant; warm-up: the learning rate rises over a tenth of the steps and
    # falls to 0 along a cosine over the rest; or two-stage: a tenth of it from
    # the half of the steps on. Else constant, but warm-up for bert on
    # --train-file.
    schedule: str | None = None
    # Which evaluation's weights are kept: of those with the lowest dev error
    # the first, as in the paper's tables; or of these (by-loss) the one with
    # the lowest dev loss, and of these the last; or the last of all, whatever
    # its error. Else first, but by-loss for --train-file.
    keep: str | None = None
    # Stop after so many evaluations in a row that lowered neither dev error nor
    # dev loss, 0 for never; else 0, but 4 for --train-file.
    patience: int | None = None
    # Choose the number of steps by cross-validation over so many folds of the
    # training and dev texts (1: on the dev texts as they are), then train on
    # both for so long; 0 for not. For few texts, and time for so many runs.
    refit: int = 0
    # Export the classifier with the temperature that fits the dev texts, so
    # that its probabilities say how often it is right; no answer changes.
    calibrate: bool = False
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
            # Someone's own texts are not counted yet.
            value = getattr(self, key)
            if value is not None and not value > 0:
                raise ValueError(
                    f"--{key.replace('_', '-')} must be above 0, not {value}"
                )
        check_seed("--seed", self.seed)
        if self.keep not in (None, *KEPT):
            raise ValueError(
                f"--keep must be {', '.join(KEPT[:-1])} or {KEPT[-1]}, not "
                f"'{self.keep}'"
            )
        if self.schedule not in (None, *SCHEDULES):
            raise ValueError(
                f"--schedule must be one of {', '.join(SCHEDULES)}, not "
                f"'{self.schedule}'"
            )
        if self.refit < 0:
            raise ValueError(f"--refit must be 0 or more, not {self.refit}")
        if self.refit and self.calibrate:
            raise ValueError(
                "--calibrate needs dev texts that nothing is trained on, and "
                "--refit trains on them: pass one or the other"
            )
        if self.patience is not None and self.patience < 0:
            raise ValueError(
                f"--patience must be 0 or more, not {self.patience}"
            )
