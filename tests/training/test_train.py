"""The main job as a user runs it."""

import json
import sys

import numpy as np
import pytest
import tensorflow as tf

from training.__main__ import main
from training.options import METHODS, PAPER, TrainOptions

QUICK = ["--steps", "6", "--steps-per-evaluation", "3", "--batch-size", "16"]


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Runs a command in an empty folder; returns exit code and output."""

    def run(*arguments):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["training", *map(str, arguments)])
        try:
            main()
            code = 0
        except SystemExit as exit:
            code = exit.code or 0
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.mark.parametrize("method", METHODS)
def test_every_method_trains_exports_and_records(run, tmp_path, method):
    code, out, _ = run("train", "--method", method, *QUICK)
    assert code == 0
    name = f"demo-cnn-{method}"
    assert f"saved_models/{name}/1" in out
    record = json.loads((tmp_path / f"runs/{name}/1.json").read_text())
    results, curves = record["results"], record["curves"]
    assert record["options"]["method"] == method
    assert set(record["environment"]) >= {"versions", "commit"}
    assert curves["step"] == [3, 6]
    assert ("lam_shift" in curves) == method.endswith("-amp")
    best = int(np.argmin(curves["dev_error"]))
    assert results["dev_error"] == curves["dev_error"][best]
    assert results["best_step"] == curves["step"][best]
    # The exported model has the weights of the best checkpoint.
    assert results["test_error"] == pytest.approx(curves["test_error"][best])
    assert results["oracle_test_error"] == min(curves["test_error"])
    exported = tf.saved_model.load(tmp_path / f"saved_models/{name}/1")
    probabilities = exported.serve(["Who is it ?", ""])["probabilities"]
    np.testing.assert_allclose(np.sum(probabilities, axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.slow
def test_every_method_trains_a_bilstm(run, tmp_path, method):
    code, _, _ = run(
        "train", "--backbone", "bilstm", "--method", method, *QUICK
    )
    assert code == 0
    name = f"demo-bilstm-{method}/1"
    exported = tf.saved_model.load(tmp_path / "saved_models" / name)
    probabilities = exported.serve(["Who is it ?", ""])["probabilities"]
    np.testing.assert_allclose(np.sum(probabilities, axis=1), 1, rtol=1e-5)


def test_the_next_run_gets_the_next_number(run, tmp_path):
    for _ in range(2):
        assert run("train", *QUICK)[0] == 0
    folder = tmp_path / "saved_models/demo-cnn-word-amp"
    assert sorted(path.name for path in folder.iterdir()) == ["1", "2"]
    records = [
        json.loads((tmp_path / f"runs/demo-cnn-word-amp/{n}.json").read_text())
        for n in (1, 2)
    ]
    assert records[0]["curves"] == records[1]["curves"]


def test_predict_asks_the_newest_export(run, monkeypatch):
    run("train", *QUICK)
    code, out, _ = run(
        "predict", "saved_models/demo-cnn-word-amp", "Who is it ?", ""
    )
    assert code == 0
    assert "Who is it ?" in out
    code, _, err = run("predict", "saved_models/none", "text")
    assert (code, err.count("\n")) == (2, 1)
    assert "no exported model at 'saved_models/none'" in err


def test_data_prints_table_1(run, data_dir):
    code, out, _ = run("data", "--data-dir", data_dir.resolve())
    assert code == 0
    assert "9592 / 9592" in out


def test_a_real_trec_run_of_a_few_steps(run, tmp_path, data_dir):
    options = ["--steps", "60", "--steps-per-evaluation", "30"]
    code, _, _ = run(
        "train",
        *["--dataset", "trec", "--data-dir", data_dir.resolve()],
        *["--learning-rate", "1e-3", *options],
    )
    assert code == 0
    record = json.loads(
        (tmp_path / "runs/trec-cnn-word-amp/1.json").read_text()
    )
    assert record["results"]["test_error"] < 60
    assert record["dataset"]["train"] == 4906


@pytest.mark.slow
@pytest.mark.parametrize("method", ["none", "word-amp"])
def test_trec_is_learned(run, tmp_path, data_dir, method):
    code, _, _ = run(
        "train",
        *["--dataset", "trec", "--data-dir", data_dir.resolve()],
        *["--method", method, "--steps", "3000"],
    )
    assert code == 0
    path = tmp_path / f"runs/trec-cnn-{method}/1.json"
    assert json.loads(path.read_text())["results"]["test_error"] < 13


def test_a_users_own_file(run, tmp_path):
    path = tmp_path / "mail.tsv"
    path.write_text("spam\tbuy it now\nham\tsee you at six ?\n" * 60)
    code, out, _ = run("train", "--train-file", path, *QUICK)
    assert code == 0
    assert "saved_models/mail-cnn-word-amp/1" in out


def test_the_papers_settings_are_the_defaults():
    options = TrainOptions(dataset="trec").resolved()
    assert (options.alpha, options.epsilon, options.method) == (
        1.0,
        0.002,
        "word-amp",
    )
    assert {key: getattr(options, key) for key in PAPER} == PAPER
    assert (PAPER["steps"], PAPER["batch_size"]) == (8000, 50)
    assert (options.dropout, options.l2) == (0.5, 1e-8)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--dataset", "treck"], "--dataset: there is no 'treck' among demo"),
        (["--backbone", "rnn"], "--backbone: there is no 'rnn' among cnn"),
        (["--method", "amp"], "--method: there is no 'amp' among none"),
        (["--alpha", "0"], "`alpha`"),
        (["--epsilon", "-1"], "`epsilon`"),
        (["--steps", "0"], "--steps must be above 0"),
        (["--dropout", "1"], "--dropout must be in [0, 1)"),
        (["--dataset", "trec"], "there is no 'data/TREC.train.all'"),
        (["--train-file", "none.tsv"], "there is no file 'none.tsv'"),
        (["--test-file", "x.tsv"], "need a --train-file"),
        (["--dataset", "subj", "--fold", "12"], "--fold"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    run, tmp_path, arguments, message
):
    code, _, err = run("train", *arguments)
    assert code == 2
    assert message in err
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_unknown_options_exit_with_2(run):
    assert run("train", "--epsilom", "1")[0] == 2
    assert run("trian")[0] == 2
