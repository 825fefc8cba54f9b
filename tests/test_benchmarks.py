"""The committed figures are what the committed measurements say."""

import json

from benchmarks import peak_memory
from benchmarks.step_time import RESULTS, page, summarize, workloads


def test_the_table_is_written_from_the_measurements():
    measured = {path.stem for path in RESULTS.glob("*.json")}
    assert measured == set(workloads())
    text = RESULTS.with_suffix(".md").read_text(encoding="utf-8")
    assert text == page(RESULTS)


def test_the_memory_table_is_written_from_the_measurements():
    record = json.loads(peak_memory.RESULTS.read_text(encoding="utf-8"))
    text = peak_memory.RESULTS.with_suffix(".md").read_text(encoding="utf-8")
    assert text == peak_memory.page(record)
    assert {"cnn", "bilstm", "bert-tiny"} <= set(record)


def test_ratios_are_paired():
    times = {"plain": [1.0, 10.0, 100.0], "word": [2.0, 20.0, 200.0]}
    figures = summarize(times)
    assert figures["word"]["ratio"] == 2.0
    assert figures["word"]["ratio_quartiles"] == [2.0, 2.0]
    assert figures["plain"]["ms"] == 10.0
