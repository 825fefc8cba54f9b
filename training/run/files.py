"""What the files of a run hold: a name may come to mean another file."""

import contextlib
import functools
import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from training.options.configuration import FILES
from training.options.model_options import ModelOptions

# What is read of an encoder's folder, in each of the forms that it may have.
_OF_ENCODERS = re.compile(
    r"^model.*\.safetensors$|\.weights\.h5$|\.ckpt|^vocab"
    r"|^(bert_|tokenizer_)?config\.json$"
)


def digests(options: Any) -> dict[str, str]:
    """The SHA-256 of the files that options name, in hexadecimal digits.

    That of a folder is one of what is read of an encoder's.

    Args:
        options: `TrainOptions`, resolved.

    Returns:
        Dict by the name of the option, without what is no file here, as an
        encoder of the hub.
    """
    asked = options.flat()
    no_file = (None, ModelOptions.embeddings)
    named = {
        field: asked[field] for field in FILES if asked[field] not in no_file
    }
    found = {}
    for field, value in named.items():
        # What can't be read, the run itself will say.
        with contextlib.suppress(OSError, ValueError):
            found[field] = _digest(field, value)
    return {field: digest for field, digest in found.items() if digest}


def check_files(records: Mapping[Any, dict | None]) -> None:
    """Refuses records of files that have the names of those here, alone.

    Args:
        records: Dict from `Run` to its record or `None`.

    Raises:
        ValueError: If a record was made with a file that held something else
            than the file of that name holds now.
    """
    for run, record in records.items():
        before = (record or {}).get("files", {})
        now = digests(run.options) if before else {}
        for field in before.keys() & now.keys():
            if before[field] != now[field]:
                option = field.replace("_", "-")
                raise ValueError(
                    f"'{run.path}' was made with another --{option} "
                    f"'{run.options.flat()[field]}' than is there now: its "
                    f"SHA-256 began with {before[field][:8]}, now with "
                    f"{now[field][:8]}. Give the new one a name of its own, or "
                    "keep its records in another folder"
                )


def _digest(field: str, value: Any) -> str | None:
    path = Path(value)
    if field == "bert":
        # Not before it is used: it loads TensorFlow.
        from keras_amp.backbones.bert_names import find_bert

        path = Path(find_bert(str(value)))
    if path.is_file():
        return _of_file(path, *_state(path))
    whole = hashlib.sha256()
    files = [
        file
        for file in path.rglob("*")
        if _OF_ENCODERS.search(file.name) and file.is_file()
    ]
    for file in sorted(files):
        whole.update(_of_file(file, *_state(file)).encode("ascii"))
    return whole.hexdigest() if files else None


def _state(path: Path) -> tuple[int, int]:
    state = path.stat()
    return state.st_size, state.st_mtime_ns


@functools.lru_cache
def _of_file(path: Path, size: int, changed: int) -> str:
    """The SHA-256 of a file that is as large and as old as this."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(1 << 20):
            digest.update(part)
    return digest.hexdigest()
