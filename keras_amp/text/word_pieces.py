"""Raw text to BERT's word pieces, inside the graph."""

from pathlib import Path

import keras
import numpy as np

from keras_amp.backbones.bert_vocabulary import (
    load_bert_vocabulary,
    read_vocabulary,
)
from keras_amp.extras import WhenUsed, needed

tf = WhenUsed("tensorflow", "keras_amp.text", "tensorflow")

_SPACE = r"[\t\n\r\p{Z}]"
_CONTROL = r"[\p{Cc}\p{Cf}\p{Co}\x{FFFD}]"
_ACCENT = r"\p{Mn}"


@keras.saving.register_keras_serializable(package="keras_amp")
class WordPieceTokenizer(keras.layers.Layer):
    """A layer from sentences to the ids of BERT's word pieces.

    A sentence becomes `[CLS]`, its pieces and `[SEP]`, padded with id 0,
    `[PAD]`. The pieces are those of BERT's own tokenizer: text is cleaned,
    lower-cased and stripped of accents (if `lowercase`), parted at spaces,
    punctuation and Chinese characters, and each word is cut into the longest
    pieces of the vocabulary, or becomes `[UNK]` if there are none or it has
    over 100 bytes. `[MASK]` and the like in a text are nothing but text.

    Needs `tensorflow-text`, whose operations are also part of an export: where
    that is loaded, `import tensorflow_text` must come first.

    Args:
        vocabulary: Sequence of strings, the pieces in the order of their ids;
            or the path of a file with one a line, as `vocab.txt` of BERT.
        lowercase: Bool. By default, text is lower-cased if no piece of the
            vocabulary has an upper-case letter.
        max_length: Int, ids of a sentence at most, `[CLS]` and `[SEP]`
            included; pieces beyond are cut off.
        name: String, the layer's name.

    Call arguments:
        sentences: String tensor of shape `(batch,)`; any bytes.

    Returns:
        Int32 ids of shape `(batch, longest)`.

    Raises:
        FileNotFoundError: If there is no file of that name.
        ValueError: If the vocabulary does not begin with `[PAD]`, lacks one of
            `[UNK]`, `[CLS]`, `[SEP]`, has a piece twice or with a NUL, or
            `max_length` is below 2.
        ImportError: If `tensorflow-text` is missing.

    Examples:
        >>> pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "mix", "##up", "!"]
        >>> tokenizer = WordPieceTokenizer(pieces)
        >>> tokenizer(["Mixup!", ""]).numpy().tolist()
        [[2, 4, 5, 6, 3], [2, 3, 0, 0, 0]]
    """

    def __init__(self, vocabulary, lowercase=None, max_length=512, **kwargs):
        super().__init__(**kwargs)
        known = known_pieces(vocabulary, lowercase, max_length)
        self.vocabulary, self.lowercase, self.max_length = known
        text = _tensorflow_text()
        try:
            self._pieces = text.FastWordpieceTokenizer(
                list(self.vocabulary), token_out_type=tf.int32
            )
        except RuntimeError as error:
            raise ValueError(
                f"{_source(vocabulary)} is damaged or none of BERT's: "
                + " ".join(str(error).split())
            ) from error
        self.built = True

    @classmethod
    def from_preset(cls, source, **kwargs):
        r"""The tokenizer that a pretrained BERT encoder was trained with.

        Args:
            source: As for `keras_amp.load_bert`: a name such as
                `"all-MiniLM-L6-v2"`, a preset or handle of keras-hub, or the
                path of a folder.
            **kwargs: As of `WordPieceTokenizer`; `lowercase` is the source's
                own unless given.

        Returns:
            A `WordPieceTokenizer`.

        Raises:
            ValueError: If there is no vocabulary, or it can't be reached.
            ImportError: If `keras-hub` or `tensorflow-text` is missing.

        Examples:
            >>> import pathlib, tempfile
            >>> folder = pathlib.Path(tempfile.mkdtemp())
            >>> pieces = "[PAD] [UNK] [CLS] [SEP] mix ##up".split()
            >>> _ = (folder / "vocab.txt").write_text("\n".join(pieces))
            >>> _ = (folder / "bert_config.json").write_text("{}")
            >>> tokenizer = WordPieceTokenizer.from_preset(folder)
            >>> tokenizer(["Mixup"]).numpy().tolist()
            [[2, 4, 5, 3]]
        """
        return cls(**{**load_bert_vocabulary(source), **kwargs})

    def __call__(self, sentences):
        # Keras takes no list of strings for a tensor, and elsewhere no tensor
        # of strings.
        sentences = tf.convert_to_tensor(sentences, tf.string)
        if sentences.shape.rank == 0:
            raise ValueError(
                "`sentences` must be of shape (batch,); put one into a list. "
                f"Received: {sentences!s:.60}"
            )
        if keras.backend.backend() == "tensorflow":
            return super().__call__(sentences)
        ids = self.call(sentences)
        is_eager = hasattr(ids, "numpy")
        return keras.ops.convert_to_tensor(ids.numpy()) if is_eager else ids

    def call(self, sentences):
        text = clean(sentences, self.lowercase)
        ids = self._pieces.tokenize(text)[:, : self.max_length - 2]

        def around(piece):
            return tf.fill([ids.nrows(), 1], self.vocabulary.index(piece))

        ids = tf.concat([around("[CLS]"), ids, around("[SEP]")], axis=1)
        return ids.to_tensor()

    def vocabulary_size(self):
        """Number of ids, `[PAD]` included."""
        return len(self.vocabulary)

    def get_vocabulary(self):
        """The pieces in the order of their ids."""
        return list(self.vocabulary)

    def get_config(self):
        return {
            **super().get_config(),
            "vocabulary": list(self.vocabulary),
            "lowercase": self.lowercase,
            "max_length": self.max_length,
        }


def known_pieces(vocabulary, lowercase, max_length):
    """The arguments of a `WordPieceTokenizer`, read, filled in and checked.

    Returns:
        Tuple of the pieces, a tuple of strings; whether text is lower-cased;
        and `max_length`.

    Raises:
        FileNotFoundError, ValueError: As `WordPieceTokenizer`.
    """
    source = _source(vocabulary)
    if isinstance(vocabulary, (str, Path)):
        vocabulary = read_vocabulary(vocabulary)
    vocabulary = tuple(str(piece) for piece in vocabulary)
    _check_vocabulary(vocabulary, source)
    if not isinstance(max_length, (int, np.integer)) or max_length < 2:
        raise ValueError(
            "`max_length` must be an int that leaves room for [CLS] and [SEP], "
            f"2 at least. Received: max_length={max_length!r}"
        )
    if lowercase is None:
        lowercase = not any(
            piece != piece.lower()
            for piece in vocabulary
            if not piece.startswith("[")
        )
    return vocabulary, bool(lowercase), max_length


def clean(text, lowercase):
    r"""Removes what BERT does not read; lower-cases and strips accents.

    Args:
        text: String tensor of any shape.
        lowercase: Bool, whether to lower-case and to strip accents.

    Returns:
        String tensor of the same shape, valid UTF-8.

    Examples:
        >>> clean("Änne\x00 \tMüller", lowercase=True).numpy().decode()
        'anne  muller'
    """
    text = tf.strings.unicode_transcode(text, "UTF-8", "UTF-8")
    text = tf.strings.regex_replace(text, _SPACE, " ")
    text = tf.strings.regex_replace(text, _CONTROL, "")
    if lowercase:
        text = _tensorflow_text().normalize_utf8(text, "NFD")
        text = tf.strings.regex_replace(text, _ACCENT, "")
        text = tf.strings.lower(text, encoding="utf-8")
    return text


def _source(vocabulary):
    if isinstance(vocabulary, (str, Path)):
        return f"The vocabulary '{vocabulary}'"
    return "The vocabulary"


def _check_vocabulary(vocabulary, source):
    missing = {"[UNK]", "[CLS]", "[SEP]"} - set(vocabulary)
    if missing or vocabulary[0] != "[PAD]":
        first = repr(vocabulary[0][:60]) if vocabulary else "nothing"
        raise ValueError(
            f"{source} must begin with [PAD] and hold [UNK], [CLS] and "
            f"[SEP]. Received {len(vocabulary)} pieces that begin with {first}"
            + (f" and lack {', '.join(sorted(missing))}" if missing else "")
        )


def _tensorflow_text():
    return needed("tensorflow_text", "WordPieceTokenizer", '"keras_amp[bert]"')
