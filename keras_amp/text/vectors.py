"""Pretrained word vectors, streamed from the files they are published in."""

import dataclasses
import gzip
import io
import re
import statistics
import zipfile
import zlib
from pathlib import Path

import numpy as np

_CHUNK = 1 << 22
_HEADER = re.compile(rb"(\d+) (\d+)\s*\n")


@dataclasses.dataclass(frozen=True)
class WordVectors:
    """Vectors for the words of a vocabulary, as far as a file has them.

    Attributes:
        vectors: Float32 array of shape `(words, size)`, 0 where not found.
        is_found: Bool array of shape `(words,)`.
    """

    vectors: np.ndarray
    is_found: np.ndarray

    def embeddings(self, seed, limit=0.01):
        """A matrix to begin training with.

        Args:
            seed: Int, of the vectors that the file doesn't have.
            limit: Float; those are drawn uniformly from ±`limit`.

        Returns:
            Float32 array of shape `(words, size)`; row 0, padding, is 0.
        """
        rng = np.random.default_rng(seed)
        drawn = rng.uniform(-limit, limit, self.vectors.shape)
        matrix = np.where(self.is_found[:, None], self.vectors, drawn)
        matrix[0] = 0
        return matrix.astype("float32")

    def coverage(self, ids):
        """How much of some text has a vector from the file.

        Args:
            ids: Int array of any shape; 0 is padding.

        Returns:
            Dict of two floats from 0 to 1: the share of the different words
            ("types") and of all words ("tokens").
        """
        counts = np.bincount(np.ravel(ids), minlength=len(self.is_found))
        counts[0] = 0
        types = np.count_nonzero(counts[self.is_found]) / max(
            1, np.count_nonzero(counts)
        )
        tokens = counts[self.is_found].sum() / max(1, counts.sum())
        return {"types": float(types), "tokens": float(tokens)}


def read_word_vectors(path, vocabulary, on_progress=None):
    r"""Reads the vectors of a vocabulary's words from GloVe or word2vec files.

    Text (`word v1 v2 …` a line, with or without word2vec's first line of
    counts) and word2vec's binary format are told apart by their content; either
    may be gzipped (`.gz`) or in a `.zip`, whose largest file is read. The file
    is streamed: what is kept in memory is the vocabulary's vectors.

    A word has the vector of the same word, else the first one that differs in
    case alone. Words of a text file may hold spaces (GloVe 840B has such).

    Args:
        path: Path of the file.
        vocabulary: Sequence of strings, such as
            `tokenizer.get_vocabulary()`; the first two, padding and unknown,
            are no words.
        on_progress: Function, called now and then with the share of the file
            that is read, from 0 to 1.

    Returns:
        `WordVectors` with a row for each entry of `vocabulary`.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is damaged or in another format.

    Examples:
        >>> import pathlib, tempfile
        >>> path = pathlib.Path(tempfile.mkdtemp(), "vectors.txt")
        >>> _ = path.write_text("the 0.5 1\nParis 2 3\n")
        >>> text = "the paris of the north"
        >>> tokenizer = keras_amp.text.word_tokenizer([text])
        >>> words = read_word_vectors(path, tokenizer.get_vocabulary())
        >>> words.coverage(tokenizer([text]))
        {'types': 0.5, 'tokens': 0.6}
        >>> model = keras_amp.TextCNN(tokenizer.vocabulary_size(), 2, 2)
        >>> embedding = model.get_layer("embedding")
        >>> embedding.set_weights([words.embeddings(seed=0)])
        >>> embedding.trainable = False  # to keep them as they are
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no file of word vectors at '{path}'")
    try:
        with path.open("rb", _CHUNK) as packed, _unpacked(packed) as file:
            places = _places(vocabulary)
            rows = _rows(file, path, places)
            rows = _reporting(rows, packed, path, on_progress)
            return _collect(rows, vocabulary, places)
    except (EOFError, zlib.error, zipfile.BadZipFile, gzip.BadGzipFile) as e:
        raise ValueError(f"'{path}' is damaged: {e}") from e


def _unpacked(packed):
    """A buffered reader of what a file, packed or not, holds."""
    path = Path(packed.name)
    if path.suffix == ".gz":
        return io.BufferedReader(gzip.GzipFile(fileobj=packed), _CHUNK)
    if path.suffix == ".zip":
        archive = zipfile.ZipFile(packed)
        members = archive.infolist()
        if not members:
            raise ValueError(f"'{path}' holds no file")
        # glove.6B.zip holds vectors of four sizes; the largest is 300.
        largest = max(members, key=lambda member: member.file_size)
        return io.BufferedReader(archive.open(largest), _CHUNK)
    return packed


def _collect(rows, vocabulary, places):
    """Keeps, for each word, the exact match or the first in another case."""
    is_exact = np.zeros(len(vocabulary), bool)
    is_found = np.zeros(len(vocabulary), bool)
    vectors = np.zeros((len(vocabulary), 0), "float32")
    for word, vector in rows:
        if not vectors.shape[1]:
            vectors = np.zeros((len(vocabulary), len(vector)), "float32")
        for place in places.get(word.lower(), ()):
            same = vocabulary[place] == word
            if (same and not is_exact[place]) or not is_found[place]:
                vectors[place] = vector
                is_found[place] = True
                is_exact[place] = same
    return WordVectors(vectors, is_found)


def _places(vocabulary):
    """Where each lower-cased word stands; the first two entries are none."""
    places = {}
    for place, word in list(enumerate(vocabulary))[2:]:
        places.setdefault(str(word).lower(), []).append(place)
    return places


def _rows(file, path, places):
    """Pairs `(word, vector)` of the file, others' words left out if possible.

    Raises:
        ValueError: If the file holds no vectors, or a broken one.
    """
    start = file.peek(_CHUNK)[:_CHUNK]
    header = _HEADER.match(start)
    if header:
        count, size = int(header[1]), int(header[2])
        file.readline()
        if _is_binary(start[header.end() :], size):
            return _binary_rows(file, path, count, size)
    else:
        # Words may hold spaces, so one line alone doesn't tell the size.
        lines = start.split(b"\n")[:100]
        size = statistics.mode(len(line.split()) - 1 for line in lines)
    if size < 1 or b"\0" in start[:1000]:
        raise ValueError(
            f"'{path}' holds no word vectors: expected lines of a word and its "
            "numbers, parted by spaces (GloVe, word2vec text), or word2vec's "
            "binary format; packed as .gz or .zip if you like"
        )
    return _text_rows(file, path, size, places, bool(header))


def _is_binary(start, size):
    """Whether what begins like this is no line of a word and its numbers."""
    _, *values = start.partition(b"\n")[0].rstrip().rsplit(b" ", size)
    try:
        return len(np.array(values, dtype="float32")) != size
    except ValueError:
        return True


def _text_rows(file, path, size, places, has_header):
    first_words = {word.split(" ")[0] for word in places}
    for number, line in enumerate(file, start=2 if has_header else 1):
        first = line.partition(b" ")[0].decode("utf-8", "replace")
        if first.lower() not in first_words:
            continue
        word, *values = line.rstrip().rsplit(b" ", size)
        try:
            vector = np.array(values, dtype="float32")
        except ValueError:
            vector = np.array([])
        if len(vector) != size or not np.all(np.isfinite(vector)):
            raise ValueError(
                f"{path}:{number}: expected {size} numbers after the word "
                f"{first!r}, but the line is {line[:60]!r}"
            )
        yield word.decode("utf-8", "replace"), vector


def _binary_rows(file, path, count, size):
    buffer, start = b"", 0
    for number in range(count):
        while True:
            space = buffer.find(b" ", start)
            end = space + 1 + 4 * size
            if space >= 0 and end <= len(buffer):
                break
            chunk = file.read(_CHUNK)
            if not chunk:
                raise ValueError(
                    f"'{path}' ends after {number} of {count} vectors"
                )
            buffer, start = buffer[start:] + chunk, 0
        word = buffer[start:space].lstrip(b"\n").decode("utf-8", "replace")
        yield word, np.frombuffer(buffer, "<f4", size, space + 1)
        start = end


def _reporting(rows, packed, path, on_progress):
    if on_progress is None:
        return rows
    total = max(1, path.stat().st_size)

    def report():
        reported = 0
        for row in rows:
            share = packed.tell() / total
            if share - reported >= 0.01:
                on_progress(reported := share)
            yield row
        on_progress(1.0)

    return report()
