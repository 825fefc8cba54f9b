"""What a pretrained encoder's tokenizer does, from what its files say."""

import json

import pytest
import transformers

import keras_amp
from keras_amp.text import WordPieceTokenizer

PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "für", "fur", "Für"]
TEXTS = ["für Für fur"]


def saved(folder, **config):
    """A folder as Hugging Face saves an encoder and its tokenizer."""
    (folder / "config.json").write_text('{"model_type": "bert"}')
    (folder / "vocab.txt").write_text("\n".join(PIECES) + "\n", "utf-8")
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    return folder


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"do_lower_case": True},
        {"do_lower_case": False},
        {"do_lower_case": True, "strip_accents": True},
        {"do_lower_case": False, "strip_accents": None},
        {"do_lower_case": True, "tokenize_chinese_chars": True},
    ],
    ids=json.dumps,
)
def test_ids_are_those_of_the_tokenizer_that_was_saved(tmp_path, config):
    saved(tmp_path, **config)
    reference = transformers.AutoTokenizer.from_pretrained(tmp_path)
    tokenizer = WordPieceTokenizer.from_preset(tmp_path)
    assert tokenizer(TEXTS).numpy().tolist() == reference(TEXTS)["input_ids"]


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            {"do_lower_case": True, "strip_accents": False},
            "strip_accents is False and do_lower_case is True",
        ),
        (
            {"do_lower_case": False, "strip_accents": True},
            "strip_accents is True and do_lower_case is False",
        ),
        ({"tokenize_chinese_chars": False}, "tokenize_chinese_chars is false"),
        ({"do_lower_case": "no"}, "do_lower_case is 'no'"),
    ],
)
def test_what_our_tokenizer_does_otherwise_is_refused(
    tmp_path, config, message
):
    with pytest.raises(ValueError, match=message):
        keras_amp.load_bert_vocabulary(saved(tmp_path, **config))


def test_without_a_word_of_it_the_pieces_decide_on_capitals(tmp_path):
    saved(tmp_path)
    (tmp_path / "tokenizer_config.json").unlink()
    assert keras_amp.load_bert_vocabulary(tmp_path) == {"vocabulary": PIECES}
    assert not WordPieceTokenizer.from_preset(tmp_path).lowercase


def test_what_has_no_vocabulary_is_refused(tmp_path):
    saved(tmp_path)
    (tmp_path / "vocab.txt").unlink()
    with pytest.raises(ValueError, match="There is no BERT vocabulary at"):
        keras_amp.load_bert_vocabulary(tmp_path)
    with pytest.raises(TypeError, match="an encoder itself holds no"):
        keras_amp.load_bert_vocabulary(object())
