"""BERT encoders: pretrained ones from where they lie, and new ones."""

from pathlib import Path

import keras
import numpy as np

from keras_amp.backbones.bert_checkpoint import (
    is_checkpoint,
    read_bert_checkpoint,
)
from keras_amp.backbones.bert_names import (
    BERT_NAMES,
    POOLING_FILE,
    WHAT_WOULD_DO,
    downloaded,
    find_bert,
)
from keras_amp.backbones.bert_weights import read_config
from keras_amp.backbones.hugging_face import (
    is_hugging_face,
    read_hugging_face,
)
from keras_amp.backbones.model_garden import (
    is_model_garden,
    read_model_garden,
)
from keras_amp.errors import one_line
from keras_amp.extras import needed

# Layers, size and attention heads (Turc et al., 2019).
BERT_SIZES = {
    "tiny": (2, 128, 2),
    "mini": (4, 256, 4),
    "small": (4, 512, 8),
    "medium": (8, 512, 8),
    "base": (12, 768, 12),
    "large": (24, 1024, 16),
}


def random_bert(size, vocabulary_size, max_length=512):
    """A BERT encoder with random weights.

    Args:
        size: `"tiny"`, `"mini"`, `"small"`, `"medium"`, `"base"` or
            `"large"`: from 2 layers of 128 features to 24 of 1024.
        vocabulary_size: Int, number of word pieces.
        max_length: Int, pieces of a sentence at most.

    Returns:
        A `keras_hub.models.BertBackbone`.

    Raises:
        ValueError: If there is no such size.
        ImportError: If `keras-hub` is missing.

    Examples:
        >>> encoder = random_bert("tiny", vocabulary_size=50)
        >>> model = keras_amp.BERT(encoder, num_classes=3)
    """
    if size not in BERT_SIZES:
        raise ValueError(
            f"`size` must be one of {', '.join(BERT_SIZES)}. Received: {size!r}"
        )
    num_layers, hidden_dim, num_heads = BERT_SIZES[size]
    return _keras_hub().models.BertBackbone(
        vocabulary_size=vocabulary_size,
        num_layers=num_layers,
        num_heads=num_heads,
        hidden_dim=hidden_dim,
        intermediate_dim=4 * hidden_dim,
        max_sequence_length=max_length,
    )


def load_bert(source):
    """A pretrained BERT encoder.

    Args:
        source: A name of `keras_amp.backbones.BERT_NAMES`, such as
            `"all-MiniLM-L6-v2"`, looked for below the folder of the
            environment variable `KERAS_AMP_MODELS`, then on the hub; the
            handle of a keras-hub preset, which is fetched and kept, such as
            `"bert_base_en_uncased"` or `"hf://bert-base-uncased"`; or a
            folder with

            - a keras-hub preset (`config.json`, `model.weights.h5`),
            - a Hugging Face model (`config.json`, `model.safetensors`), read
              for its activation, norms and dropout too, or
            - a checkpoint of Google's BERT or the Model Garden
              (`bert_config.json`, `bert_model.ckpt.*`);

            or an encoder of the Model Garden itself, a `BertEncoderV2` or
            `BertEncoder` of `official.nlp.modeling.networks`.

    Returns:
        A `keras_hub.models.BertBackbone`.

    Raises:
        ValueError: If there is no BERT there, it is damaged, or it can't be
            reached.
        TypeError: If it is another object.
        ImportError: If `keras-hub` is missing.
    """
    hub, source = _keras_hub(), find_bert(source)
    if is_model_garden(source):
        encoder = _built(*read_model_garden(source))
    elif is_checkpoint(source):
        encoder = _built(*read_bert_checkpoint(source))
    elif is_hugging_face(folder := downloaded(source)):
        encoder = _built(*read_hugging_face(folder))
    else:
        encoder = _from_preset(hub.models, source)
    for weight in encoder.weights:
        # Some formats have no checksum, and training would blame itself.
        if not np.all(np.isfinite(keras.ops.convert_to_numpy(weight))):
            raise ValueError(
                f"The BERT encoder at '{source}' is damaged: '{weight.path}' "
                "has a number that is not finite. Fetch it again."
            )
    return encoder


def _built(config, weights):
    # Not before it is used: it is a class of keras-hub's.
    from keras_amp.backbones.bert_backbone import BertBackbone

    encoder = BertBackbone(**config)
    encoder.set_weights(weights)
    return encoder


def _from_preset(models, source):
    try:
        return models.BertBackbone.from_preset(str(source))
    except ImportError:
        raise
    except Exception as error:  # Kaggle, Hugging Face, HDF5: each has its own.
        raise ValueError(
            f"There is no BERT encoder at '{source}', or it can't be reached. "
            f"{WHAT_WOULD_DO} It is {one_line(error)}"
        ) from error


def load_bert_pooling(source):
    """What a pretrained encoder was pooled by, for `keras_amp.BERT`.

    Args:
        source: As for `load_bert`.

    Returns:
        `"mean"` for a model of sentence-transformers whose files
        (`1_Pooling/config.json`) or name say so, else `"first"`.

    Raises:
        ValueError: If what it says can't be read, or it can't be reached.

    Examples:
        >>> load_bert_pooling("bert_base_en_uncased")
        'first'
    """
    if not isinstance(source, str | Path):
        return "first"
    folder = downloaded(find_bert(source))
    path = Path(folder) / POOLING_FILE
    if path.is_file():
        is_mean = read_config(path, _is_mean, "says no pooling")
    else:
        identity = BERT_NAMES.get(source, str(source).removeprefix("hf://"))
        is_mean = identity.startswith("sentence-transformers/")
    return "mean" if is_mean else "first"


def _is_mean(config):
    is_named = config.get("pooling_mode") == "mean"
    return is_named or config.get("pooling_mode_mean_tokens") is True


def _keras_hub():
    return needed("keras_hub", "BERT", '"keras_amp[bert]"')
