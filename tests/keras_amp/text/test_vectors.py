import gzip
import io
import itertools
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


def patched(fault):
    """The bytes of a zip that is whole, but can't be read."""
    buffer = io.BytesIO()
    methods = {"lzma": zipfile.ZIP_LZMA, "bzip2": zipfile.ZIP_BZIP2}
    method = methods.get(fault, zipfile.ZIP_DEFLATED)
    with zipfile.ZipFile(buffer, "w", method) as archive:
        archive.writestr("v.txt", text() * 20)
    content = bytearray(buffer.getvalue())
    # Flags and method of the file, in its own header and in the directory.
    place, number = {"encrypted": (6, 1), "method": (8, 99)}.get(fault, (0, 0))
    if place:
        directory = content.index(b"PK\x01\x02")
        content[place] = content[directory + place + 2] = number
    else:
        content[60] ^= 0xFF
    return bytes(content)


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


def test_the_spread_is_that_of_the_vectors_that_were_found(tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_bytes(text())
    words = read_word_vectors(path, ["", "[UNK]", *EXPECTED, "ghost"])
    as_they_are = words.embeddings(seed=0)
    matrix = words.embeddings(seed=0, spread=0.04)
    found = words.is_found
    assert np.std(matrix[found]) == pytest.approx(0.04)
    factor = 0.04 / np.std(as_they_are[found])
    np.testing.assert_allclose(
        matrix[found], factor * as_they_are[found], rtol=1e-5
    )
    np.testing.assert_array_equal(matrix[~found], as_they_are[~found])


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


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_enters_by_no_word(tmp_path, value):
    path = tmp_path / "v.bin"
    rows = {"other": [value, 1], "the": [1, 2]}

    def write():
        parts = [
            w.encode() + b" " + np.array(v, "<f4").tobytes()
            for w, v in rows.items()
        ]
        path.write_bytes(b"2 2\n" + b"".join(parts))

    write()
    words = read_word_vectors(path, VOCABULARY)
    assert words.vectors[2].tolist() == [1, 2]
    rows["the"] = [1, value]
    write()
    with pytest.raises(ValueError, match=r"v.bin': vector 2 of 2, .*'the'"):
        read_word_vectors(path, VOCABULARY)


def test_vectors_that_no_memory_holds(tmp_path):
    path = tmp_path / "v.txt"
    path.write_bytes(b"the" + b" 1" * 60_000 + b"\n")
    # More than any machine's address space.
    vocabulary = Endless(["", "[UNK]", "the"])
    with pytest.raises(ValueError, match=r"v\.txt' has vectors of 60000"):
        read_word_vectors(path, vocabulary)


class Endless(list):
    """A list that says it has more entries than there are."""

    def __len__(self):
        return 1 << 44


@pytest.mark.parametrize("name", ["v.txt", "v.bin"])
def test_memory_does_not_grow_with_a_line(tmp_path, name):
    path = tmp_path / f"{name}.gz"
    begin = text(header=True) if name == "v.txt" else b"9 3\n"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(begin + b"the")
        for _ in range(100):
            file.write(bytes([120]) * (1 << 20))
    tracemalloc.start()
    with pytest.raises(ValueError, match=r"line has over|ends after 0"):
        read_word_vectors(path, VOCABULARY)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 40e6


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
        ("v.txt", b"a\t1\t2\nthe\t1\t2\n", "parted by spaces"),
        ("v.txt", b"a\t1 2\nthe\t1 2\n", "parted by spaces"),
        ("v.txt", b"a  1 2\nthe  1 2\n", "parted by spaces"),
        ("v.txt", b"\x80\x04\x95\0\0\0\0 \0 pickle", "holds no word vectors"),
        ("v.txt", b"a 1 2\nthe 1 x\n", r"v.txt:2: expected 2 finite numbers"),
        ("v.txt", b"a 1 2\nb 1 2\nthe 1\n", r"v.txt:3: expected 2 finite"),
        ("v.txt", b"2 2\na 1 2\nthe nan 2\n", r"v.txt:3: expected 2 finite"),
        ("v.txt", b"a 1 2\nthe 1e39 2\n", r"v.txt:2: expected 2 finite"),
        ("v.txt", b"9 2\na 1 2\nthe 1 2\n", "ends after 2 of 9 vectors"),
        ("v.txt", b"3 1" + b"0" * 30 + b"\nthe 1\n", "holds no word vectors"),
        ("v.txt", b"3 " + b"1" * 5000 + b"\nthe 1\n", "holds no word vectors"),
        ("v.txt", b"the" + b" 1" * 70_000 + b"\n", "65536 at most"),
        ("v.txt", b"a 1\nthe " + b"1" * (5 << 20), r"v.txt:2: the line has"),
        ("v.gz", gzip.compress(text() * 99)[:-20], "is damaged"),
        ("v.gz", text(), "is damaged"),
        ("v.zip", text(), "is damaged"),
        ("v.zip", patched("encrypted"), "is encrypted, password required"),
        ("v.zip", patched("method"), "packed in a way that can't be read"),
        ("v.zip", patched("lzma"), "is damaged"),
        ("v.zip", patched("bzip2"), "is damaged"),
        ("v.bin", binary(b"")[:-5], "ends after 6 of 7 vectors"),
        ("v.bin", b"9 2\nthe" + b"x" * (9 << 20), "ends after 0 of 9 vectors"),
        ("v.bin", b"1" * 5000 + binary(b"")[1:], "ends after 7 of 1"),
    ],
    # Archives hold the time they were made at, and ids are the same everywhere.
    ids=itertools.count(),
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
