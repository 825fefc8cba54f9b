"""The command `table`: which runs, what is done, and on with the rest."""

import contextlib
import shlex
import time
from collections.abc import Iterable
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from keras_amp.extras import needed
from keras_amp.whole import check_writable
from training.grid.grid_options import (
    OWN_RECORDS_DIR,
    RECORDS_DIR,
    GridOptions,
)
from training.grid.on_ray import run_on_ray
from training.grid.processes import run_in_processes
from training.grid.runs import Clock, Run, runs_of
from training.grid.wanted import wanted
from training.models.backbones import BACKBONES
from training.run.record import read_record, write_record
from training.terminal import console as new_console
from training.terminal import shown


def run_grid(grid: GridOptions) -> int:
    """Runs what is not done yet, or with `--dry-run` says what that is.

    Args:
        grid: `GridOptions`.

    Returns:
        The number of runs that failed.

    Raises:
        ValueError: As `GridOptions.checked` and `runs_of`.
        ImportError: If BERT or Ray is asked for, and is not installed.
        OSError: If a folder can't be written into, or that of the records has
            what is no file in a record's place.
    """
    grid = grid.checked()
    runs = runs_of(grid)
    records = {run: read_record(run.path) for run in runs}
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
    _check_packages(left)
    check_writable(grid.records_dir)
    if not (grid.ray or grid.ray_address):
        check_writable(grid.work_dir)
    return _run(console, grid, left, clock)


def _check_packages(runs: Iterable[Run]) -> None:
    """Refuses what each run would fail for, one after the other."""
    for name in {run.options.model.backbone for run in runs}:
        if BACKBONES[name].needs:
            module, install = BACKBONES[name].needs
            needed(module, f"--backbones {name}", install)


def _run(
    console: Console, grid: GridOptions, left: list[Run], clock: Clock
) -> int:
    """Runs the rest, and writes each record as it comes."""
    if grid.ray or grid.ray_address:
        address = grid.ray_address or grid.ray
        ended = run_on_ray(
            left, address, grid.processes, grid.threads, grid.retries
        )
    else:
        ended = run_in_processes(
            left, grid.processes, grid.threads, grid.retries
        )
    start, failures, waiting = time.monotonic(), 0, set(left)
    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    # Closing ends the processes, also when an interrupt comes between two runs.
    with (
        contextlib.closing(ended),
        Progress(*columns, console=console) as progress,
    ):
        task = progress.add_task("", total=len(left))
        for run, record in ended:
            write_record(run.path, record, compact=True)
            clock.add(record)
            waiting.discard(run)
            failures += "error" in record
            done = len(left) - len(waiting)
            rate = 3600 * done / (time.monotonic() - start)
            time_left = clock.left(waiting, grid.processes)
            status = f"{rate:.0f} runs an hour, time left: {time_left}"
            progress.update(task, advance=1, description=status)
            line = f"{done}/{len(left)} {shown(run)}: {_outcome(record)}"
            if not console.is_terminal:
                line += f"; {status}"
            console.print(line)
    if failures:
        console.print(f"{failures} runs failed; their records say why.")
    command = "python -m training report"
    if grid.records_dir != RECORDS_DIR:
        # Where the report is, unless it is said, are the documented results.
        folder, output = grid.records_dir, grid.work_dir / "RESULTS.md"
        command += f" --records-dir {_quoted(folder)}"
        command += f" --output {_quoted(output)}"
    console.print(f"Read them with  {command}")
    return failures


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


def _outcome(record: dict) -> str:
    if "error" in record:
        return f"FAILED: {shown(record['error'])}"
    results = record["results"]
    outcome = (
        f"test error {results['test_error']:.1f} % in "
        f"{results['seconds']:.0f} s"
    )
    if "started_anew" in record:
        outcome += f"; started anew: {shown(record['started_anew'])}"
    return outcome


def _list(console: Console, records: dict[Run, dict | None]) -> None:
    table = Table("run", "steps", "state")
    for run, record in records.items():
        state = _outcome(record) if record else "to do"
        table.add_row(shown(run), str(run.options.optimisation.steps), state)
    console.print(table)
