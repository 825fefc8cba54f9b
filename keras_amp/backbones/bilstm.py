"""A bidirectional LSTM with attention over the words of a sentence."""

import keras
from keras import layers, ops

from keras_amp.backbones.masking import AttentionPooling, embed_words


def BiLSTM(  # noqa: N802 (named as a class, like the models of Keras)
    vocabulary_size,
    num_classes,
    embedding_dim=300,
    units=512,
    dropout=0.5,
    l2=1e-8,
    name="bilstm",
):
    """Builds a bidirectional LSTM with attention (paper §4.2).

    Word ids are embedded, read forwards and backwards, pooled over time by
    attention (tanh, one learned vector, softmax, weighted sum), rectified and
    classified. Its two places to mix are the layers `"word"`, the embedded
    words, and `"sentence"`, the pooled features before dropout.

    Id 0 is padding, to the right of the words, and never influences the
    result. A mixture of sentences lives as long as the longer one. A sentence
    without a word is read as one word of zeros, because cuDNN's LSTM, which
    Keras takes on a GPU, reads no empty sentence.

    Args:
        vocabulary_size: Int, number of word ids, padding included.
        num_classes: Int, number of classes.
        embedding_dim: Int, size of the word vectors.
        units: Int, size of the LSTM's state in each direction.
        dropout: Float in [0, 1), dropout rate on the sentence features.
        l2: Float, L2 penalty on the weights of the LSTM and the last layer.
        name: String, the model's name.

    Returns:
        A Functional `keras.Model` from int ids of shape `(batch, time)` to
        logits of shape `(batch, num_classes)`.

    Examples:
        >>> model = BiLSTM(vocabulary_size=100, num_classes=3, units=8)
        >>> tuple(model(keras.ops.array([[5, 7, 0, 0], [9, 2, 4, 1]])).shape)
        (2, 3)

    References:
        - Attention-based LSTM for Aspect-level Sentiment Classification,
          Wang et al., 2016.
    """
    ids = keras.Input((None,), dtype="int32", name="ids")
    is_word = ops.not_equal(ids, 0)
    # The first position is read even if it is padding.
    is_read = ops.concatenate(
        [ops.ones_like(is_word[:, :1]), is_word[:, 1:]], axis=1
    )
    word = embed_words(ids, is_word, vocabulary_size, embedding_dim)
    penalty = keras.regularizers.L2(l2)
    read = layers.Bidirectional(
        layers.LSTM(
            units,
            return_sequences=True,
            kernel_regularizer=penalty,
            recurrent_regularizer=penalty,
        ),
        name="lstm",
    )(word, mask=is_read)
    sentence = AttentionPooling(name="sentence")(read, is_read)
    features = layers.Activation("relu", name="relu")(sentence)
    features = layers.Dropout(dropout, name="dropout")(features)
    logits = layers.Dense(
        num_classes, kernel_regularizer=penalty, dtype="float32", name="logits"
    )(features)
    return keras.Model(ids, logits, name=name)
