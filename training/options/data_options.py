"""What is trained and tested on."""

import dataclasses
from pathlib import Path
from typing import Any

from training.data.cells import Layout
from training.data.sources import SOURCES
from training.data.wrong_labels import KINDS
from training.options.registries import (
    changed,
    check_known,
    check_seed,
    one_of,
)


@dataclasses.dataclass(frozen=True)
class DataOptions:
    """What is trained and tested on."""

    # Your own labelled texts, instead of --dataset: .csv, .tsv, .txt or .jsonl
    # with named columns, or .tsv or .txt with label<TAB>text.
    train_file: Path | None = None
    # Column of the text in your files.
    text_column: str = "text"
    # Column of the label in your files.
    label_column: str = "label"
    # To test on; else a tenth of --train-file.
    test_file: Path | None = None
    # To choose the best checkpoint on; else a tenth of --train-file.
    dev_file: Path | None = None
    # Texts of another kind, as of predict's --file: whether the classifier is
    # less sure of these than of the test texts is measured.
    out_of_domain_file: Path | None = None
    # The same with the test sentences of a data set that has a name.
    out_of_domain_dataset: str | None = None
    # One letter, or tab, that parts the cells in your tables; else tab, and
    # in .csv the one of , ; | and tab that finds the columns in the header.
    delimiter: str | None = None
    # Of your tables: double (inside of quotes, "" is a quote; as .csv has it),
    # backslash (\" is one) or none (quotes are letters; as .tsv has it).
    quoting: str | None = None
    dataset: one_of(SOURCES, "Labelled sentences") = "demo"  # type: ignore[valid-type]
    # Train on the labelled phrases of sst1 or sst2.
    phrases: bool = False
    # Tenth of subj or mr to test on, 0 to 9.
    fold: int = 0
    # Seed of the splits that the files don't make.
    split_seed: int = 0
    # Part of each class of the training set to train on, at least one
    # sentence; above 0, at most 1. The dev set stays whole.
    train_share: float = 1.0
    # Train on so many sentences at most, of each class its share.
    most_sentences: int | None = None
    # Seed of what --train-share takes, and of what --wrong-labels changes.
    subset_seed: int = 0
    # Change the labels of this part of the training and dev texts, to see what
    # a method makes of wrong ones; the test labels stay right. 0 to below 1.
    wrong_labels: float = 0.0
    # What a wrong label is: any other class (uniform), or the next (class).
    wrong_kind: str = "uniform"

    @property
    def task(self) -> str:
        """A short name of the data set."""
        return self.train_file.stem if self.train_file else self.dataset

    @property
    def is_own(self) -> bool:
        """Whether it is someone's own file, not one that has a name."""
        return self.train_file is not None

    @property
    def preset(self) -> dict[str, Any]:
        """Dict of the settings that a data set with a name has of its own."""
        return {} if self.is_own else SOURCES[self.dataset].preset

    def layout(self, is_labelled: bool = True) -> Layout:
        """The `Layout` of the user's own files, if it is one."""
        label_column = self.label_column if is_labelled else None
        return Layout(
            self.text_column, label_column, self.delimiter, self.quoting
        )

    def check(self) -> None:
        """Raises `ValueError` if an option has no value that would do."""
        if self.train_file is None:
            check_known(
                "--dataset",
                self.dataset,
                SOURCES,
                "; your own goes into --train-file",
            )
        of_files = ("dev_file", "test_file", "delimiter", "quoting")
        for key in of_files if self.train_file is None else ():
            if getattr(self, key) is not None:
                raise ValueError(
                    f"--{key.replace('_', '-')} needs a --train-file"
                )
        of_names = ("dataset", "phrases", "fold")
        for key in () if self.train_file is None else of_names:
            if key in changed(self):
                raise ValueError(
                    f"--{key} says nothing of a --train-file; leave one of "
                    "them out"
                )
        self.layout()
        check_seed("--split-seed", self.split_seed)
        check_seed("--subset-seed", self.subset_seed)
        if self.fold not in range(10):
            raise ValueError(f"--fold must be from 0 to 9, not {self.fold}")
        if self.fold and not SOURCES[self.dataset].has_folds:
            folded = [one.name for one in SOURCES.values() if one.has_folds]
            raise ValueError(
                f"--fold is of --dataset {' or '.join(folded)}, which have no "
                f"test set, not of '{self.dataset}'"
            )
        if self.out_of_domain_dataset is not None:
            check_known(
                "--out-of-domain-dataset", self.out_of_domain_dataset, SOURCES
            )
            if self.out_of_domain_file is not None:
                raise ValueError(
                    "--out-of-domain-file and --out-of-domain-dataset are the "
                    "same thing of two kinds: pass one of them"
                )
        if not 0 <= self.wrong_labels < 1:
            raise ValueError(
                "--wrong-labels must be 0 or more and below 1, not "
                f"{self.wrong_labels}"
            )
        if self.wrong_kind not in KINDS:
            raise ValueError(
                f"--wrong-kind must be {' or '.join(KINDS)}, not "
                f"'{self.wrong_kind}'"
            )
        if self.most_sentences is not None and self.most_sentences < 1:
            raise ValueError(
                f"--most-sentences must be above 0, not {self.most_sentences}"
            )
        if not 0 < self.train_share <= 1:
            raise ValueError(
                f"--train-share must be above 0 and at most 1, not "
                f"{self.train_share}"
            )
