"""Encoders of Hugging Face compute what `transformers` computes with them."""

import json

import keras
import numpy as np
import pytest
import torch
import transformers

import keras_amp
from keras_amp.text import WordPieceTokenizer
from tests.helpers import compiled

IDS = np.array([[2, 5, 6, 3, 0, 0], [2, 5, 5, 6, 5, 3]], "int32")


def outputs_of(folder, ids):
    """The sequence and pooled outputs, as `transformers` computes them."""
    model = transformers.AutoModel.from_pretrained(folder).eval()
    with torch.no_grad():
        outputs = model(
            input_ids=torch.tensor(ids.astype("int64")),
            attention_mask=torch.tensor((ids != 0).astype("int64")),
        )
    return outputs.last_hidden_state.numpy(), outputs.pooler_output.numpy()


def assert_equal(encoder, folder, ids, tolerance=1e-5):
    outputs = encoder(
        {
            "token_ids": ids,
            "segment_ids": np.zeros_like(ids),
            "padding_mask": (ids != 0).astype("int32"),
        }
    )
    sequence, pooled = outputs_of(folder, ids)
    is_piece = ids != 0
    np.testing.assert_allclose(
        outputs["sequence_output"].numpy()[is_piece],
        sequence[is_piece],
        atol=tolerance,
    )
    np.testing.assert_allclose(outputs["pooled_output"], pooled, atol=tolerance)


def folder_of(path, **options):
    """A folder with a small encoder of random weights."""
    options = {
        "vocab_size": 9,
        "hidden_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 24,
        # Large weights, so that the activations differ.
        "initializer_range": 0.5,
    } | options
    torch.manual_seed(0)
    config = transformers.BertConfig(**options)
    transformers.BertModel(config).save_pretrained(path)
    return path


def change(folder, **options):
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | options))
    return folder


def test_a_pretrained_encoder_on_real_sentences(minilm, data_dir):
    lines = (data_dir / "TREC.test.all").read_bytes().split(b"\n")[:200]
    sentences = [line.decode("latin-1").partition(" ")[2] for line in lines]
    tokenizer = WordPieceTokenizer(**keras_amp.load_bert_vocabulary(minilm))
    ids = tokenizer(sentences).numpy()
    reference = transformers.AutoTokenizer.from_pretrained(minilm)
    expected = reference(sentences, padding=True)["input_ids"]
    np.testing.assert_array_equal(ids, expected)
    assert_equal(keras_amp.load_bert(minilm), minilm, ids)


@pytest.mark.parametrize(
    "options",
    [
        {"hidden_act": "gelu"},
        {"hidden_act": "gelu_new"},
        {"hidden_act": "gelu_pytorch_tanh"},
        {"hidden_act": "relu"},
        {"hidden_act": "silu"},
        {"hidden_act": "tanh", "max_position_embeddings": 7},
        {"layer_norm_eps": 0.1},
        {"type_vocab_size": 1},
    ],
    ids=str,
)
def test_it_computes_what_its_configuration_says(tmp_path, options):
    folder = folder_of(tmp_path, **options)
    assert_equal(keras_amp.load_bert(folder), folder, IDS)


@pytest.mark.parametrize(
    "options", [{"hidden_act": "relu"}, {"layer_norm_eps": 0.1}], ids=str
)
def test_what_is_saved_computes_the_same(tmp_path, options):
    folder = folder_of(tmp_path / "encoder", **options)
    encoder = keras_amp.load_bert(folder)
    encoder.save(tmp_path / "encoder.keras")
    loaded = keras.models.load_model(tmp_path / "encoder.keras")
    assert_equal(loaded, folder, IDS)
    model = compiled(keras_amp.Mixup(keras_amp.BERT(encoder, 3), "word"))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(loaded(IDS), model(IDS), atol=1e-6)
    model.export(tmp_path / "export", verbose=False)
    exported = keras.layers.TFSMLayer(tmp_path / "export", "serve")
    np.testing.assert_allclose(exported(IDS), model(IDS), atol=1e-6)


def test_dropout_and_parts_of_the_weights(tmp_path):
    folder = folder_of(
        tmp_path,
        hidden_dropout_prob=0.3,
        attention_probs_dropout_prob=0.3,
    )
    (folder / "model.safetensors").rename(
        folder / "model-00001-of-00001.safetensors"
    )
    encoder = keras_amp.load_bert(folder)
    assert encoder.dropout == encoder.transformer_layers[0].dropout == 0.3


def test_what_is_null_is_what_it_is_by_default(tmp_path):
    folder = folder_of(tmp_path)
    outputs = keras_amp.load_bert(folder)
    change(folder, hidden_act=None, hidden_dropout_prob=None)
    loaded = keras_amp.load_bert(folder)
    assert loaded.get_config() == outputs.get_config() | {"name": loaded.name}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"position_embedding_type": "relative_key"}, "not 'absolute'"),
        ({"is_decoder": True}, "is_decoder is True, not False"),
        ({"model_type": "roberta"}, "model_type is 'roberta'"),
        ({"hidden_act": "gelu_10"}, "hidden_act is 'gelu_10', none of gelu"),
        ({"hidden_act": ["relu"]}, "no config of a BERT"),
        ({"layer_norm_eps": -1}, "layer_norm_eps is -1"),
        ({"attention_probs_dropout_prob": 0.2}, "differs from"),
        ({"hidden_size": 15}, "hidden_size is no multiple of the heads"),
        ({"hidden_size": 32}, "has shape"),
        ({"num_hidden_layers": 3}, "there is no encoder.layer.2"),
    ],
    ids=str,
)
def test_what_cannot_be_honoured_is_refused(tmp_path, options, message):
    folder = change(folder_of(tmp_path), **options)
    with pytest.raises(ValueError, match=message):
        keras_amp.load_bert(folder)


def test_a_config_that_is_no_dict_is_refused(tmp_path):
    folder = folder_of(tmp_path)
    (folder / "config.json").write_text('["model_type"]')
    with pytest.raises(ValueError, match="no config of a BERT"):
        keras_amp.load_bert(folder)
