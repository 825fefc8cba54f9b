"""Runs experiments in processes of this machine."""

import multiprocessing
import os
import threading
import time
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    ProcessPoolExecutor,
    wait,
)

from training.configuration import configuration


def run_in_processes(runs, processes, threads, retries):
    """Runs experiments, a few at a time.

    Args:
        runs: List of `Run`.
        processes: Int, how many at a time.
        threads: Int, cores of each.
        retries: Int, how often a run begins again whose process was lost.

    Yields:
        Each run with its record, as they end.
    """
    waiting = [(run, 0) for run in reversed(runs)]
    while waiting:
        pool = ProcessPoolExecutor(
            processes,
            # A forked process would inherit a TensorFlow that has threads.
            multiprocessing.get_context("spawn"),
            _end_with_parent,
            (os.getpid(),),
        )
        with pool:
            yield from _run_in_pool(pool, waiting, processes, threads, retries)


def _run_in_pool(pool, waiting, processes, threads, retries):
    """Takes from `waiting`, until it is empty or the pool has broken."""
    running, is_broken = {}, False
    while running or (waiting and not is_broken):
        while waiting and len(running) < processes and not is_broken:
            run, losses = waiting.pop()
            future = pool.submit(execute_quietly, run.options, threads)
            running[future] = run, losses
        done, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in done:
            run, losses = running.pop(future)
            try:
                yield run, future.result()
            except BrokenExecutor:
                is_broken = True
                if losses < retries:
                    waiting.append((run, losses + 1))
                else:
                    yield run, lost(run, losses + 1)


def lost(run, times):
    """The record of a run whose process was lost."""
    return {
        "configuration": configuration(run.options),
        "error": f"its process was lost {times} times; out of memory?",
    }


def execute_quietly(options, threads):
    """What `execute` does, in a process that has yet to load TensorFlow."""
    # Where TensorFlow is imported, a process is ready to train, not before.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from training.grid.execute import execute

    return execute(options, threads)


def _end_with_parent(parent):
    """Ends this process when its parent is gone, however that went."""

    def watch():
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
