"""What came out of a comparison: an answer, a table, a figure."""

import dataclasses
import functools
import math
from typing import Any

from keras_amp.comparison.answer import answer
from keras_amp.comparison.measures import MEASURES, Measure
from keras_amp.comparison.statistics import (
    LEVEL,
    Difference,
    bootstrap_interval,
    difference,
    holm,
    smallest_difference,
)

LEAST_TO_DROP = 4  # splits, before which nothing is clear
_DROP_LEVEL = 0.1

Scores = dict[str, dict[str, list[float]]]


@dataclasses.dataclass(frozen=True)
class Comparison:
    """Methods that met the same splits of the same data.

    Attributes:
        scores: Dict from a method's name to a dict from the name of each of
            `MEASURES` to a list of floats, one per split; `nan` where the
            method was dropped or its predictions were not finite.
        metric: String, the measure that decides.
        overlap: Float, n_test / n_train; 0 if all splits test on the same
            examples and only seeds differ.
        num_examples, num_classes: Ints.
        baseline: String, the method that the others are compared with.
        references: What else met the splits, as `scores`; it is compared, and
            neither recommended nor counted as a test.

    Examples:
        >>> plain, mixed = [10.0, 11.0, 9.0, 10.0], [8.1, 9.0, 7.0, 8.0]
        >>> scores = {
        ...     "none": {"error": plain, "ece": plain},
        ...     "sent": {"error": mixed, "ece": mixed},
        ... }
        >>> Comparison(scores, "error", 0.1, 400, 5).recommended
        'sent'
    """

    scores: Scores
    metric: str
    overlap: float
    num_examples: int
    num_classes: int
    baseline: str = "none"
    references: Scores = dataclasses.field(default_factory=dict)

    @property
    def measure(self) -> Measure:
        """The `Measure` that decides."""
        return MEASURES[self.metric]

    @property
    def methods(self) -> list[str]:
        """The names of all methods but the baseline."""
        return [name for name in self.scores if name != self.baseline]

    @property
    def repeats(self) -> int:
        """The number of splits."""
        return len(self.scores[self.baseline][self.metric])

    @functools.cached_property
    def differences(self) -> dict[str, Difference]:
        """Each method and reference, minus the baseline, in the metric.

        Those that have no split in common with it are left out.
        """
        others = self.scores[self.baseline][self.metric]
        every = self.scores | self.references
        return {
            name: difference(of_one[self.metric], others, self.overlap)
            for name, of_one in every.items()
            if name != self.baseline
            and any(
                math.isfinite(one - other)
                for one, other in zip(
                    of_one.get(self.metric, ()), others, strict=False
                )
            )
        }

    @functools.cached_property
    def p_values(self) -> dict[str, float]:
        """Each method's p-value, corrected for the number of methods.

        A method that lacks a split counts as one that shows nothing.
        """
        raw = [
            self.differences[name].p_value
            if self._splits_of(name) == self.repeats
            else 1.0
            for name in self.methods
        ]
        return dict(zip(self.methods, holm(raw), strict=True))

    @property
    def recommended(self) -> str:
        """The best of what is better than the baseline beyond chance.

        The baseline, if there is none.
        """
        better = [
            name
            for name in self.methods
            if self.p_values[name] <= LEVEL and self.gain(name) > 0
        ]
        return max(better, key=self.gain, default=self.baseline)

    @property
    def smallest_difference(self) -> float:
        """The true difference that so many splits find, four times in five.

        It is that of the method whose differences scatter most; `nan` if
        nothing is known of that.
        """
        deviation = max(
            (
                self.differences[name].deviation
                for name in self.methods
                if name in self.differences
            ),
            default=0.0,
        )
        if self.repeats < 2 or not deviation:
            return math.nan
        return smallest_difference(
            deviation, self.repeats, self.overlap, len(self.methods)
        )

    def gain(self, name: str) -> float:
        """How much better a method is than the baseline; below 0 if worse.

        -inf, if it has no split in common with it.
        """
        if name not in self.differences:
            return -math.inf
        return self._sign * self.differences[name].mean

    def mean(self, name: str, metric: str) -> float:
        """The mean of a measure over the splits that a method has met."""
        values = (self.scores | self.references)[name].get(metric, [])
        known = [one for one in values if math.isfinite(one)]
        return sum(known) / len(known) if known else math.nan

    def rows(self) -> list[dict[str, Any]]:
        """The table: a dict per method and reference, the baseline first."""
        others = {**self.scores, **self.references}
        others.pop(self.baseline)
        return [
            self._row(self.baseline, None),
            *(self._row(name, self.differences.get(name)) for name in others),
        ]

    def _row(self, name: str, found: Difference | None) -> dict[str, Any]:
        means = {metric: self.mean(name, metric) for metric in MEASURES}
        every = self.scores | self.references
        known = [*map(math.isfinite, every[name].get(self.metric, ()))]
        row = {"method": name, "splits": sum(known), **means}
        if found is None:
            return row
        low, high = bootstrap_interval(
            every[name][self.metric],
            self.scores[self.baseline][self.metric],
            self.overlap,
        )
        return row | {
            "splits": found.repeats,
            "difference": found.mean,
            "low": found.low,
            "high": found.high,
            "bootstrap_low": low,
            "bootstrap_high": high,
            "p_value": self.p_values.get(name, math.nan),
        }

    def __str__(self) -> str:
        """The answer: what to use, and how sure that is."""
        return answer(self)

    @property
    def kind(self) -> str:
        """What the repeats are called: "splits", or "seeds"."""
        return "splits" if self.overlap else "seeds"

    def _splits_of(self, name: str) -> int:
        found = self.differences.get(name)
        return found.repeats if found else 0

    @property
    def _sign(self) -> int:
        return 1 if self.measure.higher_is_better else -1


def behind(comparison: Comparison) -> list[str]:
    """The methods that need no more splits: they are behind already.

    A method is if it is worse than the baseline beyond a chance of 10 %, in a
    one-sided test, after `LEAST_TO_DROP` splits at least. Who is dropped can
    only miss a recommendation: the chance of a wrong one does not rise by it,
    and the correction goes on counting all.
    """
    if comparison.repeats < LEAST_TO_DROP:
        return []
    return [
        name
        for name in comparison.methods
        if name in comparison.differences
        and comparison.gain(name) < 0
        and comparison.differences[name].p_value / 2 < _DROP_LEVEL
    ]
