"""The convolutional sentence classifier of Kim (2014)."""

import keras
from keras import layers, ops

from keras_amp.backbones.masking import PaddingZeroed, embed_words


def TextCNN(  # noqa: N802 (named as a class, like the models of Keras)
    vocabulary_size,
    num_classes,
    embedding_dim=300,
    filter_widths=(3, 4, 5),
    num_filters=100,
    dropout=0.5,
    l2=1e-8,
    name="text_cnn",
):
    """Builds a convolutional sentence classifier (Kim 2014; paper §4.2).

    Word ids are embedded, convolved with filters of several widths, pooled
    over time by their maximum, and classified. Its two places to mix are the
    layers `"word"`, the embedded words, and `"sentence"`, the pooled features
    before dropout.

    Id 0 is padding and never influences the result: its embedding is zeroed,
    and the maximum runs over the windows centred on a word. Sentences may have
    any length from 1, also shorter than the widest filter.

    Args:
        vocabulary_size: Int, number of word ids, padding included.
        num_classes: Int, number of classes.
        embedding_dim: Int, size of the word vectors.
        filter_widths: Tuple of ints, widths of the filters in words.
        num_filters: Int, number of filters of each width.
        dropout: Float in [0, 1), dropout rate on the sentence features.
        l2: Float, L2 penalty on the filters and the last layer's weights.
        name: String, the model's name.

    Returns:
        A Functional `keras.Model` from int ids of shape `(batch, time)` to
        logits of shape `(batch, num_classes)`.

    Examples:
        >>> model = TextCNN(vocabulary_size=100, num_classes=3)
        >>> tuple(model(keras.ops.array([[5, 7, 0, 0], [9, 2, 4, 1]])).shape)
        (2, 3)

    References:
        - [Convolutional Neural Networks for Sentence Classification](
          https://arxiv.org/abs/1408.5882), Kim, 2014.
    """
    ids = keras.Input((None,), dtype="int32", name="ids")
    is_word = ops.not_equal(ids, 0)
    word = embed_words(ids, is_word, vocabulary_size, embedding_dim)
    pooled = []
    for width in filter_widths:
        features = layers.Conv1D(
            num_filters,
            width,
            padding="same",
            activation="relu",
            kernel_regularizer=keras.regularizers.L2(l2),
            name=f"conv_{width}",
        )(word)
        # The features are at least 0, so a 0 never wins the maximum.
        features = PaddingZeroed(name=f"words_of_conv_{width}")(
            features, is_word
        )
        pooled.append(
            layers.GlobalMaxPooling1D(name=f"max_of_conv_{width}")(features)
        )
    sentence = layers.Concatenate(name="sentence")(pooled)
    sentence = layers.Dropout(dropout, name="dropout")(sentence)
    logits = layers.Dense(
        num_classes,
        kernel_regularizer=keras.regularizers.L2(l2),
        dtype="float32",
        name="logits",
    )(sentence)
    return keras.Model(ids, logits, name=name)
