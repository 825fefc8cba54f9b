"""Takes over BERT encoders that are objects of the TensorFlow Model Garden."""

import keras
import numpy as np

from keras_amp.backbones.bert_weights import SIZES

# What the Model Garden's encoders call these sizes.
_CALLED = {
    "num_hidden_layers": "num_layers",
    "intermediate_size": "inner_dim",
    "max_position_embeddings": "max_sequence_length",
}
# What makes another encoder of it.
_FIXED = {
    "norm_first": False,
    "with_dense_inputs": False,
    "embedding_layer": None,
    "output_range": None,
}
_ACTIVATIONS = ("gelu_approximate", "gelu", "relu", "silu", "tanh")
_KINDS = ("BertEncoderV2", "BertEncoder")
_POINTS = np.linspace(-4, 4, 101, dtype="float32")


def is_model_garden(source):
    """Whether something is an encoder of `official.nlp.modeling.networks`."""
    module = type(source).__module__
    return module.startswith("official.") and hasattr(source, "get_config")


def read_model_garden(encoder):
    """Reads an encoder's configuration and weights.

    Args:
        encoder: A `BertEncoderV2` or `BertEncoder` of
            `official.nlp.modeling.networks` that has been called once.

    Returns:
        A dict of arguments for `keras_amp.backbones.bert_backbone`'s
        `BertBackbone`, and a list of arrays in its weights' order.

    Raises:
        TypeError: If it is another object of the Model Garden.
        ValueError: If it has no weights yet, or computes what BERT does not.
    """
    name = type(encoder).__name__
    if name not in _KINDS:
        raise TypeError(
            f"`source` must be a {' or '.join(_KINDS)} if it is of the Model "
            f"Garden. Received: {name}"
        )
    config = encoder.get_config()
    fixed = {**_FIXED, "embedding_width": config.get("hidden_size")}
    for key, value in fixed.items():
        if config.get(key, value) != value:
            raise ValueError(
                f"`source`, a {name}, has {key}={config[key]!r:.40}; BERT has "
                f"{value!r}."
            )
    if not encoder.weights:
        raise ValueError(
            f"`source`, a {name}, has no weights yet: load its checkpoint, and "
            "call it once."
        )
    sizes = {
        ours: config[_CALLED.get(theirs, theirs)]
        for ours, theirs in SIZES.items()
    }
    dropout = config["output_dropout"]
    if config["attention_dropout"] != dropout:
        raise ValueError(
            f"`source`, a {name}, has attention_dropout="
            f"{config['attention_dropout']} and output_dropout={dropout}; "
            "they must be the same."
        )
    options = {"dropout": dropout, "activation": _activation(encoder, name)}
    return {**sizes, **options}, _weights(encoder)


def _activation(encoder, name):
    """The activation's name, by what it computes: the config has none."""
    values = np.asarray(
        encoder.transformer_layers[0]._inner_activation(_POINTS)
    )
    for known in _ACTIVATIONS:
        if known == "gelu_approximate":
            expected = keras.ops.gelu(_POINTS, approximate=True)
        else:
            expected = keras.activations.get(known)(_POINTS)
        if np.allclose(values, keras.ops.convert_to_numpy(expected), atol=1e-6):
            return known
    raise ValueError(
        f"`source`, a {name}, has an activation that is none of "
        f"{', '.join(_ACTIVATIONS)}."
    )


def _weights(encoder):
    weights = [
        *encoder._embedding_layer.weights,
        *encoder._position_embedding_layer.weights,
        *encoder._type_embedding_layer.weights,
        *encoder._embedding_norm_layer.weights,
    ]
    for block in encoder.transformer_layers:
        attention_and_norm, dense = block.weights[:10], block.weights[10:14]
        # keras-hub has the last normalisation before the dense layers.
        weights += [*attention_and_norm, *block.weights[14:], *dense]
    weights += encoder.pooler_layer.weights
    return [weight.numpy() for weight in weights]
