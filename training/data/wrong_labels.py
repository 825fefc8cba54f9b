"""Labels made wrong on purpose: what does a method make of such?"""

import dataclasses

import numpy as np

from training.data.dataset import Dataset, Examples

KINDS = ("uniform", "class")


def with_wrong_labels(
    dataset: Dataset, share: float, kind: str, seed: int
) -> Dataset:
    """A data set of whose training and dev labels a part is wrong.

    Whoever has wrong labels has them on dev too. The test labels stay right.

    Args:
        dataset: `Dataset`.
        share: Float from 0 to below 1, of the examples whose label is changed.
        kind: String, `"uniform"`: any other class may be the wrong one; or
            `"class"`: the wrong one follows from the right one, it is the next
            class, as where two kinds are mistaken for each other.
        seed: Int; the same seed changes the same labels, and those of a
            smaller share are among those of a larger one.

    Returns:
        `Dataset`; its `right_dev` has the dev labels as they were.
    """
    rng = np.random.default_rng(seed)
    classes = len(dataset.label_names)
    train, dev = (
        _changed(one, share, kind, classes, rng)
        for one in (dataset.train, dataset.dev)
    )
    note = (
        f"{share:.0%} of the labels of training and dev set are wrong, as "
        "--wrong-labels asks."
    )
    return dataclasses.replace(
        dataset,
        train=train,
        dev=dev,
        right_dev=dataset.dev,
        notes=(*dataset.notes, note),
    )


def _changed(
    examples: Examples,
    share: float,
    kind: str,
    classes: int,
    rng: np.random.Generator,
) -> Examples:
    order = rng.permutation(len(examples))
    away = rng.integers(1, classes, size=len(examples))
    if kind == "class":
        away = np.ones_like(away)
    changed = order[: round(share * len(examples))]
    labels = examples.labels.copy()
    labels[changed] = (labels[changed] + away[changed]) % classes
    return Examples(examples.texts, labels)
