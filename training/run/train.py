"""The main job: data to trained, exported and recorded classifier."""

import sys
from pathlib import Path

from rich.console import Console

import keras_amp
from keras_amp.serving import check_loadable
from keras_amp.whole import check_writable
from training.options.train_options import TrainOptions
from training.run.checkpoint import checkpoint_path, discard_checkpoint
from training.run.experiment import Experiment
from training.run.numbered import next_version
from training.run.record import begun, ended, write_record
from training.run.summary import summarize
from training.run.unknown import before_training
from training.terminal import console as new_console
from training.terminal import shown


def train(options: TrainOptions) -> dict:
    """Trains, tests, exports and records one classifier.

    Args:
        options: `TrainOptions`.

    Returns:
        The record, a dict.

    Raises:
        ValueError, FileNotFoundError: As `TrainOptions.resolved` and the
            loaders of data sets.
        OSError: If a folder can't be written into.
    """
    options = options.resolved()
    console = new_console()
    check_loadable(options.where.models_dir / options.where.name)
    experiment = Experiment.of_options(options)
    _describe(console, experiment)
    models, records = _folders(options)
    if checkpoint_path(options).is_file() and not options.where.resume:
        console.print(
            "A run with these options was interrupted; this one starts anew. "
            "--resume would have gone on with it."
        )
    results, curves, probabilities = experiment.run(
        verbose=1 if sys.stdout.isatty() else 2
    )
    record = begun(options)
    record |= ended(experiment.description(), results, curves)
    try:
        model_path = export(experiment, models, records)
        record_path = records / f"{model_path.name}.json"
        record["model"] = str(model_path)
        write_record(record_path, record)
    except OSError as error:
        raise OSError(
            f"{error}; the training is kept: once that is mended, the same "
            "command with --resume does the rest"
        ) from error
    discard_checkpoint(options)
    _report_errors(console, results)
    dataset = experiment.dataset
    summarize(console, dataset.test, probabilities, dataset.label_names)
    _report_paths(console, options, model_path, record_path)
    return record


def export(experiment: Experiment, models: Path, records: Path) -> Path:
    """Exports under the first number free of models and records alike.

    Runs that end at the same time get a number each.

    Returns:
        The path of the export.
    """
    while True:
        number = max(next_version(models), next_version(records, ".json"))
        try:
            return keras_amp.export_text_classifier(
                experiment.classifier,
                experiment.tokenizer,
                experiment.dataset.label_names,
                models / str(number),
            )
        except FileExistsError:
            continue


def _describe(console: Console, experiment: Experiment) -> None:
    about = experiment.description()
    for note in experiment.dataset.notes:
        console.print(shown(note))
    console.print(shown(about["name"]), style="bold", end="")
    console.print(
        f": {about['train']} sentences to train on, "
        f"{about['dev']} dev, {about['test']} test, "
        f"{len(about['label_names'])} classes, {about['word_ids']} word ids"
    )
    if coverage := about["coverage"]:
        console.print(
            f"{shown(experiment.options.model.embeddings)} has a vector for "
            f"{coverage['types']:.0%} of its different words, "
            f"{coverage['tokens']:.0%} of all its words"
        )
    warning = before_training(
        experiment.dataset, experiment.tokenizer, experiment.options.model
    )
    if warning:
        console.print(warning)


def _folders(options: TrainOptions) -> tuple[Path, Path]:
    """The run's folders of models and of records, made if need be."""
    models = options.where.models_dir / options.where.name
    records = options.where.records_dir / options.where.name
    folders = [models, records]
    if options.where.tensorboard is not None:
        folders.append(options.where.tensorboard / options.where.name)
    for folder in folders:
        check_writable(folder)
    return models, records


def _report_errors(console: Console, results: dict) -> None:
    console.print("\nError of the best checkpoint", style="bold", end="")
    console.print(
        f" (step {results['best_step']}): "
        f"dev {results['dev_error']:.1f} %, test {results['test_error']:.1f} % "
        f"(oracle {results['oracle_test_error']:.1f} %), "
        f"trained in {results['seconds']:.0f} s\n",
    )


def _report_paths(
    console: Console,
    options: TrainOptions,
    model_path: Path,
    record_path: Path,
) -> None:
    model_path = shown(model_path)  # type: ignore[assignment]
    console.print(f"\nModel:  {model_path}\nRecord: {shown(record_path)}")
    if options.where.tensorboard:
        console.print(
            f"Curves: tensorboard --logdir {shown(options.where.tensorboard)}"
        )
    console.print(
        "Ask it with\n\n"
        f'    model = tf.saved_model.load("{model_path}")\n'
        '    texts = tf.constant(["Who built the oldest bridge ?"])\n'
        '    model.signatures["serve"](sentences=texts)["label"]\n\n'
        f'or  python -m training predict {model_path} "Who built it ?"',
    )
