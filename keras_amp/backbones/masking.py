"""Keeps padding out of a sentence's representation."""

import keras
from keras import layers, ops


def embed_words(ids, is_word, vocabulary_size, embedding_dim):
    """The layers `embedding` and `word`, where words are mixed.

    Args:
        ids: Symbolic int tensor of shape `(batch, time)`.
        is_word: Symbolic bool tensor of shape `(batch, time)`.
        vocabulary_size: Int, number of word ids, padding included.
        embedding_dim: Int, size of the word vectors.

    Returns:
        Symbolic float tensor of shape `(batch, time, embedding_dim)`, 0 on
        padding. Words begin uniform in ±0.25, as in Kim (2014).
    """
    embedded = layers.Embedding(
        vocabulary_size,
        embedding_dim,
        embeddings_initializer=keras.initializers.RandomUniform(-0.25, 0.25),
        name="embedding",
    )(ids)
    return PaddingZeroed(name="word")(embedded, is_word)


@keras.saving.register_keras_serializable(package="keras_amp")
class PaddingZeroed(layers.Layer):
    """Sets the padded positions of a sequence to 0.

    Call arguments:
        features: Float tensor of shape `(batch, time, size)`.
        is_word: Bool tensor of shape `(batch, time)`, false on padding.

    Returns:
        Tensor like `features`. Zeroed by selection, so that not even a NaN
        in the padding comes through.

    Examples:
        >>> features = keras.ops.ones((1, 2, 1))
        >>> is_word = keras.ops.array([[True, False]])
        >>> zeroed = PaddingZeroed()(features, is_word)
        >>> keras.ops.convert_to_numpy(zeroed).tolist()
        [[[1.0], [0.0]]]
    """

    def call(self, features, is_word):
        kept = ops.expand_dims(is_word, axis=-1)
        return ops.where(kept, features, ops.zeros_like(features))

    def compute_output_shape(self, features_shape, is_word_shape):
        return features_shape


@keras.saving.register_keras_serializable(package="keras_amp")
class AttentionPooling(layers.Layer):
    """Sums a sequence over time, weighted by how much each position matters.

        weights = softmax(tanh(features) · v),   Σ_t weights_t · features_t

    with one learned vector `v`, which begins at 0: at the plain mean.

    Call arguments:
        features: Float tensor of shape `(batch, time, size)`.
        is_read: Bool tensor of shape `(batch, time)`, with one true position
            in each row at least; the others get no weight.

    Returns:
        Float tensor of shape `(batch, size)`.

    Examples:
        >>> features = keras.ops.array([[[1.0], [3.0], [9.0]]])
        >>> is_read = keras.ops.array([[True, True, False]])
        >>> pooled = AttentionPooling()(features, is_read)
        >>> keras.ops.convert_to_numpy(pooled).tolist()
        [[2.0]]
    """

    def build(self, features_shape, is_read_shape=None):
        self.query = self.add_weight(
            name="query", shape=(features_shape[-1],), initializer="zeros"
        )

    def compute_mask(self, features, previous_mask=None):
        return None  # Time is gone, and with it the LSTM's implicit mask.

    def call(self, features, is_read):
        scores = ops.matmul(ops.tanh(features), self.query)
        scores = ops.cast(scores, "float32")
        scores = ops.where(is_read, scores, -1e9)
        # Keras' softmax warns of sentences of one word.
        weights = ops.exp(scores - ops.max(scores, axis=1, keepdims=True))
        weights = weights / ops.sum(weights, axis=1, keepdims=True)
        weights = ops.cast(weights, features.dtype)
        return ops.einsum("bt,bts->bs", weights, features)

    def compute_output_shape(self, features_shape, is_read_shape=None):
        return (features_shape[0], features_shape[-1])


@keras.saving.register_keras_serializable(package="keras_amp")
class MeanPooling(layers.Layer):
    """The mean over time of what is no padding, 0 where there is nothing else.

    Summed in float32, in which no sentence is too long.

    Call arguments:
        features: Float tensor of shape `(batch, time, size)`.
        is_read: Bool tensor of shape `(batch, time)`.

    Returns:
        Tensor of shape `(batch, size)`, of the dtype of `features`.

    Examples:
        >>> features = keras.ops.array([[[1.0], [3.0], [9.0]]])
        >>> is_read = keras.ops.array([[True, True, False]])
        >>> pooled = MeanPooling()(features, is_read)
        >>> keras.ops.convert_to_numpy(pooled).tolist()
        [[2.0]]
    """

    def compute_mask(self, features, previous_mask=None):
        return None

    def call(self, features, is_read):
        kept = ops.expand_dims(is_read, axis=-1)
        numbers = ops.cast(features, "float32")
        total = ops.sum(ops.where(kept, numbers, 0.0), axis=1)
        count = ops.sum(ops.cast(kept, "float32"), axis=1)
        return ops.cast(total / ops.maximum(count, 1.0), features.dtype)

    def compute_output_shape(self, features_shape, is_read_shape=None):
        return (features_shape[0], features_shape[-1])
