import ast
import json
import os
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
from keras_amp.serving_checks import check_outputs
from tests.helpers import abandoned, files_limited_to, text_model

HERE = Path(__file__).parents[2]
TEXTS = ["to be or not to be", "", "be", "who knows these words ?", "to " * 99]
LABELS = ["no", "perhaps", "yes"]


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    tokenizer = keras_amp.text.word_tokenizer(["to be or not to be"])
    model = text_model(tokenizer.vocabulary_size())
    wrapper = keras_amp.Mixup(model, "word")
    path = keras_amp.export_text_classifier(
        wrapper, tokenizer, LABELS, tmp_path_factory.mktemp("model") / "1"
    )
    return path, model, tokenizer


def softmax(logits):
    return np.asarray(tf.nn.softmax(logits))


@pytest.mark.parametrize("size", [1, 2, 5])
def test_it_answers_with_the_models_probabilities(exported, size):
    path, model, tokenizer = exported
    loaded = tf.saved_model.load(path)
    ids = np.maximum(tokenizer(TEXTS), 0)
    expected = softmax(model.predict(ids, verbose=0))[:size]
    ask = loaded.signatures["serve"]
    answer = ask(sentences=tf.constant(TEXTS[:size]))
    np.testing.assert_allclose(answer["probabilities"], expected, atol=1e-6)
    guesses = [LABELS[i].encode() for i in np.argmax(expected, axis=1)]
    assert list(answer["label"].numpy()) == guesses
    assert (
        answer["label_names"].numpy().tolist()
        == [[label.encode() for label in LABELS]] * size
    )


def test_the_ids_signature(exported):
    path, model, _ = exported
    loaded = tf.saved_model.load(path)
    ids = tf.constant([[2, 3, 0], [4, 0, 0]])
    ask = loaded.signatures["serve_ids"]
    answer = ask(ids=ids)
    np.testing.assert_allclose(
        answer["probabilities"], softmax(model(ids)), atol=1e-6
    )
    empty = ask(ids=tf.zeros([1, 0], tf.int32))["probabilities"]
    assert np.sum(empty) == pytest.approx(1, abs=1e-6)


def test_it_says_how_much_of_a_text_is_unknown(exported, tmp_path):
    path, model, _ = exported
    loaded = tf.saved_model.load(path)
    for texts, shares in ((TEXTS, [0, 0, 0, 1, 0]), ([], [])):
        answer = loaded.signatures["serve"](
            sentences=tf.constant(texts, tf.string)
        )
        np.testing.assert_allclose(answer["unknown_share"], shares)

    class Lengths(keras.layers.Layer):
        """A tokenizer without a vocabulary."""

        def call(self, sentences):
            return tf.strings.length(sentences)[:, None]

    path = keras_amp.export_text_classifier(
        model, Lengths(), LABELS, tmp_path / "lengths"
    )
    answer = tf.saved_model.load(path).signatures["serving_default"](
        sentences=tf.constant(["ab"])
    )
    assert sorted(answer) == ["label", "label_names", "probabilities"]


class Width(keras.layers.Layer):
    """Of two classes, the first has 1 / the positions that it is given."""

    def call(self, ids):
        first = 1 / tf.fill([tf.shape(ids)[0], 1], tf.shape(ids)[1])
        first = tf.cast(first, tf.float32)
        return tf.concat([first, 1 - first], axis=1)


@pytest.mark.parametrize(
    ("group_size", "widths"),
    [
        (None, [9] * 7),
        (7, [9] * 7),
        (6, [9, 3, 9, 3, 3, 9, 3]),
        (3, [9, 3, 5, 3, 3, 5, 5]),
        (1, [9, 1, 4, 3, 1, 5, 3]),
    ],
)
def test_long_texts_pad_only_those_of_about_their_length(
    tmp_path, group_size, widths
):
    ids = keras.Input((None,), dtype="int32")
    path = keras_amp.export_text_classifier(
        keras.Model(ids, Width()(ids)),
        keras_amp.text.word_tokenizer(["to be"]),
        ["a", "b"],
        tmp_path / "1",
        from_logits=False,
        group_size=group_size,
    )
    serve = tf.saved_model.load(path).signatures["serve"]
    texts = ["to be " * 4 + "to", "be", "to " * 4, "be " * 3, "", "to " * 5]
    found = serve(sentences=tf.constant([*texts, "to be or"]))
    np.testing.assert_allclose(1 / found["probabilities"][:, 0], widths, 1e-6)


@pytest.mark.parametrize("number", [0, 1, 16, 17, 40])
def test_answers_in_groups_come_in_the_order_of_the_texts(exported, number):
    path, model, tokenizer = exported
    words = ["to", "be", "or", "not", "who"]
    texts = [
        " ".join(words[i % 5 :] + ["to"] * (7 * i % 13)) for i in range(number)
    ]
    answer = tf.saved_model.load(path).signatures["serve"](
        sentences=tf.constant(texts, tf.string)
    )
    assert answer["probabilities"].shape == (number, 3)
    for text, found in zip(texts, answer["probabilities"], strict=True):
        expected = softmax(model(tokenizer([text])))[0]
        np.testing.assert_allclose(found, expected, atol=1e-6)


def test_a_group_has_a_size_above_0(exported, tmp_path):
    _, model, tokenizer = exported
    with pytest.raises(ValueError, match="`group_size` must be above 0, or"):
        keras_amp.export_text_classifier(
            model, tokenizer, LABELS, tmp_path / "a", group_size=0
        )
    assert not (tmp_path / "a").exists()


ASK = """
import json, sys
import tensorflow as tf
exported = tf.saved_model.load(sys.argv[1])
answer = exported.signatures["serving_default"](
    sentences=tf.constant(json.loads(sys.argv[2]))
)
assert "keras_amp" not in sys.modules
print(json.dumps(answer["probabilities"].numpy().tolist()))
"""


def test_it_loads_without_keras_amp(exported, tmp_path):
    path, model, tokenizer = exported
    done = subprocess.run(
        [sys.executable, "-c", ASK, str(path), json.dumps(TEXTS)],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": ""},
    )
    np.testing.assert_allclose(
        json.loads(done.stdout), softmax(model(tokenizer(TEXTS))), atol=1e-6
    )


ASK_WRONGLY = """
import os, sys, threading
import tensorflow as tf
exported = tf.saved_model.load(sys.argv[1])
answers = []
def ask(sentences):
    try:
        answer = exported.signatures["serve"](sentences=sentences)
        answers.append(answer["label"].shape[0])
    except Exception as error:
        answers.append(type(error).__name__)
for sentences in (tf.constant("no batch"), tf.constant([1, 2]),
                  tf.constant([["to"], ["be"]]), tf.constant(["to", "be"])):
    thread = threading.Thread(target=ask, args=[sentences], daemon=True)
    thread.start()
    thread.join(60)
print(answers, flush=True)
os._exit(0)
"""


def test_each_weight_is_written_once(tmp_path):
    tokenizer = keras_amp.text.word_tokenizer(["to be"])
    model = text_model(100_000)
    path = keras_amp.export_text_classifier(
        model, tokenizer, LABELS, tmp_path / "1"
    )
    weights = sum(weight.numpy().nbytes for weight in model.weights)
    files = (path / "variables").iterdir()
    written = sum(file.stat().st_size for file in files)
    assert weights < written < 1.01 * weights


def test_a_model_may_hold_a_lookup_table(tmp_path):
    class Lengths(keras.layers.Layer):
        def call(self, sentences):
            return tf.strings.length(sentences)[:, None]

    ids = keras.Input((None,), dtype="int32")
    known = keras.layers.IntegerLookup(vocabulary=[2, 5])(ids)
    vectors = keras.layers.Embedding(3, 4)(known)
    pooled = keras.layers.GlobalAveragePooling1D()(vectors)
    model = keras.Model(ids, keras.layers.Dense(3)(pooled))
    path = keras_amp.export_text_classifier(
        model, Lengths(), LABELS, tmp_path / "1"
    )
    answer = tf.saved_model.load(path).signatures["serve"](
        sentences=tf.constant(["it", "is me"])
    )
    np.testing.assert_allclose(
        answer["probabilities"],
        softmax(model(tf.constant([[2], [5]]))),
        atol=1e-6,
    )


def test_a_wrong_question_keeps_no_other_thread_waiting(exported):
    done = subprocess.run(
        [sys.executable, "-c", ASK_WRONGLY, str(exported[0])],
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    *wrong, right = ast.literal_eval(done.stdout)
    assert right == 2
    assert len(wrong) == 3
    assert all(one.endswith("Error") for one in wrong)


def test_no_call_is_shown_that_can_hang():
    folders = ("docs", "notebooks", "keras_amp", "training", "saved_models")
    paths = [path for folder in folders for path in (HERE / folder).rglob("*")]
    paths = [path for path in paths if path.suffix in (".md", ".ipynb", ".py")]
    assert len(paths) > 80
    for path in [*paths, HERE / "README.md"]:
        assert not re.search(r"\.serve\([^…]", path.read_text("utf-8")), path


def test_an_export_is_never_overwritten(exported):
    path, model, tokenizer = exported
    before = sorted(path.rglob("*"))
    with pytest.raises(FileExistsError, match="exists already"):
        keras_amp.export_text_classifier(model, tokenizer, LABELS, path)
    assert sorted(path.rglob("*")) == before


@pytest.mark.parametrize("name", ["mine[1]", "back\\slash"])
def test_a_path_that_nobody_could_load_from_is_refused(
    exported, tmp_path, name
):
    _, model, tokenizer = exported
    with pytest.raises(ValueError, match="can't load a model from"):
        keras_amp.export_text_classifier(
            model, tokenizer, LABELS, tmp_path / name / "1"
        )
    assert not (tmp_path / name).exists()


def test_labels_must_fit_the_model(exported, tmp_path):
    _, model, tokenizer = exported
    with pytest.raises(ValueError, match=r"3 classes\. Received 2"):
        keras_amp.export_text_classifier(
            model, tokenizer, ["a", "b"], tmp_path / "new"
        )
    assert not (tmp_path / "new").exists()


def outputs_through(activation, bias=(0.0, 0.0, 0.0)):
    """A classifier whose last layer has this activation."""
    model = text_model(5)
    last = keras.layers.Dense(3, activation)
    outputs = last(model.layers[-2].output)
    last.bias.assign(bias)
    return keras.Model(model.input, outputs)


@pytest.mark.parametrize(
    ("model", "from_logits", "message"),
    [
        (lambda: outputs_through("softmax"), True, "must be logits, and they"),
        (lambda: outputs_through("softmax", [9, 0, 0]), True, "Then say"),
        (lambda: outputs_through(None), False, "must be probabilities"),
        (lambda: outputs_through(None, [3, -2, 0]), False, r"such as \["),
        (lambda: outputs_through("sigmoid"), False, "model with a softmax"),
    ],
)
def test_outputs_are_what_they_are_said_to_be(
    exported, tmp_path, model, from_logits, message
):
    _, _, tokenizer = exported
    with pytest.raises(ValueError, match=message):
        keras_amp.export_text_classifier(
            model(), tokenizer, LABELS, tmp_path / "a", from_logits=from_logits
        )
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_probabilities_of_little_precision_are_some(dtype):
    logits = 3 * np.random.default_rng(0).normal(size=(500, 40))
    outputs = keras.ops.softmax(keras.ops.cast(logits, dtype))
    check_outputs(outputs, from_logits=False)
    with pytest.raises(ValueError, match="`from_logits=True`"):
        check_outputs(outputs, from_logits=True)
    check_outputs(keras.ops.cast(logits, dtype), from_logits=True)


def test_a_softmax_in_bfloat16_may_be_rougher():
    # As far as one of a thousand classes came on a processor without it.
    outputs = 1.013 * keras.ops.softmax(np.eye(3, dtype="float32"))
    check_outputs(keras.ops.cast(outputs, "bfloat16"), from_logits=False)
    with pytest.raises(ValueError, match="probabilities that sum to 1"):
        check_outputs(outputs, from_logits=False)


def of_one_length():
    ids = keras.Input((6,), dtype="int32")
    features = keras.layers.Flatten()(keras.layers.Embedding(9, 4)(ids))
    return keras.Model(ids, keras.layers.Dense(3)(features))


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (of_one_length, "of any length, two here"),
        (lambda: outputs_through(None, [np.nan, 0, 0]), "must be finite"),
    ],
)
def test_a_model_that_answers_no_short_text_is_refused(
    exported, tmp_path, build, message
):
    _, _, tokenizer = exported
    with pytest.raises(ValueError, match=message) as raised:
        keras_amp.export_text_classifier(
            build(), tokenizer, LABELS, tmp_path / "a"
        )
    assert "\n" not in str(raised.value)


def test_a_model_of_fewer_ids_than_its_tokenizer_is_refused(tmp_path):
    tokenizer = keras_amp.text.word_tokenizer(["to be or not to be"])
    size = tokenizer.vocabulary_size()
    with pytest.raises(ValueError, match=f"makes {size} ids, and the model"):
        keras_amp.export_text_classifier(
            text_model(size - 1), tokenizer, LABELS, tmp_path / "a"
        )
    keras_amp.export_text_classifier(
        text_model(size), tokenizer, LABELS, tmp_path / "a"
    )


def test_a_failed_export_leaves_nothing(exported, tmp_path, monkeypatch):
    _, model, tokenizer = exported

    def interrupted(archive, path, **kwargs):
        Path(path).mkdir()
        (Path(path) / "saved_model.pb").write_bytes(b"half")
        raise OSError("disc full")

    monkeypatch.setattr(tf.saved_model, "save", interrupted)
    with pytest.raises(OSError, match=r"folder/1': disc full"):
        keras_amp.export_text_classifier(
            model, tokenizer, LABELS, tmp_path / "folder" / "1"
        )
    assert not list((tmp_path / "folder").iterdir())


@pytest.mark.skipif(not hasattr(signal, "SIGXFSZ"), reason="no file limits")
@pytest.mark.parametrize("size", [0, 5_000])
def test_a_full_disc_is_an_error_that_names_the_export(
    exported, tmp_path, size
):
    _, model, tokenizer = exported
    path = tmp_path / "folder" / "1"
    with (
        files_limited_to(size),
        pytest.raises(OSError, match=r"folder/1.*File too large"),
    ):
        keras_amp.export_text_classifier(model, tokenizer, LABELS, path)
    assert not list((tmp_path / "folder").iterdir())


def test_what_a_killed_export_left_is_removed(exported, tmp_path):
    _, model, tokenizer = exported
    left = abandoned(tmp_path / "folder" / "1")
    left.mkdir(parents=True)
    (left / "saved_model.pb").write_bytes(b"half")
    keras_amp.export_text_classifier(
        model, tokenizer, LABELS, tmp_path / "folder" / "1"
    )
    assert [one.name for one in (tmp_path / "folder").iterdir()] == ["1"]


@pytest.mark.parametrize("from_logits", [True, False])
def test_logits_are_divided_by_the_temperature(tmp_path, from_logits):
    tokenizer = keras_amp.text.word_tokenizer(["to be or not to be"])
    model = text_model(tokenizer.vocabulary_size())
    logits = 9 * model.predict(tokenizer(TEXTS), verbose=0)
    model.layers[-1].set_weights([9 * w for w in model.layers[-1].weights])
    if not from_logits:
        outputs = keras.layers.Softmax()(model.output)
        model = keras.Model(model.input, outputs)
    answers = {}
    for temperature in (1.0, 2.5):
        path = keras_amp.export_text_classifier(
            model,
            tokenizer,
            LABELS,
            tmp_path / str(temperature),
            from_logits=from_logits,
            temperature=temperature,
        )
        loaded = tf.saved_model.load(path)
        ask = loaded.signatures["serve"]
        answers[temperature] = answer = ask(sentences=tf.constant(TEXTS))
        np.testing.assert_allclose(
            answer["probabilities"], softmax(logits / temperature), atol=1e-5
        )
    plain, tempered = answers.values()
    assert list(plain["label"].numpy()) == list(tempered["label"].numpy())
    assert "temperature" not in plain
    assert tempered["temperature"].numpy().tolist() == [2.5] * len(TEXTS)


@pytest.mark.parametrize("temperature", [0.0, -1.0, np.inf, np.nan])
def test_a_temperature_is_above_0_and_finite(exported, tmp_path, temperature):
    _, model, tokenizer = exported
    with pytest.raises(ValueError, match="`temperature`, by which"):
        keras_amp.export_text_classifier(
            model, tokenizer, LABELS, tmp_path / "a", temperature=temperature
        )
    assert not (tmp_path / "a").exists()


def test_a_probability_of_0_is_tempered_as_the_temperature_was_fitted(tmp_path):
    tokenizer = keras_amp.text.word_tokenizer(["to be"])
    ids = keras.Input((None,), dtype="int32")
    vectors = keras.layers.Embedding(
        tokenizer.vocabulary_size(), 3, name="vectors"
    )
    outputs = keras.layers.GlobalAveragePooling1D()(vectors(ids))
    model = keras.Model(ids, outputs)
    vectors.embeddings.assign(np.eye(3)[np.zeros(vectors.input_dim, int)])
    temperature = keras_amp.fit_temperature(
        [0] * 9 + [1], [[1.0, 0.0, 0.0]] * 10
    )
    path = keras_amp.export_text_classifier(
        model,
        tokenizer,
        LABELS,
        tmp_path / "1",
        from_logits=False,
        temperature=temperature,
    )
    answer = tf.saved_model.load(path).signatures["serve"](
        sentences=tf.constant(["to be"])
    )
    # Nine of ten were right, and that is what the best temperature promises.
    promised = float(answer["probabilities"][0, 0])
    assert promised == pytest.approx(0.9, abs=1e-4)
