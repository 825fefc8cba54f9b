"""How far a training is, in what a person asks: loss, dev error, time left."""

import time

import keras
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from training.terminal import duration


class TrainingProgress(keras.callbacks.Callback):
    """A bar on a terminal, else a line per evaluation; 80 columns at most.

    An "epoch" is the time between two evaluations.

    Args:
        console: What `training.terminal.console` makes.
        steps: Int, of the whole training.
        steps_per_evaluation: Int.
        evaluations: Int, how many are done already.
    """

    def __init__(
        self,
        console: Console,
        steps: int,
        steps_per_evaluation: int,
        evaluations: int = 0,
    ) -> None:
        super().__init__()
        self._console = console
        self._steps = steps
        self._each = steps_per_evaluation
        self._begun_at = evaluations * steps_per_evaluation
        self._bar = Progress(
            TextColumn("step {task.completed:.0f} of {task.total:.0f}"),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[said]}"),
            TimeRemainingColumn(compact=True),
            TextColumn("left"),
            console=console,
        )

    def on_train_begin(self, logs: dict | None = None) -> None:
        self._start = time.perf_counter()
        if self._console.is_terminal:
            self._task = self._bar.add_task(
                "", total=self._steps, completed=self._begun_at, said=""
            )
            self._bar.start()

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        if self._console.is_terminal:
            self._bar.advance(self._task)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        logs = logs or {}
        error = 100 * (1 - logs["val_accuracy"])
        said = f"loss {logs['loss']:.3f}  dev error {error:.1f} %"
        if self._console.is_terminal:
            self._bar.update(self._task, said=said)
            return
        done = (epoch + 1) * self._each
        seconds = time.perf_counter() - self._start
        left = seconds * (self._steps - done) / (done - self._begun_at)
        self._console.print(
            f"step {done:{len(str(self._steps))}} of {self._steps}  {said}"
            + f"  about {duration(left)} left" * (done < self._steps)
        )

    def on_train_end(self, logs: dict | None = None) -> None:
        self.close()

    def close(self) -> None:
        """Ends the bar, also where an error has ended the training."""
        if self._console.is_terminal:
            self._bar.stop()
