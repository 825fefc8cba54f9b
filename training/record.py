"""One JSON file per run: what was asked, where it ran, what came out."""

import json
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


def write_record(path: str | Path, record: dict, compact: bool = False) -> None:
    """Writes a JSON file whole or not at all.

    Args:
        path: Path of the file.
        record: What `json` can write; paths become strings.
        compact: Bool, whether to write a line per entry of the dict instead
            of one per number.
    """
    if compact:
        text = ",\n".join(
            f" {json.dumps(key)}: {json.dumps(value, default=str)}"
            for key, value in record.items()
        )
        text = f"{{\n{text}\n}}"
    else:
        text = json.dumps(record, indent=1, default=str)
    write_text(path, text + "\n")


def write_text(path: str | Path, text: str) -> None:
    """Writes a text file whole or not at all.

    Args:
        path: Path of the file; its folder is made if it is not there.
        text: String.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        unfinished.write_text(text, encoding="utf-8")
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


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
