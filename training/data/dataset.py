"""What every experiment trains on: sentences, labels, and how to split them."""

import dataclasses
import hashlib
import math
from collections.abc import Iterable, Sequence

import numpy as np

from training.terminal import listed


@dataclasses.dataclass(frozen=True)
class Examples:
    """Some labelled sentences.

    Attributes:
        texts: List of strings.
        labels: Int array of shape `(len(texts),)`, indices of label names.
    """

    texts: list[str]
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.texts)

    def __getitem__(self, indices: np.ndarray) -> "Examples":
        """The examples at some indices, as `Examples`."""
        return Examples([self.texts[i] for i in indices], self.labels[indices])

    def __add__(self, other: "Examples") -> "Examples":
        """These examples and then others, as `Examples`."""
        labels = np.concatenate([self.labels, other.labels])
        return Examples(self.texts + other.texts, labels)

    @classmethod
    def of_pairs(cls, pairs: Iterable[tuple[int, str]]) -> "Examples":
        """Examples from an iterable of `(label, text)`."""
        labels, texts = zip(*pairs, strict=True)
        return cls(list(texts), np.array(labels, dtype="int32"))


@dataclasses.dataclass(frozen=True)
class Dataset:
    """A text classification task, split for training.

    Attributes:
        name: String.
        label_names: Tuple of strings; a label is an index into it.
        train, dev, test: `Examples`.
        notes: Tuple of strings, lines on how it was read for a person.
        right_dev: `Examples`, dev with the right labels where those of `dev`
            were made wrong, or `None`.
    """

    name: str
    label_names: tuple[str, ...]
    train: Examples
    dev: Examples
    test: Examples
    notes: tuple[str, ...] = ()
    right_dev: Examples | None = None

    @property
    def given(self) -> Examples:
        """Training and dev examples together: all but what is tested on."""
        return self.train + self.dev

    @property
    def digest(self) -> str:
        """Hexadecimal digits, others for other texts, labels or splits."""
        digest = hashlib.sha256()
        for part in (self.train, self.dev, self.test):
            digest.update(repr((part.texts, part.labels.tolist())).encode())
        return digest.hexdigest()


def repeated(examples: Examples, others: Examples) -> int:
    """How many of the examples have a text that is one of others' too.

    Args:
        examples, others: `Examples`.

    Examples:
        >>> first, second = (
        ...     Examples.of_pairs(enumerate(texts)) for texts in ("aab", "bac")
        ... )
        >>> repeated(first, second), repeated(second, first)
        (3, 2)
    """
    known = {*others.texts}
    return sum(text in known for text in examples.texts)


def hold_out(
    examples: Examples,
    label_names: Sequence[str],
    seed: int,
    share: float = 0.1,
) -> tuple[Examples, Examples]:
    """Splits examples in two, with each class's share kept.

    Args:
        examples: `Examples`.
        label_names: Sequence of strings, for the message of an error.
        seed: Int; the same seed gives the same split.
        share: Float, the part that goes second.

    Returns:
        Two `Examples`, the larger part first, both in their old order.

    Raises:
        ValueError: If a class has too few examples to be in both parts.
    """
    # Not before it is used: it takes a second to load.
    from sklearn.model_selection import train_test_split

    try:
        kept, held = train_test_split(
            np.arange(len(examples)),
            test_size=share,
            random_state=seed,
            stratify=examples.labels,
        )
    except ValueError as error:
        # The error itself names classes by their indices, all of them.
        counts = np.bincount(examples.labels)
        single = [label_names[int(i)] for i in np.flatnonzero(counts == 1)]
        number = np.count_nonzero(counts)
        if single:
            reason = f"there is one example each of {listed(single)}"
            need = "three of each class at least"
        else:
            reason = f"there are {number} classes"
            need = f"{math.ceil(number / share)} at least"
        raise ValueError(
            f"cannot set {share:.0%} of {len(examples)} examples aside with "
            f"every class in both parts: {reason}; bring more examples, {need},"
            " or files of their own for the dev and the test set"
        ) from error
    return examples[np.sort(kept)], examples[np.sort(held)]


def ten_folds(
    examples: Examples, fold: int, seed: int
) -> tuple[Examples, Examples]:
    """Splits examples for 10-fold cross-validation, each class's share kept.

    Args:
        examples: `Examples`.
        fold: Int from 0 to 9, the tenth that is tested on.
        seed: Int; the same seed gives the same ten folds.

    Returns:
        Two `Examples`: nine tenths to train on, one tenth to test on.

    Raises:
        ValueError: If there is no such fold.
    """
    from sklearn.model_selection import StratifiedKFold

    if fold not in range(10):
        raise ValueError(f"fold must be from 0 to 9, but it is {fold}")
    folds = StratifiedKFold(n_splits=10, shuffle=True, random_state=seed)
    splits = list(folds.split(examples.texts, examples.labels))
    kept, held = splits[fold]
    return examples[kept], examples[held]


def take_share(examples: Examples, share: float, seed: int) -> Examples:
    """Takes a part of each class, at least one example (paper §4.4).

    Args:
        examples: `Examples`.
        share: Float, above 0 and at most 1.
        seed: Int; the same seed takes the same examples, and those of a
            smaller share are among those of a larger one.

    Returns:
        `Examples` in their old order.
    """
    rng = np.random.default_rng(seed)
    taken = []
    for label in np.unique(examples.labels):
        of_class = rng.permutation(np.flatnonzero(examples.labels == label))
        # The product of 0.07 and 100 is a little above 7, that of 0.29 below.
        count = max(1, int(share * len(of_class) + 1e-9))
        taken.append(of_class[:count])
    return examples[np.sort(np.concatenate(taken))]
