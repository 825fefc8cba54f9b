"""Every backbone, beginning and method: from raw text to an export."""

import itertools

import keras
import keras_hub
import numpy as np
import pytest
import tensorflow as tf

import keras_amp
from training.data.paper import load_paper
from training.methods.methods import METHODS
from training.models.backbones import BACKBONES
from training.models.words import load_words
from training.options.train_options import TrainOptions
from training.run.batches import batches

SENTENCES = ["Who built the oldest bridge ?", "", "where", "how MANY 😀 " * 30]
STEPS = {"cnn": 60, "bilstm": 60, "bert": 120}
QUICK = [("cnn", "random", "none"), ("cnn", "pretrained", "word-amp")]
COMBINATIONS = [
    pytest.param(*one, marks=() if one in QUICK else pytest.mark.slow)
    for one in itertools.product(STEPS, ("random", "pretrained"), METHODS)
]


@pytest.fixture(scope="module")
def beginnings(data_dir, tmp_path_factory):
    """The options of each backbone, random and pretrained."""
    vectors = data_dir.parent / "vectors" / "googlenews.300d.subset.txt.gz"
    vocabulary = data_dir.parent / "bert" / "bert-base-uncased-vocab.txt"
    if not (vectors.is_file() and vocabulary.is_file()):
        pytest.skip("no real vectors or vocabulary beside the data sets")
    preset = tmp_path_factory.mktemp("bert")
    pieces = vocabulary.read_text(encoding="utf-8").splitlines()
    keras.utils.set_random_seed(0)
    encoder = keras_amp.random_bert("tiny", len(pieces))
    encoder.save_to_preset(str(preset))
    keras_hub.models.BertTokenizer(pieces, lowercase=True).save_to_preset(
        str(preset)
    )
    words = {"random": {}, "pretrained": {"embeddings": str(vectors)}}
    return {
        "cnn": words,
        "bilstm": words,
        "bert": {
            "random": {"bert": "tiny", "vocabulary": vocabulary},
            "pretrained": {"bert": str(preset)},
        },
    }


def subset(examples, size, seed=0):
    rng = np.random.default_rng(seed)
    return examples[rng.choice(len(examples), size, replace=False)]


@pytest.mark.parametrize(("backbone", "beginning", "method"), COMBINATIONS)
def test_it_learns_saves_reloads_exports_and_answers(
    beginnings, data_dir, tmp_path, backbone, beginning, method
):
    options = TrainOptions.of(
        dataset="trec",
        backbone=backbone,
        method=method,
        records_dir=tmp_path,
        learning_rate=1e-3,
        **beginnings[backbone][beginning],
    ).resolved()
    dataset = load_paper("trec", data_dir)
    train, test = subset(dataset.train, 1000), subset(dataset.test, 250)
    entry = BACKBONES[backbone]
    tokenizer = entry.tokenizer(options.model, train.texts)
    words = load_words(options.model, tokenizer, tmp_path)
    vectors = words and words.embeddings(0)
    classifier = entry.build(options.model, tokenizer, 6, vectors)
    model = METHODS[method].model(classifier, options.mixing, seed=0)
    model.compile(
        keras.optimizers.Adam(options.optimisation.learning_rate),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    model.fit(
        batches(train, tokenizer, options.optimisation.batch_size, seed=0),
        steps_per_epoch=STEPS[backbone],
        shuffle=False,  # `batches` has shuffled
        verbose=0,
    )
    results = model.evaluate(
        batches(test, tokenizer, 50), verbose=0, return_dict=True
    )
    assert (
        results["accuracy"] > np.bincount(test.labels).max() / len(test) + 0.1
    )

    ids = tf.cast(tokenizer(tf.constant(SENTENCES)), tf.int32)
    expected = tf.nn.softmax(classifier(ids))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert type(loaded) is type(model)
    np.testing.assert_allclose(tf.nn.softmax(loaded(ids)), expected, atol=1e-5)
    path = keras_amp.export_text_classifier(
        model, tokenizer, dataset.label_names, tmp_path / "1"
    )
    exported = tf.saved_model.load(path)
    ask = exported.signatures["serve"]
    answer = ask(sentences=tf.constant(SENTENCES))["probabilities"]
    np.testing.assert_allclose(answer, expected, atol=1e-5)
