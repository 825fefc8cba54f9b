"""Reads the checkpoints of Google's BERT and of the TensorFlow Model Garden."""

import re
from pathlib import Path

import numpy as np

from keras_amp.backbones.bert_weights import (
    dropout_of,
    named_weights,
    read_config,
    sizes_of,
)
from keras_amp.errors import one_line
from keras_amp.extras import WhenUsed

tf = WhenUsed("tensorflow", "A checkpoint of Google's BERT", "tensorflow")

# What the Model Garden's objects call the layers that Google named.
_OBJECTS = {
    "embeddings/word_embeddings": "_embedding_layer/embeddings",
    "embeddings/position_embeddings": "_position_embedding_layer/embeddings",
    "embeddings/token_type_embeddings": "_type_embedding_layer/embeddings",
    "embeddings/LayerNorm": "_embedding_norm_layer",
    "pooler/dense": "_pooler_layer",
}
# Of its older encoder, layers only have numbers; the rest is as in the blocks.
_NUMBERED = {
    "embeddings/word_embeddings": "layer_with_weights-0/embeddings",
    "embeddings/position_embeddings": "layer_with_weights-1/embeddings",
    "embeddings/token_type_embeddings": "layer_with_weights-2/embeddings",
    "embeddings/LayerNorm": "layer_with_weights-3",
}
_IN_BLOCK = {
    "attention/self/query": "_attention_layer/_query_dense",
    "attention/self/key": "_attention_layer/_key_dense",
    "attention/self/value": "_attention_layer/_value_dense",
    "attention/output/dense": "_attention_layer/_output_dense",
    "attention/output/LayerNorm": "_attention_layer_norm",
    "output/LayerNorm": "_output_layer_norm",
    "intermediate/dense": "_intermediate_dense",
    "output/dense": "_output_dense",
}
_END = "/.ATTRIBUTES/VARIABLE_VALUE"


def is_checkpoint(folder):
    """Whether a folder holds a checkpoint of Google's BERT."""
    return (Path(folder) / "bert_config.json").is_file()


def read_bert_checkpoint(folder):
    """Reads an encoder's size and weights.

    Both kinds of checkpoint are understood: those of 2018, whose weights go by
    name (TensorFlow 1), and the object-based ones since.

    Args:
        folder: Path with `bert_config.json` and `bert_model.ckpt.*`.

    Returns:
        A dict of `keras_hub.models.BertBackbone`'s arguments, and a list of
        arrays in the order of its weights.

    Raises:
        ValueError: If the checkpoint is missing, not of the config's size, or
            of an encoder with another activation than Google's "gelu", the
            approximation by tanh.
    """
    checkpoint = Path(folder) / "bert_model.ckpt"
    path = Path(folder) / "bert_config.json"
    sizes, dropout = read_config(path, _parse)
    _check_files(checkpoint, sizes)
    try:
        weights = list(_weights(checkpoint, sizes))
    except Exception as error:  # OpError, IndexError: each damage has its own.
        raise ValueError(
            f"'{checkpoint}' holds no BERT encoder of the size that "
            f"bert_config.json says ({one_line(error)})."
        ) from error
    return {**sizes, "dropout": dropout}, weights


def _parse(config):
    """The sizes and the dropout rate that a `bert_config.json` says."""
    if config.get("hidden_act", "gelu") != "gelu":
        raise ValueError(f"hidden_act is {config['hidden_act']!r:.40}")
    return sizes_of(config), dropout_of(config)


def _weights(checkpoint, sizes):
    reader = tf.train.load_checkpoint(str(checkpoint))
    shapes = reader.get_variable_to_shape_map()
    name_of = _names(shapes, sizes["num_layers"])
    found = []
    for layer, leaf, shape in named_weights(sizes):
        name = name_of(layer, leaf)
        # Only objects have an axis for the heads, whose number it tells.
        size = list if name.endswith(_END) else np.prod
        # Before memory is taken for it.
        if size(shapes[name]) != size(shape):
            raise ValueError(f"{name} has shape {shapes[name]}, not {shape}")
        found.append((name, shape))
    for name, shape in found:
        yield reader.get_tensor(name).reshape(shape)


def _names(shapes, num_layers):
    """A function from Google's layer and leaf to this checkpoint's name."""
    if "bert/embeddings/word_embeddings" in shapes:
        return lambda layer, leaf: f"bert/{layer}/{leaf}".rstrip("/")
    # The encoder has gone by either name, or by none.
    roots = ("encoder/", "model/", "")
    root = next(r for r in roots if any(name.startswith(r) for name in shapes))
    first, outside, block = 0, _OBJECTS, "_transformer_layers/{}"
    if f"{root}_embedding_layer/embeddings{_END}" not in shapes:
        first, block = 4, "layer_with_weights-{}"
        pooler = block.format(first + num_layers)
        outside = {**_NUMBERED, "pooler/dense": pooler}

    def name_of(layer, leaf):
        if layer in outside:
            name = outside[layer]
        else:
            number, inside = re.fullmatch(
                r"encoder/layer_(\d+)/(.+)", layer
            ).groups()
            name = block.format(first + int(number))
            name += f"/{_IN_BLOCK[inside]}"
        return f"{root}{name}" + (f"/{leaf}" if leaf else "") + _END

    return name_of


def _check_files(checkpoint, sizes):
    """Refuses sizes that the files can't hold before memory is taken for them.

    Raises:
        ValueError: If the checkpoint has fewer bytes than its largest weights,
            or one of its files is none, such as a pipe.
    """
    files = list(checkpoint.parent.glob(f"{checkpoint.name}.*"))
    for path in files:
        if not path.is_file():
            raise ValueError(f"'{path}' is no file.")
    bytes_there = sum(path.stat().st_size for path in files)
    rows = sizes["vocabulary_size"] + sizes["max_sequence_length"]
    blocks = sizes["num_layers"] * (
        4 * sizes["hidden_dim"] + 2 * sizes["intermediate_dim"]
    )
    bytes_needed = 4 * sizes["hidden_dim"] * (rows + blocks)
    if bytes_needed > bytes_there:
        raise ValueError(
            f"'{checkpoint}' holds no BERT encoder of the size that "
            f"bert_config.json says: it has {bytes_there} bytes, the weights "
            f"have {bytes_needed} at least."
        )
