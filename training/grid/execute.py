"""One run of a grid, in whatever process it lands."""

import os
import time
import traceback

import keras

from keras_amp.whole import check_writable
from training.options.train_options import TrainOptions
from training.run.calibration import Outputs
from training.run.checkpoint import DamagedCheckpointError, discard_checkpoint
from training.run.experiment import Experiment
from training.run.record import begun, ended, rounded
from training.run.regression import error_of_words


def execute(options: TrainOptions, threads: int) -> dict:
    """Runs one experiment; what goes wrong is its record's error.

    A run that was interrupted on this machine goes on, and one whose
    checkpoint is damaged starts anew. The checkpoint stays: a result is only
    safe when its record is written.

    Args:
        options: `TrainOptions`, resolved.
        threads: Int, cores to use.

    Returns:
        The record, a dict; "started_anew" says why, if it had to.
    """
    _prepare_process(threads)
    record = begun(options)
    options = options.with_fields(resume=True)
    try:
        check_writable(options.where.records_dir / options.where.name)
        try:
            record |= _run(options)
        except DamagedCheckpointError as error:
            record["started_anew"] = str(error)
            discard_checkpoint(options)
            record |= _run(options)
    except Exception as error:
        record["error"] = f"{type(error).__name__}: {error}"
        record["traceback"] = traceback.format_exc()
    finally:
        keras.backend.clear_session()
    return record


def _run(options: TrainOptions) -> dict:
    start = time.perf_counter()
    experiment = Experiment.of_options(options)
    dataset = experiment.dataset
    results, curves, test = experiment.run()
    if options.where.baselines:
        results["words_regression_test_error"] = error_of_words(
            dataset.given, dataset.test
        )
    record = ended(experiment.description(), results, curves)
    if options.where.answers:
        dev = experiment.outputs(dataset.dev)
        record["answers"] = {"dev": _answers(dev), "test": _answers(test)}
        seconds = results["seconds_before"] + time.perf_counter() - start
        record["seconds_in_all"] = rounded(seconds)
    return record


def _answers(outputs: Outputs) -> dict[str, list]:
    """The class that each text was given, and how probable it was."""
    return {
        "class": outputs.logits.argmax(axis=1).tolist(),
        "confidence": [round(float(p), 4) for p in outputs.confidences()],
    }


def _prepare_process(threads: int) -> None:
    os.environ["OMP_NUM_THREADS"] = str(threads)
    if keras.backend.backend() != "tensorflow":
        return
    import tensorflow as tf

    # Each run's model is traced anew, and TensorFlow would wonder why.
    tf.get_logger().setLevel("ERROR")
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
