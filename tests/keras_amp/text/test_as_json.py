import json

import keras
import pytest
import tensorflow as tf
import tokenizers
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_amp.text import (
    WordPieceTokenizer,
    WordTokenizer,
    standardize,
    tokenizer_json,
    word_tokenizer,
)
from tests.keras_amp.text.test_word_pieces import (
    ODD,
    PIECES,
    sentences,
    vocabulary,
)

__all__ = ["vocabulary"]  # a fixture

GREEK = ["ΟΔΟΣ ΣΑΣ, Σ ΑΣ'Σ Α''Σ Α\u0301'Σ", "Σ. ΜΆΪΟΣ!", "σας ΌΣΣ"]


def read(tokenizer):
    return tokenizers.Tokenizer.from_str(
        json.dumps(tokenizer_json(tokenizer), ensure_ascii=False)
    )


def different(tokenizer, texts):
    """Texts of which the ids, padding included, are not the same."""
    found = [one.ids for one in read(tokenizer).encode_batch(texts)]
    expected = tokenizer(tf.constant(texts)).numpy().tolist()
    both = zip(texts, found, expected, strict=True)
    return [one for one in both if one[1] != one[2]]


def parts(tokenizer, text):
    """How a text is parted, known words or not."""
    reader = read(tokenizer)
    text = reader.normalizer.normalize_str(text)
    return [part for part, _ in reader.pre_tokenizer.pre_tokenize_str(text)]


EACH = pytest.mark.parametrize(
    "each", [20, pytest.param(4, marks=pytest.mark.slow)], ids="each {}".format
)


@EACH
@pytest.mark.parametrize("max_length", [None, 7])
def test_words_of_real_sentences(data_dir, max_length, each):
    texts = [*ODD, *GREEK, *list(sentences(data_dir))[::each]]
    texts = [text.replace("\0", "") for text in texts]
    tokenizer = word_tokenizer(texts[::2], max_length=max_length)
    assert different(tokenizer, texts) == []


@EACH
@pytest.mark.parametrize("lowercase", [True, False])
def test_word_pieces_of_real_sentences(data_dir, vocabulary, lowercase, each):
    texts = [*ODD, *GREEK, *list(sentences(data_dir))[::each]]
    tokenizer = WordPieceTokenizer(vocabulary, lowercase, max_length=24)
    assert different(tokenizer, texts) == []


@settings(deadline=None, max_examples=300)
@given(
    st.lists(
        st.sampled_from([*"aZéß ,!?()'`’-.\tΣς1½n't", "n't", "'ll", "'VE"]),
        max_size=12,
    )
)
def test_any_text_is_parted_alike(letters):
    text = "".join(letters)
    tokenizer = word_tokenizer(vocabulary=["a"])
    assert parts(tokenizer, text) == standardize(text).numpy().decode().split()


def test_a_wide_batch_is_padded_and_an_empty_text_has_no_words():
    tokenizer = word_tokenizer(["so bad it is good"])
    assert different(tokenizer, ["", "so good", "[UNK] it is"]) == []
    assert different(tokenizer, [""]) == []


def test_names_of_special_pieces_in_a_text_are_text():
    tokenizer = WordPieceTokenizer([*PIECES, "[MASK]"])
    assert different(tokenizer, ["[MASK] [SEP] is it", "[PAD]!"]) == []


def test_a_saved_tokenizer_says_the_same(tmp_path):
    tokenizer = word_tokenizer(["to be or not"], max_length=3)
    inputs = keras.Input((), dtype="string")
    keras.Model(inputs, tokenizer(inputs)).save(tmp_path / "words.keras")
    *_, loaded = keras.models.load_model(tmp_path / "words.keras").layers
    assert tokenizer_json(loaded) == tokenizer_json(tokenizer)


@pytest.mark.parametrize(
    "layer",
    [
        WordTokenizer(vocabulary=["a"], standardize=None),
        WordTokenizer(vocabulary=["a"], standardize=standardize, ngrams=2),
        keras.layers.TextVectorization(vocabulary=["a"]),
        keras.layers.Hashing(3),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_others_are_refused(layer):
    with pytest.raises(ValueError, match=type(layer).__name__):
        tokenizer_json(layer)
