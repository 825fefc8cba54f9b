"""Runs many, here or on Ray, and writes each record as it comes."""

import contextlib
import time
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
)

from keras_amp.extras import needed
from training.grid.on_ray import run_on_ray
from training.grid.processes import run_in_processes
from training.grid.running_options import RunningOptions
from training.grid.runs import Clock, Run
from training.models.backbones import BACKBONES
from training.run.record import write_record
from training.terminal import shown


def check_packages(runs: Iterable[Run], option: str) -> None:
    """Refuses what each run would fail for, one after the other."""
    for name in {run.options.model.backbone for run in runs}:
        needs = BACKBONES[name].needs
        if needs:
            module, install = needs
            needed(module, f"{option} {name}", install)


def run_all(
    console: Console,
    runs: Sequence[Run],
    clock: Clock,
    running: RunningOptions,
    later: Sequence[Run] = (),
) -> int:
    """Runs, shows how far it is, and writes each record as it comes.

    Args:
        console: What `training.terminal.console` makes.
        runs: Sequence of `Run`.
        clock: `Clock`, which learns from each.
        running: `RunningOptions`, checked.
        later: Runs that are to follow in another call, for the time left.

    Returns:
        The number of runs that failed.
    """
    processes, threads = running.processes, running.threads
    assert processes is not None  # `with_processes` has filled it in
    if running.is_on_ray:
        address = running.ray_address or str(running.ray)
        ended = run_on_ray(
            list(runs), address, processes, threads, running.retries
        )
    else:
        ended = run_in_processes(
            list(runs), processes, threads, running.retries
        )
    total = len(runs) + len(later)
    start, failures, waiting = time.monotonic(), 0, set(runs)
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
        task = progress.add_task("", total=total)
        for run, record in ended:
            write_record(run.path, record, compact=True)
            clock.add(record)
            waiting.discard(run)
            failures += "error" in record
            done = len(runs) - len(waiting)
            rate = 3600 * done / (time.monotonic() - start)
            time_left = clock.left({*waiting, *later}, processes)
            status = f"{rate:.0f} runs an hour, time left: {time_left}"
            progress.update(task, advance=1, description=status)
            line = f"{done}/{total} {shown(run)}: {outcome(record)}"
            if not console.is_terminal:
                line += f"; {status}"
            console.print(line)
    if failures:
        console.print(f"{failures} runs failed; their records say why.")
    return failures


def outcome(record: dict) -> str:
    """What a run's record says, in a few words."""
    if "error" in record:
        return f"FAILED: {shown(record['error'])}"
    results = record["results"]
    told = (
        f"test error {results['test_error']:.1f} % in "
        f"{results['seconds']:.0f} s"
    )
    if "started_anew" in record:
        told += f"; started anew: {shown(record['started_anew'])}"
    return told
