"""The state of a run on disc, from which it can go on after a kill."""

import json
import math
import os
import zipfile
from pathlib import Path

import keras
import numpy as np

from training.configuration import key_of


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

    Attributes:
        curves: Dict of lists, one value per finished epoch.
    """

    def __init__(self, path, measure):
        super().__init__()
        self.path = Path(path)
        self.measure = measure
        self.curves = {}
        self._best = None

    @property
    def epochs(self):
        """Number of finished epochs."""
        return len(self.curves.get("val_accuracy", ()))

    def on_epoch_end(self, epoch, logs=None):
        if not math.isfinite(logs["loss"]):
            raise FloatingPointError(
                f"the loss became {logs['loss']} before evaluation {epoch + 1};"
                " a lower --learning-rate may help"
            )
        for key, value in {**logs, **self.measure()}.items():
            self.curves.setdefault(key, []).append(float(value))
        accuracies = self.curves["val_accuracy"]
        if accuracies[-1] > max(accuracies[:-1], default=-1):
            self._best = self.model.get_weights()
        self._write()

    def restore_best_weights(self):
        """Gives the model the weights of the first best epoch on dev."""
        self.model.set_weights(self._best)

    def resume(self, model):
        """Brings a compiled model to the state on disc.

        Raises:
            ValueError: If the file is damaged or of another model.
        """
        self.set_model(model)
        variables = _variables(model)
        try:
            with self.path.open("rb") as file, np.load(file) as arrays:
                curves = json.loads(str(arrays["curves"]))
                states = [arrays[f"state_{i}"] for i in range(len(variables))]
                best = [arrays[f"best_{i}"] for i in range(len(model.weights))]
            for variable, state in zip(variables, states, strict=True):
                variable.assign(state)
        except (EOFError, KeyError, ValueError, zipfile.BadZipFile) as error:
            raise ValueError(
                f"--resume: the checkpoint '{self.path}' is damaged or of "
                f"another version ({error}); start without --resume"
            ) from error
        self.curves, self._best = curves, best

    def discard(self):
        """Removes the file, when the run has ended."""
        self.path.unlink(missing_ok=True)

    def _write(self):
        states = enumerate(_variables(self.model))
        arrays = {f"state_{i}": variable.numpy() for i, variable in states}
        arrays |= {f"best_{i}": one for i, one in enumerate(self._best)}
        unfinished = self.path.with_name(f".{os.getpid()}{self.path.name}")
        try:
            np.savez(unfinished, curves=json.dumps(self.curves), **arrays)
            os.replace(unfinished, self.path)
        finally:
            unfinished.unlink(missing_ok=True)


def checkpoint_path(options):
    """Where the state of a run with these options lies, an `.npz` file."""
    folder = options.records_dir / options.name
    return folder / f".unfinished-{key_of(options)}.npz"


def _variables(model):
    return [*model.variables, *model.optimizer.variables]
