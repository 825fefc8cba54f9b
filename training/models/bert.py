"""BERT and its word pieces, from options."""

import importlib.util
from typing import Any

import keras

import keras_amp
from keras_amp.text import WordPieceTokenizer
from training.models.piece_reader import PieceReader


def piece_tokenizer(
    options: Any, texts: list[str]
) -> WordPieceTokenizer | PieceReader:
    """The word pieces that the encoder knows; texts teach it none.

    Without TensorFlow Text, as where Keras runs on JAX, they are read by
    `tokenizers`, which no export can hold.

    Raises:
        ValueError: If BERT's vocabulary can't be had.
    """
    del texts
    if options.vocabulary:
        known = {"vocabulary": options.vocabulary}
    else:
        try:
            known = keras_amp.load_bert_vocabulary(options.bert)
        except ValueError as error:
            raise ValueError(
                f"--bert: {error} Or begin at random: --bert tiny --vocabulary "
                "vocab.txt"
            ) from error
    has_layer = importlib.util.find_spec("tensorflow_text") is not None
    kind = WordPieceTokenizer if has_layer else PieceReader
    return kind(**known, max_length=options.max_length)


def build_bert(options: Any, tokenizer: Any, num_classes: int) -> keras.Model:
    """A classifier on an encoder, pretrained or new.

    Raises:
        ValueError: If pretrained weights can't be had, or don't fit.
    """
    encoder, pooling = _encoder(options, tokenizer.vocabulary_size())
    return keras_amp.BERT(
        encoder,
        num_classes,
        dropout=options.dropout,
        l2=options.l2,
        pooling=options.pooling or pooling,
    )


def _encoder(options: Any, vocabulary_size: int) -> tuple[Any, str | None]:
    """The encoder to begin with, and what it was pooled by."""
    if options.bert in keras_amp.backbones.BERT_SIZES:
        encoder = keras_amp.random_bert(
            options.bert, vocabulary_size, max(512, options.max_length)
        )
        return encoder, "first"
    encoder = keras_amp.load_bert(options.bert)
    if vocabulary_size > encoder.vocabulary_size:
        raise ValueError(
            f"--vocabulary: '{options.vocabulary}' has {vocabulary_size} "
            f"pieces, but '{options.bert}' knows {encoder.vocabulary_size}"
        )
    if options.max_length > encoder.max_sequence_length:
        raise ValueError(
            f"--max-length must be at most {encoder.max_sequence_length} for "
            f"'{options.bert}', not {options.max_length}"
        )
    return encoder, keras_amp.load_bert_pooling(options.bert)
