import keras
import numpy as np
import pytest

from keras_amp import TextCNN, cut
from keras_amp.backbones.masking import PaddingZeroed
from keras_amp.mixup import mix_hidden
from tests.helpers import (
    arrays,
    text_model,
)

IDS = np.array([[3, 4, 5, 6, 7, 8], [9, 2, 0, 0, 0, 0]], "int32")


@pytest.mark.parametrize("extra", [1, 2, 10])
def test_padding_never_influences_the_result(extra):
    model = text_model()
    # What padding is embedded as, and a bias, must not come through.
    embeddings = model.get_layer("embedding").embeddings
    embeddings.assign(keras.ops.add(embeddings, 5.0))
    for width in (3, 4, 5):
        model.get_layer(f"conv_{width}").bias.assign([3.0] * 4)
    padded = np.pad(IDS, ((0, 0), (0, extra)))
    np.testing.assert_allclose(*arrays(model(padded), model(IDS)), rtol=1e-5)
    alone = model(IDS[1:, :2])
    np.testing.assert_allclose(*arrays(model(IDS)[1:], alone), rtol=1e-5)


@pytest.mark.parametrize("length", [1, 2, 3, 7])
def test_sentences_of_any_length(length):
    model = text_model()
    logits = keras.ops.convert_to_numpy(model(np.full((2, length), 3, "int32")))
    assert logits.shape == (2, 3)
    assert np.all(np.isfinite(logits))


def test_every_word_counts():
    model = text_model()
    base = keras.ops.convert_to_numpy(model(IDS))
    for position in range(6):
        other = IDS.copy()
        other[0, position] = 15
        answer = keras.ops.convert_to_numpy(model(other))
        assert not np.allclose(answer[0], base[0])


def test_a_sentence_without_words_is_answered():
    (answer,) = arrays(text_model()(np.zeros((2, 4), "int32")))
    assert np.all(np.isfinite(answer))


def test_the_papers_sizes():
    model = TextCNN(vocabulary_size=50, num_classes=6)
    expected = 50 * 300 + 300 * 100 * (3 + 4 + 5) + 300 + 300 * 6 + 6
    assert model.count_params() == expected
    assert model.get_layer("dropout").rate == 0.5
    kernels = [model.get_layer(f"conv_{n}").kernel for n in (3, 4, 5)]
    kernels.append(model.get_layer("logits").kernel)
    penalty = 1e-8 * sum(np.sum(kernel**2) for kernel in arrays(*kernels))
    losses = sum(arrays(*model.losses))
    assert float(losses) == pytest.approx(penalty, rel=1e-4)


def test_its_two_places_to_mix():
    model = text_model()
    word = cut(model, "word")[0](IDS)[0]
    assert word.shape == (2, 6, 6)
    assert keras.ops.all(word[1, 2:] == 0)
    (sentence,) = cut(model, "sentence")[0](IDS)
    assert sentence.shape == (2, 12)


def test_a_word_mixture_has_the_words_of_both():
    model = text_model()
    lower, upper = cut(model, "word")
    word, mask = lower(IDS)
    lam = np.array([0.5, 0.5], "float32")
    mixed = mix_hidden([word, mask], [1, 0], lam)
    np.testing.assert_allclose(*arrays(mixed[0][0, 2:], 0.5 * word[0, 2:]))
    np.testing.assert_array_equal(*arrays(mixed[1], np.ones((2, 6))))
    np.testing.assert_allclose(
        *arrays(upper(mixed)[0], upper(mixed)[1]), rtol=1e-5
    )


def test_save_and_load(tmp_path):
    model = text_model()
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(*arrays(loaded(IDS), model(IDS)))


def test_zeroed_padding_lets_no_nan_through():
    features = np.array([[[1.0], [np.nan]]], "float32")
    zeroed = PaddingZeroed()(features, np.array([[True, False]]))
    np.testing.assert_array_equal(*arrays(zeroed, [[[1.0], [0.0]]]))
