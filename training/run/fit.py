"""Training with evaluations: the curves, and the best weights on dev."""

import contextlib
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
from rich.console import Console

import keras_amp
from keras_amp.serving import os_error
from training.data.dataset import Dataset, Examples
from training.options.train_options import TrainOptions
from training.run.batches import batches, order_by_length
from training.run.checkpoint import Checkpoint
from training.run.numbered import next_version
from training.run.progress import TrainingProgress

EVALUATION_BATCH_SIZE = 64


def fit(
    model: keras.Model,
    dataset: Dataset,
    tokenizer: Any,
    options: TrainOptions,
    path: Path,
    console: Console | None,
) -> tuple[dict[str, list], int, float]:
    """Trains the model and leaves it with its best weights on dev.

    Args:
        model: A compiled `keras.Model`.
        dataset: A `Dataset`.
        tokenizer: Layer from strings to ids.
        options: `TrainOptions`, resolved.
        path: Path of the checkpoint to keep; with `--resume`, the one to go on
            from if there is one.
        console: Where to show how far it is; `None` for nowhere.

    Returns:
        The curves: a dict of lists, one value per evaluation, errors in %; the
        index of the evaluation whose weights the model has; and the seconds
        that the checkpoint to go on from had taken.

    Raises:
        DamagedCheckpointError: If the checkpoint to go on from is damaged or
            of other texts.
        OSError: If the checkpoint or TensorBoard's files can't be written.
    """
    measured = {"test_error": dataset.test}
    if dataset.right_dev is not None:
        measured["right_dev_error"] = dataset.right_dev
    sets = {
        name: _evaluation_batches(examples, tokenizer)
        for name, examples in measured.items()
    }
    asked = options.optimisation
    checkpoint = Checkpoint(
        path,
        lambda: {name: _error(model, one) for name, one in sets.items()},
        asked.keep,
        asked.patience,
        dataset.digest,
    )
    model.optimizer.build(model.trainable_variables)
    if options.where.resume and path.is_file():
        checkpoint.resume(model)
    train = batches(
        dataset.train,
        tokenizer,
        asked.batch_size,
        asked.seed,
        skip=checkpoint.epochs * asked.steps_per_evaluation,
        group_by_length=asked.group_by_length,
    )
    epochs = math.ceil(asked.steps / asked.steps_per_evaluation)
    if checkpoint.is_stale:  # It was interrupted after its last step.
        epochs = checkpoint.epochs
    dev = _evaluation_batches(dataset.dev, tokenizer)
    shown = []
    if console and not options.where.verbose:
        total = epochs * asked.steps_per_evaluation
        shown = [
            TrainingProgress(
                console, total, asked.steps_per_evaluation, checkpoint.epochs
            )
        ]
    with _naming(_log_folder(options)), contextlib.ExitStack() as ended:
        for one in shown:  # An error leaves no bar behind.
            ended.callback(one.close)
        model.fit(
            train,
            validation_data=dev,
            initial_epoch=checkpoint.epochs,
            epochs=epochs,
            steps_per_epoch=asked.steps_per_evaluation,
            shuffle=False,  # `batches` has shuffled
            callbacks=[
                checkpoint,
                *_tensorboard(options, checkpoint),
                *_stop_mixing(options),
                *shown,
            ],
            verbose=_verbosity(console, bool(shown)),
        )
    checkpoint.restore_best_weights()
    steps = range(1, checkpoint.epochs + 1)
    accuracies = checkpoint.curves["val_accuracy"]
    curves: dict[str, list] = {
        "step": [n * asked.steps_per_evaluation for n in steps],
        "dev_error": [100 * (1 - accuracy) for accuracy in accuracies],
        **checkpoint.curves,
    }
    return curves, checkpoint.best, checkpoint.seconds_before


def _verbosity(console: Console | None, is_shown: bool) -> int:
    """What Keras is to show: all metrics, where nothing else shows any."""
    if console is None or is_shown:
        return 0
    return 1 if console.is_terminal else 2


def _tensorboard(options: TrainOptions, checkpoint: Checkpoint) -> list:
    """The callback in a list; each run that begins has its own folder."""
    folder = _log_folder(options)
    if folder is None:
        return []
    number = next_version(folder) - (checkpoint.epochs > 0)
    path = folder / str(max(number, 1))
    return [keras_amp.TensorBoard(path, write_graph=False)]


def _stop_mixing(options: TrainOptions) -> list:
    """The callback in a list, if a part is to be trained without mixing."""
    begin, end = options.mixing.mix_from, options.mixing.mix_until
    if begin == 0 and end == 1:
        return []
    return [keras_amp.StopMixing(float(end), float(begin))]


def _log_folder(options: TrainOptions) -> Path | None:
    if options.where.tensorboard is None:
        return None
    return options.where.tensorboard / options.where.name


@contextlib.contextmanager
def _naming(folder: Path | None) -> Iterator[None]:
    """Makes TensorFlow's errors about files in a folder what they are."""
    if folder is None:
        yield
        return
    import tensorflow as tf

    try:
        yield
    except tf.errors.OpError as error:
        if str(folder) not in error.message:
            raise
        raise os_error(error, folder) from error


def _evaluation_batches(examples: Examples, tokenizer: Any) -> Any:
    """Batches once through, from the shortest examples to the longest."""
    order = order_by_length(examples, tokenizer)
    return batches(examples[order], tokenizer, EVALUATION_BATCH_SIZE)


def _error(model: keras.Model, examples: Any) -> float:
    """The model's error on some batches, in %."""
    results = model.evaluate(examples, verbose=0, return_dict=True)
    return 100 * (1 - results["accuracy"])
