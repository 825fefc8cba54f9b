"""The page of versions is what the committed records say."""

import importlib.util
import json
from pathlib import Path

HERE = Path(__file__).parent.parent


def matrix():
    path = HERE / ".ci" / "matrix.py"
    spec = importlib.util.spec_from_file_location("matrix", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_written_from_the_records(monkeypatch, tmp_path):
    program = matrix()
    assert program.PAGE.read_text(encoding="utf-8") == program.page()
    monkeypatch.setattr(program, "RECORDS", tmp_path)
    assert program.page().count("not run") == len(program.ENVIRONMENTS)


def test_records_count_what_pytest_wrote(tmp_path):
    (tmp_path / "junit.xml").write_text(
        '<testsuites><testsuite tests="9" failures="1" errors="2" '
        'skipped="3"/></testsuites>'
    )
    counts = matrix().counted(tmp_path / "junit.xml")
    assert counts == {"passed": 3, "failed": 3, "skipped": 3}


def test_the_first_command_stays_light():
    record = json.loads((matrix().RECORDS / "extras.json").read_text())
    assert record["extras"]["training"]["packages"] <= 60
