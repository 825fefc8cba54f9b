"""What is measured of a trained classifier, beside its error."""

from typing import Any

import keras
import numpy as np
from keras import ops

from keras_amp import policy
from keras_amp.mixup import mix_hidden

NUM_BINS = 15
CHUNK = 50  # pairs of sentences at once


def calibration_error(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """The expected calibration error, in %.

    Predictions are sorted into bins of equal width by their confidence, the
    highest probability; the error is the mean distance between confidence and
    accuracy of the bins, weighted by their predictions (Guo et al. 2017).

    Args:
        probabilities: Float array of shape `(examples, classes)`.
        labels: Int array of shape `(examples,)`.

    Returns:
        Float, from 0 to 100.

    Examples:
        >>> import numpy as np
        >>> sure_and_half_right = np.array([[1.0, 0.0], [1.0, 0.0]])
        >>> calibration_error(sure_and_half_right, np.array([0, 1]))
        50.0
    """
    confidence = probabilities.max(axis=1)
    is_right = probabilities.argmax(axis=1) == labels
    bins = np.minimum((confidence * NUM_BINS).astype(int), NUM_BINS - 1)
    surplus = np.bincount(bins, confidence - is_right, NUM_BINS)
    return float(100 * np.abs(surplus).sum() / len(labels))


def predict_probabilities(
    classifier: keras.Model, batches: Any
) -> tuple[np.ndarray, np.ndarray]:
    """The classifier's probabilities and the labels of some batches.

    Args:
        classifier: A `keras.Model` from ids to logits.
        batches: A `tf.data.Dataset` of ids and labels.

    Returns:
        Float array `(examples, classes)`, int array `(examples,)`.
    """
    logits, labels = [], []
    for ids, of_batch in batches:
        logits.append(classifier.predict_on_batch(ids))
        labels.append(of_batch.numpy())
    probabilities = ops.softmax(np.concatenate(logits))
    return np.asarray(probabilities), np.concatenate(labels)


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
        losses.append(np.asarray(loss)[: len(first)])
    return np.stack(losses)
