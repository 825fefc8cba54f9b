"""What the docs say of results is what the records say."""

import re
import shlex
import shutil
import sys
from pathlib import Path

import pytest

from training.__main__ import main
from training.grid.grid_options import RECORDS_DIR
from training.report.figures import FIGURES
from training.report.results import load_records
from training.report.write_report import report

HERE = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with all that `report` writes from the records."""
    folder = tmp_path_factory.mktemp("docs")
    readme = folder / "README.md"
    shutil.copyfile(HERE / "README.md", readme)
    report(HERE / RECORDS_DIR, folder / "RESULTS.md", False, readme)
    return folder


def test_results_are_those_of_the_records_byte_for_byte(made):
    assert (made / "RESULTS.md").read_bytes() == (
        HERE / "docs" / "RESULTS.md"
    ).read_bytes()
    written = (made / "results").iterdir()
    tables = sorted(path.name for path in written if path.suffix != ".png")
    assert len(tables) > 4
    for name in tables:
        ours = (HERE / "docs" / "results" / name).read_bytes()
        assert (made / "results" / name).read_bytes() == ours


def test_the_readme_advises_what_the_results_do(made):
    text = (HERE / "README.md").read_text("utf-8")
    assert (made / "README.md").read_text("utf-8") == text
    before, _, block = text.partition("<!-- advice -->\n- **")
    assert before and block


def test_figures_of_the_results_are_there():
    text = (HERE / "docs" / "RESULTS.md").read_text("utf-8")
    figures = sorted((HERE / "docs" / "results").glob("*.png"))
    assert {path.name for path in figures} == set(FIGURES)
    for path in figures:
        assert f"(results/{path.name})" in text


def test_no_run_of_the_records_failed():
    records, skipped = load_records(HERE / RECORDS_DIR)
    assert skipped == []
    assert all("results" in one for one in records)


def test_the_documented_grids_are_done(monkeypatch, capsys):
    text = (HERE / "docs" / "experiments.md").read_text("utf-8")
    commands = re.findall(
        r"^python -m (training table (?:.*\\\n)*.*results/records)$", text, re.M
    )
    assert len(commands) == 36
    monkeypatch.chdir(HERE)
    for command in commands:
        arguments = shlex.split(command.replace("\\\n", " "))
        monkeypatch.setattr(sys, "argv", [*arguments, "--dry-run"])
        main()
        assert " 0 failed, 0 to do" in capsys.readouterr().out, command


def test_records_name_no_place():
    for path in (HERE / RECORDS_DIR).glob("*.json"):
        text = path.read_text("utf-8")
        assert '"/' not in text, path
