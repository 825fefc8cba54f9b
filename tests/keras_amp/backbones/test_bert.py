import keras
import numpy as np
import pytest

import keras_amp
from keras_amp.backbones.masking import MeanPooling
from keras_amp.mixup import mix_hidden
from tests.helpers import arrays, tf

IDS = np.array([[2, 5, 6, 7, 8, 3], [2, 9, 3, 0, 0, 0]], "int32")


@pytest.fixture
def encoder():
    return keras_amp.random_bert("tiny", vocabulary_size=20, max_length=16)


def test_it_is_the_encoders_pooled_output_and_one_dense_layer(encoder):
    model = keras_amp.BERT(encoder, 3)
    outputs = encoder(
        {
            "token_ids": IDS,
            "segment_ids": np.zeros_like(IDS),
            "padding_mask": (IDS != 0).astype("int32"),
        }
    )
    expected = model.get_layer("logits")(outputs["pooled_output"])
    np.testing.assert_allclose(*arrays(model(IDS), expected), atol=1e-6)
    own = {id(weight) for weight in model.weights}
    assert {id(weight) for weight in encoder.weights} <= own


def test_it_can_average_all_pieces(encoder):
    model = keras_amp.BERT(encoder, 3, pooling="mean")
    outputs = encoder(
        {
            "token_ids": IDS,
            "segment_ids": np.zeros_like(IDS),
            "padding_mask": (IDS != 0).astype("int32"),
        }
    )
    sequence = keras.ops.convert_to_numpy(outputs["sequence_output"])
    pooled = np.stack([sequence[0].mean(0), sequence[1, :3].mean(0)])
    (sentence,) = keras_amp.cut(model, "sentence")[0](IDS)
    np.testing.assert_allclose(*arrays(sentence, pooled), atol=1e-6)
    expected = model.get_layer("logits")(pooled)
    np.testing.assert_allclose(*arrays(model(IDS), expected), atol=1e-6)
    own = {id(weight) for weight in model.weights}
    assert id(encoder.pooled_dense.kernel) not in own
    with pytest.raises(ValueError, match="must be one of first, mean"):
        keras_amp.BERT(encoder, 3, pooling="max")


def test_the_mean_of_nothing_is_nothing():
    features = keras.ops.ones((2, 300, 1), "float16") * 1000
    is_read = keras.ops.array([[True] * 300, [False] * 300])
    pooled = MeanPooling(dtype="float16")(features, is_read)
    np.testing.assert_array_equal(*arrays(pooled, [[1000], [0]]))


@pytest.mark.parametrize("pooling", ["first", "mean"])
@pytest.mark.parametrize("extra", [1, 7])
def test_padding_never_influences_the_result(encoder, extra, pooling):
    model = keras_amp.BERT(encoder, 3, pooling=pooling)
    padded = np.pad(IDS, ((0, 0), (0, extra)))
    np.testing.assert_allclose(*arrays(model(padded), model(IDS)), atol=1e-5)
    alone = model(IDS[1:, :3])
    np.testing.assert_allclose(*arrays(model(IDS)[1:], alone), atol=1e-5)


def test_its_two_places_to_mix(encoder):
    model = keras_amp.BERT(encoder, 3)
    lower, upper = keras_amp.cut(model, "word")
    word, mask = lower(IDS)
    tokens = encoder.token_embedding(IDS)
    summed = tokens + encoder.position_embedding(tokens)
    summed += encoder.segment_embedding(np.zeros_like(IDS))
    expected = encoder.embeddings_layer_norm(summed)
    np.testing.assert_allclose(*arrays(word, expected), atol=1e-6)
    np.testing.assert_array_equal(*arrays(mask, IDS != 0))
    np.testing.assert_allclose(
        *arrays(upper([word, mask]), model(IDS)), atol=1e-6
    )
    (sentence,) = keras_amp.cut(model, "sentence")[0](IDS)
    assert sentence.shape == (2, 128)


def test_a_mixture_lives_as_long_as_its_longer_sentence(encoder):
    model = keras_amp.BERT(encoder, 3)
    lower, upper = keras_amp.cut(model, "word")
    lam = np.array([0.5, 0.5], "float32")
    mixed = mix_hidden(lower(IDS), [1, 0], lam)
    np.testing.assert_array_equal(*arrays(mixed[1], np.ones((2, 6))))
    np.testing.assert_allclose(
        *arrays(upper(mixed)[0], upper(mixed)[1]), atol=1e-5
    )


def test_dropout_and_l2(encoder):
    model = keras_amp.BERT(encoder, 3, dropout=0.4, l2=0.5)
    assert model.get_layer("dropout").rate == 0.4
    kernel, penalty = arrays(model.get_layer("logits").kernel, model.losses)
    assert penalty.sum() == pytest.approx(0.5 * np.sum(kernel**2), rel=1e-5)
    assert keras_amp.BERT(encoder, 3).losses == []


@pytest.mark.tensorflow
@pytest.mark.parametrize("pooling", ["first", "mean"])
def test_it_is_exported_with_its_pieces(tmp_path, encoder, pooling):
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "it", "##s", "?"]
    tokenizer = keras_amp.text.WordPieceTokenizer(pieces, max_length=16)
    model = keras_amp.BERT(encoder, 2, pooling=pooling)
    path = keras_amp.export_text_classifier(
        model, tokenizer, ("no", "yes"), tmp_path / "1"
    )
    texts = ["it ?", "its its ? ?", "", "it " * 99]
    serve = tf.saved_model.load(path).signatures["serve"]
    found = serve(sentences=tf.constant(texts))["probabilities"]
    expected = tf.nn.softmax(model(tf.cast(tokenizer(texts), "int32")))
    np.testing.assert_allclose(found, expected, atol=1e-6)
    longer = keras_amp.text.WordPieceTokenizer(pieces)
    with pytest.raises(ValueError, match="is 512, and the model takes 16 ids"):
        keras_amp.export_text_classifier(
            model, longer, ("no", "yes"), tmp_path / "2"
        )
    assert not (tmp_path / "2").exists()


@pytest.mark.parametrize(
    ("mix_at", "pooling"),
    [
        ("word", "mean"),
        (["word", "sentence"], "first"),
        pytest.param("word", "first", marks=pytest.mark.slow),
        pytest.param("sentence", "first", marks=pytest.mark.slow),
        pytest.param("sentence", "mean", marks=pytest.mark.slow),
        pytest.param(["word", "sentence"], "mean", marks=pytest.mark.slow),
    ],
)
def test_it_trains_with_amp_saves_and_loads(tmp_path, encoder, mix_at, pooling):
    model = keras_amp.BERT(encoder, 3, pooling=pooling)
    wrapper = keras_amp.AdversarialMixup(model, mix_at, seed=0)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    wrapper.compile(keras.optimizers.Adam(1e-3), loss)
    before = np.array(encoder.token_embedding.embeddings)
    history = wrapper.fit(IDS, np.array([0, 2]), epochs=3, verbose=0).history
    assert np.all(np.isfinite(history["loss"]))
    assert not np.array_equal(
        before, np.array(encoder.token_embedding.embeddings)
    )
    wrapper.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(*arrays(loaded(IDS), model(IDS)), atol=1e-6)
