"""BERT's encoder with another activation than Google's."""

import keras
import keras_hub


@keras.saving.register_keras_serializable(package="keras_amp")
class BertBackbone(keras_hub.models.BertBackbone):
    """keras-hub's `BertBackbone`, whose activation and norms can be chosen.

    keras-hub's always has Google's GELU, which is the approximation by tanh,
    and adds 1e-12 to variances.

    Args:
        activation: Name of a Keras activation, or `"gelu_approximate"`.
        layer_norm_epsilon: Float > 0, added to the variance in each norm.
        **kwargs: As of `keras_hub.models.BertBackbone`.

    Examples:
        >>> encoder = BertBackbone("relu", vocabulary_size=9, num_layers=1,
        ...     num_heads=1, hidden_dim=4, intermediate_dim=8)
        >>> BertBackbone.from_config(encoder.get_config()).activation
        'relu'
    """

    def __init__(
        self, activation="gelu_approximate", layer_norm_epsilon=1e-12, **kwargs
    ):
        super().__init__(**kwargs)
        self.activation = activation
        self.layer_norm_epsilon = layer_norm_epsilon
        if activation == "gelu_approximate":
            function = self.transformer_layers[0].activation
        else:
            function = keras.activations.get(activation)
        self.embeddings_layer_norm.epsilon = layer_norm_epsilon
        for block in self.transformer_layers:
            # What the block is saved with, and what it has made of it already.
            block.activation = function
            block.layer_norm_epsilon = layer_norm_epsilon
            block._feedforward_intermediate_dense.activation = function
            block._self_attention_layer_norm.epsilon = layer_norm_epsilon
            block._feedforward_layer_norm.epsilon = layer_norm_epsilon

    def get_config(self):
        return {
            **super().get_config(),
            "activation": self.activation,
            "layer_norm_epsilon": self.layer_norm_epsilon,
        }
