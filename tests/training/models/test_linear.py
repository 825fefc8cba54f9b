import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.feature_extraction.text import TfidfVectorizer

from training.models.linear import TermTokenizer, build_linear
from training.options.train_options import TrainOptions

TEXTS = ["a b a b a", "b c", "a", "c c c b a"]


def features(texts, **settings):
    tokenizer = TermTokenizer.of_texts(TEXTS, 100, 20, **settings)
    options = TrainOptions.of(dropout=0.0, l2=0.0).model
    model = build_linear(options, tokenizer, 2)
    ids = tf.cast(tokenizer(tf.constant(texts)), tf.int32)
    of_texts = keras.Model(model.inputs, model.get_layer("sentence").output)(
        ids
    )
    return tokenizer.get_vocabulary(), of_texts.numpy()


@pytest.mark.parametrize("texts", [TEXTS, ["b a", "c a z"]])
def test_features_are_the_tf_idf_of_words_and_pairs(texts):
    reference = TfidfVectorizer(
        ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"\w+"
    ).fit(TEXTS)
    expected = reference.transform(texts).toarray()
    vocabulary, found = features(texts)
    columns = [vocabulary.index(term) for term in reference.vocabulary_]
    order = list(reference.vocabulary_.values())
    np.testing.assert_allclose(
        found[:, columns], expected[:, order], rtol=1e-5, atol=1e-6
    )
    assert set(vocabulary[2:]) == set(reference.vocabulary_)


def test_a_text_without_a_known_word_has_no_features():
    _, found = features(["z y x", ""])
    np.testing.assert_array_equal(found, np.zeros_like(found))


def test_an_unknown_pair_of_known_words_counts_as_nothing_unknown():
    tokenizer = TermTokenizer.of_texts(["a b", "c d"], 100, 20)
    ids = tokenizer(tf.constant(["a d", "a z"])).numpy()
    assert (ids == 1).sum(axis=1).tolist() == [0, 1]


def test_what_is_too_long_is_cut_before_there_are_pairs():
    short = TermTokenizer.of_texts(["a b c d", "c d"], 100, 2)
    assert {*short.get_vocabulary()[2:]} == {"a", "b", "c", "d", "a b", "c d"}
    ids = short(tf.constant(["a b c d c d", "c z c d"])).numpy()
    read = [[short.get_vocabulary()[i] for i in row if i] for row in ids]
    assert read == [["a", "b", "a b"], ["c", "[UNK]"]]
