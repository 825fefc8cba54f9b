"""How much of a text a tokenizer knows."""

from keras_amp.extras import WhenUsed

tf = WhenUsed("tensorflow", "keras_amp.text", "tensorflow")


_UNKNOWN = "[UNK]"
_NO_WORDS = ("", "[PAD]", "[CLS]", "[SEP]")


def count_unknown(ids, vocabulary):
    """Counts the words of texts, or their pieces, and the unknown ones.

    Args:
        ids: Int tensor of shape `(batch, time)`, what a `WordTokenizer` or
            `WordPieceTokenizer` made of texts.
        vocabulary: List of strings, the tokenizer's `get_vocabulary()`.

    Returns:
        Two float32 tensors of shape `(batch,)`: how many are unknown, and how
        many there are, padding and marks such as `[CLS]` not counted.

    Raises:
        ValueError: If the vocabulary has no `[UNK]`.

    Examples:
        >>> tokenizer = keras_amp.text.word_tokenizer(["to be or not"])
        >>> ids = tokenizer(["to do or not to do", ""])
        >>> unknown, words = count_unknown(ids, tokenizer.get_vocabulary())
        >>> unknown.numpy().tolist(), words.numpy().tolist()
        ([2.0, 0.0], [6.0, 0.0])
    """
    known_as = {str(word): index for index, word in enumerate(vocabulary)}
    if _UNKNOWN not in known_as:
        raise ValueError(
            f"`vocabulary` must hold {_UNKNOWN}, as what `get_vocabulary()` "
            f"returns does. Received: {len(known_as)} words"
        )

    def count(word):
        is_word = tf.cast(ids == known_as[word], "float32")
        return tf.reduce_sum(is_word, axis=1)

    size = tf.cast(tf.shape(ids)[1], "float32")
    marks = [count(mark) for mark in _NO_WORDS if mark in known_as]
    return count(_UNKNOWN), size - tf.add_n(marks)
