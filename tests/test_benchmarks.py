"""The committed figures are what the committed measurements say."""

import json
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from benchmarks import (
    grouping,
    own_texts,
    peak_memory,
    serving,
    step_time_backends,
    waiting,
)
from benchmarks.step_time import RESULTS, page, summarize, workloads
from benchmarks.step_time_worker import OPERATIONS, PRODUCT


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


def test_the_table_of_grouping_is_written_from_the_measurements():
    record = json.loads(grouping.RESULTS.read_text(encoding="utf-8"))
    text = grouping.RESULTS.with_suffix(".md").read_text(encoding="utf-8")
    assert text == grouping.page(record)


def test_the_table_of_backends_is_written_from_the_measurements():
    path = step_time_backends.RESULTS
    records = json.loads(path.read_text(encoding="utf-8"))
    text = path.with_suffix(".md").read_text(encoding="utf-8")
    assert text == step_time_backends.page(records)
    assert {*records} == {"cnn", "bilstm", "minilm"}
    for record in records.values():
        assert {*record["times"]} == {*step_time_backends.KINDS}


@pytest.mark.slow
@pytest.mark.parametrize("kind", step_time_backends.KINDS)
@pytest.mark.parametrize("backbone", ["cnn", "bilstm", "minilm"])
def test_each_backend_trains_each_step_on_demand(kind, backbone):
    for package in ("jax", "torch", "keras_hub", "transformers"):
        pytest.importorskip(package)
    process, steps = step_time_backends.start(kind, backbone)
    with process:
        assert "none" in steps
        assert step_time_backends.ask(process, steps[-1]) > 0
        if kind in step_time_backends.MULTIPLY:
            assert step_time_backends.ask(process, PRODUCT) > 0
        if (kind, backbone) == ("torch", "cnn"):
            # 100 filters each over 3, 4 and 5 words of 300 numbers, 6 classes;
            # the gradients of what is multiplied are a product each.
            forward = 2 * 50 * (37 * 300 * 100 * (3 + 4 + 5) + 300 * 6)
            assert step_time_backends.ask(process, OPERATIONS) == 3 * forward
    assert process.returncode == 0


def test_the_page_of_served_sentences_is_written_from_the_measurements():
    path = serving.RESULTS
    record = json.loads(path.read_text(encoding="utf-8"))
    text = path.with_suffix(".md").read_text(encoding="utf-8")
    assert text == serving.page(record)
    assert record["apart"] < 1e-4
    assert record["server"]["apart"] < 1e-4
    sizes = {(one["size"], one["threads"]) for one in record["rates"]}
    assert {1, 32, 256} <= {size for size, _ in sizes}
    for one in record["rates"]:
        assert {serving.EXPORT, serving.PLAIN} <= set(one["rates"])


@pytest.mark.slow
def test_an_export_and_transformers_answer_alike_on_demand(minilm, tmp_path):
    for package in ("keras_hub", "tensorflow_text", "torch", "transformers"):
        pytest.importorskip(package)
    texts = ["Who built it ?", "", "When was the tower of this town built ?"]
    serving.make(tmp_path, texts * 9, minilm)
    found = serving.answers(tmp_path)
    assert {*found} == {*serving.KINDS}
    for one in found.values():
        np.testing.assert_allclose(one, found[serving.EXPORT], atol=1e-5)
    assert len({*map(tuple, found[serving.EXPORT].round(4))}) == len(texts)
    few, many = serving.measure(tmp_path, sizes=[1, 32], threads=1, rounds=1)
    assert (few["size"], many["size"]) == (1, 32)
    assert {*many["rates"]} == {*serving.KINDS}
    assert {*few["rates"]} == {*serving.KINDS} - {serving.SORTED}
    assert all(rate > 0 for (rate,) in many["rates"].values())


def test_the_page_of_waiting_is_written_from_the_measurements():
    record = json.loads(waiting.RESULTS.read_text(encoding="utf-8"))
    text = waiting.RESULTS.with_suffix(".md").read_text(encoding="utf-8")
    assert text == waiting.page(record)


@pytest.mark.slow
def test_stages_of_a_training_are_all_of_it_on_demand(tmp_path):
    worker = (sys.executable, "-m", "benchmarks.waiting_worker")
    begin = time.time()
    asked = ("train", "--steps", "6", "--steps-per-evaluation", "3")
    *_, last = waiting.timed((*worker, str(begin), *asked), tmp_path)
    seconds = json.loads(last)
    assert [*seconds] == [*waiting.STAGES]
    assert all(one > 0 for one in seconds.values())
    assert sum(seconds.values()) < time.time() - begin
    assert list((tmp_path / "saved_models").iterdir())


def test_tables_of_few_texts_are_written_from_the_measurements():
    results = own_texts.read(own_texts.RESULTS)
    page = own_texts.RESULTS.with_suffix(".md").read_text(encoding="utf-8")
    assert page == own_texts.page(results)
    readme = Path(own_texts.__file__).parent.parent / "README.md"
    text = readme.read_text(encoding="utf-8")
    assert text == own_texts.with_table(text, results)
    short = text.partition("<!-- own texts -->")[2]
    assert "| logistic regression on words | " in short


def test_the_table_in_short_stands_between_its_marks():
    runs = {
        "words": {
            "0": {"error": 28.0, "seconds": 0.1},
            "1": {"error": 32.0, "seconds": 0.3},
        },
        "bert": {"0": {"error": 9.0, "seconds": 90.0}},
    }
    results = {"trec-300": {"runs": runs}}
    text = "before\n<!-- own texts -->\nold\n<!-- end of own texts -->\nafter\n"
    written = own_texts.with_table(text, results)
    assert written == (
        "before\n<!-- own texts -->\n"
        "| TREC, test error in % | 300 labels |\n"
        "| --- | --- |\n"
        "| logistic regression on words | 30.0 ± 2.8 (2), 0 s |\n"
        "| fine-tuned encoder | 9.0 (1), 90 s |\n"
        "<!-- end of own texts -->\nafter\n"
    )
    assert own_texts.with_table(written, results) == written
    with pytest.raises(ValueError, match="--readme: the file has no"):
        own_texts.with_table("no marks", {})


def test_ratios_are_paired():
    times = {"plain": [1.0, 10.0, 100.0], "word": [2.0, 20.0, 200.0]}
    figures = summarize(times)
    assert figures["word"]["ratio"] == 2.0
    assert figures["word"]["ratio_quartiles"] == [2.0, 2.0]
    assert figures["plain"]["ms"] == 10.0
