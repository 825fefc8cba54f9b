"""The main job: data to trained, exported and recorded classifier."""

from pathlib import Path

from rich.console import Console

import keras_amp
from keras_amp.extras import needed
from keras_amp.serving import check_loadable
from keras_amp.whole import check_writable
from training.models.backbones import BACKBONES
from training.models.piece_reader import PieceReader
from training.options.train_options import TrainOptions
from training.run.card import write_card
from training.run.checkpoint import checkpoint_path, discard_checkpoint
from training.run.experiment import Experiment
from training.run.messages import (
    report_calibration,
    report_errors,
    report_paths,
    why_no_encoder,
    why_this_model,
)
from training.run.numbered import next_version
from training.run.record import begun, ended, write_record
from training.run.refit import check_folds, discard_folds, refitted
from training.run.regression import compare_words, error_of_words
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
    asked, options = options, options.resolved()
    # Not before it is used: it loads matplotlib.
    from training.run.reliability_diagram import draw_reliability

    console = new_console()
    check_loadable(options.where.models_dir / options.where.name)
    experiment = _experiment(console, asked, options)
    check_exportable(experiment)
    options = experiment.options
    check_folds(experiment.dataset, options.optimisation.refit)
    _describe(console, experiment)
    models, records = _folders(options)
    if checkpoint_path(options).is_file() and not options.where.resume:
        console.print(
            "A run with these options was interrupted; this one starts anew. "
            "--resume would have gone on with it."
        )
    measured: dict[str, float] = {}
    folds: list[TrainOptions] = []
    if options.where.baselines:
        dataset = experiment.dataset
        measured["words_regression_test_error"] = error_of_words(
            dataset.given, dataset.test
        )
    if options.optimisation.refit:
        experiment, measured["dev_error"], folds = refitted(experiment, console)
    results, curves, test = experiment.run(console)
    results |= measured
    record = begun(options)
    record |= ended(experiment.description(), results, curves)
    try:
        temperature = 1.0
        if options.optimisation.calibrate:
            temperature = results.get("temperature", 1.0)
        model_path = export(experiment, models, records, temperature)
        record_path = records / f"{model_path.name}.json"
        figure_path = record_path.with_suffix(".png")
        draw_reliability(test, results.get("temperature"), figure_path)
        record["model"] = str(model_path)
        record["diagram"] = str(figure_path)
        record["served_temperature"] = temperature
        write_record(record_path, record)
        card_path = write_card(experiment, record)
    except OSError as error:
        raise OSError(
            f"{error}; the training is kept: once that is mended, the same "
            "command with --resume does the rest"
        ) from error
    discard_checkpoint(experiment.options)
    discard_folds(folds)
    dataset = experiment.dataset
    report_errors(console, options, results, dataset)
    report_calibration(console, options, results, figure_path)
    summarize(
        console,
        dataset.test,
        test.probabilities(temperature),
        dataset.label_names,
    )
    report_paths(
        console,
        options,
        (model_path, record_path, card_path),
        dataset.test.texts[:100],
    )
    return record


def _experiment(
    console: Console, asked: TrainOptions, options: TrainOptions
) -> Experiment:
    """What is trained; of someone's own texts the better of two, and why."""
    experiment = Experiment.of_options(options)
    if not options.data.is_own or asked.model.backbone is not None:
        return experiment
    if BACKBONES[options.model.backbone].reads_words:
        console.print(why_no_encoder(options))
        return experiment
    errors = compare_words(experiment.features)
    console.print(why_this_model(options, errors))
    if not (errors and errors.words_tell_more):
        return experiment
    # Those of the encoder are none of a classifier of words.
    other = asked.with_fields(
        backbone="linear", bert=None, vocabulary=None, pooling=None
    ).resolved()
    return Experiment.of_options(other, experiment.dataset)


def check_exportable(experiment: Experiment) -> None:
    """Raises `ImportError` if it could be trained, but not exported.

    Word pieces are read without TensorFlow Text, but not in an export.
    """
    if isinstance(experiment.tokenizer, PieceReader):
        needed(
            "tensorflow_text",
            "An export of word pieces",
            '"keras_amp[bert]"',
        )


def export(
    experiment: Experiment,
    models: Path,
    records: Path,
    temperature: float = 1.0,
) -> Path:
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
                temperature=temperature,
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
