"""The loss that is mixed, and metrics that count both labels of a mixture."""

import dataclasses

import keras
from keras import ops, tree

from keras_amp.mixup.backend import Step
from keras_amp.mixup.per_example_loss import PerExampleLoss, PerOutputLoss
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

        Of a model with several outputs, `loss`, `loss_weights` and metrics are
        lists in the outputs' order, or dicts by their names; one `loss` that
        is in neither is that of all outputs.

        Raises:
            ValueError: If there is no loss, or not one for each output, or if
                there are `loss_weights` and but one output.
        """
        outputs = self.outputs_of_model
        if outputs.are_several:
            loss, loss_weights = self._compile_several(loss, loss_weights)
        else:
            self.per_example_loss = PerExampleLoss(loss)
            if loss_weights is not None:
                raise ValueError(
                    "`loss_weights` weighs several losses, and there is one. "
                    f"Received: loss_weights={loss_weights!r}"
                )
        metrics = self._metrics_of_each(metrics, "metrics")
        weighted = self._metrics_of_each(weighted_metrics, "weighted_metrics")
        self._metric_places = [
            (output, are_weighted)
            for are_weighted, of_all in ((False, metrics), (True, weighted))
            for output, of_one in enumerate(of_all)
            for _ in of_one
        ]
        # `None` leaves Keras with the metrics of an earlier `compile`.
        self._compile_metrics = None
        super().compile(
            optimizer,
            loss,
            loss_weights=loss_weights,
            # For a dict, if but of empty lists, Keras asks for all labels.
            metrics=outputs.pack(metrics) if any(metrics) else None,
            weighted_metrics=outputs.pack(weighted) if any(weighted) else None,
            **kwargs,
        )

    def _compile_several(self, loss, loss_weights):
        """Sets the losses of several outputs, and returns them for Keras."""
        outputs = self.outputs_of_model
        number = len(outputs.names)
        if not tree.is_nested(loss):
            loss = [loss] * number
        losses = outputs.of_each(loss, "loss")
        if loss_weights is None:
            loss_weights = [1.0] * number
        weights = outputs.of_each(loss_weights, "loss_weights")
        weights = [1.0 if one is None else float(one) for one in weights]
        if all(one is None for one in losses):
            raise ValueError(f"`loss` must hold one. Received: loss={loss!r}")
        self.per_example_loss = PerOutputLoss(
            [None if one is None else PerExampleLoss(one) for one in losses],
            weights,
        )
        return outputs.pack(losses), outputs.pack(weights)

    def _metrics_of_each(self, metrics, argument):
        """A list of metrics for each output, from what `compile` was given."""
        outputs = self.outputs_of_model
        if outputs.are_several and metrics is not None:
            of_each = outputs.of_each(metrics, argument)
        else:
            of_each = [metrics] * len(outputs.names)
        return [
            [one for one in tree.flatten(of_one) if one is not None]
            for of_one in of_each
        ]

    def total_loss(self, pairs, y_pred):
        """This replica's share of the loss; `tf.distribute` sums them.

        Args:
            pairs: `Pairs`, with the labels' λ.
            y_pred: Predictions for the mixtures.

        Returns:
            A scalar, the loss of the pairs and the model's penalties.
        """
        loss = pairs.total_loss(
            self.per_example_loss, y_pred, self.num_replicas()
        )
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
        outputs = self.outputs_of_model
        if outputs.are_several:
            self._count_losses(pairs, y_pred)
        compiled = metrics.get("compile_metrics")
        if compiled is None:
            return
        if not compiled.built:
            with self.making_variables():
                compiled.build(outputs.pack(tree.flatten(pairs.y)), y_pred)
        predictions = tree.flatten(y_pred)
        for (output, are_weighted), metric in zip(
            self._metric_places, compiled.metrics, strict=True
        ):
            of_output, predicted = pairs.of_output(output), predictions[output]
            # Of labels per position, all axes but that of the classes.
            shape = ops.shape(predicted)[:-1] or ops.shape(predicted)
            own, other = of_output.shares(are_weighted, shape)
            for y, share in (
                (of_output.y, own),
                (of_output.y_partner, other),
            ):
                _update(metric, y, predicted, share)

    def _count_losses(self, pairs, y_pred):
        """Updates the mean that Keras keeps of each output's own loss."""
        if not self._compile_loss.built:
            y = self.outputs_of_model.pack(pairs.y)
            with self.making_variables():
                self._compile_loss.build(y, y_pred)
        means = self._compile_loss.metrics  # none for a single loss
        parts = self.per_example_loss.each(pairs, y_pred)
        for mean, (loss, _, of_output, predicted) in zip(
            means, parts, strict=bool(means)
        ):
            mean.update_state(
                of_output.total_loss(loss, predicted),
                sample_weight=ops.shape(pairs.lam)[0],
            )


def _update(metric, y, predicted, share):
    """Updates a metric with one label of each mixture, weighed by its share."""
    if len(predicted.shape) == 1:  # What has one axis is taken for the classes.
        predicted = ops.expand_dims(predicted, -1)
        y = ops.expand_dims(y, -1) if len(y.shape) == 1 else y
    if type(metric) is keras.metrics.MeanMetricWrapper:
        values = metric._fn(y, predicted, **metric._fn_kwargs)
        if len(ops.shape(values)) == 0:  # a function's, of the whole batch
            keras.metrics.Mean.update_state(metric, values, ops.mean(share))
            return
    metric.update_state(y, predicted, sample_weight=share)
