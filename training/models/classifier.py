"""From options to a tokenizer, a classifier and its wrapper."""

import keras

import keras_amp
from keras_amp.text import WordPieceTokenizer, word_tokenizer
from training.data.vector_cache import load_vectors
from training.methods.released import BinaryCrossEntropy, ReleasedMixup

LAYERS = {"word": "word", "sent": "sentence", "nonlinear": "sentence"}


def build_tokenizer(options, texts):
    """Words of the training texts, or the word pieces of BERT.

    Args:
        options: `TrainOptions`, resolved.
        texts: List of strings to train on.

    Returns:
        A layer from strings `(batch,)` to ids `(batch, time)`.

    Raises:
        ValueError, FileNotFoundError: If BERT's vocabulary can't be had.
    """
    if options.backbone != "bert":
        return word_tokenizer(
            texts, max_words=options.max_words, max_length=options.max_length
        )
    if options.vocabulary:
        known = {"vocabulary": options.vocabulary}
    else:
        try:
            known = keras_amp.load_bert_vocabulary(options.bert)
        except ValueError as error:
            raise ValueError(
                f"--bert: {error} Or begin at random: --bert tiny --vocabulary "
                "vocab.txt"
            ) from error
    return WordPieceTokenizer(**known, max_length=options.max_length)


def load_words(options, tokenizer):
    """The pretrained vectors that the options ask for, or `None`.

    Returns:
        `keras_amp.text.WordVectors`, one row per word of the tokenizer.

    Raises:
        ValueError, FileNotFoundError: As `load_vectors`.
    """
    if options.backbone == "bert" or options.embeddings == "random":
        return None
    return load_vectors(
        options.embeddings,
        tokenizer.get_vocabulary(),
        options.records_dir / ".vectors",
    )


def build_classifier(options, tokenizer, num_classes, words=None):
    """The backbone that the options ask for, from ids to logits.

    Args:
        options: `TrainOptions`, resolved.
        tokenizer: What `build_tokenizer` made.
        num_classes: Int.
        words: `keras_amp.text.WordVectors` to begin with, or `None`.

    Returns:
        A `keras.Model`.

    Raises:
        ValueError, FileNotFoundError: If pretrained weights can't be had, or
            don't fit.
    """
    settings = {"dropout": options.dropout, "l2": options.l2}
    size = tokenizer.vocabulary_size()
    if options.backbone == "bert":
        encoder, pooling = _encoder(options, size)
        return keras_amp.BERT(
            encoder,
            num_classes,
            pooling=options.pooling or pooling,
            **settings,
        )
    backbones = {"cnn": keras_amp.TextCNN, "bilstm": keras_amp.BiLSTM}
    backbone = backbones[options.backbone]
    if words is None:
        return backbone(size, num_classes, **settings)
    matrix = words.embeddings(options.seed)
    model = backbone(size, num_classes, matrix.shape[1], **settings)
    embedding = model.get_layer("embedding")
    embedding.set_weights([matrix])
    embedding.trainable = not options.freeze_embeddings
    return model


def wrap(classifier, options):
    """The classifier, wrapped for the method that the options ask for."""
    place, _, adversarial = options.method.partition("-")
    if place == "none":
        return classifier
    common = {"alpha": options.alpha, "seed": options.seed}
    if place == "nonlinear":
        return keras_amp.NonlinearMixup(classifier, LAYERS[place], **common)
    if not adversarial:
        return keras_amp.Mixup(classifier, LAYERS[place], **common)
    common["epsilon"] = options.epsilon
    if options.released.changes_the_step:
        return ReleasedMixup(
            classifier, LAYERS[place], released=options.released, **common
        )
    return keras_amp.AdversarialMixup(
        classifier, LAYERS[place], min_op=options.min_op, **common
    )


def loss_of(options):
    """The loss that the options ask for, of int labels and logits."""
    if options.released.binary_cross_entropy:
        return BinaryCrossEntropy()
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def _encoder(options, vocabulary_size):
    """The encoder to begin with, and what it was pooled by."""
    if options.bert in keras_amp.backbones.BERT_SIZES:
        encoder = keras_amp.random_bert(
            options.bert, vocabulary_size, max(512, options.max_length)
        )
        return encoder, "first"
    encoder = keras_amp.load_bert(options.bert)
    if vocabulary_size > encoder.vocabulary_size:
        raise ValueError(
            f"--vocabulary: '{options.vocabulary}' has {vocabulary_size} "
            f"pieces, but '{options.bert}' knows {encoder.vocabulary_size}"
        )
    if options.max_length > encoder.max_sequence_length:
        raise ValueError(
            f"--max-length must be at most {encoder.max_sequence_length} for "
            f"'{options.bert}', not {options.max_length}"
        )
    return encoder, keras_amp.load_bert_pooling(options.bert)
