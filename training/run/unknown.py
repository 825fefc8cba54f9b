"""What to say of texts most of whose words a classifier does not know."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from training.data.dataset import Dataset
from training.models.backbones import BACKBONES
from training.options.model_options import ModelOptions
from training.terminal import shown

_INSTEAD = (
    "--backbone bert reads unknown words in pieces, and those of other "
    "languages with a multilingual encoder such as --bert bert_base_multi"
)


def before_training(
    dataset: Dataset, tokenizer: Any, options: ModelOptions
) -> str | None:
    """A sentence if most of the words to be tested on are unknown.

    Args:
        dataset: A `Dataset`.
        tokenizer: Layer from strings to ids, made from its training texts.
        options: `ModelOptions`.

    Returns:
        String, or `None` if most words are known.
    """
    # Not before they are used: answers need no Keras.
    import tensorflow as tf

    from keras_amp.text import count_unknown
    from training.run.ids import ids_of

    ids = ids_of(tokenizer, dataset.dev.texts + dataset.test.texts).values
    counts = count_unknown(ids[None], tokenizer.get_vocabulary())
    unknown, words = (float(tf.reduce_sum(count)) for count in counts)
    if 2 * unknown <= words:
        return None
    share = f"{unknown / words:.0%} of the dev and test texts'"
    if not BACKBONES[options.backbone].reads_words:
        return (
            f"{share} word pieces are [UNK], not in its vocabulary: is it "
            "for another language? --bert bert_base_multi is for many."
        )
    return (
        f"{share} words are in no training text, and all the same to this "
        f"classifier; {_INSTEAD}."
    )


def in_answers(
    texts: Sequence[str], shares: Sequence[float] | np.ndarray
) -> str | None:
    """A sentence if most words of some texts are unknown.

    Args:
        texts: List of strings.
        shares: List of floats, the unknown part of each.

    Returns:
        String, or `None` if most words of each text are known.
    """
    pairs = zip(texts, shares, strict=True)
    unknown = [text for text, share in pairs if share > 0.5]
    if not unknown:
        return None
    return (
        f"Most words of {len(unknown)} of {len(texts)} texts are unknown to "
        f"this classifier, such as of '{shown(unknown[0], 60)}': these answers "
        f"mean little. Train on texts like these; {_INSTEAD}."
    )
