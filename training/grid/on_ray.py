"""Runs experiments on Ray, on this machine or a cluster."""

import logging
import re
import socket
from collections.abc import Generator
from typing import Any

import keras_amp
import training
from keras_amp.extras import needed
from training.grid.processes import execute_quietly, lost
from training.grid.runs import Run
from training.options.train_options import TrainOptions


def run_on_ray(
    runs: list[Run], address: str, processes: int, threads: int, retries: int
) -> Generator[tuple[Run, dict], None, None]:
    """Runs experiments as Ray's tasks.

    Args:
        runs: List of `Run`.
        address: String, the cluster's address; "local" starts a Ray here.
        processes: Int, runs at a time of a Ray that is started here.
        threads: Int, cores of each run.
        retries: Int, how often a run begins again whose worker was lost.

    Returns:
        An iterator over each run with its record, as they end.

    Raises:
        ImportError: If Ray is not installed.
        ConnectionError: If there is no Ray at `address`.
    """
    flag = "--ray" if address == "local" else "--ray-address"
    ray = needed("ray", flag, '"keras_amp[ray]"')
    _check_reachable(address)
    return _as_tasks(ray, runs, address, processes, threads, retries)


def _as_tasks(
    ray: Any,
    runs: list[Run],
    address: str,
    processes: int,
    threads: int,
    retries: int,
) -> Generator[tuple[Run, dict], None, None]:
    # A cluster's machines get this code; they need its dependencies.
    common = {
        "runtime_env": {"py_modules": [keras_amp, training]},
        "logging_level": logging.ERROR,
        "log_to_driver": False,
    }
    if address == "local":
        ray.init(
            "local",
            num_cpus=processes * threads,
            include_dashboard=False,
            **common,
        )
    else:
        ray.init(address, **common)
    try:
        task = ray.remote(execute_there).options(
            num_cpus=threads, max_retries=retries
        )
        running = {task.remote(run.options, threads): run for run in runs}
        while running:
            done, _ = ray.wait(list(running))
            run = running.pop(done[0])
            try:
                yield run, ray.get(done[0])
            except ray.exceptions.RayError:
                yield run, lost(run, retries + 1)
    finally:
        ray.shutdown()


def execute_there(options: TrainOptions, threads: int) -> dict:
    """Executes on a machine whose checkpoints nobody else can discard."""
    from training.run.checkpoint import discard_checkpoint

    record = execute_quietly(options, threads)
    if "error" not in record:
        discard_checkpoint(options)
    return record


def _check_reachable(address: str) -> None:
    """Ray itself tries for minutes before it says so."""
    match = re.fullmatch(r"(?:ray://)?([^/:]+):(\d+)", address)
    if match is None:
        return
    try:
        socket.create_connection((match[1], int(match[2])), timeout=5).close()
    except OSError as error:
        raise ConnectionError(
            f"--ray-address: nothing answers at '{address}' ({error}); start "
            "a Ray there with  ray start --head  or use --ray local"
        ) from error
