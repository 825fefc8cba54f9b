"""The data sets that have a name.

A data set is one entry of `SOURCES`: the command line and the grids take it
from there.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

from training.data.dataset import Dataset
from training.data.paper import PAPER_SETS


@dataclasses.dataclass(frozen=True)
class Source:
    """A data set.

    Attributes:
        name: String, what it is called on the command line and in records.
        title: String, what it is called in tables and figures.
        about: String, what it is, for the command line's help.
        load: Function of `DataOptions` and `WhereOptions` to a `Dataset`.
        preset: Dict of settings that it is trained with, by their options'
            names, instead of the backbone's.
        has_folds: Bool, whether it is cross-validated, a tenth at a time.
        is_drawn: Bool, whether each seed draws texts of its own.
        is_in_tables: Bool, whether the table of all data sets has it.
    """

    name: str
    title: str
    about: str
    load: Callable[[Any, Any], Dataset]
    preset: dict = dataclasses.field(default_factory=dict)
    has_folds: bool = False
    is_drawn: bool = False
    is_in_tables: bool = True


def _demo(data: Any, where: Any) -> Dataset:
    from training.data.demo import load_demo

    del where
    return load_demo(data.split_seed)


def _of_the_paper(name: str, title: str, about: str) -> Source:
    def load(data: Any, where: Any) -> Dataset:
        from training.data.paper import load_paper

        return load_paper(
            name,
            where.data_dir,
            data.phrases,
            data.fold,
            data.split_seed,
            where.download,
        )

    has_folds = "all" in PAPER_SETS[name].files
    return Source(name, title, about, load, has_folds=has_folds)


SOURCES = {
    source.name: source
    for source in (
        Source(
            name="demo",
            title="demo",
            about="questions from a small grammar, needs no file",
            load=_demo,
            # It ends within a minute: fewer steps, each of them larger.
            preset={
                "learning_rate": 1e-3,
                "steps": 300,
                "steps_per_evaluation": 50,
            },
            is_drawn=True,
            is_in_tables=False,
        ),
        _of_the_paper("trec", "TREC", "six kinds of question"),
        _of_the_paper("sst1", "SST-1", "reviews in five grades"),
        _of_the_paper("sst2", "SST-2", "reviews, for or against"),
        _of_the_paper("subj", "SUBJ", "opinions and plots"),
        _of_the_paper("mr", "MR", "short reviews, for or against"),
    )
}
