"""Keeps padding out of a sentence's representation."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="keras_amp")
class PaddingZeroed(keras.layers.Layer):
    """Sets the padded positions of a sequence to 0.

    Call arguments:
        features: Float tensor of shape `(batch, time, size)`.
        is_word: Bool tensor of shape `(batch, time)`, false on padding.

    Returns:
        Tensor like `features`. Zeroed by selection, so that not even a NaN
        in the padding comes through.

    Example:
    >>> features = keras.ops.ones((1, 2, 1))
    >>> PaddingZeroed()(features, keras.ops.array([[True, False]]))[0, :, 0]
    <tf.Tensor: shape=(2,), dtype=float32, numpy=array([1., 0.], ...)>
    """

    def call(self, features, is_word):
        kept = ops.expand_dims(is_word, axis=-1)
        return ops.where(kept, features, ops.zeros_like(features))

    def compute_output_shape(self, features_shape, is_word_shape):
        return features_shape
