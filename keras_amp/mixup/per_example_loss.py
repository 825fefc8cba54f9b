"""One loss value per example, from whatever `compile` was given as a loss."""

import keras
from keras import ops, tree

from keras_amp.masks import mask_of

# For these, each column of the labels is a label of its own: the class at a
# position, or a yes or no.
_LABELS_OF_COLUMNS = (
    keras.losses.SparseCategoricalCrossentropy,
    keras.losses.BinaryCrossentropy,
    keras.losses.BinaryFocalCrossentropy,
)
_THEIR_FUNCTIONS = (
    keras.losses.sparse_categorical_crossentropy,
    keras.losses.binary_crossentropy,
    keras.losses.binary_focal_crossentropy,
)


class PerExampleLoss:
    """Evaluates a Keras loss without reducing it over the batch.

    Labels may also be per position, such as `(batch, time)`; then so are the
    losses.

    Args:
        loss: What `keras.Model.compile` takes for a model with one output: a
            name, a function of `(y_true, y_pred)`, a `keras.losses.Loss`, or
            a list or dict that holds one of these.

    Attributes:
        reduction: The loss's own; `None` is taken for the mean, as one number
            is needed to train on.

    Raises:
        ValueError: If `loss` is missing, is several, or names no loss.

    Examples:
        >>> loss = PerExampleLoss("mse")
        >>> y, y_pred = keras.ops.zeros((2, 3)), keras.ops.ones((2, 3))
        >>> values, counted = loss(y, y_pred)
        >>> keras.ops.convert_to_numpy(values).tolist(), counted
        ([1.0, 1.0], None)
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

    def check_one_class(self, y):
        """Raises `ValueError` if the loss reads several labels per example.

        Args:
            y: Labels of shape `(batch, ...)`.
        """
        function = getattr(self._loss, "function", None)
        reads_columns = (
            isinstance(self._loss, _LABELS_OF_COLUMNS)
            or function in _THEIR_FUNCTIONS
        )
        if reads_columns and len(y.shape) > 1 and y.shape[1] != 1:
            raise ValueError(
                "Partners by class need one class per example, and the loss "
                "takes each column of the labels for one of its own. Draw "
                "partners in a `draw` of your own. Received: y of shape "
                f"{tuple(y.shape)}"
            )

    def each(self, pairs, y_pred):
        """The losses of all outputs: of the one that there is.

        Args:
            pairs: `Pairs`.
            y_pred: Predictions for their mixtures.

        Returns:
            A list of tuples: loss, its weight, pairs and predictions.
        """
        (predicted,) = tree.flatten(y_pred)  # of a dict with one key, too
        return [(self, 1.0, pairs, predicted)]

    def __call__(self, y_true, y_pred):
        """Returns the losses, and which of them count.

        Args:
            y_true: Labels of shape `(batch, ...)`.
            y_pred: Predictions, which may carry a mask.

        Returns:
            Losses of shape `(batch, ...)`; and a float tensor of that shape, 0
            where Keras leaves a loss out (a masked position, a class that is
            to be ignored) and else 1, or `None` if all count.

        Raises:
            ValueError: If the loss returns one number for the whole batch.
        """
        values = self._values(y_true, y_pred)
        if len(values.shape) == 0 and len(y_pred.shape) == 1:
            # Keras' losses take the mean over the last axis, here the batch.
            y_true, y_pred = (
                ops.expand_dims(one, -1) if len(one.shape) == 1 else one
                for one in (y_true, y_pred)
            )
            values = self._values(y_true, y_pred)
        if len(values.shape) == 0:
            raise ValueError(
                "The loss must return one value per example, but it returned "
                "a single number. Leave the mean over the batch to Keras."
            )
        counted = None
        for tensor in (y_pred, values):
            mask = mask_of(tensor)
            if mask is None:
                continue
            if len(mask.shape) != len(values.shape):
                raise ValueError(
                    f"A mask of shape {tuple(mask.shape)} is left on the "
                    "predictions, and the losses have shape "
                    f"{tuple(values.shape)}. Pool over the masked axis with a "
                    "layer that takes its mask away."
                )
            mask = ops.cast(mask, values.dtype)
            counted = mask if counted is None else counted * mask
        return values, counted

    def _values(self, y_true, y_pred):
        if type(self._loss).__call__ is not keras.losses.Loss.__call__:
            return self._loss(y_true, y_pred)
        dtype = self._loss.dtype
        return self._loss.call(
            ops.convert_to_tensor(y_true, dtype),
            ops.convert_to_tensor(y_pred, dtype),
        )


class PerOutputLoss:
    """A `PerExampleLoss` for each of several outputs.

    Args:
        losses: List of `PerExampleLoss`, `None` for outputs without.
        weights: List of floats, `loss_weights`.
    """

    def __init__(self, losses, weights):
        self._parts = list(zip(losses, weights, strict=True))

    def each(self, pairs, y_pred):
        """As of `PerExampleLoss`, for the outputs that have a loss."""
        predictions = tree.flatten(y_pred)
        return [
            (loss, weight, pairs.of_output(index), predictions[index])
            for index, (loss, weight) in enumerate(self._parts)
            if loss is not None
        ]


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
