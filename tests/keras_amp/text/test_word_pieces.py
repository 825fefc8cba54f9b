import keras
import numpy as np
import pytest
import tensorflow as tf
from tokenizers import BertWordPieceTokenizer

from keras_amp.text import WordPieceTokenizer

PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "mix", "##up", "is", "!", "it"]
# What no data set holds, but people type.
ODD = [
    "",
    " \t\n ",
    "Größe “älter” ’s",
    "日本 語 tokenizer",
    "ПРИВЕТ, мир",
    "नमस्ते",
    "go 😀 now 🇩🇪👩‍🔬",
    "a\x00b\tc\nd\x85e\x97f",
    "İstanbul ǅ ﬁ ᾳ ŉ ß ẞ",
    "x" * 100,
    "x" * 101,
    "é" * 60,
    "\u200bzero\u00adwidth\u200d\ufeff",
    "don't $5 ~ ^ ` 1/2 ½ ²",
    "ａｂｃ １２ 한국어 𠀀𠀁",
    "\u2028x\u2029y\u3000z\xa0w",
    "\ufffd\ufffda \U000e0001 \uf8ff",
]


@pytest.fixture(scope="module")
def vocabulary(data_dir):
    path = data_dir.parent / "bert" / "bert-base-uncased-vocab.txt"
    if not path.is_file():
        pytest.skip(f"no real vocabulary: there is no '{path}'")
    return path


def sentences(data_dir):
    for path in sorted(data_dir.iterdir()):
        encoding = "utf-8" if path.name.startswith("stsa") else "latin-1"
        if "phrases" not in path.name:
            for line in path.read_bytes().split(b"\n"):
                yield line.decode(encoding).partition(" ")[2]


@pytest.mark.parametrize("lowercase", [True, False])
@pytest.mark.parametrize(
    "each", [10, pytest.param(1, marks=pytest.mark.slow)], ids="each {}".format
)
def test_every_id_of_real_sentences_is_the_references(
    data_dir, vocabulary, lowercase, each
):
    texts = [*ODD, *list(sentences(data_dir))[::each]]
    assert len(texts) > 40_000 // each
    reference = BertWordPieceTokenizer(
        str(vocabulary), lowercase=lowercase, strip_accents=lowercase
    )
    tokenizer = WordPieceTokenizer(vocabulary, lowercase, max_length=10**6)
    expected = [encoding.ids for encoding in reference.encode_batch(texts)]
    ids = tf.RaggedTensor.from_tensor(tokenizer(texts), padding=0).to_list()
    wrong = [
        (text, *pair)
        for text, *pair in zip(texts, ids, expected, strict=True)
        if pair[0] != pair[1]
    ]
    assert wrong == []


def test_the_real_vocabulary_is_known_to_be_uncased(vocabulary):
    tokenizer = WordPieceTokenizer(vocabulary)
    assert tokenizer.lowercase
    assert tokenizer.vocabulary_size() == 30522
    np.testing.assert_array_equal(tokenizer(["Héllo"]), [[101, 7592, 102]])


def test_a_vocabulary_with_capitals_keeps_them():
    tokenizer = WordPieceTokenizer([*PIECES, "Mix"])
    assert not tokenizer.lowercase
    np.testing.assert_array_equal(tokenizer(["Mix mix"]), [[2, 9, 4, 3]])


def test_long_sentences_are_cut_and_still_end():
    tokenizer = WordPieceTokenizer(PIECES, max_length=4)
    ids = tokenizer(["mixup is it", "it"])
    np.testing.assert_array_equal(ids, [[2, 4, 5, 3], [2, 8, 3, 0]])


def test_text_cannot_smuggle_special_pieces_in():
    ids = WordPieceTokenizer(PIECES)(["[SEP] it [PAD]"])
    np.testing.assert_array_equal(ids, [[2, 1, 1, 1, 8, 1, 1, 1, 3]])


@pytest.mark.parametrize("text", [b"\xff\xfe", b"it\xc3", b"\xed\xa0\x80"])
def test_bytes_that_are_no_text_are_answered(text):
    assert WordPieceTokenizer(PIECES)([text]).shape[1] >= 2


def test_no_sentence_at_all():
    assert WordPieceTokenizer(PIECES)(tf.zeros([0], tf.string)).shape[0] == 0


def test_it_saves_loads_and_runs_in_a_pipeline():
    tokenizer = WordPieceTokenizer(PIECES, max_length=5)
    config = keras.saving.serialize_keras_object(tokenizer)
    again = keras.saving.deserialize_keras_object(config)
    assert again.max_length == 5
    data = tf.data.Dataset.from_tensor_slices(["it is mixup !", "it"])
    (ids,) = data.batch(2).map(again)
    np.testing.assert_array_equal(ids, [[2, 8, 6, 4, 3], [2, 8, 3, 0, 0]])


@pytest.mark.parametrize(
    ("pieces", "message"),
    [
        ([], "Received 0 pieces that begin with nothing and lack"),
        (["[UNK]", "[CLS]", "[SEP]"], "begin with '\\[UNK\\]'"),
        (["[PAD]", "[UNK]", "[SEP]"], "lack \\[CLS\\]"),
    ],
)
def test_vocabularies_that_are_none_of_berts(pieces, message):
    with pytest.raises(ValueError, match=message):
        WordPieceTokenizer(pieces)


def test_bad_arguments_are_refused(tmp_path):
    with pytest.raises(ValueError, match="max_length"):
        WordPieceTokenizer(PIECES, max_length=1)
    with pytest.raises(ValueError, match="max_length=None"):
        WordPieceTokenizer(PIECES, max_length=None)
    with pytest.raises(ValueError, match=r"shape \(batch,\); put one into"):
        WordPieceTokenizer(PIECES)("Mixup")
    with pytest.raises(FileNotFoundError, match="no vocabulary at"):
        WordPieceTokenizer(tmp_path / "vocab.txt")
    (tmp_path / "vocab.txt").write_bytes(b"[PAD]\n\xff")
    with pytest.raises(ValueError, match="not UTF-8"):
        WordPieceTokenizer(tmp_path / "vocab.txt")
