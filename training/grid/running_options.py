"""How many runs are run: at a time, where, and again."""

import dataclasses
from typing import Any, Literal

from training.machine import usable_cores


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunningOptions:
    """How many runs are run: at a time, where, and again."""

    # Runs at a time on this machine; else its cores / --threads.
    processes: int | None = None
    # Cores of a run, here or on Ray.
    threads: int = 1
    # Start a Ray on this machine and run there.
    ray: Literal["local"] | None = None
    # Run on this Ray cluster, such as auto or ray://host:10001.
    ray_address: str | None = None
    # How often a run begins again whose process was lost.
    retries: int = 2
    # Run again what has failed before.
    retry_failed: bool = False
    # Say what would be run, what is done and the time left; run nothing.
    dry_run: bool = False

    @property
    def is_on_ray(self) -> bool:
        """Whether Ray runs them."""
        return bool(self.ray or self.ray_address)

    def with_processes(self) -> Any:
        """These options with the number of processes filled in.

        Raises:
            ValueError: If an option has no value that would do.
        """
        if self.ray and self.ray_address:
            raise ValueError("--ray local and --ray-address exclude each other")
        if self.threads < 1:
            raise ValueError(f"--threads must be above 0, not {self.threads}")
        if self.processes is not None and self.processes < 1:
            raise ValueError(
                f"--processes must be above 0, not {self.processes}"
            )
        if self.retries < 0:
            raise ValueError(f"--retries must be 0 or more, not {self.retries}")
        processes = self.processes or max(1, usable_cores() // self.threads)
        return dataclasses.replace(self, processes=processes)
