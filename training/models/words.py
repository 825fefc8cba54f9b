"""Classifiers of words and what they begin with, from options."""

import keras_amp
from keras_amp import text
from training.data.vector_cache import load_vectors


def word_tokenizer(options, texts):
    """The words of the training texts."""
    return text.word_tokenizer(
        texts, max_words=options.max_words, max_length=options.max_length
    )


def load_words(options, tokenizer):
    """The pretrained vectors that the options ask for, or `None`.

    Returns:
        `keras_amp.text.WordVectors`, one row per word of the tokenizer.

    Raises:
        ValueError, FileNotFoundError: As `load_vectors`.
    """
    if options.embeddings == "random":
        return None
    return load_vectors(
        options.embeddings,
        tokenizer.get_vocabulary(),
        options.records_dir / ".vectors",
    )


def build_on_words(name, options, tokenizer, num_classes, words=None):
    """A classifier of words.

    Args:
        name: String, that of a function of `keras_amp`.
        options: `TrainOptions`, resolved.
        tokenizer: What `word_tokenizer` made.
        num_classes: Int.
        words: `keras_amp.text.WordVectors` to begin with, or `None`.

    Returns:
        A `keras.Model` from ids to logits.
    """
    backbone = getattr(keras_amp, name)
    settings = {"dropout": options.dropout, "l2": options.l2}
    size = tokenizer.vocabulary_size()
    if words is None:
        return backbone(size, num_classes, **settings)
    matrix = words.embeddings(options.seed)
    model = backbone(size, num_classes, matrix.shape[1], **settings)
    embedding = model.get_layer("embedding")
    embedding.set_weights([matrix])
    embedding.trainable = not options.freeze_embeddings
    return model
