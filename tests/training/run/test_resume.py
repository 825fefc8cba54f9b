"""A training job that is killed and resumed."""

import functools
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

import training.run.train
from tests.helpers import abandoned
from tests.training.run.test_train import run_in
from training.options.train_options import TrainOptions
from training.run.checkpoint import checkpoint_path

HERE = Path(__file__).parents[3]
OPTIONS = ["--steps", "24", "--steps-per-evaluation", "4", "--batch-size", "16"]
NAME = "demo-cnn-word-amp"


def command():
    return [sys.executable, "-m", "training", "train", *OPTIONS]


def environment():
    return {**os.environ, "PYTHONPATH": str(HERE)}


def record(folder):
    path = folder / "runs" / NAME / "1.json"
    return json.loads(path.read_text(encoding="utf-8"))


def answers(folder):
    exported = tf.saved_model.load(folder / "saved_models" / NAME / "1")
    texts = tf.constant(["Who is it ?", "where"])
    return exported.signatures["serve"](sentences=texts)["probabilities"]


@pytest.fixture
def run(tmp_path):
    return functools.partial(run_in, tmp_path, "train", *OPTIONS)


def test_a_killed_run_that_is_resumed_ends_as_if_it_was_not(tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    for folder in (whole, killed):
        folder.mkdir()
    assert run_in(whole, "train", *OPTIONS)[0] == 0
    state = next(iter((killed / "runs").glob("*/.unfinished-*.npz")), None)
    assert state is None
    process = subprocess.Popen(command(), cwd=killed, env=environment())
    while not state:
        assert process.poll() is None
        time.sleep(0.02)
        state = next(iter((killed / "runs").glob("*/.unfinished-*.npz")), None)
    time.sleep(np.random.default_rng().uniform(0, 0.5))
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not list((killed / "saved_models").rglob("saved_model.pb"))
    assert not list((killed / "runs").rglob("*.json"))
    assert run_in(killed, "train", *OPTIONS, "--resume")[0] == 0
    assert record(killed)["curves"] == record(whole)["curves"]
    for key in ("test_error", "dev_error", "best_step"):
        assert record(killed)["results"][key] == record(whole)["results"][key]
    np.testing.assert_array_equal(answers(killed), answers(whole))
    assert not list(killed.rglob("*unfinished*"))


@pytest.fixture(scope="module")
def interrupted_folder(tmp_path_factory):
    """A folder with what is left of a run that was interrupted at its end."""
    folder = tmp_path_factory.mktemp("interrupted")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training.run.train, "export", _interrupt)
        assert run_in(folder, "train", *OPTIONS)[0] == 130
    return folder


@pytest.fixture
def interrupted(interrupted_folder, tmp_path):
    """The checkpoint of a run that was interrupted when it ended."""
    shutil.copytree(interrupted_folder, tmp_path, dirs_exist_ok=True)
    (path,) = (tmp_path / "runs" / NAME).iterdir()
    return path


def _interrupt(*_):
    raise KeyboardInterrupt


def test_without_resume_a_run_starts_anew_and_says_so(run, interrupted):
    code, out, _ = run()
    assert code == 0
    assert "--resume would have gone on with it" in out
    assert not interrupted.exists()


def test_a_finished_but_unexported_run_is_resumed(run, interrupted, tmp_path):
    code, out, _ = run("--resume")
    assert code == 0
    assert "Epoch" not in out
    assert not interrupted.exists()
    results = record(tmp_path)["results"]
    assert results["seconds"] > results["seconds_before"] > 0


@pytest.mark.parametrize("size", [0, 100, -200])
def test_a_damaged_checkpoint_is_one_line(run, interrupted, size):
    interrupted.write_bytes(interrupted.read_bytes()[:size])
    code, _, err = run("--resume")
    assert code == 2
    assert "is damaged or of another version" in err
    assert err.count("\n") == 1


def test_a_checkpoint_of_other_texts_is_refused(tmp_path, monkeypatch):
    rows = [
        (label, f"{word} {number}")
        for label, word in (("first", "one"), ("second", "two"))
        for number in range(20)
    ]
    mended = [("second" if a == "first" else "first", b) for a, b in rows] * 2

    def run(rows, *more):
        lines = "".join(f"{label}\t{text}\n" for label, text in rows)
        (tmp_path / "my.tsv").write_text(lines)
        return run_in(
            *(tmp_path, "train", "--train-file", "my.tsv", "--name", "my"),
            *("--backbone", "cnn", *OPTIONS, *more),
        )

    monkeypatch.setattr(training.run.train, "export", _interrupt)
    assert run(rows)[0] == 130
    monkeypatch.undo()
    code, _, err = run(mended, "--resume")
    assert code == 2
    assert "is of other texts than the files hold now" in err
    assert "start without --resume" in err
    assert err.count("\n") == 1
    # Mended back, they are those of the checkpoint.
    assert run(rows, "--resume")[0] == 0


def test_a_full_disc_leaves_the_last_checkpoint(run, interrupted, monkeypatch):
    before = interrupted.read_bytes()

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    code, _, err = run()
    assert code == 2
    assert "No space left on device" in err
    assert err.count("\n") == 1
    assert interrupted.read_bytes() == before


def test_what_a_full_disc_kept_from_being_exported_is_not_trained_again(
    run, tmp_path, monkeypatch
):
    def full(*_):
        raise OSError(28, "No space left on device", "saved_models/1")

    monkeypatch.setattr(training.run.train, "export", full)
    code, _, err = run()
    assert code == 2
    assert "No space left on device: 'saved_models/1'" in err
    assert "the same command with --resume does the rest" in err
    assert err.count("\n") == 1
    monkeypatch.undo()
    code, out, _ = run("--resume")
    assert code == 0
    assert "Epoch" not in out
    assert record(tmp_path)["model"] == f"saved_models/{NAME}/1"


def test_nothing_to_resume_just_runs_and_removes_what_a_killed_run_left(
    run, tmp_path
):
    folders = [tmp_path / one / NAME for one in ("runs", "saved_models")]
    for folder in folders:
        folder.mkdir(parents=True)
        abandoned(folder / "1").mkdir()
        abandoned(folder / "2", os.getpid()).mkdir()
    assert run("--resume")[0] == 0
    for folder in folders:
        (left,) = folder.glob(".*")
        assert left == abandoned(folder / "2", os.getpid())


def test_other_options_are_another_run():
    def path(**options):
        return checkpoint_path(TrainOptions.of(**options).resolved())

    assert path() == path(resume=True)
    assert path() != path(seed=1)
    assert path().name != path(epsilon=0.1).name
