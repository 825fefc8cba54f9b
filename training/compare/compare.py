"""The command `compare`: does mixing help on these texts?"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console

from keras_amp.comparison import Comparison, behind
from keras_amp.whole import check_writable
from training.compare.answer import (
    command_with,
    comparison_of,
    print_answer,
    write_answer,
)
from training.compare.budget import guess, repeats_planned, told_apart
from training.compare.compare_options import REPEATS, CompareOptions
from training.compare.final import train_final
from training.compare.suspected import suspected_labels
from training.compare.systems import overlap, run_of, split, systems_of
from training.data.dataset import Dataset
from training.grid.run_all import check_packages, run_all
from training.grid.runs import Clock, Run
from training.run.experiment import load_dataset
from training.run.files import check_files
from training.run.record import read_record, write_text
from training.terminal import console as new_console
from training.terminal import shown


def compare(options: CompareOptions, arguments: list[str]) -> int:
    """Compares, answers, and with `--final` trains what is recommended.

    Args:
        options: `CompareOptions`.
        arguments: List of strings, what was typed, to be typed again.

    Returns:
        The number of runs that failed.

    Raises:
        ValueError, FileNotFoundError: As the options and the loaders of data;
            if the time is too little, or the files are not those of the
            comparison that is in the folder.
        OSError: If a folder can't be written into.
    """
    options = options.checked()
    return _Comparing(options, new_console()).run(arguments)


class _Comparing:
    """One comparison on its way.

    Args:
        options: `CompareOptions`, checked.
        console: What `training.terminal.console` makes.
    """

    def __init__(self, options: CompareOptions, console: Console) -> None:
        self.options, self.console = options, console
        self.dataset: Dataset = load_dataset(split(options, 0))
        self.overlap = overlap(options, self.dataset)
        self.systems = systems_of(options)
        self.dropped: set[str] = set()

    def run(self, arguments: list[str]) -> int:
        options, console = self.options, self.console
        for note in self.dataset.notes:
            console.print(shown(note))
        self._check_texts()
        if options.dry_run:
            self._say_what_would_be(options.repeats or REPEATS)
            return 0
        check_packages(self._runs([0]), "--backbone")
        self._claim_folder()
        if failures := self._finish([0]):
            return failures
        first = [read_record(run.path) for run in self._runs([0])]
        repeats = repeats_planned(options, [one for one in first if one])
        # All is run up to the half; who is behind then is dropped.
        half = max(1, repeats // 2)
        rest = range(half, repeats)
        if failures := self._finish(range(half), later=rest):
            return failures
        self.dropped |= {*behind(self._comparison(half))}
        if self.dropped:
            console.print(
                f"After {half} splits, dropped as behind: "
                f"{', '.join(sorted(self.dropped))}"
            )
        if failures := self._finish(rest):
            return failures
        self._answer(repeats, half, arguments)
        return 0

    def _answer(self, repeats: int, half: int, arguments: list[str]) -> None:
        options, console = self.options, self.console
        records = self._by_system(repeats, half)
        comparison = comparison_of(options, self.dataset, self.overlap, records)
        suspected = suspected_labels(options, records)
        paths = write_answer(options, comparison, suspected)
        print_answer(console, comparison, paths)
        best = comparison.recommended
        if options.final:
            train_final(
                console,
                options,
                self.systems[best],
                [one for one in records[best] if one],
                comparison.mean(best, "error"),
            )
        else:
            command = command_with("--final", arguments=arguments)
            console.print(f"\nTrain {best} on all texts and export it with\n")
            console.print(f"    {command}")

    def _runs(self, repeats: Sequence[int]) -> list[Run]:
        """The runs of some splits, split by split."""
        return [
            run_of(self.options, fields, repeat, self.dataset)
            for repeat in repeats
            for name, fields in self.systems.items()
            if name not in self.dropped
        ]

    def _finish(self, repeats: Sequence[int], later: Sequence[int] = ()) -> int:
        """Runs what is not done of some splits; the number that failed."""
        runs = self._runs(repeats)
        records = {run: read_record(run.path) for run in runs}
        check_files(records)
        left = [run for run, record in records.items() if not record]
        failed = {
            run: record["error"]
            for run, record in records.items()
            if record and "error" in record
        }
        if self.options.retry_failed:
            left += [*failed]
        elif failed:
            run, error = next(iter(failed.items()))
            self.console.print(
                f"{len(failed)} runs have failed before, such as {shown(run)}: "
                f"{shown(error)}\n--retry-failed runs them again."
            )
            return len(failed)
        if not left:
            return 0
        clock = Clock(map(read_record, left[0].path.parent.glob("*.json")))
        return run_all(
            self.console, left, clock, self.options, self._runs(later)
        )

    def _by_system(
        self, repeats: int, half: int
    ) -> Mapping[str, list[dict | None]]:
        """Each system's records, split by split, `None` where it is dropped."""
        return {
            name: [
                read_record(
                    run_of(self.options, fields, repeat, self.dataset).path
                )
                if repeat < half or name not in self.dropped
                else None
                for repeat in range(repeats)
            ]
            for name, fields in self.systems.items()
        }

    def _comparison(self, repeats: int) -> Comparison:
        return comparison_of(
            self.options,
            self.dataset,
            self.overlap,
            self._by_system(repeats, repeats),
        )

    def _say_what_would_be(self, repeats: int) -> None:
        runs = self._runs(range(repeats))
        records = {run: read_record(run.path) for run in runs}
        check_files(records)
        left = [
            run for run, one in records.items() if not one or "error" in one
        ]
        steps = runs[0].options.optimisation.steps
        self.console.print(
            f"{', '.join(self.systems)}: {len(runs)} runs of {steps} steps on "
            f"{len(self.dataset.train)} texts, {len(runs) - len(left)} done"
        )
        if left:
            processes = self.options.processes
            assert processes is not None  # `checked` has filled it in
            time = Clock(records.values()).left(left, processes)
            self.console.print(f"Time left: {time}")
        # The runs come split by split: so many splits are whole.
        begun = runs.index(left[0]) if left else len(runs)
        whole = begun // len(self.systems)
        if whole > 1:
            self.console.print(told_apart(self._comparison(whole)))
            return
        tests = len(self.systems) - 1
        self.console.print(guess(self.dataset, self.overlap, repeats, tests))

    def _check_texts(self) -> None:
        """Refuses a folder with answers on other texts; writes nothing."""
        path = self._texts_path
        is_claimed = path.is_file()
        if is_claimed and json.loads(path.read_text("utf-8")) != self._texts:
            raise ValueError(
                f"'{path.parent}' holds a comparison on other texts than the "
                "files hold now: pass --name for a new one, or remove it"
            )

    def _claim_folder(self) -> None:
        """Makes the folder, and notes on which texts its answers are."""
        check_writable(self.options.folder)
        write_text(self._texts_path, json.dumps(self._texts) + "\n")

    @property
    def _texts_path(self) -> Path:
        return self.options.folder / "texts.json"

    @property
    def _texts(self) -> dict[str, str]:
        return {"sha256": self.dataset.digest}
