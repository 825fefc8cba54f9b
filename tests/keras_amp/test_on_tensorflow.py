"""What JAX and PyTorch train is exported by TensorFlow, with its tokenizer."""

import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

import keras_amp
from keras_amp.extras import needed
from keras_amp.on_tensorflow import (
    export_text_classifier_on_tensorflow,
    run_on_tensorflow,
)
from tests.helpers import text_model, tf

TEXTS = ["to be or not to be", "", "be", "who knows these words ?"]
# Builds, exports and answers; twice in the same place is once too often.
EXPORT = """
import sys
import keras
import numpy as np
import keras_amp
from tests.helpers import text_model

folder, kind, *texts = sys.argv[1:]
if kind == "words":
    tokenizer = keras_amp.text.word_tokenizer(texts, max_length=5)
else:
    pieces = "[PAD] [UNK] [CLS] [SEP] to be or ##ows kn"
    tokenizer = keras_amp.text.WordPieceTokenizer(pieces.split(), max_length=5)
ids = np.asarray(tokenizer(texts))
model = text_model(tokenizer.vocabulary_size())
arguments = (keras_amp.Mixup(model, "word"), tokenizer, [1, 2, 3], folder)
path = keras_amp.export_text_classifier(*arguments, temperature=2.0)
np.savez(folder, ids=ids, logits=model.predict(ids, verbose=0))
try:
    keras_amp.export_text_classifier(*arguments)
except FileExistsError:
    print(keras.backend.backend(), path)
"""


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    "backend, kind", [("jax", "words"), ("torch", "pieces")]
)
def test_a_text_classifier_of_another_backend_is_exported(
    backend, kind, tmp_path
):
    needed(backend, "This test", f'"keras_amp[{backend}]"')
    if kind == "pieces":
        needed("tensorflow_text", "This test", '"keras_amp[bert]"')
    path = tmp_path / "1"
    done = subprocess.run(
        [sys.executable, "-c", EXPORT, str(path), kind, *TEXTS],
        capture_output=True,
        text=True,
        env={
            **os.environ,
            "KERAS_BACKEND": backend,
            "PYTHONPATH": str(Path(__file__).parents[2]),
        },
    )
    assert done.stdout == f"{backend} {path}\n", done.stderr[-3000:]
    expected = np.load(tmp_path / "1.npz")
    assert len({*map(tuple, expected["ids"])}) == len(TEXTS)
    probabilities = tf.nn.softmax(expected["logits"] / 2)
    serve = tf.saved_model.load(path).signatures["serve"]
    served = serve(sentences=tf.constant(TEXTS))
    np.testing.assert_allclose(
        served["probabilities"], probabilities, atol=1e-6
    )
    assert {*served["label"].numpy()} <= {b"1", b"2", b"3"}
    assert (path / "assets.extra" / "tokenizer.json").is_file()


@pytest.mark.tensorflow
def test_what_fails_there_is_raised_here(tmp_path):
    tokenizer = keras_amp.text.word_tokenizer(TEXTS)
    model = text_model(tokenizer.vocabulary_size())
    with pytest.raises(FileExistsError, match=f"'{tmp_path}' exists already"):
        export_text_classifier_on_tensorflow(
            model, tokenizer, ["a", "b", "c"], tmp_path
        )
    with pytest.raises(ValueError, match="File not found"):
        run_on_tensorflow(
            "keras_amp.saved_model", tmp_path / "no.keras", tmp_path / "1"
        )
    with pytest.raises(RuntimeError, match="No module named"):
        run_on_tensorflow("keras_amp.no_such_module")


def test_modules_that_are_found_here_are_found_there(tmp_path, monkeypatch):
    (tmp_path / "only_here.py").write_text(
        "import sys, pathlib, keras\n"
        "backend = keras.backend.backend()\n"
        "pathlib.Path(sys.argv[1]).write_text(backend)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    run_on_tensorflow("only_here", tmp_path / "it")
    assert (tmp_path / "it").read_text() == "tensorflow"


@pytest.mark.tensorflow
def test_a_layer_that_is_in_no_module_is_refused(tmp_path):
    class Own(keras.layers.Dense):
        __module__ = "__main__"

    tokenizer = keras_amp.text.word_tokenizer(TEXTS)
    model = keras.Sequential(
        [
            text_model(tokenizer.vocabulary_size()),
            Own(3, name="own"),
        ]
    )
    with pytest.raises(ValueError, match="`Own` of 'own' is in the program"):
        export_text_classifier_on_tensorflow(
            model, tokenizer, ["a", "b", "c"], tmp_path / "1"
        )


@pytest.mark.tensorflow
def test_a_tokenizer_that_could_not_be_built_again_is_refused(tmp_path):
    tokenizer = keras.layers.TextVectorization()
    tokenizer.adapt(TEXTS)
    model = text_model(tokenizer.vocabulary_size())
    with pytest.raises(ValueError, match="configuration has its vocabulary"):
        export_text_classifier_on_tensorflow(
            model, tokenizer, ["a", "b", "c"], tmp_path / "1"
        )
