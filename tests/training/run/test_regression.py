from pathlib import Path

import keras
import numpy as np
import pytest

from training.data.dataset import Dataset, Examples
from training.options.train_options import TrainOptions
from training.run import regression
from training.run.batches import batches
from training.run.experiment import Experiment
from training.run.measures import predict_logits

WORDS = {0: "cat dog", 1: "red blue", 2: "one two"}


def texts(size, classes=3, seed=0):
    rng = np.random.default_rng(seed)
    labels = np.arange(size) % classes
    return Examples(
        [
            " ".join(
                [
                    *rng.permutation(WORDS[x].split()),
                    *rng.choice(list("abc"), 3),
                ]
            )
            for x in labels
        ],
        labels.astype("int32"),
    )


def experiment(classes, **options):
    names = tuple("xyz"[:classes])
    dataset = Dataset(
        "t",
        names,
        texts(60, classes),
        texts(12, classes, 1),
        texts(30, classes, 2),
    )
    asked = TrainOptions.of(
        train_file=Path("t.csv"), backbone="linear", **options
    ).resolved()
    return Experiment.of_options(asked, dataset)


@pytest.mark.parametrize("classes", [2, 3])
def test_the_last_layer_answers_as_the_regression_does(classes):
    one = experiment(classes)
    train, test = one.dataset.train, one.dataset.test
    features = one.features
    of_test = regression.features_of(one.classifier, one.tokenizer, test)
    expected = (
        regression._regression()
        .fit(features.values, train.labels)
        .predict_proba(of_test.values * of_test.scale / features.scale)
    )
    regression.begin_at_regression(one.classifier, features)
    found = predict_logits(
        one.classifier, batches(test, one.tokenizer, 50)
    ).probabilities()
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert one.error() == 0


def test_a_class_without_texts_is_never_the_answer():
    one = experiment(3)
    two = texts(60, 2)
    features = regression.features_of(one.classifier, one.tokenizer, two)
    regression.begin_at_regression(one.classifier, features)
    outputs = predict_logits(
        one.classifier, batches(one.dataset.test, one.tokenizer, 50)
    )
    assert outputs.probabilities()[:, 2].max() < 1e-3


def test_the_scale_of_the_features_changes_nothing():
    """The penalty is made for features of norm 1, whatever an encoder's is."""
    one = experiment(2)
    train, test = one.dataset.train, one.dataset.test
    regression.begin_at_regression(one.classifier, one.features)
    expected = one.classifier.predict(
        batches(test, one.tokenizer, 50), verbose=0
    )
    inputs = one.classifier.inputs
    times_ten = keras.layers.Rescaling(10.0, name="sentence")(
        one.classifier.get_layer("norm").output
    )
    last = keras.layers.Dense(2, name="logits")(times_ten)
    larger = keras.Model(inputs, last)
    features = regression.features_of(larger, one.tokenizer, train)
    assert features.scale == pytest.approx(10)
    regression.begin_at_regression(larger, features)
    data = batches(test, one.tokenizer, 50)
    found = larger.predict(data, verbose=0)
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_words_are_compared_with_what_the_last_layer_receives():
    one = experiment(3)
    errors = regression.compare_words(one.features)
    assert errors == (0, 0, False)
    zero = keras.Model(
        one.classifier.inputs,
        keras.layers.Dense(3, name="logits")(
            keras.layers.Rescaling(0.0, name="sentence")(
                one.classifier.get_layer("norm").output
            )
        ),
    )
    features = regression.features_of(zero, one.tokenizer, one.dataset.train)
    errors = regression.compare_words(features)
    assert errors.words == 0
    assert errors.features > 50
    assert errors.words_tell_more


def test_the_regression_on_words_errs_where_words_do_not_tell():
    assert regression.error_of_words(texts(60), texts(30, seed=1)) == 0
    mixed = Examples(["a b"] * 60, np.arange(60) % 2)
    assert regression.error_of_words(mixed, mixed) == 50


def test_too_few_texts_are_not_compared_and_a_rare_class_is_no_hindrance():
    one = experiment(3)
    train = one.dataset.train

    def compared(counts):
        kept = [np.flatnonzero(train.labels == i)[:n] for i, n in counts]
        examples = train[np.concatenate(kept)]
        return regression.compare_words(
            regression.features_of(one.classifier, one.tokenizer, examples)
        )

    assert compared([(0, 20), (1, 4)]) is None
    assert compared([(0, 20), (1, 20), (2, 1)]).words < 5
