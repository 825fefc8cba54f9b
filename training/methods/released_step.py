"""The steps of the authors' released code where it leaves the paper.

Options of the experiments, to find out what makes AMP work. None of them is
part of `keras_amp`; `docs/choices.md` has the list.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import keras
from keras import ops

import keras_amp
from keras_amp import policy
from keras_amp.mixup import Found, Pairs, mix_hidden
from training.methods.released import Released

WINDOW = 5  # batches, over which re-weighting knows the gains


class ReleasedMixup(keras_amp.AdversarialMixup):
    """AMP with the released code's steps as options.

    With no option set it is `AdversarialMixup`, to the last bit. The released
    code has one device, one place, float32, the mean of the losses and no
    sample weights; what its steps would be elsewhere, nobody knows.

    Args:
        model: As of `keras_amp.AdversarialMixup`.
        mix_at: Name of one layer.
        released: `Released`.
        **kwargs: As of `keras_amp.AdversarialMixup`, but for `min_op`.

    Raises:
        ValueError: If `mix_at` is a list; from `compile`, if the
            model is one of several replicas, the optimizer scales the loss or
            the loss has another `reduction` than the mean over the batch;
            from a step, if there are sample weights.
    """

    def __init__(
        self, model: keras.Model, mix_at: Any, released: Released, **kwargs: Any
    ) -> None:
        super().__init__(model, mix_at, min_op=True, **kwargs)
        if not isinstance(self.mix_at, str):
            raise ValueError(
                "`mix_at` must name one layer, as the released code mixes at "
                f"one place. Received: mix_at={mix_at!r}"
            )
        self.released = released
        # Number, sum and sum of squares of the last batches' gains above 0.
        self.gains = self.add_weight(
            name="gains",
            shape=(WINDOW, 3),
            initializer="zeros",
            dtype="float32",
            trainable=False,
        )

    def compile(self, *args: Any, **kwargs: Any) -> None:
        super().compile(*args, **kwargs)
        replicas = self.distribute_strategy.num_replicas_in_sync
        if replicas > 1:
            raise ValueError(
                "The released code's steps know one replica: its gains are "
                "those of the whole batch. Train without a strategy. "
                f"Received: a strategy of {replicas} replicas"
            )
        scales = isinstance(self.optimizer, keras.optimizers.LossScaleOptimizer)
        if scales or self.optimizer.loss_scale_factor:
            raise ValueError(
                "`optimizer` must not scale the loss, as the released code "
                "trains in float32; `compile(auto_scale_loss=False)` keeps "
                "Keras from doing so in mixed_float16. "
                f"Received: optimizer={self.optimizer!r}"
            )
        reduction = self.per_example_loss.reduction
        if reduction != "sum_over_batch_size":
            raise ValueError(
                "`loss` must have the reduction 'sum_over_batch_size', as the "
                "released code trains on the mean of the losses. "
                f"Received: a loss with reduction={reduction!r}"
            )

    def train_step(self, data: Any) -> Any:
        _, _, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        if sample_weight is not None:
            raise ValueError(
                "`sample_weight` and `class_weight` must be None, as the "
                "released code has none. Received: "
                f"sample_weight={sample_weight!r}"
            )
        return super().train_step(data)

    def choose_lam(self, upper: Callable, hidden: list, pairs: Pairs) -> Found:
        if not self.released.fresh_noise:
            return super().choose_lam(upper, hidden, pairs)
        # One scope around both passes: from one to the other seeds move on.
        with keras.StatelessScope():
            return super().choose_lam(upper, hidden, pairs)

    def search_loss(
        self, upper: Callable, hidden: list, pairs: Pairs, lam_inputs: Any
    ) -> Any:
        if not self.released.fresh_noise:
            return super().search_loss(upper, hidden, pairs, lam_inputs)
        y_pred = _predict(upper, hidden, pairs, lam_inputs)
        return pairs.loss(self.per_example_loss, y_pred)

    def search_gradient(
        self, upper: Callable, hidden: list, pairs: Pairs
    ) -> tuple[Any, Any]:
        loss, grad = super().search_gradient(upper, hidden, pairs)
        if self.released.mean_gradient:
            grad /= ops.cast(ops.shape(grad)[0], grad.dtype)
        return loss, grad

    def train_at(
        self, upper: Callable, hidden: list, pairs: Pairs, found: Found
    ) -> tuple[Any, Any, Any]:
        if self.released.reweight:
            weight = self._weigh(found.gain)
            pairs = dataclasses.replace(
                pairs, weight=weight, weight_partner=weight
            )
        if not self.released.fresh_noise:
            return super().train_at(upper, hidden, pairs, found)
        # Each example is trained on under the noise that it was compared by.
        y_pred = _predict(upper, hidden, pairs, pairs.lam)
        y_pred_adv = _predict(upper, hidden, pairs, found.lam)
        mask = policy.adversarial_mask(0.0, found.gain)
        y_pred = ops.where(mask[:, None], y_pred_adv, y_pred)
        return self.total_loss(pairs, y_pred), y_pred, pairs.lam

    def _weigh(self, gain: Any) -> Any:
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


def _predict(
    upper: Callable, hidden: list, pairs: Pairs, lam_inputs: Any
) -> Any:
    """One pass of `upper`, as it trains, on inputs mixed at λ."""
    mixed = mix_hidden(hidden, pairs.partner, lam_inputs, upper)
    return upper(mixed, training=True)
