"""The loss that is mixed, and metrics that count both labels of a mixture."""

import dataclasses

from keras import ops, tree

from keras_amp.mixup.backend import Step
from keras_amp.mixup.per_example_loss import PerExampleLoss
from keras_amp.mixup.setting import Setting


class Compiled(Step):
    """A training step with the loss and the metrics of `compile`.

    Args:
        model: The classifier.
        name: String, the wrapper's name.

    Attributes:
        per_example_loss: The compiled loss as `keras_amp.mixup.Pairs` takes
            it.
    """

    @property
    def metrics_variables(self):
        """Keras' own, and the settings: all that only a step reads."""
        return [*super().metrics_variables, *Setting.variables_of(self)]

    def compile(
        self,
        optimizer="rmsprop",
        loss=None,
        loss_weights=None,
        metrics=None,
        weighted_metrics=None,
        **kwargs,
    ):
        """Configures training as `keras.Model.compile` does.

        Raises:
            ValueError: If there is not exactly one loss, or `loss_weights`.
        """
        self.per_example_loss = PerExampleLoss(loss)
        if loss_weights is not None:
            raise ValueError(
                "`loss_weights` weighs several losses, and there is one. "
                f"Received: loss_weights={loss_weights!r}"
            )
        metrics, weighted_metrics = map(_flat, (metrics, weighted_metrics))
        self._num_weighted_metrics = len(weighted_metrics)
        super().compile(
            optimizer,
            loss,
            metrics=metrics,
            weighted_metrics=weighted_metrics,
            **kwargs,
        )

    def total_loss(self, pairs, y_pred):
        """This replica's share of the loss; `tf.distribute` sums them.

        Args:
            pairs: `Pairs`, with the labels' λ.
            y_pred: Predictions for the mixtures.

        Returns:
            A scalar, the loss of the pairs and the model's penalties.
        """
        loss = pairs.total_loss(self.per_example_loss, y_pred)
        if self.per_example_loss.reduction != "sum":
            loss /= self.num_replicas()
        return loss + self.penalties(loss.dtype)

    def penalties(self, dtype):
        """This replica's share of the penalties of all passes up to now."""
        total = ops.zeros((), dtype)
        for penalty in self.losses:
            total += ops.cast(ops.sum(penalty), dtype) / self.num_replicas()
        return total

    def count(self, outcome):
        """Updates every metric after a step; override to count more.

        Args:
            outcome: The `Outcome` of the step.
        """
        y_pred = outcome.y_pred
        pairs = dataclasses.replace(outcome.pairs, lam=outcome.lam)
        metrics = {metric.name: metric for metric in self.metrics}
        metrics["loss"].update_state(
            outcome.loss * self.num_replicas(),
            sample_weight=ops.shape(pairs.lam)[0],
        )
        compiled = metrics.get("compile_metrics")
        if compiled is None:
            return
        if not compiled.built:
            compiled.build(pairs.y, y_pred)
        num_unweighted = len(compiled.metrics) - self._num_weighted_metrics
        # Of labels per position, all axes but that of the classes.
        shape = ops.shape(y_pred)[:-1]
        for index, metric in enumerate(compiled.metrics):
            own, other = pairs.shares(index >= num_unweighted, shape)
            metric.update_state(pairs.y, y_pred, sample_weight=own)
            metric.update_state(pairs.y_partner, y_pred, sample_weight=other)


def _flat(metrics):
    """Metrics of the one output, of whatever structure, as a list."""
    return [one for one in tree.flatten(metrics) if one is not None]
