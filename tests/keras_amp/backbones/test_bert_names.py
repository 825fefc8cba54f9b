import json

import keras_hub
import numpy as np
import pytest
from huggingface_hub import constants

import keras_amp
from keras_amp.backbones import BERT_NAMES
from keras_amp.backbones.bert_names import downloaded, find_bert

NAME = "all-MiniLM-L6-v2"
PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "it", "##s"]


@pytest.fixture
def models(tmp_path, monkeypatch):
    """The folder of models, with a small encoder by a name in it."""
    monkeypatch.setenv("KERAS_AMP_MODELS", str(tmp_path))
    encoder = keras_amp.random_bert("tiny", len(PIECES), max_length=12)
    encoder.save_to_preset(str(tmp_path / NAME))
    tokenizer = keras_hub.models.BertTokenizer(PIECES, lowercase=False)
    tokenizer.save_to_preset(str(tmp_path / NAME))
    return tmp_path, encoder


def test_a_name_is_a_folder_below_that_of_the_models(models):
    folder, encoder = models
    loaded = keras_amp.load_bert(NAME)
    for one, other in zip(loaded.weights, encoder.weights, strict=True):
        np.testing.assert_array_equal(one, other)
    known = keras_amp.load_bert_vocabulary(NAME)
    assert known == {"vocabulary": PIECES, "lowercase": False}
    assert find_bert(BERT_NAMES[NAME]) == str(folder / NAME)


def test_the_id_may_be_the_folder_too(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_AMP_MODELS", str(tmp_path))
    (tmp_path / BERT_NAMES[NAME]).mkdir(parents=True)
    assert find_bert(NAME) == str(tmp_path / BERT_NAMES[NAME])


def test_a_folder_comes_before_a_name(models, monkeypatch):
    monkeypatch.chdir(models[0])
    assert find_bert(NAME) == NAME


def test_what_is_no_name_stays_what_it_is(models):
    for source in ("bert_base_en_uncased", "hf://a/b", "no/folder", 3):
        assert find_bert(source) == source


def test_how_it_was_pooled_is_what_its_files_or_its_name_say(models):
    folder = models[0] / NAME
    assert keras_amp.load_bert_pooling(NAME) == "mean"
    assert keras_amp.load_bert_pooling(folder) == "first"
    assert keras_amp.load_bert_pooling("bert_base_en_uncased") == "first"
    assert keras_amp.load_bert_pooling(object()) == "first"
    path = folder / "1_Pooling" / "config.json"
    path.parent.mkdir()
    for config, pooling in (
        ({"pooling_mode_mean_tokens": True}, "mean"),
        ({"pooling_mode_cls_token": True}, "first"),
        ({"pooling_mode_mean_tokens": False}, "first"),
        ({"pooling_mode": "mean"}, "mean"),
    ):
        path.write_text(json.dumps(config))
        for source in (NAME, str(folder)):
            assert keras_amp.load_bert_pooling(source) == pooling
    for damaged in ("{", "[]", '"x"', "[" * 100_000):
        path.write_text(damaged)
        with pytest.raises(ValueError, match="says no pooling that can be"):
            keras_amp.load_bert_pooling(NAME)


def test_the_hubs_cache_answers_without_a_network(tmp_path, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.delenv("KERAS_AMP_MODELS", raising=False)
    cached = tmp_path / f"models--{BERT_NAMES[NAME].replace('/', '--')}"
    revision = "0" * 40
    snapshot = cached / "snapshots" / revision
    snapshot.mkdir(parents=True)
    for name in ("config.json", "vocab.txt", "model.safetensors"):
        (snapshot / name).write_text('{"model_type": "bert"}')
    (cached / "refs").mkdir()
    (cached / "refs" / "main").write_text(revision)
    assert downloaded(find_bert(NAME)) == str(snapshot)
    (snapshot / "model.safetensors").unlink()
    with pytest.raises(ValueError, match="is not in the hub's cache"):
        downloaded(find_bert(NAME))


def test_what_cannot_be_reached_says_what_to_download(tmp_path, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.delenv("KERAS_AMP_MODELS", raising=False)
    for load in (keras_amp.load_bert, keras_amp.load_bert_vocabulary):
        with pytest.raises(
            ValueError, match=r"Download config\.json, vocab"
        ) as e:
            load(NAME)
        assert f"a folder '{NAME}', and set KERAS_AMP_MODELS" in str(e.value)
        assert "\n" not in str(e.value)


def test_a_folder_of_models_that_is_none_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_AMP_MODELS", str(tmp_path / "none"))
    with pytest.raises(ValueError, match=r"KERAS_AMP_MODELS is '.*none'"):
        keras_amp.load_bert(NAME)


def test_the_real_one_by_its_name(minilm, tmp_path, monkeypatch):
    (tmp_path / NAME).symlink_to(minilm, target_is_directory=True)
    monkeypatch.setenv("KERAS_AMP_MODELS", str(tmp_path))
    assert keras_amp.load_bert(NAME).hidden_dim == 384
    assert len(keras_amp.load_bert_vocabulary(NAME)["vocabulary"]) == 30522
