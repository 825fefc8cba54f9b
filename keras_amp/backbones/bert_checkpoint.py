"""Reads the checkpoints of Google's BERT and of the TensorFlow Model Garden."""

import json
import tempfile
from pathlib import Path

import tensorflow as tf

# What keras-hub calls what `bert_config.json` says.
_SIZES = {
    "vocabulary_size": "vocab_size",
    "num_layers": "num_hidden_layers",
    "num_heads": "num_attention_heads",
    "hidden_dim": "hidden_size",
    "intermediate_dim": "intermediate_size",
    "max_sequence_length": "max_position_embeddings",
    "num_segments": "type_vocab_size",
}


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
        ValueError: If the checkpoint is missing, or not of the config's size.
        ImportError: If `tf-models-official` is missing.
    """
    checkpoint = Path(folder) / "bert_model.ckpt"
    config = _config(Path(folder) / "bert_config.json")
    sizes = {ours: config[theirs] for ours, theirs in _SIZES.items()}
    _check_files(checkpoint, sizes)
    weights = _weights(checkpoint, sizes)
    return {**sizes, "dropout": config["hidden_dropout_prob"]}, weights


def _config(path):
    try:
        config = {"hidden_dropout_prob": 0.1}
        config |= json.loads(path.read_text(encoding="utf-8"))
        for name in _SIZES.values():
            if type(config[name]) is not int or config[name] < 1:
                raise ValueError(f"{name} is {config[name]!r:.40}")
        if config["hidden_size"] % config["num_attention_heads"]:
            raise ValueError("hidden_size is no multiple of the heads")
        if not 0 <= config["hidden_dropout_prob"] < 1:
            raise ValueError("hidden_dropout_prob is not in [0, 1)")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(
            f"'{path}' is no config of a BERT ({one_line(error)})."
        ) from error
    return config


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


def one_line(error, limit=160):
    """An error as one line of at most `limit` characters."""
    line = " ".join(f"{type(error).__name__}: {error}".split())
    return line if len(line) <= limit else line[:limit] + "…"


def _weights(checkpoint, sizes):
    try:
        from official.nlp.modeling import networks
    except ImportError as error:
        raise ImportError(
            "BERT checkpoints need tf-models-official: "
            'pip install "keras_amp[bert]"'
        ) from error
    encoder = networks.BertEncoder(
        vocab_size=sizes["vocabulary_size"],
        hidden_size=sizes["hidden_dim"],
        num_layers=sizes["num_layers"],
        num_attention_heads=sizes["num_heads"],
        max_sequence_length=sizes["max_sequence_length"],
        type_vocab_size=sizes["num_segments"],
        inner_dim=sizes["intermediate_dim"],
    )
    try:
        names = [name for name, _ in tf.train.list_variables(str(checkpoint))]
        if "bert/embeddings/word_embeddings" in names:
            status = _restore_named(encoder, checkpoint, sizes["num_heads"])
        else:
            # The encoder has gone by either name.
            reader = tf.train.Checkpoint(encoder=encoder, model=encoder)
            status = reader.read(str(checkpoint))
        status.assert_existing_objects_matched()
        status.expect_partial()
    except Exception as error:  # IndexError, OpError: each damage has its own.
        raise ValueError(
            f"'{checkpoint}' holds no BERT encoder of the size that "
            f"bert_config.json says ({one_line(error)})."
        ) from error
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


def _restore_named(encoder, checkpoint, num_heads):
    """Restores a checkpoint of TensorFlow 1, renamed for TensorFlow 2."""
    from official.nlp.tools import tf1_bert_checkpoint_converter_lib as names

    with tempfile.TemporaryDirectory() as folder:
        renamed = str(Path(folder) / "renamed")
        names.convert(
            str(checkpoint),
            renamed,
            num_heads,
            names.BERT_V2_NAME_REPLACEMENTS,
            names.BERT_V2_PERMUTATIONS,
            exclude_patterns=["adam", "Adam"],
        )
        return encoder.load_weights(renamed)
