"""Files of word vectors: GloVe's and word2vec's, packed or not, streamed."""

import contextlib
import gzip
import io
import re
import statistics
import zipfile

import numpy as np

_CHUNK = 1 << 22  # bytes; no line and no word is as long
_LARGEST = 1 << 16  # numbers of a vector
_HEADER = re.compile(rb"(\d+) (\d+)\s*\n")


@contextlib.contextmanager
def unpacked(path):
    """Opens a file of word vectors, a `.gz` or the largest file in a `.zip`.

    Yields:
        A buffered reader of what it holds, and a function that says how many
        bytes of the file itself are read. What can't be unpacked is a
        `ValueError` whenever it is met.
    """
    with path.open("rb", _CHUNK) as packed:
        if path.suffix in (".gz", ".zip"):
            raw = _Unpacked(packed, path)
            with io.BufferedReader(raw, _CHUNK) as file:
                yield file, packed.tell
        else:
            yield packed, packed.tell


class _Unpacked(io.RawIOBase):
    """What a packed file holds; all its errors name the file."""

    def __init__(self, packed, path):
        super().__init__()
        self._path = path
        with self._named_errors():
            self._member = _member(packed, path)

    def readable(self):
        return True

    def readinto(self, buffer):
        with self._named_errors():
            return self._member.readinto(buffer)

    @contextlib.contextmanager
    def _named_errors(self):
        try:
            yield
        except Exception as error:  # gzip, zip, bzip2, LZMA: each has its own.
            raise ValueError(
                f"'{self._path}' is damaged, or packed in a way that can't be "
                f"read here ({error}); fetch it again, or unpack it yourself"
            ) from error


def _member(packed, path):
    if path.suffix == ".gz":
        return gzip.GzipFile(fileobj=packed)
    archive = zipfile.ZipFile(packed)
    members = archive.infolist()
    if not members:
        raise ValueError("it holds no file")
    # glove.6B.zip holds vectors of four sizes; the largest is 300.
    return archive.open(max(members, key=lambda member: member.file_size))


def vectors_of(file, path, words):
    """The vectors of some words, in the order of a file.

    Args:
        file: What `unpacked` yields.
        path: Path, for messages.
        words: Container of lower-cased strings.

    Returns:
        Int, the number of a vector's numbers; iterator of `(word, vector)` for
        those whose lower-cased word is in `words`.

    Raises:
        ValueError: If the file holds no vectors; the iterator, if it comes to
            a broken one.
    """
    start = file.peek(_CHUNK)[:_CHUNK]
    header = _HEADER.match(start)
    if header:
        # More digits than these are as wrong as these.
        count, size = (int(digits[:18]) for digits in header.groups())
    else:
        # Words may hold spaces, so one line alone doesn't tell the size.
        lines = start.split(b"\n", 100)[:100]
        count = 0
        size = statistics.mode(len(line.split()) - 1 for line in lines)
    if 1 <= size <= _LARGEST:
        if header:
            file.readline()
        if header and _is_binary(start[header.end() :], size):
            return size, _of_binary(file, path, count, size, words)
        if b"\0" not in start[:1000] and _are_lines(start, size):
            return size, _of_text(file, path, count, size, words)
    raise ValueError(
        f"'{path}' holds no word vectors: expected lines of a word and its "
        f"numbers, {_LARGEST} at most, parted by spaces (GloVe, word2vec "
        "text), or word2vec's binary format; packed as .gz or .zip if you like"
    )


def _is_binary(start, size):
    """Whether what begins like this is no line of a word and its numbers."""
    _, *values = start.partition(b"\n")[0].rstrip().rsplit(b" ", size)
    return len(_numbers(values)) != size


def _are_lines(start, size):
    """Says whether most first lines are words and numbers, one space apart."""
    *lines, _ = start.split(b"\n", 101)
    parts = [line.rstrip().rsplit(b" ", size) for line in lines[:100]]
    return not parts or 2 * sum(
        len(_numbers(values)) == size and word == word.rstrip()
        for word, *values in parts
    ) >= len(parts)


def _numbers(values):
    """Float32 array of some bytes strings; an empty one if they are none."""
    try:
        with np.errstate(over="ignore"):  # an infinity is refused by itself
            return np.array(values, dtype="float32")
    except ValueError:
        return np.array([], "float32")


def _of_text(file, path, count, size, words):
    """Reads lines; `count` is 0 where no header has said it."""
    first_words = {word.split(" ")[0] for word in words}
    number = before = 1 if count else 0  # the header
    lines = iter(lambda: file.readline(_CHUNK + 1), b"")
    for number, line in enumerate(lines, start=before + 1):
        if len(line) > _CHUNK:
            raise ValueError(
                f"{path}:{number}: the line has over {_CHUNK >> 20} MB, which "
                f"is no word and {size} numbers; it begins {line[:60]!r}"
            )
        first = line.partition(b" ")[0].decode("utf-8", "replace")
        if first.lower() not in first_words:
            continue
        word, *values = line.rstrip().rsplit(b" ", size)
        vector = _numbers(values)
        if len(vector) != size or not np.all(np.isfinite(vector)):
            raise ValueError(
                f"{path}:{number}: expected {size} finite numbers after the "
                f"word {first[:60]!r}, but the line is {line[:60]!r}"
            )
        word = word.decode("utf-8", "replace")
        if word.lower() in words:
            yield word, vector
    if number - before < count:
        raise ValueError(
            f"'{path}' ends after {number - before} of {count} vectors; fetch "
            "it again"
        )


def _of_binary(file, path, count, size, words):
    buffer, start = b"", 0
    for number in range(count):
        while True:
            space = buffer.find(b" ", start)
            end = space + 1 + 4 * size
            if space >= 0 and end <= len(buffer):
                break
            chunk = file.read(_CHUNK)
            if not chunk or (space < 0 and len(buffer) - start > _CHUNK):
                raise ValueError(
                    f"'{path}' ends after {number} of {count} vectors, or what "
                    "follows is none; fetch it again"
                )
            buffer, start = buffer[start:] + chunk, 0
        word = buffer[start:space].lstrip(b"\n").decode("utf-8", "replace")
        vector = np.frombuffer(buffer, "<f4", size, space + 1)
        start = end
        if word.lower() not in words:
            continue
        if not np.all(np.isfinite(vector)):
            raise ValueError(
                f"'{path}': vector {number + 1} of {count}, of the word "
                f"{word[:60]!r}, has a number that is not finite; the file is "
                "damaged or of another format"
            )
        yield word, vector
