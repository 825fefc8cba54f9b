"""The committed figures are what the committed measurements say."""

import json
from pathlib import Path

from benchmarks.step_time import HEADING, summarize, table

HERE = Path(__file__).parent.parent / "benchmarks"


def test_the_table_is_written_from_the_measurements():
    record = json.loads((HERE / "step_time.json").read_text())
    text = (HERE / "step_time.md").read_text(encoding="utf-8")
    assert text == f"{HEADING}\n\n{table(record)}\n"


def test_ratios_are_paired():
    times = {"plain": [1.0, 10.0, 100.0], "word": [2.0, 20.0, 200.0]}
    figures = summarize(times)
    assert figures["word"]["ratio"] == 2.0
    assert figures["word"]["ratio_quartiles"] == [2.0, 2.0]
    assert figures["plain"]["ms"] == 10.0
