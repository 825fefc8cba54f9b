"""Pretrained word vectors, streamed from the files they are published in."""

import dataclasses
from pathlib import Path

import numpy as np

from keras_amp.text.vector_file import unpacked, vectors_of


@dataclasses.dataclass(frozen=True)
class WordVectors:
    """Vectors for the words of a vocabulary, as far as a file has them.

    Attributes:
        vectors: Float32 array of shape `(words, size)`, 0 where not found.
        is_found: Bool array of shape `(words,)`.
    """

    vectors: np.ndarray
    is_found: np.ndarray

    def embeddings(self, seed, limit=0.01, spread=None):
        """A matrix to begin training with.

        Args:
            seed: Int, of the vectors that the file doesn't have.
            limit: Float; those are drawn uniformly from ±`limit`.
            spread: Float above 0; the vectors of the file are multiplied by one
                number, so that this is the standard deviation of theirs. `None`
                leaves them as they are.

        Returns:
            Float32 array of shape `(words, size)`; row 0, padding, is 0.
        """
        rng = np.random.default_rng(seed)
        drawn = rng.uniform(-limit, limit, self.vectors.shape)
        found = self.vectors
        if spread is not None and self.is_found.any():
            found = found * (spread / np.std(found[self.is_found]))
        matrix = np.where(self.is_found[:, None], found, drawn)
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
        ValueError: If the file is damaged or in another format, or the vector
            of a word of `vocabulary` is not finite.

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
    places = _places(vocabulary)
    with unpacked(path) as (file, tell):
        size, rows = vectors_of(file, path, places)
        rows = _reporting(rows, tell, path, on_progress)
        try:
            vectors = np.zeros((len(vocabulary), size), "float32")
        except MemoryError as error:
            raise ValueError(
                f"'{path}' has vectors of {size} numbers: those of "
                f"{len(vocabulary)} words don't fit into memory"
            ) from error
        return _collect(rows, vectors, vocabulary, places)


def _places(vocabulary):
    """Where each lower-cased word stands; the first two entries are none."""
    places = {}
    for place, word in list(enumerate(vocabulary))[2:]:
        places.setdefault(str(word).lower(), []).append(place)
    return places


def _collect(rows, vectors, vocabulary, places):
    """Keeps, for each word, the exact match or the first in another case."""
    is_exact = np.zeros(len(vocabulary), bool)
    is_found = np.zeros(len(vocabulary), bool)
    for word, vector in rows:
        for place in places[word.lower()]:
            same = vocabulary[place] == word
            if (same and not is_exact[place]) or not is_found[place]:
                vectors[place] = vector
                is_found[place] = True
                is_exact[place] = same
    return WordVectors(vectors, is_found)


def _reporting(rows, tell, path, on_progress):
    if on_progress is None:
        return rows
    total = max(1, path.stat().st_size)

    def report():
        reported = 0
        for row in rows:
            share = tell() / total
            if share - reported >= 0.01:
                on_progress(reported := share)
            yield row
        on_progress(1.0)

    return report()
