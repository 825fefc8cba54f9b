"""Encoders of the TensorFlow Model Garden give the same outputs as here."""

import json

import numpy as np
import pytest
import tensorflow as tf
from official.nlp.modeling import networks
from safetensors.numpy import save_file

import keras_amp
from tests.keras_amp.backbones.test_bert_encoder import (
    CONFIG,
    INPUTS,
    PIECES,
    assert_same_outputs,
    folder_of,
    write_checkpoint,
)


def official(encoder_class, **options):
    encoder = encoder_class(
        vocab_size=CONFIG["vocab_size"],
        hidden_size=CONFIG["hidden_size"],
        num_layers=CONFIG["num_hidden_layers"],
        num_attention_heads=CONFIG["num_attention_heads"],
        max_sequence_length=CONFIG["max_position_embeddings"],
        type_vocab_size=CONFIG["type_vocab_size"],
        inner_dim=CONFIG["intermediate_size"],
        **options,
    )
    keys = ("input_word_ids", "input_type_ids", "input_mask")
    inputs = dict(zip(keys, map(tf.constant, INPUTS.values()), strict=True))
    encoder(inputs)
    rng = np.random.default_rng(0)
    # Biases begin at 0 and scales at 1, which would hide a mix-up.
    for variable in encoder.variables:
        variable.assign(rng.normal(0, 0.4, variable.shape))
    return encoder, encoder(inputs)


@pytest.mark.parametrize("name", ["encoder", "model"])
@pytest.mark.parametrize(
    ("encoder_class", "options"),
    [(networks.BertEncoderV2, {}), (networks.BertEncoder, {"dict_outputs": 1})],
    ids=["BertEncoderV2", "BertEncoder"],
)
def test_model_gardens_checkpoint(tmp_path, encoder_class, options, name):
    reference, expected = official(encoder_class, **options)
    checkpoint = tf.train.Checkpoint(**{name: reference})
    checkpoint.write(str(tmp_path / "bert_model.ckpt"))
    encoder = keras_amp.load_bert(folder_of(tmp_path))
    assert_same_outputs(encoder, expected)
    assert encoder.dropout == 0.25


def googles_names(weights):
    """Names and shapes of the checkpoints of 2018."""
    weights = iter(weights)
    size = CONFIG["hidden_size"]

    def named(scope, *leaves):
        return {f"bert/{scope}/{leaf}": next(weights) for leaf in leaves}

    result = named(
        "embeddings",
        "word_embeddings",
        "position_embeddings",
        "token_type_embeddings",
    )
    result |= named("embeddings/LayerNorm", "gamma", "beta")
    for number in range(CONFIG["num_hidden_layers"]):
        layer = f"encoder/layer_{number}"
        for part in ("query", "key", "value"):
            kernel, bias = next(weights), next(weights)
            scope = f"bert/{layer}/attention/self/{part}"
            result[f"{scope}/kernel"] = kernel.reshape(size, size)
            result[f"{scope}/bias"] = bias.reshape(size)
        scope = f"bert/{layer}/attention/output/dense"
        result[f"{scope}/kernel"] = next(weights).reshape(size, size)
        result[f"{scope}/bias"] = next(weights)
        result |= named(f"{layer}/attention/output/LayerNorm", "gamma", "beta")
        result |= named(f"{layer}/intermediate/dense", "kernel", "bias")
        result |= named(f"{layer}/output/dense", "kernel", "bias")
        result |= named(f"{layer}/output/LayerNorm", "gamma", "beta")
    return result | named("pooler/dense", "kernel", "bias")


def test_googles_own_checkpoint(tmp_path):
    reference, expected = official(networks.BertEncoderV2)
    values = googles_names([v.numpy() for v in reference.variables])
    write_checkpoint(tmp_path, values)
    assert_same_outputs(keras_amp.load_bert(folder_of(tmp_path)), expected)


def test_a_hugging_face_folder(tmp_path):
    reference, expected = official(networks.BertEncoderV2)
    tensors = {}
    values = googles_names([v.numpy() for v in reference.variables])
    for name, value in values.items():
        name = name.replace("layer_", "layer.").replace("/", ".")
        if name.endswith("kernel"):
            name, value = name.replace("kernel", "weight"), value.T
        elif name.endswith("embeddings"):
            name += ".weight"
        tensors[name] = np.ascontiguousarray(value)
    save_file(tensors, tmp_path / "model.safetensors")
    # The Model Garden's GELU is that.
    config = {**CONFIG, "model_type": "bert", "hidden_act": "gelu_new"}
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "vocab.txt").write_text("".join(p + "\n" for p in PIECES))
    (tmp_path / "tokenizer_config.json").write_text('{"do_lower_case": true}')
    assert_same_outputs(keras_amp.load_bert(tmp_path), expected)
    known = keras_amp.load_bert_vocabulary(tmp_path)
    assert known == {"vocabulary": PIECES, "lowercase": True}


@pytest.mark.parametrize(
    "activation",
    [None, tf.nn.gelu, tf.nn.relu],
    ids=["default", "gelu", "relu"],
)
@pytest.mark.parametrize(
    "encoder_class", [networks.BertEncoderV2, networks.BertEncoder]
)
def test_an_encoder_itself(encoder_class, activation):
    options = {"output_dropout": 0.2, "attention_dropout": 0.2}
    if activation:
        options["inner_activation"] = activation
    if encoder_class is networks.BertEncoder:
        options["dict_outputs"] = True
    reference, expected = official(encoder_class, **options)
    encoder = keras_amp.load_bert(reference)
    assert_same_outputs(encoder, expected)
    assert encoder.dropout == 0.2
    # They share nothing.
    encoder.set_weights([0 * weight for weight in encoder.get_weights()])
    assert np.any(reference.weights[0])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"norm_first": True}, "norm_first=True; BERT has False"),
        ({"embedding_width": 8}, "embedding_width=8; BERT has 16"),
        ({"attention_dropout": 0.3}, "they must be the same"),
        ({"inner_activation": tf.nn.selu}, "none of gelu_approximate, gelu"),
    ],
    ids=["norm_first", "embedding_width", "dropout", "activation"],
)
def test_an_encoder_that_is_no_bert_is_refused(options, message):
    reference, _ = official(networks.BertEncoderV2, **options)
    with pytest.raises(ValueError, match=message):
        keras_amp.load_bert(reference)


def test_an_encoder_without_weights_is_refused():
    reference = networks.BertEncoderV2(vocab_size=7, hidden_size=12)
    with pytest.raises(ValueError, match="no weights yet"):
        keras_amp.load_bert(reference)


def test_another_network_is_refused():
    reference = networks.AlbertEncoder(vocab_size=7, hidden_size=12)
    with pytest.raises(TypeError, match="Received: AlbertEncoder"):
        keras_amp.load_bert(reference)


def test_another_number_of_heads_is_refused(tmp_path):
    reference, _ = official(networks.BertEncoderV2)
    checkpoint = tf.train.Checkpoint(encoder=reference)
    checkpoint.write(str(tmp_path / "bert_model.ckpt"))
    # The same number of numbers.
    folder = folder_of(tmp_path, {**CONFIG, "num_attention_heads": 4})
    with pytest.raises(ValueError, match="of the size that"):
        keras_amp.load_bert(folder)
