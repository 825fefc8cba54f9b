"""Runs experiments in processes of this machine."""

import ctypes
import dataclasses
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Generator
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    Future,
    ProcessPoolExecutor,
    wait,
)

from training.grid.runs import Run
from training.options.configuration import configuration
from training.options.train_options import TrainOptions


@dataclasses.dataclass
class _Waiting:
    """A run that has yet to begin.

    When a process is lost, so are all others, and no one knows whose fault it
    was: each begins again alone.
    """

    run: Run
    losses: int = 0  # when it was alone
    is_suspect: bool = False


def run_in_processes(
    runs: list[Run], processes: int, threads: int, retries: int
) -> Generator[tuple[Run, dict], None, None]:
    """Runs experiments, a few at a time.

    Args:
        runs: List of `Run`.
        processes: Int, how many at a time.
        threads: Int, cores of each.
        retries: Int, how often a run begins again whose process was lost when
            no other ran.

    Yields:
        Each run with its record, as they end; its checkpoint is discarded when
        the next is asked for. When this is closed or interrupted, the
        processes end at once, and their checkpoints stay.
    """
    # A forked process would inherit a TensorFlow that has threads.
    context = multiprocessing.get_context("spawn")
    # An event would wait for an answer of all who wait for it, and a process
    # that was killed gives none.
    is_over = context.RawValue(ctypes.c_bool, False)
    waiting = [_Waiting(run) for run in reversed(runs)]
    while waiting:
        pool = ProcessPoolExecutor(
            processes, context, _prepare_worker, (os.getpid(), is_over)
        )
        with pool:
            try:
                yield from _run_in_pool(
                    pool, waiting, processes, threads, retries
                )
            except BaseException:
                # Else the pool would wait for its runs.
                is_over.value = True
                raise


def _run_in_pool(
    pool: ProcessPoolExecutor,
    waiting: list[_Waiting],
    processes: int,
    threads: int,
    retries: int,
) -> Generator[tuple[Run, dict], None, None]:
    """Takes from `waiting`, until it is empty or the pool has broken."""
    from training.run.checkpoint import discard_checkpoint  # loads TensorFlow

    running: dict[Future, _Waiting] = {}
    is_broken = False

    def may_begin() -> bool:
        if is_broken or not waiting:
            return False
        is_alone = any(
            one.is_suspect for one in (waiting[-1], *running.values())
        )
        return len(running) < (1 if is_alone else processes)

    while running or (waiting and not is_broken):
        while may_begin():
            one = waiting.pop()
            try:
                future = pool.submit(execute_quietly, one.run.options, threads)
            except BrokenExecutor:  # Lost while a record was being kept.
                is_broken = True
                waiting.append(one)
            else:
                running[future] = one
        # A pool that breaks tells its runs one after another.
        was_alone = len(running) == 1 and not is_broken
        done, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in done:
            one = running.pop(future)
            try:
                record = future.result()
            except BrokenExecutor:
                is_broken = True
                one.is_suspect = True
                one.losses += was_alone
                if one.losses <= retries:
                    waiting.append(one)
                    continue
                record = lost(one.run, one.losses)
            yield one.run, record
            # Who asks for the next has kept this one.
            if "error" not in record:
                discard_checkpoint(one.run.options)


def lost(run: Run, times: int) -> dict:
    """The record of a run whose process was lost."""
    return {
        "configuration": configuration(run.options),
        "error": f"its process was lost {times} times; out of memory?",
    }


def execute_quietly(options: TrainOptions, threads: int) -> dict:
    """What `execute` does, in a process that has yet to load TensorFlow."""
    # Where TensorFlow is imported, a process is ready to train, not before.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from training.grid.execute import execute

    return execute(options, threads)


def _prepare_worker(parent: int, is_over: ctypes.c_bool) -> None:
    """Ends this process when its parent says so or is gone, not before.

    Ctrl-C in a terminal reaches parent and workers alike, a supervisor's
    interrupt the parent alone: it is the parent's in both cases.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        while os.getppid() == parent and not is_over.value:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
