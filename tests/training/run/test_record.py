import json
import os

import pytest

from tests.helpers import files_limited_to
from training.run.record import misfit, read_record, write_record, write_text

DONE = {
    "configuration": {
        "dataset": "demo",
        "backbone": "cnn",
        "method": "word",
        "steps": 4,
    },
    "results": {"test_error": 12.5, "seconds": 3},
}
FAILED = {"configuration": {}, "error": "ValueError: no"}


@pytest.mark.parametrize("compact", [True, False])
@pytest.mark.parametrize("record", [DONE, FAILED])
def test_what_is_written_is_read(tmp_path, record, compact):
    path = tmp_path / "new" / "1.json"
    write_record(path, record, compact)
    assert read_record(path) == record
    assert [one.name for one in path.parent.iterdir()] == ["1.json"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[" * 100_000,
        b"3",
        b'["configuration"]',
        b'{"configuration": 3, "error": "x"}',
        json.dumps(DONE | {"results": {}}).encode(),
        json.dumps(DONE | {"results": None}).encode(),
        json.dumps(DONE).replace("12.5", "1" * 5000).encode(),
        json.dumps(DONE).replace("12.5", "NaN").encode(),
    ],
)
def test_what_is_no_record_is_none(tmp_path, content):
    path = tmp_path / "1.json"
    path.write_bytes(content)
    assert read_record(path) is None


def test_no_record_is_none(tmp_path):
    assert read_record(tmp_path / "1.json") is None


@pytest.mark.parametrize("make", ["mkdir", "mkfifo"])
def test_what_is_no_file_is_refused_at_once(tmp_path, make):
    if not hasattr(os, make):
        pytest.skip("no pipes with names here")
    path = tmp_path / "1.json"
    getattr(os, make)(path)
    with pytest.raises(OSError, match=r"1\.json' is no file"):
        read_record(path)


def test_a_form_is_fitted_by_what_has_all_of_it():
    form = {"a": [float], "b": {"c": str}}
    value = {"a": [1, 2.5], "b": {"c": "x", "more": 1}, "more": None}
    assert misfit(value, form) is None
    assert misfit({**value, "a": []}, form) == "a"
    assert misfit({**value, "a": [1, True]}, form) == "a"
    assert misfit({**value, "a": [1, 1e300]}, form) == "a"
    assert misfit({**value, "b": {"c": 1}}, form) == "b.c"
    assert misfit({**value, "b": []}, form) == "b"
    assert misfit([], form) == "all of it"


def test_a_full_disc_names_the_record_and_leaves_the_old_one(tmp_path):
    path = tmp_path / "1.json"
    write_record(path, DONE)
    with (
        files_limited_to(20),
        pytest.raises(OSError, match=r"File too large: '.*1\.json'"),
    ):
        write_record(path, FAILED)
    assert read_record(path) == DONE
    assert len(list(tmp_path.iterdir())) == 1


def test_letters_that_no_file_holds_are_written_as_escapes(tmp_path):
    write_text(tmp_path / "a.md", "caf\udce9")
    assert (tmp_path / "a.md").read_text("utf-8") == "caf\\udce9"
