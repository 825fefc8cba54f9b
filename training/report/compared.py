"""Some cells of a table against others, and how that is told."""

import dataclasses
from collections.abc import Callable

from training.report.formats import signed
from training.report.statistics import Difference

# By how much the mean of a measure is worth saying, as "error" is.
_UNITS = {
    "test_error": " points",
    "last": " points",
    "out_of_domain": " points",
}
SURE = 0.05  # the p below which a difference is more than chance


@dataclasses.dataclass
class Compared:
    """Some cells of a table against others, by one measure.

    Attributes:
        means, others: Lists of floats, the measure's means.
        found: List of `Difference`; `advice` corrects each `p_value`.
        measure: String.
    """

    means: list[float]
    others: list[float]
    found: list[Difference]
    measure: str

    @property
    def mean(self) -> str:
        return self._joined(self.means)

    @property
    def other(self) -> str:
        return self._joined(self.others)

    @property
    def is_lower(self) -> bool:
        """Whether any is lower beyond chance."""
        return any(one.p_value < SURE and one.mean < 0 for one in self.found)

    @property
    def is_higher(self) -> bool:
        """Whether any is higher beyond chance."""
        return any(one.p_value < SURE and one.mean > 0 for one in self.found)

    @property
    def other_ends(self) -> str:
        """The least and the greatest mean of the others."""
        return _ends(self._joined, self.others)

    @property
    def difference_ends(self) -> str:
        """The least and the greatest difference, and such p."""
        differences = _ends(self._signed, [one.mean for one in self.found])
        p_values = _ends(_p_values, [one.p_value for one in self.found])
        return f"{differences}{self._unit} (p = {p_values})"

    def __getitem__(self, number: int) -> "Compared":
        """The same of one cell alone."""
        return Compared(
            [self.means[number]],
            [self.others[number]],
            [self.found[number]],
            self.measure,
        )

    def __str__(self) -> str:
        differences = self._signed([one.mean for one in self.found])
        p_values = _p_values([one.p_value for one in self.found])
        if len(self.found) > 1:
            return f"{differences}{self._unit} (p = {p_values})"
        (one,) = self.found
        interval = (self._signed([end]) for end in (one.low, one.high))
        return (
            f"{differences}{self._unit} [{', '.join(interval)}], p = {p_values}"
        )

    def _joined(self, values: list[float]) -> str:
        return listed([f"{value:.{self._digits}f}" for value in values])

    def _signed(self, values: list[float]) -> str:
        return listed([signed(value, self._digits + 1) for value in values])

    @property
    def _unit(self) -> str:
        return _UNITS.get(self.measure, "")

    @property
    def _digits(self) -> int:
        return 1 if self.measure in _UNITS else 2


def _p_values(values: list[float]) -> str:
    return listed([f"{value:.2g}" for value in values])


def _ends(printed: Callable[[list[float]], str], values: list[float]) -> str:
    ends = printed([min(values)]), printed([max(values)])
    return " to ".join(dict.fromkeys(ends))


def listed(words: list[str]) -> str:
    """Words as a sentence lists them."""
    *all_but_last, last = words
    return f"{', '.join(all_but_last)} and {last}" if all_but_last else last
