"""One JSON file per run: what was asked, where it ran, what came out."""

import json
from pathlib import Path
from typing import Any

from training.machine import environment
from training.options.configuration import configuration
from training.run.files import digests

CURVES = (
    "step",
    "dev_error",
    "test_error",
    "right_dev_error",
    "loss",
    "lam_shift",
    "adversarial_share",
    "loss_gain",
)
DIGITS = 6
# What has to be in the record of a run that succeeded, or failed.
_DONE = {
    "configuration": {
        "dataset": str,
        "backbone": str,
        "method": str,
        "steps": float,
    },
    "results": {"test_error": float, "seconds": float},
}
_FAILED = {"configuration": {}, "error": str}


def begun(options: Any) -> dict:
    """What a record says before the run: what is computed, and where.

    Args:
        options: `TrainOptions`, resolved.
    """
    return {
        "configuration": configuration(options),
        "files": digests(options),
        "environment": environment(),
    }


def ended(dataset: dict, results: dict, curves: dict) -> dict:
    """What a record says after the run, numbers of `DIGITS` digits.

    Args:
        dataset: What `Experiment.description` returns.
        results, curves: What `Experiment.run` returns.
    """
    kept = {key: curves[key] for key in CURVES if key in curves}
    return {
        "dataset": dataset,
        "results": rounded(results),
        "curves": rounded(kept),
    }


def rounded(value: Any) -> Any:
    """A copy with floats of `DIGITS` significant digits, as records have."""
    if isinstance(value, dict):
        return {key: rounded(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(one) for one in value]
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value


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
        text: String; what UTF-8 has no bytes for is written as its escape.
    """
    # Not before it is used: it loads TensorFlow.
    from keras_amp.whole import written_whole

    with written_whole(path) as unfinished:
        unfinished.write_text(text, "utf-8", "backslashreplace")


def read_record(path: str | Path) -> dict | None:
    """A run's record, or `None` if there is none or it is damaged.

    Raises:
        OSError: If what is there can't be read, or is no file.
    """
    path = Path(path)
    if not path.exists():
        return None
    if not path.is_file():
        raise OSError(f"'{path}' is no file, so no record of a run; move it")
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        return None
    is_whole = misfit(record, _DONE) is None or misfit(record, _FAILED) is None
    return record if is_whole else None


def misfit(value: Any, form: Any, name: str = "") -> str | None:
    """Where a value that JSON held is not of a form; `None` if it is.

    Args:
        value: What was read.
        form: A type; a list of the one form of all entries of a list that is
            not empty; or a dict from key to form, of a dict that may have more
            keys. A float is any number of a reasonable size.
        name: String, what the value is called.

    Returns:
        String, a name such as "results.seconds".

    Examples:
        >>> misfit({"a": {"b": [1, 2.5]}, "c": 0}, {"a": {"b": [float]}})
        >>> misfit({"a": {"b": [1, "2.5"]}}, {"a": {"b": [float]}})
        'a.b'
    """
    if isinstance(form, dict):
        if not isinstance(value, dict):
            return name or "all of it"
        parts = [
            misfit(value.get(key), one, f"{name}.{key}".lstrip("."))
            for key, one in form.items()
        ]
        return next((part for part in parts if part), None)
    if isinstance(form, list):
        fits = isinstance(value, list) and bool(value)
        fits = fits and not any(misfit(one, form[0], name) for one in value)
    elif form is float:
        is_number = isinstance(value, int | float)
        fits = is_number and not isinstance(value, bool) and abs(value) < 1e15
    else:
        fits = isinstance(value, form)
    return None if fits else name or "all of it"
