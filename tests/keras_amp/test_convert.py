import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_amp
from keras_amp.extras import needed
from keras_amp.formats import FORMATS
from keras_amp.text import WordPieceTokenizer, word_tokenizer
from tests.helpers import files_limited_to

TEXTS = ["Good soup, isn't it?", "bad", "", "so bad it is good " * 9]
# What a server has: a runtime, `tokenizers` and NumPy.
SERVER = """
import json, sys
from pathlib import Path
for package in {absent!r}:
    sys.modules[package] = None
import numpy as np
from tokenizers import Tokenizer

folder, texts = Path(sys.argv[1]), json.loads(sys.argv[2])
tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
ids = [one.ids for one in tokenizer.encode_batch(texts)]
ids = np.array(ids, "int32")
{ask}
labels = json.loads((folder / "labels.json").read_text("utf-8"))
print(json.dumps([np.asarray(probabilities).tolist(), labels]))
"""
ASK = {
    "saved_model": """
import tensorflow as tf
loaded = tf.saved_model.load(folder / "model")
answer = loaded.signatures["serving_default"](ids=tf.constant(ids))
probabilities = answer["probabilities"]
""",
    "onnx": """
import onnxruntime
session = onnxruntime.InferenceSession(folder / "model.onnx")
(probabilities,) = session.run(["probabilities"], {"ids": ids})
""",
    "litert": """
from ai_edge_litert.interpreter import Interpreter
ask = Interpreter(str(folder / "model.tflite")).get_signature_runner()
probabilities = ask(ids=ids)["probabilities"]
""",
    "openvino": """
import openvino
exact = {"INFERENCE_PRECISION_HINT": "f32"}
model = openvino.compile_model(folder / "model.xml", "CPU", exact)
probabilities = model({"ids": ids})["probabilities"]
""",
}
ALWAYS_ABSENT = ("keras", "keras_amp", "keras_hub", "tensorflow_text")


def of_words(backbone):
    tokenizer = word_tokenizer(["so good", "bad soup", "isn't it?"])
    return backbone(tokenizer.vocabulary_size(), 3), tokenizer


def of_pieces():
    needed("keras_hub", "This test", '"keras_amp[bert]"')
    pieces = "[PAD] [UNK] [CLS] [SEP] so good bad soup it is ##n , ? '"
    tokenizer = WordPieceTokenizer(pieces.split(), max_length=20)
    encoder = keras_amp.random_bert("tiny", tokenizer.vocabulary_size())
    return keras_amp.BERT(encoder, 3), tokenizer


MODELS = {
    "cnn": lambda: of_words(keras_amp.TextCNN),
    "bilstm": lambda: of_words(keras_amp.BiLSTM),
    "bert": of_pieces,
}


@pytest.fixture(scope="module")
def exports(tmp_path_factory):
    """A function from a model's name to its export, made once."""
    made = {}

    def export(name):
        if name not in made:
            model, tokenizer = MODELS[name]()
            made[name] = keras_amp.export_text_classifier(
                model,
                tokenizer,
                ["ä", "b", "c"],
                tmp_path_factory.mktemp(name) / "1",
                temperature=0.3,  # which sharpens what is new and says little
            )
        return made[name]

    return export


def served(format, folder):
    absent = ALWAYS_ABSENT
    if format != "saved_model":
        absent = (*absent, "tensorflow")
    code = SERVER.format(absent=absent, ask=ASK[format])
    ran = subprocess.run(
        [sys.executable, "-c", code, str(folder), json.dumps(TEXTS)],
        capture_output=True,
        text=True,
        env={"TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout.splitlines()[-1])


def check(export, format, folder):
    for module, install in FORMATS[format].modules.items():
        needed(module, "This test", install)
    made = keras_amp.convert_text_classifier(export, folder / format, format)
    probabilities, labels = served(format, made)
    assert labels == ["ä", "b", "c"]
    serve = tf.saved_model.load(export).signatures["serve"]
    expected = serve(sentences=tf.constant(TEXTS))["probabilities"].numpy()
    assert np.ptp(expected, axis=0).max() > 1e-3  # The texts make a difference.
    np.testing.assert_allclose(probabilities, expected, atol=1e-5)
    assert not [one for one in folder.iterdir() if one != made]


def test_ids_are_answered_without_keras(exports, tmp_path):
    check(exports("cnn"), "saved_model", tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("format", [*FORMATS])
@pytest.mark.parametrize("name", [*MODELS])
def test_other_runtimes_answer_alike(exports, tmp_path, name, format):
    if (name, format) != ("bilstm", "litert"):
        check(exports(name), format, tmp_path)
        return
    needed("ai_edge_litert", "This test", '"keras_amp[litert]"')
    with pytest.raises(ValueError, match="litert can't hold this") as raised:
        check(exports(name), format, tmp_path)
    assert "another format may: saved_model, onnx" in str(raised.value)
    assert [*tmp_path.iterdir()] == []


@pytest.mark.slow
def test_the_recipe_runs(exports, tmp_path):
    for module, install in FORMATS["onnx"].modules.items():
        needed(module, "This test", install)
    recipes = (Path(__file__).parents[2] / "docs/recipes.md").read_text("utf-8")
    (program,) = re.findall(r"```py\n(.*?)```", recipes, re.DOTALL)
    keras_amp.convert_text_classifier(
        exports("cnn"), tmp_path / "1-onnx", "onnx"
    )
    code = "import sys; sys.modules['tensorflow'] = None\n" + program
    ran = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    serve = tf.saved_model.load(exports("cnn")).signatures["serve"]
    texts = tf.constant(["good soup", "so bad it is good"])
    labels = [one.decode() for one in serve(sentences=texts)["label"].numpy()]
    assert ran.stdout == f"{labels}\n", ran.stderr


def test_what_is_there_is_not_overwritten(exports, tmp_path):
    with pytest.raises(FileExistsError, match="not overwritten"):
        keras_amp.convert_text_classifier(
            exports("cnn"), tmp_path, "saved_model"
        )


@pytest.mark.parametrize("number", [1, 3])
def test_a_runtime_that_answers_otherwise_is_refused(
    exports, tmp_path, monkeypatch, number
):
    made = FORMATS["saved_model"]

    def load(path):
        answer = made.load(path)
        # Right for one question and no number for the other.
        return lambda ids: answer(ids) * (np.nan if len(ids) == number else 1)

    monkeypatch.setitem(FORMATS, "saved_model", made._replace(load=load))
    with pytest.raises(ValueError, match="answers otherwise, by nan"):
        keras_amp.convert_text_classifier(
            exports("cnn"), tmp_path / "a", "saved_model"
        )
    assert not [*tmp_path.iterdir()]


@pytest.mark.skipif(not hasattr(signal, "SIGXFSZ"), reason="no file limits")
def test_a_full_disc_is_none_of_the_formats_faults(exports, tmp_path):
    export = exports("cnn")
    with (
        files_limited_to(5_000),
        pytest.raises(OSError, match=r"/a.*File too large"),
    ):
        keras_amp.convert_text_classifier(export, tmp_path / "a", "saved_model")
    assert not [*tmp_path.iterdir()]


def test_a_path_that_tensorflow_cannot_load_from_is_refused(exports, tmp_path):
    with pytest.raises(ValueError, match="parts of a pattern"):
        keras_amp.convert_text_classifier(
            exports("cnn"), tmp_path / "x[1]", "saved_model"
        )


def test_what_can_not_be_is_said(exports, tmp_path):
    with pytest.raises(ValueError, match="must be one of saved_model, onnx"):
        keras_amp.convert_text_classifier(exports("cnn"), tmp_path / "a", "pb")
    with pytest.raises(FileNotFoundError, match="no SavedModel at"):
        keras_amp.convert_text_classifier(tmp_path, tmp_path / "a", "onnx")
    tokenizer = keras.layers.TextVectorization(vocabulary=["a"])
    export = keras_amp.export_text_classifier(
        keras_amp.TextCNN(3, 2), tokenizer, "ab", tmp_path / "1"
    )
    with pytest.raises(ValueError, match="no tokenizer that other programs"):
        keras_amp.convert_text_classifier(export, tmp_path / "a", "onnx")
    assert [one.name for one in tmp_path.iterdir()] == ["1"]
