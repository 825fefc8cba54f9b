"""Comparing on one's own file, as a person does it."""

import csv
import io
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from training.__main__ import main
from training.compare.answer import comparison_of, write_answer
from training.compare.compare_options import CompareOptions
from training.compare.final import train_final
from training.compare.systems import split_fields
from training.data.demo import load_demo
from training.options.data_options import DataOptions
from training.options.model_options import ModelOptions
from training.terminal import console

HERE = Path(__file__).parents[3]
QUICK = ["--steps", "6", "--repeats", "2", "--methods", "sent", "--alphas", "1"]
GOOD, BAD = ["great", "fine", "lovely"], ["awful", "dull", "poor"]


def write_reviews(path, number=80):
    """A file of reviews, of which one has the wrong label, and its line."""
    rng = random.Random(0)
    rows = []
    for index in range(number):
        words = [GOOD, BAD][index % 2]
        text = " ".join(rng.choices([*words, "film", "plot", "the"], k=8))
        rows.append((f"{text} {index}", ["good", "bad"][index % 2]))
    rows[10] = ("great lovely fine great lovely", "bad")
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("text", "label"), *rows])
    return 12


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Runs `compare` in a folder with a file; returns exit code and output."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KERAS_AMP_MODELS", "")
    write_reviews(tmp_path / "reviews.csv")

    def run(*arguments, file="reviews.csv"):
        command = ["compare", "--train-file", file, "--backbone", "cnn"]
        command += [*map(str, arguments), "--processes", "1"]
        monkeypatch.setattr(sys, "argv", ["training", *command])
        try:
            main()
            code = 0
        except SystemExit as exit:
            code = exit.code or 0
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def rows_of(path):
    return list(csv.DictReader(path.read_text("utf-8").splitlines()))


def records_in(folder):
    return {
        path.name: json.loads(path.read_text("utf-8"))
        for path in sorted((folder / "records").glob("*.json"))
    }


def assert_final_is_exported(folder, out):
    assert "Training on all 80 texts" in out
    (record,) = (folder / "runs/compare/reviews-cnn/final").rglob("*.json")
    record = json.loads(record.read_text())
    assert record["dataset"]["train"] == 80
    assert record["configuration"]["keep"] == "last"
    exported = folder / "saved_models/reviews-cnn/1"
    model = tf.saved_model.load(str(exported))
    texts = tf.constant(["great lovely film", "awful dull plot"])
    answers = model.signatures["serve"](sentences=texts)["label"].numpy()
    assert answers.tolist() == [b"good", b"bad"]
    assert str(exported.relative_to(folder)) in out
    card = (exported.with_name("1-hub") / "README.md").read_text()
    assert "80 texts to train on" in card
    assert "none is left to measure it on" in card


def test_it_answers_in_files_and_costs_nothing_the_second_time(run, tmp_path):
    learning = [*QUICK, "--steps", "40"]
    code, out, err = run(*learning)
    assert (code, err) == (0, "")
    assert "With 80 examples in 2 classes and 2 splits" in out
    assert "sent alpha=1" in out
    assert "regression on words" in out
    assert "python -m training compare" in out
    assert "--final" in out
    folder = tmp_path / "runs/compare/reviews-cnn"
    rows = rows_of(folder / "comparison.csv")
    assert [row["method"] for row in rows] == [
        "none",
        "sent alpha=1",
        "regression on words",
    ]
    records = records_in(folder)
    assert len(records) == 4
    by_method = {"none": [], "sent": []}
    for record in records.values():
        asked = record["configuration"]
        by_method[asked["method"]].append(record["results"]["test_error"])
        assert asked["steps"] == 40
        assert len(record["curves"]["step"]) == 10
        assert len(record["answers"]["test"]["class"]) == 8
    assert float(rows[0]["error"]) == pytest.approx(np.mean(by_method["none"]))
    assert (folder / "comparison.png").stat().st_size > 5000
    page = (folder / "README.md").read_text("utf-8")
    assert "![Differences" in page
    again = run(*learning)
    assert again[0] == 0
    assert "1/4" not in again[1]
    assert again[1].splitlines()[-8:] == out.splitlines()[-8:]
    # Another measure decides, of the same runs.
    assert run(*learning, "--metric", "macro-f1")[0] == 0
    assert records_in(folder) == records
    # What was compared is trained on all texts, for the first time.
    code, final_out, _ = run(*learning, "--final", "--hub")
    assert code == 0
    assert records_in(folder) == records
    assert_final_is_exported(tmp_path, final_out)
    # Other texts are another comparison.
    write_reviews(tmp_path / "reviews.csv", number=90)
    code, _, err = run(*learning)
    assert code == 2
    assert "holds a comparison on other texts" in err
    assert "--name" in err


@pytest.mark.slow
def test_all_systems_of_a_split_begin_alike(run, tmp_path):
    code, _, _ = run(*QUICK, "--learning-rate", "1e-12")
    assert code == 0
    found = {}
    for record in records_in(tmp_path / "runs/compare/reviews-cnn").values():
        seed = record["configuration"].get("seed", 0)
        found.setdefault(seed, []).append(record["answers"])
    assert found[0][0] == found[0][1] != found[1][0] == found[1][1]


@pytest.mark.slow
def test_a_wrong_label_is_suspected(run, tmp_path):
    options = [*QUICK, "--steps", "60", "--repeats", "6"]
    assert run(*options)[0] == 0
    path = tmp_path / "runs/compare/reviews-cnn/suspected_labels.csv"
    rows = rows_of(path)
    suspected = [(row["line"], row["label"], row["answer"]) for row in rows]
    assert ("12", "bad", "good") in suspected[:2]


def test_the_time_says_how_many_splits(run, tmp_path):
    code, out, _ = run(*QUICK[:2], *QUICK[4:], "--dry-run")
    assert code == 0
    assert "20 runs of 6 steps on 64 texts, 0 done" in out
    assert "10 splits tell" in out
    assert not (tmp_path / "runs").exists()
    quick = [*QUICK[:2], *QUICK[4:]]
    code, _, err = run(*quick, "--minutes", "0.001")
    assert code == 2
    assert "--minutes 0.001 is too little for two splits" in err
    assert len(err.strip().splitlines()) == 1
    # What was run for it is kept, and counts.
    assert len(records_in(tmp_path / "runs/compare/reviews-cnn")) == 2
    code, out, _ = run(*QUICK, "--minutes", "50")
    assert code == 0
    assert "1/2" in out
    assert "2 splits" in out


def test_a_dry_run_tells_nothing_of_other_texts(run, tmp_path):
    folder = tmp_path / "runs/compare/reviews-cnn"
    folder.mkdir(parents=True)
    (folder / "texts.json").write_text('{"sha256": "of others"}\n')
    code, _, err = run(*QUICK, "--dry-run")
    assert code == 2
    assert "holds a comparison on other texts than the files hold now" in err
    assert [one.name for one in folder.iterdir()] == ["texts.json"]


@pytest.mark.slow
def test_other_vectors_of_the_same_name_are_not_gone_on_with(run, tmp_path):
    vectors = tmp_path / "vectors.txt"
    vectors.write_text("film 1 2\nplot 3 4\n")
    asked = ["--steps", "2", "--repeats", "2", "--methods", "sent"]
    asked += ["--alphas", "1", "--embeddings", vectors]
    assert run(*asked)[0] == 0
    vectors.write_text("film 1 2\nplot 3 5\n")
    for more in ([], ["--dry-run"]):
        code, _, err = run(*asked, *more)
        assert code == 2
        assert "was made with another --embeddings" in err


@pytest.mark.slow
def test_with_a_test_file_only_seeds_differ(run, tmp_path):
    write_reviews(tmp_path / "test.csv", number=40)
    code, out, _ = run(*QUICK, "--test-file", "test.csv")
    assert code == 0
    assert "2 seeds" in out
    page = (tmp_path / "runs/compare/reviews-cnn/README.md").read_text()
    assert "holds for these test texts" in page


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--methods", "none"], "'none' is compared with others"),
        (["--methods", "mixup"], "--methods: there is no 'mixup'"),
        (["--metric", "f1"], "--metric must be one of error, nll"),
        (["--repeats", "1"], "--repeats must be 2 or more"),
        (["--minutes", "0"], "--minutes must be above 0"),
        (["--backbone", "linear"], "compare on cnn or bert"),
        (["--alphas", "-1"], "alpha"),
        (["--text-column", "body"], "body"),
        (["--name", "../up"], "--name"),
        (["--split-seed", "5"], "--split-seed: compare draws its own splits"),
        (["--fold", "3"], "--fold: compare draws its own splits"),
        (["--epsilon", "1"], "--epsilon needs word-amp or sent-amp among"),
        (["--subset-seed", "1"], "--subset-seed: compare draws its own parts"),
        (
            [
                *["--subset-seed", "1", "--train-share", "0.5"],
                *["--wrong-labels", "0.2"],
            ],
            "--subset-seed: compare draws its own parts",
        ),
    ],
)
def test_bad_input_is_one_line(run, tmp_path, arguments, message):
    code, _, err = run(*QUICK, *arguments)
    assert code == 2
    assert message in err
    assert len(err.strip().splitlines()) == 1
    assert not (tmp_path / "runs").exists()


def test_the_final_training_says_how_many_steps_it_takes(run, tmp_path):
    data = DataOptions(train_file=Path("reviews.csv"))
    options = CompareOptions(data, ModelOptions(backbone="cnn")).checked()
    results = {"best_step": 25, "test_error": 10.0}
    stream = io.StringIO()
    train_final(
        *(console(file=stream), options, {"method": "none"}),
        *([{"results": results}], 10.0),
    )
    assert "Training on all 80 texts, 27 steps:" in stream.getvalue()
    (record,) = (tmp_path / "runs/compare/reviews-cnn/final").rglob("*.json")
    record = json.loads(record.read_text())
    assert record["configuration"]["steps"] == 27
    assert record["curves"]["step"][-1] == 27


@pytest.mark.parametrize(
    "fields", [{"wrong_labels": 0.2}, {"most_sentences": 30}]
)
def test_a_seed_of_what_all_splits_share_is_heeded(fields):
    data = DataOptions(train_file=Path("a.csv"), subset_seed=1, **fields)
    options = CompareOptions(data, ModelOptions(backbone="cnn")).checked()
    fields = split_fields(options.data, 3)
    assert options.train_options(**fields).data.subset_seed == 1


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"dataset": "demo"}, "the same texts, which each seed draws anew"),
        ({"dataset": "trec"}, "what is said holds for these test texts"),
    ],
)
def test_the_page_says_what_differs_from_seed_to_seed(
    tmp_path, monkeypatch, data, expected
):
    monkeypatch.chdir(tmp_path)
    model = ModelOptions(backbone="cnn")
    options = CompareOptions(DataOptions(**data), model).checked()
    records = {
        name: [{"results": {"test_error": error}} for error in errors]
        for name, errors in (("none", (9.0, 8.0)), ("sent", (9.5, 8.2)))
    }
    comparison = comparison_of(options, load_demo(), 0.0, records)
    page, *_ = write_answer(options, comparison, [])
    text = page.read_text("utf-8")
    assert expected in text
    assert ("these test texts" in text) == (data["dataset"] == "trec")


def test_the_help_tells_of_no_backbone_that_is_refused(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["training", "compare", "--help"])
    with pytest.raises(SystemExit):
        main()
    out = capsys.readouterr().out
    about = out.partition("--learning-rate ")[2].partition("--keep ")[0]
    assert "bert: 5e-5" in about
    assert "linear" not in about


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (["a"] * 30, "two classes"),
        ([*["a"] * 30, "b"], "one example each of b"),
    ],
    ids=["one class", "one example"],
)
def test_too_few_texts_are_one_line(run, tmp_path, labels, message):
    rows = [(f"text {index}", label) for index, label in enumerate(labels)]
    with (tmp_path / "few.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("text", "label"), *rows])
    code, _, err = run(*QUICK, file="few.csv")
    assert code == 2
    assert message in err
    assert len(err.strip().splitlines()) == 1


@pytest.mark.slow
def test_a_comparison_that_was_killed_goes_on_to_the_same_answer(run, tmp_path):
    options = [*QUICK, "--steps", "40"]
    command = [sys.executable, "-m", "training", "compare", "--train-file"]
    command += ["reviews.csv", "--backbone", "cnn", *options, "--processes=1"]
    environment = {**os.environ, "PYTHONPATH": str(HERE)}
    process = subprocess.Popen(
        command,
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    folder = tmp_path / "runs/compare/reviews-cnn"
    deadline = time.monotonic() + 120
    while len(records_in(folder)) < 2 and time.monotonic() < deadline:
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert 2 <= len(records_in(folder)) < 4
    assert run(*options)[0] == 0
    interrupted = (folder / "comparison.csv").read_text()
    assert run(*options, "--name", "whole")[0] == 0
    whole = (tmp_path / "runs/compare/whole/comparison.csv").read_text()
    assert interrupted == whole
