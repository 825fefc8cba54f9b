"""What a run computes, as plain values, and the key that says which run it is.

Where a run's files lie, and how it was started, are no part of it: the same
experiment has the same key on every machine.
"""

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

# Of these the names count, not the folders they lie in.
FILES = ("embeddings", "bert", "vocabulary", "out_of_domain_file")
# Off unless asked for, though not false, 0, empty or `None`.
_OFF = {
    "mix_share": 1.0,
    "mix_until": 1.0,
    "partner": "any",
    "wrong_kind": "uniform",
}


def configuration(options: Any) -> dict:
    """The values that a run depends on.

    What is false, 0, empty or `None`, or else off, is left out, so that an
    option which comes later, and is off unless asked for, changes no run's
    key.

    Args:
        options: `TrainOptions`, resolved.

    Returns:
        A dict of what `json` can write; of files the names.
    """
    parts = dataclasses.asdict(options)
    del parts["where"]
    values = {
        key: value for part in parts.values() for key, value in part.items()
    }
    for field in FILES:
        if values[field] is not None:
            values[field] = Path(values[field]).name
    return _without_empty(values)


def key_of(options: Any) -> str:
    """Sixteen hexadecimal digits, the same for the same `configuration`."""
    text = json.dumps(configuration(options), sort_keys=True)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]


def _without_empty(values: dict) -> dict:
    kept = {}
    for field, value in values.items():
        if isinstance(value, dict):
            value = _without_empty(value)
        if value != _OFF[field] if field in _OFF else value:
            kept[field] = str(value) if isinstance(value, Path) else value
    return kept
