import gzip
import tracemalloc
import zipfile

import numpy as np
import pytest

from keras_amp.text import read_word_vectors, word_tokenizer

VOCABULARY = ["", "[UNK]", "the", "paris", "cat", "Cat", ". ."]
# The file's words, in its order, and what they must lead to.
TABLE = {
    "the": [0.5, -1.0, 2.0],
    ".": [9.0, 9.0, 9.0],
    ". .": [0.25, 0.0, 1e-3],
    "Paris": [1.0, 2.0, 3.0],
    "PARIS": [7.0, 7.0, 7.0],
    "CAT": [4.0, 4.0, 4.0],
    "cat": [5.0, 5.0, 5.0],
    "other": [6.0, 6.0, 6.0],
}
EXPECTED = ["the", "Paris", "cat", "CAT", ". ."]


def text(header=False, end="\n"):
    lines = [f"{len(TABLE)} 3"] if header else []
    lines += [f"{w} {' '.join(map(str, v))}" for w, v in TABLE.items()]
    return "".join(line + end for line in lines).encode()


def binary(newline):
    rows = [
        word.encode() + b" " + np.array(v, "<f4").tobytes() + newline
        for word, v in TABLE.items()
        if word != ". ."  # a space ends a word in this format
    ]
    return f"{len(rows)} 3\n".encode() + b"".join(rows)


def zipped(path, files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)


@pytest.fixture(
    params=["txt", "crlf", "w2v.txt", "gz", "zip", "bin", "bin-n", "bin.gz"]
)
def file(request, tmp_path):
    kind = request.param
    path = tmp_path / f"vectors.{kind}"
    if kind == "zip":
        small = b"the 1 2\n"
        zipped(path, {"v.2d.txt": small, "v.3d.txt": text(), "z.txt": small})
    elif kind.endswith("gz"):
        content = binary(b"") if kind.startswith("bin") else text()
        path.write_bytes(gzip.compress(content))
    else:
        path.write_bytes(
            {
                "txt": text(),
                "crlf": text(end=" \r\n"),
                "w2v.txt": text(header=True),
                "bin": binary(b""),
                "bin-n": binary(b"\n"),
            }[kind]
        )
    return path


def test_every_format_gives_the_same_vectors(file):
    words = read_word_vectors(file, VOCABULARY)
    expected = np.array([TABLE[word] for word in EXPECTED], "float32")
    if "bin" in file.name:
        expected[-1] = 0
    np.testing.assert_array_equal(words.vectors[2:], expected)
    is_found = np.any(expected != 0, axis=1).tolist()
    assert words.is_found.tolist() == [False, False, *is_found]


def test_missing_words_are_drawn_and_padding_is_zero(tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_bytes(text())
    words = read_word_vectors(path, ["", "[UNK]", "cat", "ghost", "spook"])
    assert words.is_found.tolist() == [False, False, True, False, False]
    matrix = words.embeddings(seed=3)
    assert matrix.dtype == "float32"
    assert np.all(matrix[0] == 0)
    np.testing.assert_array_equal(matrix[2], TABLE["cat"])
    drawn = matrix[[1, 3, 4]]
    assert np.all((np.abs(drawn) > 0) & (np.abs(drawn) <= 0.01))
    np.testing.assert_array_equal(matrix, words.embeddings(seed=3))
    assert not np.array_equal(matrix, words.embeddings(seed=4))


def test_coverage_counts_types_and_tokens(tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_bytes(text())
    words = read_word_vectors(path, ["", "[UNK]", "cat", "ghost", "the"])
    ids = [[2, 2, 2, 3], [1, 0, 0, 0]]
    assert words.coverage(ids) == {"types": 1 / 3, "tokens": 3 / 5}


def test_the_padding_and_unknown_entries_are_no_words(tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_text("[UNK] 1 2\nthe 3 4\n")
    words = read_word_vectors(path, ["", "[UNK]", "the"])
    assert words.is_found.tolist() == [False, False, True]


def test_progress_ends_at_one(tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_bytes(text() * 1000)
    shares = []
    read_word_vectors(path, VOCABULARY, shares.append)
    assert shares[-1] == 1
    assert shares == sorted(shares)


def test_memory_does_not_grow_with_the_file(tmp_path):
    path = tmp_path / "vectors.txt"
    row = " ".join(["0.12345"] * 50)
    with path.open("w") as file:
        for number in range(100_000):
            file.write(f"word{number} {row}\n")
    assert path.stat().st_size > 40e6
    tracemalloc.start()
    words = read_word_vectors(path, ["", "[UNK]", "word7", "word99999"])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert words.is_found.sum() == 2
    assert peak < 20e6


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("v.txt", b"", "holds no word vectors"),
        ("v.txt", b"<html>\n<body>\n", "holds no word vectors"),
        ("v.txt", b"\x80\x04\x95\0\0\0\0 \0 pickle", "holds no word vectors"),
        ("v.txt", b"a 1 2\nthe 1 x\n", r"v.txt:2: expected 2 numbers after"),
        ("v.txt", b"a 1 2\nb 1 2\nthe 1\n", r"v.txt:3: expected 2 numbers"),
        ("v.txt", b"2 2\na 1 2\nthe nan 2\n", r"v.txt:3: expected 2 numbers"),
        ("v.gz", gzip.compress(text() * 99)[:-20], "is damaged"),
        ("v.gz", text(), "is damaged"),
        ("v.zip", text(), "is damaged"),
        ("v.bin", binary(b"")[:-5], "ends after 6 of 7 vectors"),
    ],
)
def test_broken_files_are_refused(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        read_word_vectors(path, VOCABULARY)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match="no file of word vectors"):
        read_word_vectors(tmp_path / "none.txt", VOCABULARY)


def test_an_empty_zip_is_refused(tmp_path):
    zipped(tmp_path / "v.zip", {})
    with pytest.raises(ValueError, match="holds no file"):
        read_word_vectors(tmp_path / "v.zip", VOCABULARY)


@pytest.mark.parametrize(
    ("name", "tokens"),
    [
        ("glove.6B.300d.subset.txt.gz", (0.65, 0.74)),
        ("googlenews.300d.subset.txt.gz", (0.65, 0.74)),
    ],
)
def test_real_vectors(data_dir, name, tokens):
    path = data_dir.parent / "vectors" / name
    if not path.is_file():
        pytest.skip(f"no real vectors: there is no '{path}'")
    lines = (data_dir / "TREC.train.all").read_bytes().split(b"\n")[:-1]
    texts = [line.decode("latin-1").partition(" ")[2] for line in lines]
    tokenizer = word_tokenizer(texts)
    words = read_word_vectors(path, tokenizer.get_vocabulary())
    low, high = tokens
    assert low < words.coverage(tokenizer(texts))["tokens"] < high
    with gzip.open(path, "rt", encoding="utf-8") as file:
        first = next(file).split()
    place = tokenizer.get_vocabulary().index(first[0])
    np.testing.assert_allclose(
        words.vectors[place], np.array(first[1:], "float32")
    )
