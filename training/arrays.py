"""Files of arrays, `.npz`: written whole, read without trust."""

import os
import zipfile
from pathlib import Path

import numpy as np

from keras_amp.errors import one_line
from keras_amp.whole import written_whole


def write_arrays(path: str | Path, arrays: dict) -> None:
    """Writes a dict of arrays, whole or not at all.

    Args:
        path: Path of the file; its folder is made if it is not there.
        arrays: Dict from name to array.

    Raises:
        OSError: If it can't be written.
    """
    with written_whole(path) as unfinished, unfinished.open("wb") as file:
        np.savez(file, **arrays)


def read_arrays(path: str | Path) -> dict[str, np.ndarray]:
    """Reads what `write_arrays` wrote.

    Memory is bounded by the file's size: what `write_arrays` writes is not
    compressed.

    Returns:
        Dict from name to array.

    Raises:
        OSError: If the file can't be opened.
        ValueError: If it is damaged.
    """
    with open(path, "rb") as file:
        try:
            with zipfile.ZipFile(file) as archive:
                members = archive.infolist()
                size = sum(member.file_size for member in members)
                if size > os.fstat(file.fileno()).st_size:
                    raise ValueError("it says it holds more than it does")
                return {
                    member.filename.removesuffix(".npy"): _read(archive, member)
                    for member in members
                }
        except Exception as error:  # Of zip files, of npy's header, of memory.
            raise ValueError(
                f"'{path}' is damaged ({one_line(error)})"
            ) from error


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> np.ndarray:
    with archive.open(member) as file:
        return np.lib.format.read_array(file, allow_pickle=False)
