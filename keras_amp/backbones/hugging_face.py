"""Reads BERT encoders as Hugging Face keeps them, for what they say."""

import json
from pathlib import Path

import numpy as np

from keras_amp.backbones.bert_weights import (
    dropout_of,
    named_weights,
    read_config,
    sizes_of,
)
from keras_amp.errors import one_line
from keras_amp.extras import needed

# Keras' name of each activation. Hugging Face's "gelu" is the exact one.
_ACTIVATIONS = {
    "gelu": "gelu",
    "gelu_new": "gelu_approximate",
    "gelu_pytorch_tanh": "gelu_approximate",
    "relu": "relu",
    "silu": "silu",
    "swish": "silu",
    "tanh": "tanh",
}
# What makes another encoder of it; else, and by default, it is BERT's.
_FIXED = {
    "position_embedding_type": "absolute",
    "is_decoder": False,
    "add_cross_attention": False,
}
_LEAVES = {
    "": ("weight",),
    "kernel": ("weight",),
    "bias": ("bias",),
    "gamma": ("weight", "gamma"),
    "beta": ("bias", "beta"),
}


def is_hugging_face(folder):
    """Whether a folder holds a model of Hugging Face, of whatever kind."""
    path = Path(folder) / "config.json"
    try:
        return "model_type" in json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, TypeError, RecursionError):
        return False


def read_hugging_face(folder):
    """Reads an encoder's configuration and weights.

    Args:
        folder: Path with `config.json` and `model.safetensors`, the latter
            also in numbered parts.

    Returns:
        A dict of arguments for `keras_amp.backbones.bert_backbone`'s
        `BertBackbone`, and a list of float32 arrays in its weights' order.

    Raises:
        ValueError: If it is no BERT, one whose configuration asks for what
            can't be honoured, or damaged.
        ImportError: If `safetensors` is missing.
    """
    path = Path(folder) / "config.json"
    sizes, options = read_config(path, _parse)
    safetensors = needed("safetensors.numpy", "BERT", '"keras_amp[bert]"')
    try:
        tensors = {}
        for part in _parts(folder):
            tensors |= safetensors.load_file(part)
        weights = [_find(tensors, *weight) for weight in named_weights(sizes)]
    except Exception as error:  # safetensors has errors of its own.
        raise ValueError(
            f"'{folder}' holds no BERT encoder of the size that config.json "
            f"says ({one_line(error)})."
        ) from error
    return {**sizes, **options}, weights


def _parse(config):
    """The sizes and the options that a `config.json` says."""
    # What is null is what it is by default.
    config = {key: one for key, one in config.items() if one is not None}
    return sizes_of(config), _options(config)


def _options(config):
    if config["model_type"] != "bert":
        raise ValueError(f"model_type is {config['model_type']!r:.40}")
    for key, value in _FIXED.items():
        if config.get(key, value) != value:
            raise ValueError(f"{key} is {config[key]!r:.40}, not {value!r}")
    activation = config.get("hidden_act", "gelu")
    if activation not in _ACTIVATIONS:
        raise ValueError(
            f"hidden_act is {activation!r:.40}, none of "
            f"{', '.join(_ACTIVATIONS)}"
        )
    epsilon = config.get("layer_norm_eps", 1e-12)
    if not 0 < epsilon < 1:
        raise ValueError(f"layer_norm_eps is {epsilon!r:.40}")
    return {
        "activation": _ACTIVATIONS[activation],
        "layer_norm_epsilon": epsilon,
        "dropout": dropout_of(config),
    }


def _parts(folder):
    whole = Path(folder) / "model.safetensors"
    parts = [whole] if whole.is_file() else []
    parts = parts or sorted(Path(folder).glob("model-*-of-*.safetensors"))
    if not parts:
        raise FileNotFoundError("there is no model.safetensors")
    return parts


def _find(tensors, layer, leaf, shape):
    """A weight, turned as Keras has it."""
    name = layer.replace("layer_", "layer.").replace("/", ".")
    names = [
        f"{prefix}{name}.{one}"
        for prefix in ("", "bert.")
        for one in _LEAVES[leaf]
    ]
    found = [tensors[name] for name in names if name in tensors]
    if not found:
        raise KeyError(f"there is no {names[0]}")
    value = np.asarray(found[0], "float32")
    if value.size != np.prod(shape):
        raise ValueError(f"{names[0]} has shape {value.shape}")
    return (value.T if leaf == "kernel" else value).reshape(shape)
