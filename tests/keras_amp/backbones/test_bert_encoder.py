"""Encoders from every place they come from give the same outputs."""

import json

import keras_hub
import numpy as np
import pytest
import tensorflow as tf
from official.nlp.modeling import networks
from safetensors.numpy import save_file

import keras_amp

PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "it", "##s"]
IDS = np.array([[2, 5, 6, 3, 0, 0], [2, 5, 5, 6, 5, 3]], "int32")
INPUTS = {
    "token_ids": IDS,
    "segment_ids": np.array([[0, 0, 1, 1, 0, 0], [0] * 6], "int32"),
    "padding_mask": (IDS != 0).astype("int32"),
}
CONFIG = {
    "vocab_size": len(PIECES),
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 24,
    "max_position_embeddings": 512,
    "type_vocab_size": 2,
    "hidden_dropout_prob": 0.25,
}


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


def folder_of(tmp_path, config=CONFIG):
    (tmp_path / "bert_config.json").write_text(json.dumps(config))
    (tmp_path / "vocab.txt").write_text("".join(p + "\n" for p in PIECES))
    return tmp_path


def assert_same_outputs(encoder, expected):
    outputs = encoder(INPUTS)
    for key in ("sequence_output", "pooled_output"):
        np.testing.assert_allclose(outputs[key], expected[key], atol=1e-5)


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
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        variables = {
            name: tf.compat.v1.Variable(value) for name, value in values.items()
        }
        # What is not the encoder's does not matter.
        variables["cls/predictions/output_bias"] = tf.compat.v1.Variable([1.0])
        session.run(tf.compat.v1.global_variables_initializer())
        saver = tf.compat.v1.train.Saver(variables)
        saver.save(
            session, str(tmp_path / "bert_model.ckpt"), write_meta_graph=False
        )
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


def test_a_keras_hub_preset(tmp_path):
    encoder = keras_amp.random_bert("tiny", len(PIECES), max_length=12)
    encoder.save_to_preset(str(tmp_path))
    tokenizer = keras_hub.models.BertTokenizer(PIECES, lowercase=False)
    tokenizer.save_to_preset(str(tmp_path))
    assert_same_outputs(keras_amp.load_bert(tmp_path), encoder(INPUTS))
    known = keras_amp.load_bert_vocabulary(tmp_path)
    assert known == {"vocabulary": PIECES, "lowercase": False}


def test_a_checkpoints_vocabulary(tmp_path):
    known = keras_amp.load_bert_vocabulary(folder_of(tmp_path))
    tokenizer = keras_amp.text.WordPieceTokenizer(**known)
    assert tokenizer.get_vocabulary() == PIECES
    (tmp_path / "vocab.txt").unlink()
    with pytest.raises(ValueError, match=r"no '.*vocab\.txt' beside"):
        keras_amp.load_bert_vocabulary(tmp_path)


def test_what_holds_no_bert_is_refused(tmp_path):
    with pytest.raises(ValueError, match="There is no BERT encoder at"):
        keras_amp.load_bert(tmp_path)
    with pytest.raises(ValueError, match="There is no BERT vocabulary at"):
        keras_amp.load_bert_vocabulary(tmp_path)
    with pytest.raises(ValueError, match="holds no BERT encoder of the size"):
        keras_amp.load_bert(folder_of(tmp_path))
    (tmp_path / "bert_config.json").write_text("{}")
    with pytest.raises(ValueError, match="is no config of a BERT"):
        keras_amp.load_bert(tmp_path)
    with pytest.raises(ValueError, match="must be one of tiny, mini"):
        keras_amp.random_bert("huge", 10)


def test_a_checkpoint_of_another_size_is_refused(tmp_path):
    reference, _ = official(networks.BertEncoderV2)
    checkpoint = tf.train.Checkpoint(encoder=reference)
    checkpoint.write(str(tmp_path / "bert_model.ckpt"))
    for wrong in ({"hidden_size": 32}, {"num_hidden_layers": 3}):
        folder = folder_of(tmp_path, {**CONFIG, **wrong})
        with pytest.raises(ValueError, match="of the size that"):
            keras_amp.load_bert(folder)


def test_sizes():
    encoder = keras_amp.random_bert("tiny", vocabulary_size=30522)
    assert encoder.count_params() == 4_385_920
