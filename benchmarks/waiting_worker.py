"""One run of `train`, and how many seconds each of its stages took.

    python -m benchmarks.waiting_worker BEGIN train --backbone cnn

`BEGIN` is when the process was asked for, in seconds of `time.time()`. The last
line that is printed is a JSON object from stages to seconds. What a stage does
within another counts for itself alone.
"""

import contextlib
import functools
import json
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

STAGES = ("start-up", "data", "model", "steps", "evaluation", "export", "rest")


class Stages:
    """Seconds by stage.

    Args:
        begin: Float, when the first began, in seconds of `time.time()`.
    """

    def __init__(self, begin: float) -> None:
        self.seconds = dict.fromkeys(STAGES, 0.0)
        self._running, self._since = STAGES[0], begin

    @contextlib.contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        """Counts what is done within for a stage."""
        before = self._running
        self.change(stage)
        try:
            yield
        finally:
            self.change(before)

    def change(self, stage: str) -> None:
        """Counts for another stage from now on."""
        now = time.time()
        self.seconds[self._running] += now - self._since
        self._running, self._since = stage, now

    def of(self, stage: str, function: Callable) -> Callable:
        """The function, each call of which counts for a stage."""

        @functools.wraps(function)
        def counted(*args: Any, **kwargs: Any) -> Any:
            with self(stage):
                return function(*args, **kwargs)

        return counted


def main() -> None:
    """Trains as the command line asks, and prints the seconds."""
    begin, *sys.argv[1:] = sys.argv[1:]
    stages = Stages(float(begin))
    import keras

    from training import __main__ as command
    from training.run import experiment, fit, train

    for module, name, stage in (
        *((experiment, name, "data") for name in ("load_dataset", "ids_of")),
        *((one, "batches", "data") for one in (experiment, fit)),
        (fit, "order_by_length", "data"),
        (experiment, "fit", "steps"),
        (experiment.Experiment, "outputs", "evaluation"),
        (keras.Model, "evaluate", "evaluation"),
        (train, "_experiment", "model"),
        (train, "export", "export"),
        (train, "train", "rest"),
    ):
        setattr(module, name, stages.of(stage, getattr(module, name)))
    command.main()
    stages.change(STAGES[-1])
    print(json.dumps(stages.seconds))


if __name__ == "__main__":
    main()
