"""The command `table`: which runs, what is done, and on with the rest."""

import shlex
from pathlib import Path

from rich.console import Console
from rich.table import Table

from keras_amp.whole import check_writable
from training.grid.grid_options import (
    OWN_RECORDS_DIR,
    RECORDS_DIR,
    GridOptions,
)
from training.grid.run_all import check_packages, outcome, run_all
from training.grid.runs import Clock, Run, runs_of
from training.grid.wanted import wanted
from training.run.files import check_files
from training.run.record import read_record
from training.terminal import console as new_console
from training.terminal import shown


def run_grid(grid: GridOptions) -> int:
    """Runs what is not done yet, or with `--dry-run` says what that is.

    Args:
        grid: `GridOptions`.

    Returns:
        The number of runs that failed.

    Raises:
        ValueError: As `GridOptions.checked`, `runs_of` and `check_files`.
        ImportError: If BERT or Ray is asked for, and is not installed.
        OSError: If a folder can't be written into, or that of the records has
            what is no file in a record's place.
    """
    grid = grid.checked()
    runs = runs_of(grid)
    records = {run: read_record(run.path) for run in runs}
    check_files(records)
    done = [record for record in records.values() if record]
    failed = [run for run in runs if records[run] and "error" in records[run]]
    left = [run for run in runs if not records[run]]
    if grid.retry_failed:
        left += failed
    clock = Clock(map(read_record, grid.records_dir.glob("*.json")))
    console = new_console()
    if grid.dry_run:
        _list(console, records)
    console.print(
        f"{len(runs)} runs: {len(done) - len(failed)} done, {len(failed)} "
        f"failed, {len(left)} to do"
    )
    if left:
        console.print(f"Time left: {clock.left(left, grid.processes)}")
    if failed and not grid.retry_failed:
        console.print("--retry-failed runs again what has failed.")
    if grid.dry_run:
        _say_what_is_wanted(console, grid, left)
    if grid.dry_run or not left:
        return 0
    check_packages(left, "--backbones")
    check_writable(grid.records_dir)
    if not grid.is_on_ray:
        check_writable(grid.work_dir)
    failures = run_all(console, left, clock, grid)
    _say_how_to_read(console, grid)
    return failures


def _say_how_to_read(console: Console, grid: GridOptions) -> None:
    command = "python -m training report"
    if grid.records_dir != RECORDS_DIR:
        # Where the report is, unless it is said, are the documented results.
        folder, output = grid.records_dir, grid.work_dir / "RESULTS.md"
        command += f" --records-dir {_quoted(folder)}"
        command += f" --output {_quoted(output)}"
    console.print(f"Read them with  {command}")


def _say_what_is_wanted(
    console: Console, grid: GridOptions, left: list[Run]
) -> None:
    """What a real run needs, and where runs that are left are done already."""
    for line in wanted(grid, left):
        console.print(f"A run wants {shown(line)}")
    if grid.records_dir == OWN_RECORDS_DIR:
        kept = sum((RECORDS_DIR / run.path.name).is_file() for run in left)
        if kept:
            console.print(
                f"{kept} of these are done in {RECORDS_DIR}, with which "
                f"--records-dir {RECORDS_DIR} goes on."
            )


def _quoted(path: Path) -> str:
    return shown(shlex.quote(str(path)))


def _list(console: Console, records: dict[Run, dict | None]) -> None:
    table = Table("run", "steps", "state")
    for run, record in records.items():
        state = outcome(record) if record else "to do"
        table.add_row(shown(run), str(run.options.optimisation.steps), state)
    console.print(table)
