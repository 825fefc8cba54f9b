"""BERT as a sentence classifier."""

import keras
from keras import layers, ops

from keras_amp.backbones.masking import MeanPooling

POOLINGS = ("first", "mean")


def BERT(  # noqa: N802 (named as a class, like the models of Keras)
    encoder, num_classes, dropout=0.1, l2=0.0, pooling="first", name="bert"
):
    """Builds a classifier on a BERT encoder (Devlin et al., 2019; paper §4.2).

    What is pooled from the encoder goes through dropout and one dense layer.
    Its two places to mix are the layers `"word"`, what the encoder's first
    block receives (the embedded pieces with their positions, normalised), and
    `"sentence"`, the pooled features before dropout.

    Id 0 is padding, to the right of the pieces, and never influences the
    result. A mixture of sentences lives as long as the longer one; where the
    shorter one has ended, its part is the embedding of `[PAD]`.

    Args:
        encoder: A `keras_hub.models.BertBackbone`, from `load_bert`,
            `random_bert` or of your own. Its layers are shared, not copied.
        num_classes: Int, number of classes.
        dropout: Float in [0, 1), dropout rate on the pooled output; the
            encoder has its own.
        l2: Float, L2 penalty on the last layer's weights.
        pooling: `"first"`, the features of the first piece through the
            encoder's own dense layer, as BERT was trained; or `"mean"`, the
            mean of the features of all pieces, as the models of
            sentence-transformers were, whose dense layer was not;
            `load_bert_pooling` says which it is.
        name: String, the model's name.

    Returns:
        A Functional `keras.Model` from int ids of shape `(batch, time)`, as
        `keras_amp.text.WordPieceTokenizer` makes them, to logits of shape
        `(batch, num_classes)`.

    Raises:
        TypeError: If `encoder` is none.
        ValueError: If `pooling` is neither.

    Examples:
        >>> encoder = keras_amp.random_bert("tiny", vocabulary_size=50)
        >>> model = BERT(encoder, num_classes=3)
        >>> tuple(model(keras.ops.array([[2, 7, 3, 0], [2, 9, 4, 3]])).shape)
        (2, 3)

    References:
        - [BERT](https://arxiv.org/abs/1810.04805), Devlin et al., 2019.
    """
    if pooling not in POOLINGS:
        raise ValueError(
            f"`pooling` must be one of {', '.join(POOLINGS)}. "
            f"Received: {pooling!r}"
        )
    if not hasattr(encoder, "token_embedding"):
        raise TypeError(
            "`encoder` must be an encoder, such as `load_bert` returns of a "
            f"name. Received: {encoder!r:.80} of type {type(encoder).__name__}"
        )
    ids = keras.Input((None,), dtype="int32", name="ids")
    is_piece = ops.not_equal(ids, 0)
    tokens = encoder.token_embedding(ids)
    parts = (
        tokens,
        encoder.position_embedding(tokens),
        encoder.segment_embedding(ops.zeros_like(ids)),
    )
    embedded = encoder.embeddings_layer_norm(encoder.embeddings_add(parts))
    embedded = encoder.embeddings_dropout(embedded)
    features = layers.Identity(name="word")(embedded)
    for block in encoder.transformer_layers:
        features = block(features, padding_mask=is_piece)
    if pooling == "first":
        pooled = encoder.pooled_dense(features[:, 0, :])
    else:
        pooled = MeanPooling(name="mean")(features, is_piece)
    sentence = layers.Identity(name="sentence")(pooled)
    sentence = layers.Dropout(dropout, name="dropout")(sentence)
    logits = layers.Dense(
        num_classes,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.02),
        kernel_regularizer=keras.regularizers.L2(l2) if l2 else None,
        dtype="float32",
        name="logits",
    )(sentence)
    return keras.Model(ids, logits, name=name)
