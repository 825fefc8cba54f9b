"""Files and folders that appear whole or not at all."""

import contextlib
import errno
import os
import platform
import re
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def written_whole(path: str | Path) -> Iterator[Path]:
    """Gives a path to write at; what is there in the end appears at `path`.

    Until then it has a name of this process and thread alone: those that write
    the same file don't meet, and the last one stays. A file at `path` is
    replaced; a folder, a pipe or a device is not. When writing fails, nothing
    is left.

    Args:
        path: Path of a file or folder; its folder is made if it is not there.

    Yields:
        The `pathlib.Path` to write a file or to make a folder at.

    Raises:
        OSError: If it can't be written, always with `path` in its message.

    Examples:
        >>> import os, tempfile
        >>> folder = tempfile.mkdtemp()
        >>> with written_whole(folder + "/a.txt") as unfinished:
        ...     _ = unfinished.write_text("all of it")
        >>> os.listdir(folder)
        ['a.txt']
    """
    path = Path(path)
    if path.exists() and not path.is_file():
        raise FileExistsError(
            errno.EEXIST, "Something that is no file is there", str(path)
        )
    owner = f"{platform.node()}-{os.getpid()}-{threading.get_native_id()}"
    unfinished = path.with_name(f".{path.name}.{owner}.unfinished")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield unfinished
        os.replace(unfinished, path)
    except OSError as error:
        raise _about(error, path) from error
    finally:
        _remove(unfinished)


def remove_abandoned(folder: str | Path) -> None:
    """Removes what `written_whole` left in a folder when it was killed.

    What belongs to a process that lives, or to another machine, stays.

    Args:
        folder: Path of a folder, which need not exist.
    """
    name = re.compile(
        rf"\..+\.{re.escape(platform.node())}-(\d+)-\d+\.unfinished"
    )
    for path in Path(folder).glob(".*.unfinished"):
        match = name.fullmatch(path.name)
        if match and not _is_alive(int(match[1])):
            _remove(path)


def check_writable(folder: str | Path) -> None:
    """Makes a folder and writes into it, to know before hours of work.

    Also removes what is abandoned in it.

    Args:
        folder: Path.

    Raises:
        OSError: If it can't be made, is read-only or full; with its path.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    remove_abandoned(folder)
    with written_whole(folder / ".writable") as probe:
        probe.write_bytes(bytes(1 << 16))
    (folder / ".writable").unlink(missing_ok=True)


def _about(error: OSError, path: Path) -> OSError:
    """The same error, with the file's own name."""
    if error.errno is None:
        return type(error)(f"'{path}': {error}")
    return OSError(error.errno, error.strerror, str(path))


def _is_alive(process: int) -> bool:
    if os.name != "posix":  # elsewhere `os.kill` would end it
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # another user's
        return True
    return True


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
