"""Where a run takes place: versions, commit, cores."""

import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path

PACKAGES = ("keras_amp", "tensorflow", "keras", "numpy")


def environment() -> dict:
    """Versions, commit and processor, to tell runs apart by.

    Returns:
        Dict with `versions`, `commit` (`None` outside a git checkout, with
        "+changes" where files differ from it), `python` and `cpus`.
    """
    return {
        "versions": {name: metadata.version(name) for name in PACKAGES},
        "commit": _commit(),
        "python": platform.python_version(),
        "cpus": usable_cores(),
    }


def usable_cores() -> int:
    """The cores that this process may use, where the system tells."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _commit() -> str | None:
    here = Path(__file__).parent

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(here), *arguments]
        done = subprocess.run(
            command, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    try:
        changed = git("status", "--porcelain", "--untracked-files=no")
        return git("rev-parse", "HEAD") + ("+changes" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return None
