import re

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_amp.text import (
    WordTokenizer,
    count_unknown,
    standardize,
    word_tokenizer,
    words,
)


def kim(text, split_contractions=True):
    """Kim's (2014) rules, with Python's own regular expressions."""
    text = re.sub(r"[^A-Za-z0-9(),!?'`]", " ", text)
    if split_contractions:
        for part in ("'s", "'ve", "n't", "'re", "'d", "'ll"):
            text = text.replace(part, " " + part)
        for mark in ",!()?":
            text = text.replace(mark, f" {mark} ")
    return " ".join(text.split()).lower()


SENTENCES = [
    "What 's the oldest relief-pitcher in baseball ?",
    "I can't, won't and shouldn't've!",
    "he'd say (they'll go) — it's `fine' ...",
    "",
    "   ",
    "Nineteen-eighty_four: 1984",
]


@pytest.mark.parametrize("split", [True, False])
@pytest.mark.parametrize("text", SENTENCES)
def test_ascii_letters_give_kims_words(text, split):
    clean = standardize(
        text, letters="A-Za-z0-9", split_contractions=split
    ).numpy()
    assert clean.decode() == kim(text, split)


def test_real_sentences_give_kims_words(data_dir):
    lines = (data_dir / "TREC.train.all").read_bytes().split(b"\n")[:-1]
    texts = [line.decode("latin-1").partition(" ")[2] for line in lines]
    clean = standardize(tf.constant(texts), letters="A-Za-z0-9").numpy()
    assert [one.decode() for one in clean] == [kim(text) for text in texts]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Größe “älter” ’s", "größe älter 's"),
        ("ПРИВЕТ, мир", "привет , мир"),
        ("日本 語", "日本 語"),
        ("नमस्ते", "नमस्ते"),
        ("go 😀 now", "go now"),
        ("a\x00b\tc\nd", "a b c d"),
        (b"ab\xff\xfecd", "ab cd"),
    ],
)
def test_text_of_every_kind(text, expected):
    assert standardize(text).numpy().decode() == expected


def test_case_is_kept_if_asked_to():
    assert standardize("Who ?", lowercase=False).numpy() == b"Who ?"


def test_ids_follow_frequency():
    tokenizer = word_tokenizer(["b a a c", "a b"])
    words = [str(word) for word in tokenizer.get_vocabulary()]
    assert words == ["", "[UNK]", "a", "b", "c"]
    np.testing.assert_array_equal(
        tokenizer(["A b?", "c"]), [[2, 3, 1], [4, 0, 0]]
    )


@pytest.mark.parametrize("count", [1, 5, 9, 10])
def test_words_are_counted_alike_a_part_of_the_texts_at_a_time(
    count, monkeypatch
):
    texts = ["b a", "c c b", "a", "b d", "e d c", "", "a a", "f", "c", "b e"]
    monkeypatch.setattr(words, "_CHUNK", 4)
    learner = keras.layers.TextVectorization(
        6, standardize=standardize, ngrams=2
    )
    learner.adapt(tf.constant(texts[:count]))
    expected = learner.get_vocabulary(include_special_tokens=False)
    assert words.words_of(texts[:count], 6, ngrams=2) == expected


def test_the_vocabulary_can_be_limited_or_given():
    assert word_tokenizer(["a a b c"], max_words=3).vocabulary_size() == 3
    tokenizer = word_tokenizer(vocabulary=["x", "y"])
    np.testing.assert_array_equal(tokenizer(["Y x z"]), [[3, 2, 1]])


# Elsewhere no model takes strings.
@pytest.mark.tensorflow
@pytest.mark.parametrize("max_length", [None, 3])
def test_it_saves_and_loads(tmp_path, max_length):
    tokenizer = word_tokenizer(["to be or not"], max_length=max_length)
    config = keras.saving.serialize_keras_object(tokenizer)
    again = keras.saving.deserialize_keras_object(config)
    sentences = keras.Input((), dtype="string")
    model = keras.Model(sentences, tokenizer(sentences))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    texts = tf.constant(["be not", "to be or not"])
    for copy in (again, loaded):
        np.testing.assert_array_equal(copy(texts), tokenizer(texts))
    assert again.max_length == max_length


def test_sentences_are_cut_before_they_are_padded():
    texts = ["to be or not to be", "be", ""]
    tokenizer = word_tokenizer(texts, max_length=3)
    whole = np.array(word_tokenizer(texts)(texts))
    assert whole.shape == (3, 6)
    np.testing.assert_array_equal(tokenizer(texts), whole[:, :3])
    assert tokenizer(texts[1:]).shape == (2, 1)
    with pytest.raises(ValueError, match="`max_length` must be above 0"):
        word_tokenizer(texts, max_length=0)


@pytest.mark.tensorflow
def test_it_works_inside_a_pipeline():
    texts = ["to be or not to be", "be", ""]
    tokenizer = word_tokenizer(texts, max_length=3)
    data = tf.data.Dataset.from_tensors(texts).map(tokenizer)
    np.testing.assert_array_equal(next(iter(data)), tokenizer(texts))


def test_what_holds_no_word_is_refused():
    with pytest.raises(ValueError, match="not one word"):
        word_tokenizer(["", "..."])
    with pytest.raises(ValueError, match="either `texts` or"):
        word_tokenizer()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"texts": "to be or not"}, "`texts` must be a sequence of strings"),
        ({"vocabulary": "vocab.txt"}, "`vocabulary` must be a sequence of"),
        ({"texts": ["to be", None]}, "Received: None at 1"),
        ({"texts": np.array(["to be", np.nan], object)}, "Received: nan at 1"),
    ],
)
def test_what_holds_no_texts_is_refused(arguments, message):
    with pytest.raises(TypeError, match=message):
        word_tokenizer(**arguments)


@pytest.mark.parametrize(
    "arguments", [{"output_sequence_length": 5}, {"output_mode": "multi_hot"}]
)
def test_it_makes_ids_and_nothing_else(arguments):
    (name,) = arguments
    with pytest.raises(ValueError, match=f"`{name}` must be"):
        WordTokenizer(**arguments)


def test_unknown_words_need_a_vocabulary_that_has_some():
    with pytest.raises(ValueError, match=r"must hold \[UNK\]"):
        count_unknown(tf.constant([[1]]), ["", "to"])
