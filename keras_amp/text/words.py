"""Raw text to word ids, inside the graph."""

import keras

from keras_amp.extras import WhenUsed

tf = WhenUsed("tensorflow", "keras_amp.text", "tensorflow")

_CONTRACTIONS = r"('s|'ve|n't|'re|'d|'ll)"
_PUNCTUATION = r"([,!?()])"
_CHUNK = 4096  # texts at once


@keras.saving.register_keras_serializable(package="keras_amp")
def standardize(
    text, letters=r"\p{L}\p{M}\p{N}", split_contractions=True, lowercase=True
):
    """Separates the words of a text by single spaces, as Kim (2014) did.

    Keeps letters, digits and `(),!?'` + backquote, and turns all else into
    spaces; parts `,!?()` and English contractions from the word before; and
    lowercases. Kim keeps ASCII letters only; this keeps those of every script.

    Args:
        text: String tensor of any shape. Bytes that are not UTF-8 count as
            neither letters nor digits.
        letters: String, the inside of an RE2 character class: what may be
            part of a word. `"A-Za-z0-9"` is Kim's.
        split_contractions: Bool, whether to part `'s`, `n't` and the like.
        lowercase: Bool.

    Returns:
        String tensor of the same shape.

    Examples:
        >>> text = "Who's “afraid” of Änne (or V. Woolf)?"
        >>> standardize(text).numpy().decode()
        "who 's afraid of änne ( or v woolf ) ?"
    """
    text = tf.strings.unicode_transcode(
        text, "UTF-8", "UTF-8", replace_control_characters=True
    )
    text = tf.strings.regex_replace(text, "[’‘]", "'")
    text = tf.strings.regex_replace(text, rf"[^{letters}(),!?'`]", " ")
    if split_contractions:
        text = tf.strings.regex_replace(text, _CONTRACTIONS, r" \1")
        text = tf.strings.regex_replace(text, _PUNCTUATION, r" \1 ")
    text = tf.strings.strip(tf.strings.regex_replace(text, r"\s+", " "))
    return tf.strings.lower(text, encoding="utf-8") if lowercase else text


@keras.saving.register_keras_serializable(package="keras_amp")
class WordTokenizer(keras.layers.TextVectorization):
    """A `TextVectorization` that cuts what is too long before it pads.

    One very long text among many makes no wide tensor of them all.

    Args:
        max_length: Int, words of a text at most; `None` for all.
        **kwargs: As of `keras.layers.TextVectorization`, but for
            `output_mode` and `output_sequence_length`: it makes ids, padded
            to the longest.

    Raises:
        ValueError: If `max_length` is below 1, or one of these two is given.
    """

    def __init__(self, max_length=None, **kwargs):
        if max_length is not None and max_length < 1:
            raise ValueError(
                "`max_length` must be above 0, or `None` to cut nothing. "
                f"Received: {max_length}"
            )
        for name, only in (
            ("output_mode", "int"),
            ("output_sequence_length", None),
        ):
            if kwargs.get(name, only) != only:
                raise ValueError(
                    f"`{name}` must be {only!r}: this makes ids, padded to the "
                    "longest. `keras.layers.TextVectorization` makes others. "
                    f"Received: {name}={kwargs[name]!r}"
                )
        # Elsewhere Keras refuses ragged ids, and pads before this layer cuts.
        ragged = keras.backend.backend() == "tensorflow"
        super().__init__(**{**kwargs, "ragged": ragged})
        self.max_length = max_length

    def call(self, inputs):
        ids = super().call(inputs)[..., : self.max_length]
        # Of a single string, ids are no ragged tensor.
        return ids.to_tensor() if isinstance(ids, tf.RaggedTensor) else ids

    def get_config(self):
        return {**super().get_config(), "max_length": self.max_length}


def words_of(texts, max_words=None, **settings):
    """The words of some texts, the most frequent first.

    They are counted a part of the texts at a time: of a million at once, the
    words take gigabytes.

    Args:
        texts: List of strings.
        max_words: Int, the number of ids they may have, 0 and 1 included.
        **settings: Other ones of `keras.layers.TextVectorization`.

    Returns:
        List of strings.

    Examples:
        >>> words_of(["to be or not to be", "to do"], 4)
        ['to', 'be']
    """
    learner = keras.layers.TextVectorization(
        max_words, standardize=standardize, **settings
    )
    for begin in range(0, len(texts), _CHUNK):
        some = texts[begin : begin + _CHUNK]
        learner.update_state(tf.constant(some, dtype=tf.string))
    learner.finalize_state()
    words = learner.get_vocabulary(include_special_tokens=False)
    return [str(word) for word in words]


def word_tokenizer(
    texts=None, vocabulary=None, max_words=None, max_length=None
):
    """A layer from sentences to word ids, with a vocabulary of its own.

    Id 0 is padding, 1 any unknown word, and the words follow, most frequent
    first. The layer works inside `tf.data` pipelines and SavedModels; where
    Keras runs on another backend, outside of them alone.

    Args:
        texts: Sequence of strings to learn the vocabulary from.
        vocabulary: Sequence of words, instead of `texts`, as `standardize`
            makes them: one with a capital letter is never met.
        max_words: Int, how many ids to learn at most, 0 and 1 included.
        max_length: Int, words of a sentence at most; what is longer is cut
            off, in training and in an export alike. `None` cuts nothing.

    Returns:
        A `WordTokenizer`, which is a `keras.layers.TextVectorization`, from
        a string tensor of shape `(batch,)` to int64 ids of shape
        `(batch, longest)`.

    Raises:
        TypeError: If it is one string, or holds something that is none.
        ValueError: If not exactly one of `texts` and `vocabulary` is given,
            there is no word in it, or `max_length` is below 1.

    Examples:
        >>> tokenizer = word_tokenizer(["to be or not to be", "to do"])
        >>> tokenizer(["To be?"]).numpy().tolist()
        [[2, 3, 1]]
    """
    if (texts is None) == (vocabulary is None):
        raise ValueError("Give either `texts` or a `vocabulary`.")
    given = "vocabulary" if texts is None else "texts"
    _check_strings(given, vocabulary if texts is None else texts)
    if texts is not None:
        vocabulary = words_of(list(texts), max_words)
    # A vocabulary that is given, not learned, is part of the layer's config.
    vocabulary = [str(word) for word in vocabulary]
    if not vocabulary:
        raise ValueError("There is not one word to learn a vocabulary from.")
    return WordTokenizer(
        max_length, standardize=standardize, vocabulary=vocabulary
    )


def _check_strings(name, given):
    if isinstance(given, (str, bytes)):
        raise TypeError(
            f"`{name}` must be a sequence of strings, and is one. "
            f"Received: {name}={given[:60]!r}"
        )
    for index, one in enumerate(given):
        if not isinstance(one, (str, bytes)):
            raise TypeError(
                f"`{name}` must hold strings and nothing else. "
                f"Received: {one!r:.60} at {index}"
            )
