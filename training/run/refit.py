"""The number of steps by cross-validation, then a training on all texts."""

import contextlib
import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np
from rich.console import Console

from training.data.dataset import Dataset, Examples
from training.options.train_options import TrainOptions
from training.run.checkpoint import checkpoint_path, discard_checkpoint
from training.run.experiment import Experiment
from training.run.selection import best_evaluation


def check_folds(dataset: Dataset, count: int) -> None:
    """Refuses more folds than any class has texts for.

    Args:
        dataset: `Dataset`.
        count: Int, what `--refit` asks for.

    Raises:
        ValueError: With the number that there can be.
    """
    most = np.bincount(dataset.given.labels).max()
    if count > most:
        raise ValueError(
            f"--refit must be {most} or less, as no class has more training "
            f"and dev texts, not {count}"
        )


def refitted(
    experiment: Experiment, console: Console
) -> tuple[Experiment, float, list[TrainOptions]]:
    """An experiment on training and dev texts, as long as folds of them say.

    Every fold is trained to the end. Of the mean dev error and loss over folds
    `best_evaluation` chooses; the last step of the experiment is the one that
    was chosen.

    Args:
        experiment: An `Experiment` whose options have a `refit`.
        console: Where to show how far it is.

    Returns:
        The `Experiment`, to run; the mean dev error of the folds at the step
        that was chosen, in %; and the folds' options, for `discard_folds`
        where the experiment's record is written.
    """
    options, dataset = experiment.options, experiment.dataset
    count = options.optimisation.refit
    parts, curves = [], []
    for number, (train, dev) in enumerate(_folds(dataset, count), 1):
        if count > 1:
            console.print(f"Fold {number} of {count}")
        part = Experiment.of_options(
            options.with_fields(
                name=f"{options.where.name}/.fold-{number}", patience=0
            ),
            dataclasses.replace(dataset, train=train, dev=dev),
        )
        curves.append(part.run(console)[1])
        parts.append(part.options)
    means = {
        key: np.mean([one[key] for one in curves], axis=0).tolist()
        for key in ("val_accuracy", "val_loss", "dev_error")
    }
    best = best_evaluation(means, options.optimisation.keep)
    steps = curves[0]["step"][best]
    everything = dataset.given
    console.print(
        f"{steps} steps are best, with a dev error of "
        f"{means['dev_error'][best]:.1f} %. So many on all {len(everything)} "
        "texts, of which what follows is called dev:"
    )
    final = Experiment.of_options(
        options.with_fields(steps=steps, keep="last", patience=0),
        dataclasses.replace(dataset, train=everything),
    )
    return final, means["dev_error"][best], parts


def discard_folds(folds: Sequence[TrainOptions]) -> None:
    """Removes what folds have kept; others' of the same name stay."""
    for one in folds:
        discard_checkpoint(one)
        with contextlib.suppress(OSError):  # Others' are in it.
            checkpoint_path(one).parent.rmdir()


def _folds(dataset: Dataset, count: int) -> Iterator[tuple[Examples, Examples]]:
    """Pairs of what is trained on and what is held back."""
    if count == 1:
        yield dataset.train, dataset.dev
        return
    # Not before it is used: it takes a second to load.
    from sklearn.model_selection import StratifiedKFold

    examples = dataset.given
    folds = StratifiedKFold(count, shuffle=True, random_state=0)
    for kept, held in folds.split(examples.texts, examples.labels):
        yield examples[kept], examples[held]
