"""Encoders from every place they come from give the same outputs."""

import json

import keras_hub
import numpy as np
import pytest
import tensorflow as tf

import keras_amp
from keras_amp.backbones.bert_backbone import BertBackbone
from keras_amp.backbones.bert_weights import named_weights, sizes_of

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


def folder_of(tmp_path, config=CONFIG):
    (tmp_path / "bert_config.json").write_text(json.dumps(config))
    (tmp_path / "vocab.txt").write_text("".join(p + "\n" for p in PIECES))
    return tmp_path


def assert_same_outputs(encoder, expected):
    outputs = encoder(INPUTS)
    for key in ("sequence_output", "pooled_output"):
        np.testing.assert_allclose(outputs[key], expected[key], atol=1e-5)


def write_checkpoint(folder, values):
    """A checkpoint of 2018: weights by name, and what is not the encoder's."""
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        variables = {
            name: tf.compat.v1.Variable(value) for name, value in values.items()
        }
        variables["cls/predictions/output_bias"] = tf.compat.v1.Variable([1.0])
        session.run(tf.compat.v1.global_variables_initializer())
        tf.compat.v1.train.Saver(variables).save(
            session, str(folder / "bert_model.ckpt"), write_meta_graph=False
        )


def write_objects(folder, values, root="encoder"):
    """Writes a checkpoint like that of the Model Garden's `BertEncoderV2`."""
    values = iter(values.values())

    def layer(*leaves):
        node = tf.train.Checkpoint()
        for leaf in leaves:
            setattr(node, leaf, tf.Variable(next(values)))
        return node

    encoder = tf.train.Checkpoint()
    for name in ("embedding", "position_embedding", "type_embedding"):
        setattr(encoder, f"_{name}_layer", layer("embeddings"))
    encoder._embedding_norm_layer = layer("gamma", "beta")
    blocks = []
    for _ in range(CONFIG["num_hidden_layers"]):
        block, attention = tf.train.Checkpoint(), tf.train.Checkpoint()
        for name in ("query", "key", "value", "output"):
            setattr(attention, f"_{name}_dense", layer("kernel", "bias"))
        block._attention_layer = attention
        block._attention_layer_norm = layer("gamma", "beta")
        block._output_layer_norm = layer("gamma", "beta")
        block._intermediate_dense = layer("kernel", "bias")
        block._output_dense = layer("kernel", "bias")
        blocks.append(block)
    encoder._transformer_layers = blocks
    encoder._pooler_layer = layer("kernel", "bias")
    checkpoint = tf.train.Checkpoint(**{root: encoder})
    checkpoint.write(str(folder / "bert_model.ckpt"))


def random_values():
    """Random weights by Google's names, of the shapes that keras-hub has."""
    rng = np.random.default_rng(0)
    return {
        f"bert/{layer}/{leaf}".rstrip("/"): rng.normal(0, 0.4, shape)
        for layer, leaf, shape in named_weights(sizes_of(CONFIG))
    }


def test_a_checkpoints_weights(tmp_path):
    values = random_values()
    size = CONFIG["hidden_size"]
    # Google's have no axis of heads.
    query = "bert/encoder/layer_1/attention/self/query/kernel"
    values[query] = values[query].reshape(size, size)
    write_checkpoint(folder_of(tmp_path), values)
    encoder = keras_amp.load_bert(tmp_path)
    for weight, value in zip(encoder.weights, values.values(), strict=True):
        np.testing.assert_allclose(
            weight, value.reshape(weight.shape), rtol=1e-6
        )


@pytest.mark.parametrize("root", ["encoder", "model"])
def test_the_weights_of_a_checkpoint_of_objects(tmp_path, root):
    values = random_values()
    write_objects(folder_of(tmp_path), values, root)
    encoder = keras_amp.load_bert(tmp_path)
    for weight, value in zip(encoder.weights, values.values(), strict=True):
        np.testing.assert_allclose(weight, value, rtol=1e-6)
    # The same number of numbers.
    folder_of(tmp_path, {**CONFIG, "num_attention_heads": 4})
    with pytest.raises(ValueError, match="of the size that"):
        keras_amp.load_bert(tmp_path)


@pytest.mark.parametrize(
    "wrong", [{"hidden_size": 32}, {"num_hidden_layers": 3}], ids=str
)
def test_a_checkpoint_of_another_size_is_refused(tmp_path, wrong):
    write_checkpoint(folder_of(tmp_path, {**CONFIG, **wrong}), random_values())
    with pytest.raises(ValueError, match="of the size that"):
        keras_amp.load_bert(tmp_path)


def test_another_activation_of_a_checkpoint_is_refused(tmp_path):
    folder = folder_of(tmp_path, {**CONFIG, "hidden_act": "relu"})
    with pytest.raises(ValueError, match="hidden_act is 'relu'"):
        keras_amp.load_bert(folder)


def test_a_keras_hub_preset(tmp_path):
    encoder = keras_amp.random_bert("tiny", len(PIECES), max_length=12)
    encoder.save_to_preset(str(tmp_path))
    tokenizer = keras_hub.models.BertTokenizer(PIECES, lowercase=False)
    tokenizer.save_to_preset(str(tmp_path))
    assert_same_outputs(keras_amp.load_bert(tmp_path), encoder(INPUTS))
    known = keras_amp.load_bert_vocabulary(tmp_path)
    assert known == {"vocabulary": PIECES, "lowercase": False}
    own = keras_amp.text.WordPieceTokenizer.from_preset(tmp_path, max_length=9)
    assert own.get_vocabulary() == PIECES
    assert (own.lowercase, own.max_length) == (False, 9)
    other = keras_amp.text.WordPieceTokenizer.from_preset(
        tmp_path, lowercase=True
    )
    assert other.lowercase


def test_a_preset_of_another_activation(tmp_path):
    encoder = BertBackbone(
        "relu",
        layer_norm_epsilon=1e-3,
        vocabulary_size=len(PIECES),
        num_layers=2,
        num_heads=2,
        hidden_dim=8,
        intermediate_dim=16,
        max_sequence_length=12,
    )
    encoder.save_to_preset(str(tmp_path))
    loaded = keras_amp.load_bert(tmp_path)
    assert (loaded.activation, loaded.layer_norm_epsilon) == ("relu", 1e-3)
    assert_same_outputs(loaded, encoder(INPUTS))


def test_a_checkpoints_vocabulary(tmp_path):
    known = keras_amp.load_bert_vocabulary(folder_of(tmp_path))
    tokenizer = keras_amp.text.WordPieceTokenizer(**known)
    assert tokenizer.get_vocabulary() == PIECES
    same = keras_amp.text.WordPieceTokenizer.from_preset(tmp_path)
    assert same.get_config().items() >= {"vocabulary": PIECES}.items()
    (tmp_path / "vocab.txt").unlink()
    for load in (
        keras_amp.load_bert_vocabulary,
        keras_amp.text.WordPieceTokenizer.from_preset,
    ):
        with pytest.raises(ValueError, match=r"no '.*vocab\.txt' beside"):
            load(tmp_path)


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


def test_sizes():
    encoder = keras_amp.random_bert("tiny", vocabulary_size=30522)
    assert encoder.count_params() == 4_385_920
