"""What a table of the paper is: its cells, their runs, published numbers."""

import dataclasses
import itertools
from collections.abc import Callable, Iterable, Mapping

from training.data.sources import SOURCES
from training.methods.methods import METHODS
from training.models.backbones import BACKBONES

# The values of an axis, or a function that returns what they are by now.
Axis = Iterable | Callable[[], Iterable]


def beginnings() -> dict[str, dict]:
    """Dict from what a classifier begins with to options, as in Table 2.

    Each backbone, and those of words with `--embeddings` too.
    """
    fields = {}
    for backbone in BACKBONES.values():
        if not backbone.is_in_tables:
            continue
        fields[backbone.name] = {"backbone": backbone.name}
        if backbone.takes_vectors:
            fields[f"{backbone.name}-vectors"] = {
                "backbone": backbone.name,
                "embeddings": "--embeddings",
            }
    return fields


def datasets() -> list[str]:
    """The names of the data sets that Table 2 has."""
    return [one.name for one in SOURCES.values() if one.is_in_tables]


@dataclasses.dataclass(frozen=True)
class Table:
    """A grid of experiments, and what the paper got.

    Attributes:
        name: String, what it is called on the command line.
        title: String, one line.
        axes: Dict from an axis's name to its values, or a function that
            returns them, the slowest first. A cell is a dict with one value of
            each axis.
        blocks: Tuple of the axes that part the table where it is printed.
        options: Function of a cell to a dict of `TrainOptions`' fields.
        against: Function of a cell to the cell it is compared with, which the
            table may lack, or `None`.
        published: Dict from a cell's values to the paper's mean and standard
            deviation in %.
        seeds: Int, the paper's runs of a cell.
        subsets: Bool, whether each seed trains on another subset.
        studies: String, the axis that a block must have two values of to say
            anything, or `None`: with one alone it is another table's.
        titles: Dict from values of its axes that no one else has to what they
            are called in print.
    """

    name: str
    title: str
    axes: dict[str, Axis]
    blocks: tuple[str, ...]
    options: Callable[[dict], dict]
    against: Callable[[dict], dict | None] = lambda cell: None
    published: dict = dataclasses.field(default_factory=dict)
    seeds: int = 10
    subsets: bool = False
    studies: str | None = None
    titles: dict[str, str] = dataclasses.field(default_factory=dict)

    def cells(self, **chosen: tuple) -> list[dict]:
        """The cells with the chosen values of some axes, all of the others.

        Args:
            **chosen: Axis's name to a tuple of values; empty for all.

        Raises:
            ValueError: If the table has no such axis or value.
        """
        axes = {axis: values_of(values) for axis, values in self.axes.items()}
        for axis, values in chosen.items():
            if not values:
                continue
            if axis not in axes:
                raise ValueError(
                    f"--{axis}s: table {self.name} has none, but "
                    f"{', '.join(f'--{name}s' for name in axes)}"
                )
            for value in values:
                if value not in axes[axis]:
                    raise ValueError(
                        f"--{axis}s: table {self.name} has no '{value}', but "
                        f"{', '.join(map(repr, axes[axis]))}"
                    )
            axes[axis] = values
        return [
            dict(zip(axes, values, strict=True))
            for values in itertools.product(*axes.values())
        ]

    def fields(self, cell: dict, seed: int) -> dict:
        """The fields of `TrainOptions` of a cell's run.

        Each seed draws its own weights, order, dropout, λ and partners; and
        its own tenth to test on, of tenths drawn anew for every ten seeds, or
        where the files have a test set, its own dev set. The methods of a row
        meet the same.
        """
        fields = {**self.options(cell), "seed": seed}
        if SOURCES[fields["dataset"]].has_folds:
            fields |= {"split_seed": seed // 10, "fold": seed % 10}
        else:
            fields["split_seed"] = seed
        if self.subsets:
            fields["subset_seed"] = seed
        return fields


def values_of(axis: Axis) -> tuple:
    """An axis's values, as they are now."""
    return tuple(axis() if callable(axis) else axis)


def against_mixup(cell: dict) -> dict | None:
    """The cell of the method that a cell's method is compared with."""
    method = METHODS[cell["method"]].against
    return cell | {"method": method} if method else None


def against_variant(
    usual: str, others: Mapping[str, str | None]
) -> Callable[[dict], dict | None]:
    """A function from a cell to the cell of the variant it is compared with.

    Args:
        usual: String, the variant that most are compared with; itself, unless
            `others` has it, with nothing.
        others: Dict from the variants that aren't to what they are compared
            with, `None` for nothing.

    Examples:
        >>> against = against_variant("none", {"amp": "mixup"})
        >>> [against({"variant": one}) for one in ("none", "amp", "mixup")]
        [None, {'variant': 'mixup'}, {'variant': 'none'}]
    """

    def against(cell: dict) -> dict | None:
        variant = others.get(cell["variant"], usual)
        is_compared = variant not in (None, cell["variant"])
        return cell | {"variant": variant} if is_compared else None

    return against


def read_published(
    text: str, columns: Iterable
) -> dict[tuple, tuple[float, float]]:
    """Reads numbers as the paper prints them.

    Args:
        text: Lines of `values of the slower axes: mean±sd mean±sd …`, one
            number per column, `-` where there is none.
        columns: The last axis's values, in the order of the text.

    Returns:
        Dict from a cell's values to `(mean, sd)`.
    """
    published = {}
    for line in text.strip().splitlines():
        row, _, numbers = line.partition(":")
        for value, number in zip(columns, numbers.split(), strict=True):
            if number != "-":
                mean, deviation = map(float, number.split("±"))
                key = (*row.split(), str(value))
                published[key] = (mean, deviation)
    return published
