"""A linear classifier on words and pairs of words, weighted by tf-idf."""

from typing import Any

import keras
import numpy as np
from keras import layers, ops

from keras_amp import text
from keras_amp.extras import WhenUsed
from keras_amp.text.words import words_of

tf = WhenUsed("tensorflow", "The linear classifier", "tensorflow")

MOST_TERMS = 50_000
_CHUNK = 1000


@keras.saving.register_keras_serializable(package="training")
class FirstWords:
    """A function from texts, words between spaces, to their first words.

    Args:
        number: Int, words of a text at most.
    """

    def __init__(self, number: int) -> None:
        self.number = number

    def __call__(self, texts: Any) -> Any:
        return tf.strings.split(texts)[..., : self.number]

    def get_config(self) -> dict:
        """What it was made with, for files."""
        return {"number": self.number}

    @classmethod
    def from_config(cls, config: dict) -> "FirstWords":
        """One that was made with that."""
        return cls(**config)


@keras.saving.register_keras_serializable(package="training")
class TermTokenizer(text.WordTokenizer):
    """A layer from texts to the ids of their words and pairs of words.

    A pair that was in no training text is id 0, as padding is; a word, 1.

    Attributes:
        idf: Float array of shape `(ids,)`, the inverse document frequencies
            1 + ln((1 + texts) / (1 + texts with it)); 0 for ids 0 and 1. What
            is loaded has none: they are the model's.
    """

    idf: np.ndarray

    @classmethod
    def of_texts(
        cls, texts: list[str], max_terms: int, max_length: int
    ) -> "TermTokenizer":
        """Learns the words and pairs of some texts.

        Args:
            texts: List of strings.
            max_terms: Int, of words and pairs at most.
            max_length: Int, words of a text at most.

        Raises:
            ValueError: If there is no word in them.
        """
        # Cut before there are pairs, which stand behind all words of a text.
        settings = {"split": FirstWords(max_length), "ngrams": 2}
        terms = words_of(texts, max_terms, **settings)
        if not terms:
            raise ValueError("There is not one word to learn from.")
        tokenizer = cls(
            vocabulary=terms, standardize=text.standardize, **settings
        )
        tokenizer.idf = tokenizer._inverse_document_frequencies(texts)
        return tokenizer

    def call(self, inputs: Any) -> Any:
        ids = super().call(inputs)
        lengths = tf.math.count_nonzero(ids, axis=1, keepdims=True)
        # A text of n words has n - 1 pairs.
        is_pair = (
            tf.range(tf.shape(ids)[1], dtype=lengths.dtype)
            >= (lengths + 1) // 2
        )
        return tf.where(is_pair & (ids == 1), tf.zeros_like(ids), ids)

    def _inverse_document_frequencies(self, texts: list[str]) -> np.ndarray:
        size = self.vocabulary_size()
        having = np.zeros(size)
        for begin in range(0, len(texts), _CHUNK):
            ids = self(tf.constant(texts[begin : begin + _CHUNK])).numpy()
            rows = np.repeat(np.arange(len(ids)), ids.shape[1])
            terms = np.unique(rows * size + ids.ravel()) % size
            having += np.bincount(terms, minlength=size)
        idf = 1 + np.log((1 + len(texts)) / (1 + having))
        idf[:2] = 0
        return idf


def build_linear(options: Any, tokenizer: Any, num_classes: int) -> keras.Model:
    """A logistic regression on tf-idf, as a `keras.Model`.

    Its places to mix are `word`, the weighted counts, and `sentence`, the same
    divided by their norm.

    Args:
        options: `ModelOptions`, filled in.
        tokenizer: A `TermTokenizer`.
        num_classes: Int.

    Returns:
        A `keras.Model` from ids to logits.
    """
    ids = keras.Input((None,), dtype="int32", name="ids")
    counts = layers.CategoryEncoding(
        tokenizer.vocabulary_size(), output_mode="count", name="counts"
    )(ids)
    counts = layers.Rescaling(list(map(float, tokenizer.idf)), name="idf")(
        ops.where(counts > 0, 1 + ops.log(ops.maximum(counts, 1)), 0)
    )
    features = layers.Identity(name="word")(counts)
    features = layers.UnitNormalization(name="norm")(features)
    features = layers.Identity(name="sentence")(features)
    features = layers.Dropout(options.dropout, name="dropout")(features)
    logits = layers.Dense(
        num_classes,
        kernel_regularizer=keras.regularizers.L2(options.l2)
        if options.l2
        else None,
        name="logits",
    )(features)
    return keras.Model(ids, logits, name="linear")
