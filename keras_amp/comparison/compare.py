"""Which method helps on one's own arrays: repeated splits, a paired test."""

import dataclasses
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np

from keras_amp.comparison.compare_checks import (
    check_numbers,
    check_rows,
    checked_labels,
    too_few,
)
from keras_amp.comparison.comparison import Comparison, Scores, behind
from keras_amp.comparison.measures import MEASURES, measure_if_finite
from keras_amp.comparison.recipe import Recipe, rows_of
from keras_amp.extras import WhenUsed

splits = WhenUsed(
    "sklearn.model_selection", "Comparing", '"keras_amp[compare]"'
)


def compare(
    build: Callable[[], keras.Model],
    x: Any,
    y: Any,
    methods: Mapping[str, Callable[[keras.Model], keras.Model]],
    *,
    epochs: int,
    batch_size: int = 32,
    optimizer: Any = "adam",
    loss: Any = "sparse_categorical_crossentropy",
    repeats: int = 10,
    test_share: float = 0.1,
    metric: str = "error",
    references: Mapping[str, Callable] | None = None,
    from_logits: bool | None = None,
    seed: int = 0,
    verbose: int = 1,
) -> Comparison:
    """Says whether a way to train helps on this model and these data.

    For each of `repeats` random splits, classes kept, the model is trained
    without anything ("none") and by each method: the same split, weights at
    the start, order of batches and number of epochs. The test allows for the
    overlap of the training sets and for the number of methods. After half of
    the splits, methods that are clearly behind are dropped. A run whose
    predictions are not finite counts as missing, after a warning, and its
    method as one that shows nothing.

    Args:
        build: Function without arguments that returns a built, uncompiled
            `keras.Model` with one output, probabilities or logits as `loss`
            wants. A new one each time, with layers of its own: what is
            trained may not be shared, such as an encoder that is loaded once
            outside of it; what stays frozen may.
        x: Array, or a list or dict of arrays, whose first axis is that of the
            examples.
        y: Int array `(examples,)`, the classes.
        methods: Dict from a name to a function of what `build` returns to a
            model that trains it, such as
            `lambda model: keras_amp.Mixup(model, "hidden")`.
        epochs, batch_size: Ints, of `fit`.
        optimizer: What `compile` takes; of an optimizer, each run gets a copy.
        loss: What `compile` takes.
        repeats: Int, the number of splits, at least 2.
        test_share: Float, the part of the examples that is tested on.
        metric: String, what decides: "error", "nll", "ece" or "macro-f1".
        references: Dict from a name to a function `(x_train, y_train, x_test)`
            that returns probabilities `(examples, classes)`, whatever the
            model's outputs are, of something simple that should be beaten.
        from_logits: Bool, whether the model's outputs are logits. By default
            what `loss` says; a function of your own can't.
        seed: Int; the same seed repeats the comparison.
        verbose: 0, or 1 for a line per run.

    Returns:
        `Comparison`: print it for the answer; `recommended`, `rows()`, and
        `plot(comparison)` for a figure.

    Raises:
        ValueError: If there is no method, one is called "none", a class has
            too few examples, `x` has not a row for each label, a number is
            out of its range, a model has
            weights that an earlier run has trained, predictions are no
            probabilities, or no run of "none" has finite ones.

    Examples:
        >>> def build():
        ...     inputs = keras.Input((4,))
        ...     x = keras.layers.Dense(8, "relu", name="hidden")(inputs)
        ...     return keras.Model(inputs, keras.layers.Dense(2, "softmax")(x))
        >>> x = np.random.default_rng(0).normal(size=(60, 4))
        >>> y = (x[:, 0] > 0).astype(int)
        >>> found = compare(
        ...     build,
        ...     x,
        ...     y,
        ...     {"clip": lambda model: model},
        ...     epochs=1,
        ...     repeats=2,
        ...     verbose=0,
        ... )
        >>> found.recommended
        'none'
    """
    check_numbers(epochs, batch_size, test_share)
    y = checked_labels(y, methods, metric, repeats)
    check_rows(x, len(y))
    divided = splits.StratifiedShuffleSplit(
        repeats, test_size=test_share, random_state=seed
    )
    try:
        every_split = list(divided.split(y, y))
    except ValueError as error:
        raise ValueError(too_few(y, test_share)) from error
    systems = {"none": lambda model: model, **methods}
    scores: Scores = {name: {one: [] for one in MEASURES} for name in systems}
    beside: Scores = {
        name: {one: [] for one in MEASURES} for name in references or {}
    }
    kept, held = every_split[0]
    found = Comparison(
        scores,
        metric,
        len(held) / len(kept),
        len(y),
        len(np.unique(y)),
        references=beside,
    )
    if from_logits is None:
        from_logits = _has_logits(loss)
    recipe = Recipe(build, optimizer, loss, epochs, batch_size)
    dropped: list[str] = []
    for repeat, (kept, held) in enumerate(every_split):
        train = rows_of(x, kept), y[kept]
        test = rows_of(x, held), y[held]
        for name, wrap in systems.items():
            values = dict.fromkeys(MEASURES, np.nan)
            if name not in dropped:
                predicted = recipe.predicted(
                    wrap, train, test[0], seed + repeat
                )
                values = measure_if_finite(test[1], predicted, from_logits)
                _warn_if_missing(values, repeat, repeats, name)
                _tell(verbose, repeat, repeats, name, metric, values)
            _add(scores[name], values)
        for name, answers in (references or {}).items():
            values = _of_reference(name, test[1], answers(*train, test[0]))
            _warn_if_missing(values, repeat, repeats, name)
            _add(beside[name], values)
        if repeat + 1 == repeats // 2:
            dropped = behind(_as_it_is(found))
    if np.all(np.isnan(scores["none"][metric])):
        raise ValueError(
            "There is nothing to compare with: trained without a method, the "
            f"model's predictions are finite in none of {repeats} splits. A "
            "lower learning rate of `optimizer` may do. Received: "
            f"optimizer={optimizer!r}"
        )
    return _as_it_is(found)


def _has_logits(loss: Any) -> bool:
    config = keras.losses.get(loss)
    config = getattr(config, "get_config", dict)()
    return bool(config.get("from_logits", False))


def _of_reference(name: str, y: np.ndarray, predicted: Any) -> dict[str, float]:
    """The measures of a reference's answers, which are no logits."""
    try:
        return measure_if_finite(y, predicted, from_logits=False)
    except ValueError as error:
        raise ValueError(
            "`references` must return probabilities, of shape (examples, "
            "classes), also where the model's outputs are logits. Received: "
            f"others of {name!r}"
        ) from error


def _as_it_is(found: Comparison) -> Comparison:
    """A copy that has computed nothing from fewer scores."""
    return dataclasses.replace(found)


def _add(lists: dict[str, list[float]], values: dict[str, float]) -> None:
    for name, value in values.items():
        lists[name].append(value)


def _warn_if_missing(
    values: dict[str, float], repeat: int, repeats: int, name: str
) -> None:
    if not np.all(np.isfinite([*values.values()])):
        warnings.warn(
            f"split {repeat + 1} of {repeats}, {name}: the predictions are "
            "not finite, and this run counts as missing. Has the training "
            "diverged?",
            stacklevel=3,
        )


def _tell(
    verbose: int,
    repeat: int,
    repeats: int,
    name: str,
    metric: str,
    values: dict[str, float],
) -> None:
    if verbose:
        told = f"{MEASURES[metric].title} {values[metric]:.4g}"
        print(f"split {repeat + 1} of {repeats}, {name}: {told}", flush=True)
