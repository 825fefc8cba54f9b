"""One run of a comparison: a new model, trained and asked."""

import dataclasses
import weakref
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import tree

from keras_amp.comparison.batches import shuffled_batches


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How each run is trained.

    Attributes:
        build, optimizer, loss, epochs, batch_size: As of `compare`.
        trained: The variables that a run has trained, as long as there are
            any, by their `id`: variables compare by what they hold.
    """

    build: Callable[[], keras.Model]
    optimizer: Any
    loss: Any
    epochs: int
    batch_size: int
    trained: weakref.WeakValueDictionary[int, Any] = dataclasses.field(
        default_factory=weakref.WeakValueDictionary
    )

    def predicted(
        self, wrap: Callable, train: tuple, x_test: Any, seed: int
    ) -> np.ndarray:
        """Trains from the weights of this seed, and predicts.

        Args:
            wrap: Function of what `build` returns to what is trained.
            train: Tuple of examples and labels.
            x_test: The examples to predict.
            seed: Int, of the weights and the order of batches.

        Returns:
            Array of shape `(examples, classes)`.

        Raises:
            ValueError: If the model has variables that were trained before.
        """
        keras.utils.set_random_seed(seed)
        model = wrap(self.build())
        self._check_new(model)
        model.compile(_copy_of(self.optimizer), self.loss)
        # What a method draws when it wraps moves no other method's batches.
        keras.utils.set_random_seed(seed)
        size, epochs = self.batch_size, self.epochs
        if keras.backend.backend() == "tensorflow":
            data = shuffled_batches(train[0], train[1], size, seed)
            model.fit(data, epochs=epochs, shuffle=False, verbose=0)
        else:
            model.fit(*train, batch_size=size, epochs=epochs, verbose=0)
        # `predict` would be traced anew for each model, and TensorFlow warn.
        number = len(tree.flatten(x_test)[0])
        predicted = [
            keras.ops.convert_to_numpy(
                model(
                    rows_of(x_test, slice(begin, begin + size)), training=False
                )
            )
            for begin in range(0, number, size)
        ]
        return np.concatenate(predicted)

    def _check_new(self, model: keras.Model) -> None:
        """Refuses what has seen other splits, and so what it is tested on."""
        for variable in model.variables:
            if id(variable) in self.trained:
                raise ValueError(
                    "`build` must return a new model each time, so that none "
                    "has been trained on what it is tested on. Load or build "
                    "an encoder that is trained inside of `build`, not "
                    f"before. Received: a model whose '{variable.path}' an "
                    "earlier run has trained"
                )
        self.trained.update(
            (id(variable), variable) for variable in model.trainable_variables
        )


def rows_of(x: Any, indices: Any) -> Any:
    """Some examples of an array, or of a list or dict of arrays."""
    return tree.map_structure(lambda one: np.asarray(one)[indices], x)


def _copy_of(optimizer: Any) -> Any:
    if isinstance(optimizer, keras.optimizers.Optimizer):
        return type(optimizer).from_config(optimizer.get_config())
    return optimizer
