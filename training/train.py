"""The main job: data to trained, exported and recorded classifier."""

import dataclasses
import os
import time

import keras
import numpy as np
from rich.console import Console

import keras_amp
from keras_amp.serving import next_version
from training.checkpoint import checkpoint_path
from training.classifier import (
    build_classifier,
    build_tokenizer,
    load_words,
    wrap,
)
from training.demo import load_demo
from training.files import load_files
from training.fit import fit
from training.named import load_named
from training.record import environment, write_record


def train(options):
    """Trains, tests, exports and records one classifier.

    The checkpoint that is kept is the one with the lowest dev error, the
    first of several. Its test error is the result; the lowest test error over
    all evaluations, which no one can know without the test set, is recorded
    beside it as the oracle's.

    Args:
        options: `TrainOptions`.

    Returns:
        The record, a dict.

    Raises:
        ValueError, FileNotFoundError: As `TrainOptions.resolved` and the
            loaders of data sets.
    """
    options = options.resolved()
    console = Console(soft_wrap=True)
    keras.utils.set_random_seed(options.seed)
    dataset = load_dataset(options)
    tokenizer = build_tokenizer(options, dataset.train.texts)
    _describe(console, dataset, tokenizer)
    words = load_words(options, tokenizer)
    coverage = words and words.coverage(tokenizer(dataset.train.texts))
    if coverage:
        console.print(
            f"{options.embeddings} has a vector for {coverage['types']:.0%} of "
            f"its different words, {coverage['tokens']:.0%} of all its words"
        )
    classifier = build_classifier(
        options, tokenizer, len(dataset.label_names), words
    )
    models, records = _folders(options)
    path = checkpoint_path(options)
    if path.is_file() and not options.resume:
        console.print(
            "A run with these options was interrupted; this one starts anew. "
            "--resume would have gone on with it."
        )
    model = wrap(classifier, options)
    model.compile(
        keras.optimizers.Adam(options.learning_rate),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        jit_compile=options.jit_compile,
    )

    start = time.perf_counter()
    checkpoint, curves = fit(model, dataset, tokenizer, options, path)
    best = int(np.argmin(curves["dev_error"]))
    results = {
        "dev_error": curves["dev_error"][best],
        "test_error": curves["test_error"][best],
        "oracle_test_error": min(curves["test_error"]),
        "best_step": curves["step"][best],
        "seconds": time.perf_counter() - start,
    }
    model_path = export(classifier, tokenizer, dataset, models, records)
    record_path = records / f"{model_path.name}.json"
    record = {
        "options": dataclasses.asdict(options),
        "environment": environment(),
        "dataset": {
            "name": dataset.name,
            "label_names": dataset.label_names,
            "train": len(dataset.train),
            "dev": len(dataset.dev),
            "test": len(dataset.test),
            "word_ids": tokenizer.vocabulary_size(),
            "coverage": coverage,
        },
        "results": results,
        "curves": curves,
        "model": str(model_path),
    }
    write_record(record_path, record)
    checkpoint.discard()
    _report(console, results, model_path, record_path)
    return record


def export(classifier, tokenizer, dataset, models, records):
    """Exports under the first number free of models and records alike.

    Runs that end at the same time get a number each.

    Returns:
        The path of the export.
    """
    while True:
        number = max(next_version(models), next_version(records, ".json"))
        try:
            return keras_amp.export_text_classifier(
                classifier,
                tokenizer,
                dataset.label_names,
                models / str(number),
            )
        except FileExistsError:
            continue


def load_dataset(options):
    """The `Dataset` that the options ask for."""
    if options.train_file is not None:
        return load_files(
            options.train_file,
            options.dev_file,
            options.test_file,
            options.text_column,
            options.label_column,
            options.split_seed,
        )
    if options.dataset == "demo":
        return load_demo(options.split_seed)
    return load_named(
        options.dataset,
        options.data_dir,
        options.phrases,
        options.fold,
        options.split_seed,
        options.download,
    )


def _describe(console, dataset, tokenizer):
    console.print(
        f"[bold]{dataset.name}[/]: {len(dataset.train)} sentences to train on, "
        f"{len(dataset.dev)} dev, {len(dataset.test)} test, "
        f"{len(dataset.label_names)} classes, "
        f"{tokenizer.vocabulary_size()} word ids"
    )


def _folders(options):
    """The run's folders of models and of records, made if need be."""
    folders = [options.models_dir, options.records_dir]
    folders = [folder / options.name for folder in folders]
    for folder in folders:
        # Better now than after hours of training.
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK):
            raise PermissionError(f"cannot write into '{folder}'")
    return folders


def _report(console, results, model_path, record_path):
    console.print(
        "\n[bold]Error of the best checkpoint[/] "
        f"(step {results['best_step']}): "
        f"dev {results['dev_error']:.1f} %, test {results['test_error']:.1f} % "
        f"(oracle {results['oracle_test_error']:.1f} %), "
        f"trained in {results['seconds']:.0f} s",
    )
    paths = f"Model:  {model_path}\nRecord: {record_path}"
    console.print(paths, markup=False)
    console.print(
        "Ask it with\n\n"
        f'    model = tf.saved_model.load("{model_path}")\n'
        '    model.serve(["Who built the oldest bridge ?"])["label"]\n\n'
        f'or  python -m training predict {model_path} "Who built it ?"',
        markup=False,
    )
