"""What configurations say, and what the weights of an encoder are called."""

import json

from keras_amp.errors import one_line

# What keras-hub calls what a `bert_config.json` or `config.json` says.
SIZES = {
    "vocabulary_size": "vocab_size",
    "num_layers": "num_hidden_layers",
    "num_heads": "num_attention_heads",
    "hidden_dim": "hidden_size",
    "intermediate_dim": "intermediate_size",
    "max_sequence_length": "max_position_embeddings",
    "num_segments": "type_vocab_size",
}


def named_weights(sizes):
    """Names and shapes of an encoder's weights, in the order of keras-hub.

    The names are those of Google's checkpoints, of which Hugging Face's and
    the Model Garden's differ by a rule.

    Args:
        sizes: Dict with the keys of `SIZES`.

    Yields:
        `(layer, leaf, shape)`: strings, the layer's name and that of its
        weight (`""` for a table of embeddings), and the tuple of ints that
        keras-hub's weight has.

    Examples:
        >>> sizes = dict.fromkeys(SIZES, 2)
        >>> next(named_weights(sizes))
        ('embeddings/word_embeddings', '', (2, 2))
        >>> len(list(named_weights(sizes)))
        39
    """
    size, inner = sizes["hidden_dim"], sizes["intermediate_dim"]
    heads = (sizes["num_heads"], size // sizes["num_heads"])
    tables = {
        "word": sizes["vocabulary_size"],
        "position": sizes["max_sequence_length"],
        "token_type": sizes["num_segments"],
    }
    norm = {"gamma": (size,), "beta": (size,)}
    into_heads = {"kernel": (size, *heads), "bias": heads}
    for name, rows in tables.items():
        yield f"embeddings/{name}_embeddings", "", (rows, size)
    layers = {"embeddings/LayerNorm": norm}
    for number in range(sizes["num_layers"]):
        block = {
            "attention/self/query": into_heads,
            "attention/self/key": into_heads,
            "attention/self/value": into_heads,
            "attention/output/dense": {
                "kernel": (*heads, size),
                "bias": (size,),
            },
            "attention/output/LayerNorm": norm,
            "output/LayerNorm": norm,
            "intermediate/dense": {"kernel": (size, inner), "bias": (inner,)},
            "output/dense": {"kernel": (inner, size), "bias": (size,)},
        }
        layers |= {
            f"encoder/layer_{number}/{layer}": leaves
            for layer, leaves in block.items()
        }
    layers["pooler/dense"] = {"kernel": (size, size), "bias": (size,)}
    for layer, leaves in layers.items():
        for leaf, shape in leaves.items():
            yield layer, leaf, shape


def read_config(path, parse, fault="is no config of a BERT"):
    """Reads a JSON file that others wrote, for what it says.

    Args:
        path: `pathlib.Path` of the file.
        parse: Function of what the file holds to what is returned.
        fault: String, what a file is that can't be read; a part of the message.

    Raises:
        ValueError: If it is no JSON, or nothing that `parse` takes.
    """
    try:
        return parse(json.loads(path.read_text(encoding="utf-8")))
    except (
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        RecursionError,
    ) as error:
        raise ValueError(
            f"'{path}' {fault} that can be read ({one_line(error)})."
        ) from error


def sizes_of(config):
    """The sizes that a configuration says, by keras-hub's names.

    Raises:
        ValueError, KeyError: If one is missing, no number, or does not fit.
    """
    for name in SIZES.values():
        if type(config[name]) is not int or config[name] < 1:
            raise ValueError(f"{name} is {config[name]!r:.40}")
    if config["hidden_size"] % config["num_attention_heads"]:
        raise ValueError("hidden_size is no multiple of the heads")
    return {ours: config[theirs] for ours, theirs in SIZES.items()}


def dropout_of(config):
    """The dropout rate that a configuration says, 0.1 if it says none.

    Raises:
        ValueError: If it is not in [0, 1), or that of the attention differs:
            keras-hub's blocks have one.
    """
    rate = config.get("hidden_dropout_prob", 0.1)
    if not 0 <= rate < 1:
        raise ValueError("hidden_dropout_prob is not in [0, 1)")
    if config.get("attention_probs_dropout_prob", rate) != rate:
        raise ValueError(
            "attention_probs_dropout_prob differs from hidden_dropout_prob"
        )
    return rate
