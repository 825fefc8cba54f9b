"""Asking an export, from a shell."""

import csv
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

import keras_amp
from tests.helpers import text_model
from training.__main__ import main
from training.run.predict import BATCH_SIZE

HERE = Path(__file__).parents[3]
LABELS = ["no", "perhaps", "yes"]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """Folder of an export, which has learned nothing."""
    tokenizer = keras_amp.text.word_tokenizer(["to be or not"])
    classifier = text_model(tokenizer.vocabulary_size())
    folder = tmp_path_factory.mktemp("model")
    keras_amp.export_text_classifier(
        classifier, tokenizer, LABELS, folder / "1"
    )
    return folder


@pytest.fixture
def run(model, tmp_path, monkeypatch, capsys):
    """Runs `predict` in an empty folder; returns exit code and output."""

    def run(*arguments):
        monkeypatch.chdir(tmp_path)
        command = ["training", "predict", str(model), *map(str, arguments)]
        monkeypatch.setattr(sys, "argv", command)
        code = 0
        try:
            main()
        except SystemExit as exit:
            code = exit.code
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def rows_of(out):
    return [json.loads(line) for line in out.splitlines()]


def test_more_texts_than_a_batch_are_answered_as_the_export_does(
    run, model, tmp_path
):
    words = np.random.default_rng(0).choice(["to", "be", "or", "zebra"], 700)
    texts = ["\n".join(words[n : n + 3]) for n in range(BATCH_SIZE + 9)]
    lines = [json.dumps({"n": n, "body": x}) for n, x in enumerate(texts)]
    (tmp_path / "my.jsonl").write_text("\n".join(lines))
    code, out, err = run("--file", "my.jsonl", "--text-column", "body")
    assert code == 0
    assert "texts are unknown to this classifier" in err
    assert err.count("\n") == 1  # no bar where there is no terminal
    rows = rows_of(out)
    assert [(row["n"], row["text"]) for row in rows] == [*enumerate(texts)]
    ask = tf.saved_model.load(model / "1").signatures["serve"]
    answers = ask(sentences=tf.constant(texts))
    got = [list(row["probabilities"].values()) for row in rows]
    np.testing.assert_allclose(got, answers["probabilities"], atol=1e-6)
    labels = [label.decode() for label in answers["label"].numpy()]
    assert [row["label"] for row in rows] == labels
    assert all(list(row["probabilities"]) == LABELS for row in rows)
    assert all(
        row["probability"] == max(row["probabilities"].values()) for row in rows
    )


def test_a_file_of_answers_is_whole_and_not_replaced_unasked(run, tmp_path):
    (tmp_path / "my.csv").write_text('id,text\n7,"to\nbe"\n8,or\n')
    ask = ["--file", "my.csv", "--output"]
    assert run(*ask, "new/a.csv")[0] == 0
    with (tmp_path / "new/a.csv").open(newline="") as file:
        first, second = csv.DictReader(file)
    assert (first["id"], first["text"]) == ("7", "to\nbe")
    assert second["label"] in LABELS
    each = [float(second[f"probability_{label}"]) for label in LABELS]
    assert float(second["probability"]) == max(each)
    assert sum(each) == pytest.approx(1, abs=1e-5)
    before = (tmp_path / "new/a.csv").read_bytes()
    code, out, err = run(*ask, "new/a.csv")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "'new/a.csv' exists; pass --overwrite" in err
    assert (tmp_path / "new/a.csv").read_bytes() == before
    # What is asked may be what is replaced.
    assert run(*ask, "my.csv", "--overwrite")[0] == 0
    assert (tmp_path / "my.csv").read_bytes() == before
    code, out, _ = run("to be", "--output", "new/a.jsonl")
    assert (code, out) == (0, "1 answers: new/a.jsonl\n")
    (row,) = rows_of((tmp_path / "new/a.jsonl").read_text())
    assert row["text"] == "to be"
    names = sorted(path.name for path in (tmp_path / "new").iterdir())
    assert names == ["a.csv", "a.jsonl"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--file", "my.csv"], "no column 'text' among id, body; name the"),
        (["--file", "none.csv"], "there is no file 'none.csv'"),
        (["to be", "--file", "my.csv"], "pass one or the other"),
        (["to be", "--output", "a.xlsx"], "must end in .jsonl or .csv"),
        (["to be", "--output", "f.csv", "--overwrite"], "and is no file"),
        (["to be", "--output", "my.csv/a.csv"], "my.csv"),
    ],
)
def test_what_cannot_be_done_is_one_line(run, tmp_path, arguments, message):
    (tmp_path / "my.csv").write_text("id,body\n1,to be\n")
    (tmp_path / "f.csv").mkdir()
    code, out, err = run(*arguments)
    *_, last = err.splitlines()  # TensorFlow may say something before
    assert (code, out) == (2, "")
    assert last.startswith("error: ")
    assert message in last
    assert "Traceback" not in err


def shell(model, *arguments, **options):
    command = [sys.executable, "-m", "training", "predict", str(model)]
    return subprocess.Popen([*command, *arguments], cwd=HERE, **options)


def test_lines_of_a_pipe_are_answered_into_a_pipe(model):
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with shell(model, **pipes) as process:
        out, err = process.communicate(b"to be\r\n\nor \xff\n")
    assert [row["text"] for row in rows_of(out)] == ["to be", "", "or \udcff"]
    assert b"unknown" not in err
    with shell(model, **pipes) as process:
        out, err = process.communicate(b"")
    assert (process.returncode, out) == (2, b"")
    *_, last = err.splitlines()
    assert last.startswith(b"error: there is no text: pass some, a --file")


def test_a_terminal_gets_a_table(model):
    ours, theirs = pty.openpty()
    environment = os.environ | {"TERM": "dumb"}  # of 80 columns
    text = "to be\nor " + "q" * 100
    with shell(model, text, stdout=theirs, env=environment) as process:
        os.close(theirs)
        out = b""
        while chunk := _read(ours):
            out += chunk
    os.close(ours)
    assert process.returncode == 0
    lines = out.decode().splitlines()
    assert max(map(len, lines)) <= 80
    assert r"to be\n" in out.decode()
    assert out.count(b"q") == 100
    assert any(label in out.decode() for label in LABELS)


def _read(descriptor):
    try:
        return os.read(descriptor, 4096)
    except OSError:  # the other end is closed
        return b""
