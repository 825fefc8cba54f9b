"""Word vectors of a file, read once per vocabulary and kept beside the runs."""

import hashlib
from pathlib import Path

import numpy as np
from rich.progress import Progress, TextColumn

from keras_amp.text import WordVectors, read_word_vectors
from keras_amp.whole import remove_abandoned
from training.arrays import read_arrays, write_arrays
from training.terminal import shown


def load_vectors(
    path: str | Path, vocabulary: list[str], cache_dir: str | Path
) -> WordVectors:
    """The vectors of a vocabulary's words, from a cache if it has them.

    Args:
        path: Path of a file of word vectors.
        vocabulary: List of strings.
        cache_dir: Path of a folder, made if it is not there.

    Returns:
        `keras_amp.text.WordVectors`.

    Raises:
        FileNotFoundError, ValueError: As `keras_amp.text.read_word_vectors`;
            and if the file has none of the words.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(
            f"--embeddings: there is no file '{path}'; name one of GloVe's or "
            "word2vec's, or 'random'"
        )
    remove_abandoned(cache_dir)
    cached = Path(cache_dir) / f"{_digest(path, vocabulary)}.npz"
    if words := _read(cached, len(vocabulary)):
        return words
    description = TextColumn("{task.description}", markup=False)
    _, *bar = Progress.get_default_columns()
    with Progress(description, *bar, transient=True) as progress:
        task = progress.add_task(f"Reading {shown(path.name)}", total=1.0)
        words = read_word_vectors(
            path,
            vocabulary,
            lambda share: progress.update(task, completed=share),
        )
    if not words.is_found.any():
        raise ValueError(
            f"--embeddings: '{path}' has none of the {len(vocabulary) - 2} "
            "words to train on; is it of another language?"
        )
    arrays = {"vectors": words.vectors, "is_found": words.is_found}
    write_arrays(cached, arrays)
    return words


def _digest(path: Path, vocabulary: list[str]) -> str:
    state = path.stat()
    parts = [path.resolve(), state.st_size, state.st_mtime_ns, *vocabulary]
    text = "\n".join(map(str, parts))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:20]


def _read(cached: Path, size: int) -> WordVectors | None:
    """The vectors of a cache; `None` if there is none or it is damaged."""
    try:
        arrays = read_arrays(cached) if cached.is_file() else {}
    except (OSError, ValueError):
        return None
    if arrays.keys() != {"vectors", "is_found"}:
        return None
    vectors, is_found = arrays["vectors"], arrays["is_found"]
    fits = (
        vectors.ndim == 2
        and (vectors.dtype, len(vectors)) == (np.dtype("float32"), size)
        and (is_found.dtype, is_found.shape) == (np.dtype(bool), (size,))
        and np.all(np.isfinite(vectors))
    )
    return WordVectors(vectors, is_found) if fits else None
