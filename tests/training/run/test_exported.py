"""Exports are asked in a process that has no Keras."""

import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import pytest
import tensorflow as tf

import keras_amp
from tests.helpers import text_model
from training.run.exported import load_export

HERE = Path(__file__).parents[3]
ASK = """
import sys
from training.run.predict import predict
predict(sys.argv[1], ["To be, or not"])
print(*[name for name in ("keras", "tensorflow") if name in sys.modules])
import keras, tensorflow
print(tensorflow.keras.__version__ == keras.__version__)
"""
PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "to", "be", "##s", ","]
TOKENIZERS = {
    "words": lambda: keras_amp.text.word_tokenizer(["to be or not"]),
    "pieces": lambda: keras_amp.text.WordPieceTokenizer(PIECES),
}


@pytest.fixture(scope="module", params=TOKENIZERS)
def export(request, tmp_path_factory):
    """Path of an export, and the probabilities that its classifier gives."""
    tokenizer = TOKENIZERS[request.param]()
    classifier = text_model(tokenizer.vocabulary_size())
    path = tmp_path_factory.mktemp(request.param) / "1"
    keras_amp.export_text_classifier(
        classifier, tokenizer, ["no", "perhaps", "yes"], path
    )
    ids = tokenizer(["To be, or not"])
    return path, classifier.predict(ids, verbose=0)[0]


def python(*arguments, before=()):
    paths = os.pathsep.join([*map(str, before), str(HERE)])
    return subprocess.run(
        [sys.executable, "-c", ASK, *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": paths, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )


def without_operations(folder):
    """A folder in which TensorFlow Text is a package that holds nothing."""
    (folder / "tensorflow_text").mkdir()
    (folder / "tensorflow_text" / "__init__.py").touch()
    return folder


def test_an_export_is_asked_without_keras_which_may_come_later(
    export, tmp_path
):
    path, logits = export
    # Words need no operations but TensorFlow's own.
    is_words = "words" in str(path)
    ran = python(path, before=[without_operations(tmp_path)] * is_words)
    answer, loaded, is_usable = ran.stdout.splitlines()
    assert loaded == "tensorflow"
    assert is_usable == "True"
    found = list(json.loads(answer)["probabilities"].values())
    expected = keras.ops.softmax(logits).numpy()
    assert found == pytest.approx(expected.tolist(), abs=1e-6)


class Others(tf.Module):
    """A SavedModel that is no classifier of texts."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def double(self, x):
        return {"label": 2 * x}


@pytest.mark.parametrize("signature", [None, "serving_default", "serve"])
def test_another_savedmodel_is_refused(tmp_path, signature):
    others = Others()
    signatures = {signature: others.double} if signature else None
    tf.saved_model.save(others, tmp_path, signatures)
    with pytest.raises(ValueError, match="that answers no texts: `python -m"):
        load_export(tmp_path)


@pytest.mark.parametrize("export", ["pieces"], indirect=True)
def test_operations_that_are_missing_are_named(export, tmp_path):
    path, _ = export
    ran = python(path, before=[without_operations(tmp_path)])
    *_, last = ran.stderr.splitlines()
    assert last.startswith(f"ValueError: '{path}' needs operations of")
