"""The steps of the authors' released code where it leaves the paper.

Options of the experiments, to find out what makes AMP work. None of them is
part of `keras_amp`; `docs/choices.md` has the list.
"""

import contextlib

import keras
import tensorflow as tf
from keras import ops

import keras_amp
from keras_amp import policy
from keras_amp.mixup.hidden import mix_hidden
from keras_amp.mixup.pairs import Pairs
from keras_amp.mixup.per_example_loss import PerExampleLoss

WINDOW = 5  # batches, over which re-weighting knows the gains


class BinaryCrossEntropy(keras.losses.Loss):
    """Binary cross-entropies of the softmax's classes, summed over them.

    The loss takes int labels `(batch,)` and logits `(batch, classes)`.
    """

    def call(self, y_true, y_pred):
        labels = ops.one_hot(ops.cast(y_true, "int32"), y_pred.shape[-1])
        # log(1 - p) of a softmax, without the cancellation of 1 - p.
        log_p = ops.log_softmax(y_pred)
        others = ops.where(
            ops.eye(y_pred.shape[-1], dtype="bool"),
            -float("inf"),
            log_p[:, None, :],
        )
        log_not_p = ops.logsumexp(others, axis=-1)
        losses = -labels * log_p - (1 - labels) * log_not_p
        return ops.sum(losses, axis=-1)


def loss_of(released):
    """The loss that the options ask for, of int labels and logits."""
    if released.binary_cross_entropy:
        return BinaryCrossEntropy()
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


class ReleasedMixup(keras_amp.AdversarialMixup):
    """AMP by the letter of Eq. 19, with the released code's steps as options.

    Both losses are differentiated, and selected by a mask: slower than
    `AdversarialMixup`, and with no option set the same step.

    Args:
        released: `Released`.
        *args, epsilon, **kwargs: Of `keras_amp.AdversarialMixup`, but for
            `min_op`; `epsilon` stays what it is.
    """

    def __init__(self, *args, released, epsilon, **kwargs):
        super().__init__(*args, epsilon=epsilon, **kwargs)
        self.released = released
        self._step_size = epsilon
        # Number, sum and sum of squares of the last batches' gains above 0.
        self.gains = self.add_weight(
            name="gains",
            shape=(WINDOW, 3),
            initializer="zeros",
            dtype="float32",
            trainable=False,
        )

    def train_step(self, data):
        x, y, _ = keras.utils.unpack_x_y_sample_weight(data)
        lam, partner = self.draw(ops.shape(y)[0])
        pairs = Pairs.of_batch(y, None, lam, partner)
        with tf.GradientTape() as tape:
            hidden = self.lower(x, training=True)
            loss, grad = self._first_pass(tape, hidden, pairs)
            lam_adv = policy.ascend(lam, grad, self._step_size)
            loss_adv, y_pred = self._pass(hidden, pairs, lam_adv)
            gain = tf.stop_gradient(loss_adv - loss)
            mask = policy.adversarial_mask(0.0, gain)
            final = policy.select(mask, loss_adv, loss)
            if self.released.reweight:
                final *= self._weigh(gain)
            total = ops.mean(final) + sum(self.losses)
        weights = self.trainable_weights
        gradients = tape.gradient(total, weights)
        self.optimizer.apply_gradients(zip(gradients, weights, strict=True))

        self.record_search(lam, policy.select(mask, lam_adv, lam), gain)
        for metric in self.metrics:
            if metric.name == "loss":
                metric.update_state(total, sample_weight=ops.shape(y)[0])
        return self.compute_metrics(x, y, y_pred)

    def _first_pass(self, tape, hidden, pairs):
        """The loss of each pair at its λ, and its gradient by λ."""
        # In the scope no seed moves on: the second pass draws the same noise.
        is_fresh = self.released.fresh_noise
        scope = contextlib.nullcontext if is_fresh else keras.StatelessScope
        lam = tf.identity(pairs.lam)
        with tf.GradientTape(watch_accessed_variables=False) as search:
            search.watch(lam)
            with scope():
                loss, _ = self._pass(hidden, pairs, lam)
            total = ops.sum(loss)
        with tape.stop_recording():
            grad = search.gradient(total, lam)
            if self.released.mean_gradient:
                grad /= ops.cast(ops.shape(grad)[0], grad.dtype)
        return loss, grad

    def _pass(self, hidden, pairs, lam_inputs):
        """The loss of each pair, its inputs mixed at λ, and the logits."""
        mixed = mix_hidden(hidden, pairs.partner, lam_inputs, self.upper)
        y_pred = self.upper(mixed, training=True)
        return pairs.loss(PerExampleLoss(self.loss), y_pred), y_pred

    def _weigh(self, gain):
        """1, and more by the z-score of a gain that is above average.

        Mean and standard deviation are those of the gains above 0 in the last
        `WINDOW` batches.
        """
        positive = ops.where(gain > 0, gain, 0.0)
        newest = ops.stack(
            [
                ops.sum(ops.cast(gain > 0, "float32")),
                ops.sum(positive),
                ops.sum(ops.square(positive)),
            ]
        )
        self.gains.assign(ops.concatenate([self.gains[1:], newest[None]]))
        count, total, squares = ops.unstack(ops.sum(self.gains, axis=0))
        mean = ops.divide_no_nan(total, count)
        variance = ops.divide_no_nan(squares - total * mean, count - 1)
        deviation = ops.sqrt(ops.maximum(variance, 0.0))
        score = ops.divide_no_nan(gain - mean, deviation)
        return 1.0 + ops.where(gain > mean, score, 0.0)
