"""The state of a run on disc, from which it can go on after a kill."""

import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from training.arrays import read_arrays, write_arrays
from training.options.configuration import key_of
from training.options.train_options import TrainOptions
from training.run.selection import best_evaluation, is_stale


class DamagedCheckpointError(ValueError):
    """A checkpoint from which no run can go on."""


class Checkpoint(keras.callbacks.Callback):
    """Keeps curves, best weights and the whole state after each evaluation.

    An "epoch" is the time between two evaluations. The state is every number
    that the run depends on: weights, optimizer, random generators, curves and
    the best weights so far; a run that goes on from it ends as one that was
    never interrupted.

    Args:
        path: Path of the file, written whole or not at all.
        measure: Function without arguments, called after each epoch; returns
            a dict of further values for the curves.
        keep: String or `None`, which epoch is kept, as of `best_evaluation`.
        patience: Int or `None`, after how many epochs that bring nothing
            training stops, as of `is_stale`.
        texts: String, the `digest` of what is trained and measured on.

    Attributes:
        curves: Dict of lists, one value per finished epoch.
        seconds_before: Float, what the run took until it was interrupted.
    """

    def __init__(
        self,
        path: str | Path,
        measure: Callable[[], dict[str, float]],
        keep: str | None = None,
        patience: int | None = None,
        texts: str = "",
    ) -> None:
        super().__init__()
        self.path = Path(path)
        self.measure = measure
        self.keep = keep
        self.patience = patience
        self.texts = texts
        self.curves: dict[str, list[float]] = {}
        self.seconds_before = 0.0
        self._start = time.perf_counter()
        self._best: list[np.ndarray] | None = None

    @property
    def epochs(self) -> int:
        """Number of finished epochs."""
        return len(self.curves.get("val_accuracy", ()))

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        if not math.isfinite(logs["loss"]):
            raise FloatingPointError(
                f"the loss became {logs['loss']} before evaluation {epoch + 1};"
                " a lower --learning-rate may help"
            )
        for key, value in {**logs, **self.measure()}.items():
            self.curves.setdefault(key, []).append(float(value))
        if self.best == self.epochs - 1:
            self._best = self.model.get_weights()
        self._write()
        if self.is_stale:
            self.model.stop_training = True

    @property
    def best(self) -> int:
        """The index of the epoch whose weights are kept."""
        return best_evaluation(self.curves, self.keep)

    @property
    def is_stale(self) -> bool:
        """Whether more epochs are of no use."""
        return is_stale(self.curves, self.patience)

    def restore_best_weights(self) -> None:
        """Gives the model the weights of the best epoch on dev."""
        self.model.set_weights(self._best)

    def resume(self, model: keras.Model) -> None:
        """Brings a compiled model to the state on disc, all of it or nothing.

        Raises:
            DamagedCheckpointError: If the file is damaged, or of other texts
                or another model.
        """
        self.set_model(model)
        variables = _variables(model)
        try:
            arrays = read_arrays(self.path)
            curves = _curves(arrays.pop("curves", "null"))
            seconds = _seconds(arrays.pop("seconds", 0.0))
            is_of_others = _texts(arrays.pop("texts", None)) != self.texts
            # Other texts have other words, and the arrays another shape.
            if not is_of_others:
                _check_arrays(arrays, _named(variables, model.weights))
        except (ValueError, RecursionError) as error:
            raise DamagedCheckpointError(
                f"--resume: the checkpoint '{self.path}' is damaged or of "
                f"another version ({error}); start without --resume"
            ) from error
        if is_of_others:
            raise DamagedCheckpointError(
                f"--resume: the checkpoint '{self.path}' is of other texts "
                "than the files hold now; start without --resume"
            )
        for i, variable in enumerate(variables):
            variable.assign(arrays[f"state_{i}"])
        self._best = [arrays[f"best_{i}"] for i in range(len(model.weights))]
        self.curves = curves
        self.seconds_before = seconds

    def _write(self) -> None:
        states = [variable.numpy() for variable in _variables(self.model)]
        seconds = self.seconds_before + time.perf_counter() - self._start
        arrays = {
            "curves": json.dumps(self.curves),
            "seconds": seconds,
            "texts": self.texts,
        }
        write_arrays(self.path, arrays | _named(states, self._best))


def checkpoint_path(options: TrainOptions) -> Path:
    """Where the state of a run with these options lies, an `.npz` file."""
    folder = options.where.records_dir / options.where.name
    return folder / f".unfinished-{key_of(options)}.npz"


def discard_checkpoint(options: TrainOptions) -> None:
    """Removes what a run with these options has kept, if anything."""
    checkpoint_path(options).unlink(missing_ok=True)


def _variables(model: keras.Model) -> list:
    return [*model.variables, *model.optimizer.variables]


def _named(states: Sequence, best: Sequence) -> dict[str, Any]:
    """A dict of a checkpoint's arrays, or of what they are assigned to."""
    named = {f"state_{i}": state for i, state in enumerate(states)}
    return named | {f"best_{i}": one for i, one in enumerate(best)}


def _curves(text: Any) -> dict[str, list[float]]:
    """The curves that a checkpoint holds as JSON.

    Raises:
        ValueError: If they are no lists of numbers, all of one length.
    """
    curves = json.loads(str(text))
    if not isinstance(curves, dict) or "val_accuracy" not in curves:
        raise ValueError("it has no curves")
    for name, curve in curves.items():
        if not isinstance(curve, list) or not all(
            isinstance(value, float) for value in curve
        ):
            raise ValueError(f"its curve '{name}' is no list of numbers")
    if len({len(curve) for curve in curves.values()}) > 1:
        raise ValueError("its curves are not of one length")
    return curves


def _seconds(value: Any) -> float:
    """How long a checkpoint says that it was trained.

    Raises:
        ValueError: If it is no time.
    """
    seconds = np.asarray(value)
    is_number = not seconds.shape and seconds.dtype.kind == "f"
    if not is_number or not 0 <= seconds < math.inf:
        raise ValueError(f"its seconds are {seconds}")
    return float(seconds)


def _texts(value: Any) -> str:
    """The digest of the texts that a checkpoint says it is of.

    Raises:
        ValueError: If it says none.
    """
    if value is None:
        raise ValueError("it does not say of which texts")
    return str(value)


def _check_arrays(
    arrays: Mapping[str, np.ndarray], variables: Mapping[str, Any]
) -> None:
    """Refuses arrays that are not those of the variables.

    Raises:
        ValueError: If one is missing, too many, of another shape or type, or
            not finite.
    """
    if arrays.keys() != variables.keys():
        raise ValueError(
            f"it holds {len(arrays)} arrays, the model has {len(variables)}"
        )
    for name, variable in variables.items():
        array = arrays[name]
        if (
            array.shape != tuple(variable.shape)
            or array.dtype != variable.dtype
        ):
            raise ValueError(
                f"'{name}' is {array.dtype} of shape {array.shape}, but the "
                f"model's is {variable.dtype} of {tuple(variable.shape)}"
            )
        if array.dtype.kind == "f" and not np.all(np.isfinite(array)):
            raise ValueError(f"'{name}' has a number that is not finite")
