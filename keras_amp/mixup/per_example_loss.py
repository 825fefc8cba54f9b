"""One loss value per example, from whatever `compile` was given as a loss."""

import keras
from keras import ops, tree


class PerExampleLoss:
    """Evaluates a Keras loss without reducing it over the batch.

    Args:
        loss: What `keras.Model.compile` takes for a model with one output: a
            name, a function of `(y_true, y_pred)`, a `keras.losses.Loss`, or
            a list or dict that holds one of these.

    Raises:
        ValueError: If `loss` is missing, is several, or names no loss.

    Examples:
        >>> loss = PerExampleLoss("mse")
        >>> loss(keras.ops.zeros((2, 3)), keras.ops.ones((2, 3)))
        <tf.Tensor: shape=(2,), dtype=float32, numpy=array([1., 1.], ...)>
    """

    def __init__(self, loss):
        given = [one for one in tree.flatten(loss) if one is not None]
        if len(given) != 1:
            raise ValueError(
                "`compile` needs exactly one `loss`, the one that is mixed, "
                'such as "sparse_categorical_crossentropy". '
                f"Received: loss={loss!r}"
            )
        if given[0] in ("crossentropy", "ce"):
            raise ValueError(
                "Say which cross-entropy: 'sparse_categorical_crossentropy', "
                "'categorical_crossentropy' or 'binary_crossentropy'. "
                f"Received: loss={loss!r}"
            )
        loss = keras.losses.get(given[0])
        if not isinstance(loss, keras.losses.Loss):
            loss = FunctionLoss(loss)
        self.reduction = loss.reduction
        # A copy, as the user's own loss evaluates. Not `copy.copy`, which goes
        # through the config, and that of a user's class may be incomplete.
        self._loss = object.__new__(type(loss))
        vars(self._loss).update(vars(loss), reduction=None)

    def __call__(self, y_true, y_pred):
        """Returns the loss of each example, of shape `(batch,)`.

        Losses with a value per position, such as `(batch, time)`, are averaged
        over the positions of each example.
        """
        values = self._loss(y_true, y_pred)
        if len(values.shape) == 0:
            raise ValueError(
                "The loss must return one value per example, but it returned "
                "a single number. Leave the mean over the batch to Keras."
            )
        return ops.mean(values, axis=tuple(range(1, len(values.shape))))

    def reduce(self, values, weights):
        """Reduces mixed losses over the batch, as the loss itself would.

        Args:
            values: Float tensor of shape `(batch,)`, already weighted.
            weights: Float tensor of shape `(batch,)`, the weights in `values`.

        Returns:
            A scalar. Reduction `None` is taken for the mean, as one number is
            needed to train on.
        """
        if self.reduction == "sum":
            return ops.sum(values)
        if self.reduction == "mean_with_sample_weight":
            return ops.divide_no_nan(ops.sum(values), ops.sum(weights))
        return ops.mean(values)


class FunctionLoss(keras.losses.Loss):
    """A bare loss function, given labels of the predictions' rank."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def call(self, y_true, y_pred):
        missing = len(y_pred.shape) - len(y_true.shape)
        if missing == 1 and y_pred.shape[-1] == 1:
            y_true = ops.expand_dims(y_true, axis=-1)
        elif missing == -1 and y_true.shape[-1] == 1:
            y_true = ops.squeeze(y_true, axis=-1)
        return self.function(y_true, y_pred)
