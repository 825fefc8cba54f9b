"""Answers as a table, as JSON lines and as CSV."""

import csv
import io
import json

import hypothesis
import pytest
from hypothesis import settings
from hypothesis import strategies as st

from tests.training.test_terminal import STRINGS, is_harmless, printed
from training.data.texts import Text
from training.run.answers import (
    Answer,
    as_json_line,
    as_table,
    write_answers,
)

SURE = {"good": 0.75, "so-so": 0.2, "bad": 0.05}


def read_csv(path):
    text = path.read_bytes().decode()
    return list(csv.reader(io.StringIO(text, newline="")))


@settings(deadline=None, derandomize=True)
@hypothesis.given(STRINGS, STRINGS, STRINGS, st.booleans())
def test_a_json_line_says_what_was_asked_and_answered(
    text, other, label, is_ascii
):
    asked = Text(text, [(other, other), ("label", [other, None])])
    probabilities = {label: 2 / 3, f"{label}x": 1 / 3}
    line = as_json_line(Answer(asked, label, probabilities), is_ascii)
    assert is_harmless(line)
    assert "\n" not in line
    assert line.isascii() or not is_ascii
    row = json.loads(line)
    assert list(row)[-4:] == ["text", "label", "probability", "probabilities"]
    assert (row["text"], row["label"]) == (text, label)
    assert row["given_label"] == [other, None]
    assert row["probability"] == 0.666667
    assert row["probabilities"] == {label: 0.666667, f"{label}x": 0.333333}


def test_a_csv_has_a_column_of_each_that_any_row_has(tmp_path):
    first = Text('a,\r"b"\n', [("id", 7), ("label", "x"), ("", None)])
    second = Text("", [("tags", ["ü", 1]), ("id", "8"), ("", "z"), ("", "y")])
    answers = [Answer(one, "good", SURE) for one in (first, second)]
    write_answers(tmp_path / "a.CSV", answers)
    each = ["0.75", "0.75", "0.2", "0.05"]
    assert read_csv(tmp_path / "a.CSV") == [
        [
            *("id", "given_label", "", "tags", "given_", "text", "label"),
            *("probability", "probability_good", "probability_so-so"),
            "probability_bad",
        ],
        ["7", "x", "", "", "", 'a,\r"b"\n', "good", *each],
        ["8", "", "z", '["ü", 1]', "y", "", "good", *each],
    ]


@pytest.mark.parametrize(
    "name", ["text", "label", "probability", "probabilities"]
)
def test_a_column_of_ones_own_is_never_taken_for_the_answer(tmp_path, name):
    beside = [(name, "mine"), (f"given_{name}", "too")]
    one = Answer(Text("a", beside), "good", SURE)
    row = json.loads(as_json_line(one))
    assert row[f"given_{name}"] == "mine"
    assert row[f"given_given_{name}"] == "too"
    write_answers(tmp_path / "a.csv", [one])
    names, values = read_csv(tmp_path / "a.csv")
    assert names[:2] == [f"given_{name}", f"given_given_{name}"]
    assert len(names) == len(set(names)) == len(values)


def test_a_file_of_json_lines_has_a_line_each(tmp_path):
    answers = [Answer(Text(f"é{n}\n", []), "good", SURE) for n in range(3)]
    write_answers(tmp_path / "a.jsonl", answers)
    lines = (tmp_path / "a.jsonl").read_text("utf-8").splitlines()
    assert lines == [as_json_line(one) for one in answers]
    assert "é0" in lines[0]


def test_a_table_cuts_nothing():
    text = " ".join(["words", "x" * 90, "[/b]\n"] * 3)
    answer = Answer(Text(text, []), "good", SURE)
    out = printed(lambda to: to.print(as_table([answer]), width=60))
    assert max(map(len, out.splitlines())) <= 60
    rows = [line.split("│") for line in out.splitlines() if "│" in line]
    # The parts of each cell, put together again.
    columns = zip(*rows, strict=True)
    cells = ["".join(parts).replace(" ", "") for parts in columns]
    whole = text.replace(" ", "").replace("\n", r"\n")
    assert cells == ["", whole, "good", "0.750", "so-so0.200,bad0.050", ""]
