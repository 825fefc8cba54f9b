"""One experiment: from options to a trained classifier and its measures."""

import dataclasses
import functools
import math
import time
from typing import Any

import keras
import numpy as np
from rich.console import Console

from training.data.dataset import Dataset, Examples, take_share
from training.data.files import load_files
from training.data.sources import SOURCES
from training.data.texts import read_texts
from training.data.wrong_labels import with_wrong_labels
from training.methods.losses import loss_of
from training.methods.methods import METHODS
from training.models.backbones import BACKBONES
from training.models.words import load_words
from training.options.data_options import DataOptions
from training.options.optimisation_options import OptimisationOptions
from training.options.train_options import TrainOptions
from training.run.batches import batches, order_by_length
from training.run.calibration import (
    Outputs,
    calibration_of,
    out_of_domain_area,
)
from training.run.checkpoint import checkpoint_path
from training.run.fit import EVALUATION_BATCH_SIZE, fit
from training.run.ids import ids_of
from training.run.measures import loss_along_lam, predict_logits
from training.run.regression import (
    Features,
    begin_at_regression,
    features_of,
)


@dataclasses.dataclass(frozen=True)
class Experiment:
    """What a run trains, and on what.

    Attributes:
        options: `TrainOptions`, resolved.
        dataset: A `Dataset`.
        others: `Examples` out of the domain, whose labels say nothing, or
            `None`.
        tokenizer: Layer from strings to ids.
        coverage: Dict of the shares of words with a pretrained vector, or
            `None`.
        classifier: A `keras.Model` from ids to logits.
        model: The same, wrapped for the method and compiled.
    """

    options: TrainOptions
    dataset: Dataset
    others: Examples | None
    tokenizer: keras.layers.Layer
    coverage: dict | None
    classifier: keras.Model
    model: keras.Model

    @classmethod
    def of_options(
        cls, options: TrainOptions, dataset: Dataset | None = None
    ) -> "Experiment":
        """Loads the data and builds the model.

        Args:
            options: `TrainOptions`, resolved.
            dataset: A `Dataset` to train on instead of theirs.

        Raises:
            ValueError, FileNotFoundError: As the loaders of data sets, word
                vectors and BERT.
        """
        keras.utils.set_random_seed(options.optimisation.seed)
        dataset = dataset or load_dataset(options)
        others = load_others(options)
        options = options.scheduled(len(dataset.train))
        backbone = BACKBONES[options.model.backbone]
        tokenizer = backbone.tokenizer(options.model, dataset.train.texts)
        kept = options.where.records_dir / ".vectors"
        words = load_words(options.model, tokenizer, kept)
        coverage = words and words.coverage(
            ids_of(tokenizer, dataset.train.texts).values
        )
        num_classes = len(dataset.label_names)
        vectors = words and words.embeddings(
            options.optimisation.seed, spread=options.model.embeddings_spread
        )
        classifier = backbone.build(
            options.model, tokenizer, num_classes, vectors
        )
        model = METHODS[options.mixing.method].model(
            classifier, options.mixing, options.optimisation.seed
        )
        model.compile(
            keras.optimizers.Adam(_learning_rate(options.optimisation)),
            loss_of(options.mixing),
            metrics=["accuracy"],
            # What JAX does not compile, it does one operation at a time.
            jit_compile=options.optimisation.jit_compile
            or keras.backend.backend() == "jax",
        )
        return cls(
            options,
            dataset,
            others,
            tokenizer,
            coverage,  # type: ignore[arg-type]
            classifier,
            model,
        )

    @functools.cached_property
    def features(self) -> Features:
        """What the last layer receives of the training texts at the start."""
        return features_of(self.classifier, self.tokenizer, self.dataset.train)

    def description(self) -> dict[str, Any]:
        """What a record says of the data, as a dict."""
        return {
            "name": self.dataset.name,
            "label_names": self.dataset.label_names,
            "train": len(self.dataset.train),
            "dev": len(self.dataset.dev),
            "test": len(self.dataset.test),
            "word_ids": self.tokenizer.vocabulary_size(),
            "coverage": self.coverage,
        }

    def run(self, console: Console | None = None) -> tuple[dict, dict, Outputs]:
        """Trains, and leaves the model with its best weights on dev.

        Which checkpoint is kept says `best_evaluation`. Its test error is the
        result; the lowest test error over all evaluations, which no one can
        know without the test set, is the oracle's. A temperature is fitted to
        dev, unless `refit` trains on that too.

        Args:
            console: Where to show how far it is; `None` for nowhere.

        Returns:
            A dict of results; a dict of lists, one value per evaluation,
            errors in %; and the `Outputs` of the test set. When these are
            written, `discard_checkpoint`.
        """
        start = time.perf_counter()
        at_start = {}
        if self.begin():
            at_start["regression_test_error"] = self.error()
        curves, best, seconds_before = fit(
            self.model,
            self.dataset,
            self.tokenizer,
            self.options,
            checkpoint_path(self.options),
            console,
        )
        seconds = seconds_before + time.perf_counter() - start
        test = self.outputs(self.dataset.test)
        is_trained_on = bool(self.options.optimisation.refit)
        dev = None if is_trained_on else self.outputs(self.dataset.dev)
        results = {
            "dev_error": curves["dev_error"][best],
            "test_error": curves["test_error"][best],
            "oracle_test_error": min(curves["test_error"]),
            "last_test_error": curves["test_error"][-1],
            "best_step": curves["step"][best],
            "seconds": seconds,
            "seconds_before": seconds_before,
            **calibration_of(test, dev),
            **at_start,
        }
        if right := curves.get("right_dev_error"):
            first = right.index(min(right))
            results["right_dev_test_error"] = curves["test_error"][first]
        if self.others is not None:
            others = self.outputs(self.others)
            results["out_of_domain_area"] = out_of_domain_area(test, others)
        if self.options.mixing.lam_points:
            size = len(test.labels)
            ids, labels = next(iter(self._batches(self.dataset.test, size)))
            results["loss_along_lam"] = loss_along_lam(
                self.model,
                np.asarray(ids),
                np.asarray(labels),
                self.options.mixing.lam_points,
            )
        return results, curves, test

    def begin(self) -> bool:
        """Gives the last layer what it is to begin with; whether it learnt."""
        is_regression = self.options.model.last_layer == "regression"
        if is_regression:
            begin_at_regression(self.classifier, self.features)
        return is_regression

    def error(self) -> float:
        """The classifier's error on the test set, in %."""
        logits, labels = self.outputs(self.dataset.test)
        return 100 * float(np.mean(logits.argmax(axis=1) != labels))

    def outputs(self, examples: Examples) -> Outputs:
        """What the classifier says of some texts, as it is now."""
        order = order_by_length(examples, self.tokenizer)
        found = predict_logits(
            self.classifier,
            self._batches(examples[order], EVALUATION_BATCH_SIZE),
        )
        return Outputs(found.logits[np.argsort(order)], examples.labels)

    def _batches(self, examples: Examples, size: int) -> Any:
        return batches(examples, self.tokenizer, size)


def _learning_rate(asked: OptimisationOptions) -> Any:
    if asked.schedule == "two-stage":
        return keras.optimizers.schedules.PiecewiseConstantDecay(
            [asked.steps // 2], [asked.learning_rate, asked.learning_rate / 10]
        )
    if asked.schedule != "warm-up":
        return asked.learning_rate
    rise = math.ceil(asked.steps / 10)
    return keras.optimizers.schedules.CosineDecay(
        0.0,
        max(1, asked.steps - rise),
        warmup_target=asked.learning_rate,
        warmup_steps=rise,
    )


def load_dataset(options: TrainOptions) -> Dataset:
    """The `Dataset` that the options ask for."""
    data = options.data
    if data.train_file is not None:
        dataset = load_files(
            data.train_file,
            data.dev_file,
            data.test_file,
            data.layout(),
            data.split_seed,
        )
    else:
        dataset = SOURCES[data.dataset].load(data, options.where)
    share = data.train_share
    if data.most_sentences is not None:
        share = min(share, data.most_sentences / len(dataset.train))
    if share < 1:
        train = take_share(dataset.train, share, data.subset_seed)
        dataset = dataclasses.replace(dataset, train=train)
    if data.wrong_labels:
        dataset = with_wrong_labels(
            dataset, data.wrong_labels, data.wrong_kind, data.subset_seed
        )
    return dataset


def load_others(options: TrainOptions) -> Examples | None:
    """The texts out of the domain, whose labels say nothing, if any."""
    data = options.data
    if data.out_of_domain_dataset is not None:
        other = DataOptions(dataset=data.out_of_domain_dataset)
        return SOURCES[other.dataset].load(other, options.where).test
    path = data.out_of_domain_file
    if path is None:
        return None
    texts = read_texts(path, data.layout(is_labelled=False))
    return Examples(
        [one.text for one in texts], np.zeros(len(texts), dtype="int32")
    )
