"""Where a run takes place: versions, commit, cores, accelerator."""

import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path


def environment() -> dict:
    """Versions, commit and processor, to tell runs apart by.

    Returns:
        Dict with `versions`, of which that of Keras' backend, `commit` (`None`
        outside a git checkout, with "+changes" where files differ from it),
        `python`, `cpus` and, where JAX or PyTorch has one, `accelerator`.
    """
    # Not before it is used: it loads the backend.
    import keras

    backend = keras.backend.backend()
    packages = ("keras_amp", backend, "keras", "numpy")
    accelerator = _accelerator(backend)
    return {
        "versions": {name: metadata.version(name) for name in packages},
        "commit": _commit(),
        "python": platform.python_version(),
        "cpus": usable_cores(),
        **({"accelerator": accelerator} if accelerator else {}),
    }


def usable_cores() -> int:
    """The cores that this process may use, where the system tells."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _accelerator(backend: str) -> str | None:
    if backend == "jax":
        import jax

        device = jax.devices()[0]
        return None if device.platform == "cpu" else device.device_kind
    if backend == "torch":
        import torch

        if torch.cuda.is_available():
            return torch.cuda.get_device_name()
    return None


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
