import keras
import numpy as np
import pytest

import keras_amp
from keras_amp import BiLSTM, cut
from keras_amp.backbones.masking import AttentionPooling
from keras_amp.mixup import mix_hidden
from tests.helpers import arrays, tf

IDS = np.array([[3, 4, 5, 6, 7, 8], [9, 2, 0, 0, 0, 0]], "int32")


def small(vocabulary_size=20):
    return BiLSTM(vocabulary_size, 3, embedding_dim=6, units=4)


@pytest.mark.parametrize("extra", [1, 5])
def test_padding_never_influences_the_result(extra):
    model = small()
    query = model.get_layer("sentence").query
    query.assign(np.linspace(-2, 2, 8))
    padded = np.pad(IDS, ((0, 0), (0, extra)))
    np.testing.assert_allclose(
        *arrays(model(padded), model(IDS)), rtol=1e-4, atol=1e-6
    )
    alone = model(IDS[1:, :2])
    np.testing.assert_allclose(
        *arrays(model(IDS)[1:], alone), rtol=1e-4, atol=1e-6
    )


@pytest.mark.parametrize("ids", [[[0, 0]], [[3]], [[3, 0, 0]]])
def test_any_sentence_is_answered(ids):
    answer = keras.ops.convert_to_numpy(small()(np.array(ids)))
    assert np.all(np.isfinite(answer))


def test_a_mixture_lives_as_long_as_its_longer_sentence():
    model = small()
    lower, upper = cut(model, "word")
    hidden = lower(IDS)
    assert len(hidden) == 2
    lam, partner = np.array([0.3, 0.7], "float32"), [1, 0]
    mixed = mix_hidden(hidden, partner, lam)
    np.testing.assert_array_equal(*arrays(mixed[1], np.ones((2, 6))))
    np.testing.assert_allclose(
        *arrays(upper(mixed)[0], upper(mixed)[1]), rtol=1e-5
    )
    padded = [keras.ops.pad(mixed[0], ((0, 0), (0, 3), (0, 0)))]
    padded.append(keras.ops.pad(mixed[1], ((0, 0), (0, 3))))
    np.testing.assert_allclose(*arrays(upper(padded), upper(mixed)), rtol=1e-4)


def test_attention_weighs_positions_by_hand():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(2, 4, 3)).astype("float32")
    is_read = np.array([[True, True, True, False], [True, False, False, False]])
    layer = AttentionPooling()
    layer(features, is_read)
    query = rng.normal(size=3).astype("float32")
    layer.query.assign(query)
    scores = np.where(is_read, np.tanh(features) @ query, -np.inf)
    weights = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    expected = np.einsum("bt,bts->bs", weights, features)
    np.testing.assert_allclose(
        *arrays(layer(features, is_read), expected), rtol=1e-5
    )


def test_the_papers_sizes():
    model = BiLSTM(vocabulary_size=50, num_classes=6)
    lstm = 2 * 4 * (300 * 512 + 512 * 512 + 512)
    assert model.count_params() == 50 * 300 + lstm + 1024 + 1024 * 6 + 6


@pytest.mark.tensorflow
def test_it_exports_and_answers(tmp_path):
    tokenizer = keras_amp.text.word_tokenizer(["to be or not"])
    model = small(tokenizer.vocabulary_size())
    path = keras_amp.export_text_classifier(
        model, tokenizer, ["a", "b", "c"], tmp_path / "1"
    )
    exported = tf.saved_model.load(path)
    ask = exported.signatures["serve"]
    answer = ask(sentences=tf.constant(["to be", ""]))["probabilities"]
    expected = tf.nn.softmax(model(tokenizer(["to be", ""])))
    np.testing.assert_allclose(*arrays(answer, expected), atol=1e-6)


@pytest.mark.tensorflow
def test_a_gpus_export_holds_no_cudnn(tmp_path, monkeypatch):
    monkeypatch.setattr(tf.config, "list_logical_devices", lambda kind: ["GPU"])
    traced = tf.function(small()).get_concrete_function(tf.constant(IDS))
    # What Keras does by itself where it sees a GPU.
    assert "CudnnRNNV3" in str(traced.graph.as_graph_def())
    tokenizer = keras_amp.text.word_tokenizer(["to be or not"])
    model = small(tokenizer.vocabulary_size())
    path = keras_amp.export_text_classifier(
        model, tokenizer, ["a", "b", "c"], tmp_path / "1"
    )
    wrapper = keras_amp.Mixup(model, "word")
    wrapper.export(tmp_path / "wrapper", verbose=False)
    for exported in (path, tmp_path / "wrapper"):
        graph = (exported / "saved_model.pb").read_bytes()
        assert b"Cudnn" not in graph
        assert b"while" in graph.lower()
    assert model.get_layer("lstm").forward_layer.use_cudnn == "auto"


@pytest.mark.parametrize("mix_at", ["word", "sentence"])
def test_it_trains_with_amp_saves_and_loads(tmp_path, mix_at):
    model = small()
    wrapper = keras_amp.AdversarialMixup(model, mix_at, seed=0)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    wrapper.compile("adam", loss)
    history = wrapper.fit(IDS, np.array([0, 2]), epochs=3, verbose=0).history
    assert np.all(np.isfinite(history["loss"]))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(*arrays(loaded(IDS), model(IDS)), rtol=1e-6)
