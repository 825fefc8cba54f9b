"""What is measured of a trained classifier, beside its error."""

from typing import Any

import keras
import numpy as np
from keras import ops

from keras_amp import policy
from keras_amp.mixup import mix_hidden
from training.run.calibration import Outputs

CHUNK = 50  # pairs of sentences at once


def predict_logits(classifier: keras.Model, batches: Any) -> Outputs:
    """The classifier's logits and the labels of some batches.

    Args:
        classifier: A `keras.Model` from ids to logits.
        batches: Of ids and labels, as `training.run.batches` makes them.
    """
    logits, labels = [], []
    for ids, of_batch in batches:
        logits.append(classifier.predict_on_batch(ids))
        labels.append(np.asarray(of_batch))
    return Outputs(np.concatenate(logits), np.concatenate(labels))


def loss_along_lam(
    model: Any, ids: np.ndarray, labels: np.ndarray, num_points: int
) -> dict:
    """The cross-entropy of mixtures of sentences at each λ (paper §4.7).

    Sentence k of a fixed shuffle is mixed with sentence k from its end, so
    that the mean over all sentences is symmetric in λ.

    Args:
        model: A `keras_amp.Mixup`; what it mixes is mixed.
        ids: Int array of shape `(examples, time)`.
        labels: Int array of shape `(examples,)`.
        num_points: Int, values of λ from 0 to 1.

    Returns:
        Dict with `lam`, a list of floats; `mean`, the mean losses at these;
        and `pairs`, the losses of the first two pairs.
    """
    order = np.random.default_rng(0).permutation(len(labels))
    first = order[: (len(order) + 1) // 2]
    second = order[::-1][: len(first)]
    lams = np.linspace(0, 1, num_points)
    losses = np.concatenate(
        [
            _losses(model, ids, labels, first[i : i + CHUNK], other, lams)
            for i in range(0, len(first), CHUNK)
            for other in [second[i : i + CHUNK]]
        ],
        axis=1,
    )
    # Every pair also stands the other way around, but one with itself.
    weights = np.where(first == second, 1, 2) / len(labels)
    mean = losses @ weights
    return {
        "lam": lams.tolist(),
        "mean": ((mean + mean[::-1]) / 2).tolist(),
        "pairs": losses[:, :2].T.tolist(),
    }


def _losses(
    model: Any,
    ids: np.ndarray,
    labels: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
    lams: np.ndarray,
) -> np.ndarray:
    """Losses of shape `(lams, pairs)`."""
    both = np.concatenate([first, second])
    partner = np.roll(np.arange(len(both)), len(first))
    hidden = model.lower(ops.convert_to_tensor(ids[both]), training=False)
    losses = []
    for lam in lams:
        lam = ops.full((len(both),), lam, dtype="float32")
        mixed = mix_hidden(hidden, partner, lam, model.upper)
        logits = model.upper(mixed, training=False)
        own, other = (
            keras.losses.sparse_categorical_crossentropy(
                y, logits, from_logits=True
            )
            for y in (labels[both], labels[both[partner]])
        )
        loss = policy.mixup_loss(own, other, lam)
        losses.append(ops.convert_to_numpy(loss)[: len(first)])
    return np.stack(losses)
