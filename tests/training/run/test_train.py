"""The main job as a user runs it."""

import contextlib
import functools
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_amp
from keras_amp.extras import needed
from tests.helpers import files_limited_to
from tests.keras_amp.test_tensorboard import read
from training.__main__ import main
from training.data.demo import load_demo
from training.methods.methods import METHODS
from training.models.backbones import BACKBONES
from training.options.train_options import TrainOptions
from training.run.exported import load_export

PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "who", "what", "##s", "?"]
QUICK = ["--steps", "6", "--steps-per-evaluation", "3", "--batch-size", "16"]


def run_in(folder, *arguments):
    """Runs a command in a folder; returns exit code, output and errors."""
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8") for _ in "ab")
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        patch.chdir(folder)
        patch.setattr(sys, "argv", ["training", *map(str, arguments)])
        try:
            main()
            code = 0
        except SystemExit as exit:
            code = exit.code or 0
    texts = []
    for one in (out, err):
        one.flush()
        texts.append(one.buffer.getvalue().decode("utf-8"))
    if "which is not installed: pip" in texts[1]:
        pytest.skip(texts[1])
    return code, *texts


@pytest.fixture
def run(tmp_path):
    """Runs a command in an empty folder; returns exit code and output."""
    return functools.partial(run_in, tmp_path)


def test_the_record_says_how_many_steps_were_taken(run, tmp_path):
    code, out, _ = run("train", "--method", "none", "--steps", "3")
    assert code == 0
    assert "step 3 of 3" in out
    record = json.loads((tmp_path / "runs/demo-cnn-none/1.json").read_text())
    assert record["configuration"]["steps"] == 3
    assert record["curves"]["step"] == [3]


@pytest.mark.parametrize("method", METHODS)
def test_every_method_trains_exports_and_records(run, tmp_path, method):
    code, out, _ = run("train", "--method", method, *QUICK)
    assert code == 0
    name = f"demo-cnn-{method}"
    assert f"saved_models/{name}/1" in out
    record = json.loads((tmp_path / f"runs/{name}/1.json").read_text())
    card = (tmp_path / f"saved_models/{name}/1.md").read_text("utf-8")
    assert METHODS[method].title in card
    results, curves = record["results"], record["curves"]
    assert record["configuration"]["method"] == method
    assert set(record["environment"]) >= {"versions", "commit"}
    assert curves["step"] == [3, 6]
    assert ("lam_shift" in curves) == method.endswith("-amp")
    best = int(np.argmin(curves["dev_error"]))
    assert results["dev_error"] == curves["dev_error"][best]
    assert results["best_step"] == curves["step"][best]
    assert results["oracle_test_error"] == min(curves["test_error"])
    # The exported model has the weights of the best checkpoint.
    exported = tf.saved_model.load(tmp_path / f"saved_models/{name}/1")
    test = load_demo().test
    ask = exported.signatures["serve"]
    probabilities = ask(sentences=tf.constant(test.texts))["probabilities"]
    np.testing.assert_allclose(np.sum(probabilities, axis=1), 1, rtol=1e-5)
    wrong = np.argmax(probabilities, axis=1) != test.labels
    # After so few steps, rounding may turn one text's answer.
    one = 100 / len(test) + 1e-6
    assert results["test_error"] == pytest.approx(100 * np.mean(wrong), abs=one)


def test_wrong_labels_are_trained_on_and_chosen_by_and_never_tested_on(
    run, tmp_path
):
    code, out, err = run(
        *["train", "--method", "none", "--steps", "60"],
        *["--steps-per-evaluation", "20", "--wrong-labels", "0.4"],
        *["--out-of-domain-dataset", "demo", "--no-baselines"],
    )
    assert code == 0, err
    assert "40% of the labels of training and dev set are wrong" in out
    record = json.loads((tmp_path / "runs/demo-cnn-none/1.json").read_text())
    results, curves = record["results"], record["curves"]
    assert record["configuration"]["wrong_labels"] == 0.4
    assert "wrong_kind" not in record["configuration"]
    # At the end the answers are right, so of the wrong labels 40 % are missed.
    assert curves["test_error"][-1] < 20
    assert curves["dev_error"][-1] > 30
    assert curves["right_dev_error"][-1] < 25
    by_right_dev = int(np.argmin(curves["right_dev_error"]))
    assert results["right_dev_test_error"] == curves["test_error"][by_right_dev]
    assert results["last_test_error"] == curves["test_error"][-1]
    assert results["out_of_domain_area"] == pytest.approx(50)
    assert "than of one in demo in 50.0 % of pairs" in " ".join(out.split())


@pytest.mark.parametrize(
    ("arguments", "needed"),
    [
        (["--wrong-labels", "1"], "--wrong-labels must be 0 or more and below"),
        (["--most-sentences", "0"], "--most-sentences must be above 0"),
        (["--wrong-kind", "odd"], "--wrong-kind must be uniform or class"),
        (["--out-of-domain-dataset", "x"], "--out-of-domain-dataset"),
        (
            ["--out-of-domain-dataset=demo", "--out-of-domain-file=a.txt"],
            "pass one of them",
        ),
    ],
)
def test_what_cannot_be_measured_is_refused(run, arguments, needed):
    code, _, err = run("train", *arguments)
    assert code == 2
    assert needed in err


OTHERS = [f"word{n}" for n in range(13)]


def late_words(path, size, seed):
    """Labelled texts whose telling word often lies behind the eighth."""
    rng = np.random.default_rng(seed)
    lines = []
    for _ in range(size):
        words = rng.choice(OTHERS, rng.integers(4, 24))
        label = rng.choice(["good", "bad"])
        words[rng.integers(len(words))] = label
        lines.append(f"{label}\t{' '.join(words)}\n")
    path.write_text("".join(lines))
    return path


def run_elsewhere(folder, backend, *arguments):
    """Runs a command in a folder, with Keras on another backend."""
    needed(backend, "This test", f'"keras_amp[{backend}]"')
    here = str(Path(__file__).parents[3])
    done = subprocess.run(
        [sys.executable, "-m", "training", *map(str, arguments)],
        cwd=folder,
        env={**os.environ, "KERAS_BACKEND": backend, "PYTHONPATH": here},
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout, done.stderr


# That of a CNN is measured where its temperature is.
@pytest.mark.parametrize(
    "backbone, backend",
    [
        pytest.param("cnn", "tensorflow", marks=pytest.mark.slow),
        ("bilstm", "tensorflow"),
        ("bert", "tensorflow"),
        pytest.param("linear", "jax", marks=pytest.mark.slow),
        pytest.param("bert", "jax", marks=pytest.mark.slow),
        pytest.param("cnn", "torch", marks=pytest.mark.slow),
    ],
)
def test_the_export_errs_as_the_record_says(run, tmp_path, backbone, backend):
    if backend != "tensorflow":
        run = functools.partial(run_elsewhere, tmp_path, backend)
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "good", "bad", *OTHERS]
    (tmp_path / "vocab.txt").write_text("\n".join(pieces))
    test_file = late_words(tmp_path / "test.tsv", 300, seed=1)
    code, _, _ = run(
        *["train", "--backbone", backbone, "--name", "late"],
        *["--train-file", late_words(tmp_path / "train.tsv", 400, seed=0)],
        *["--test-file", test_file, "--max-length", "8"],
        *["--steps", "60", "--steps-per-evaluation", "30"],
        *["--learning-rate", "3e-3", "--method", "none"],
        *(
            ["--bert", "tiny", "--vocabulary", "vocab.txt"]
            if backbone == "bert"
            else []
        ),
    )
    assert code == 0
    record = json.loads((tmp_path / "runs/late/1.json").read_text())
    assert (backend == "tensorflow") or backend in record["environment"][
        "versions"
    ]
    lines = test_file.read_text().splitlines()
    labels, texts = zip(*(line.split("\t") for line in lines), strict=True)
    answers = load_export(tmp_path / "saved_models/late/1")(texts)
    wrong = [
        answer.decode() != label
        for answer, label in zip(answers["label"], labels, strict=True)
    ]
    error = 100 * np.mean(wrong)
    assert record["results"]["test_error"] == pytest.approx(error, abs=1e-4)
    # What lies behind the cut was seen by neither.
    assert 15 < error < 45


VECTORS = "demo-cnn-glove.6B.4d-word-amp"


@pytest.fixture(scope="module")
def two_runs(tmp_path_factory):
    """Folder of a run with vectors and TensorBoard, twice, and their output."""
    folder = tmp_path_factory.mktemp("twice")
    path = folder / "glove.6B.4d.txt"
    path.write_text("what 1 2 3 4\nWho 5 6 7 8\nzebra 9 9 9 9\n")
    command = ["train", "--embeddings", path.name, "--tensorboard", "logs"]
    outputs = []
    for _ in range(2):
        code, out, err = run_in(folder, *command, *QUICK)
        assert code == 0, err
        outputs.append(out)
    return folder, outputs


def test_word_vectors_are_read_once_and_their_coverage_recorded(two_runs):
    folder, outputs = two_runs
    for out in outputs:
        assert "has a vector for 1% of its different words" in out
    first, second = (
        json.loads((folder / f"runs/{VECTORS}/{n}.json").read_text())
        for n in (1, 2)
    )
    assert first["dataset"]["coverage"]["tokens"] > 0.05
    assert first["curves"] == second["curves"]
    assert len(list((folder / "runs/.vectors").iterdir())) == 1


def test_a_random_bert_trains_and_answers(run, tmp_path):
    vocabulary = tmp_path / "vocab.txt"
    vocabulary.write_text("\n".join(PIECES) + "\n")
    code, out, _ = run(
        "train",
        *["--backbone", "bert", "--bert", "tiny", "--vocabulary", vocabulary],
        *["--pooling", "mean", *QUICK],
    )
    assert code == 0
    (record,) = (tmp_path / "runs/demo-bert-tiny-word-amp").glob("*.json")
    assert json.loads(record.read_text())["configuration"]["pooling"] == "mean"
    assert "word pieces are [UNK], not in its vocabulary" in out
    code, out, _ = run(
        "predict", "saved_models/demo-bert-tiny-word-amp", "Who ?"
    )
    assert code == 0
    assert "Who ?" in out


@pytest.mark.parametrize(
    ("asked", "name", "is_mean"),
    [
        (None, "models/all-MiniLM-L6-v2", False),
        (None, "all-MiniLM-L6-v2", True),
        ("first", "all-MiniLM-L6-v2", False),
        ("mean", "tiny", True),
    ],
)
def test_bert_is_pooled_as_asked_or_as_its_model_was(
    tmp_path, monkeypatch, asked, name, is_mean
):
    monkeypatch.setenv("KERAS_AMP_MODELS", str(tmp_path / "models"))
    encoder = keras_amp.random_bert("tiny", 8)
    encoder.save_to_preset(str(tmp_path / "models/all-MiniLM-L6-v2"))
    options = TrainOptions.of(
        dataset="trec",
        backbone="bert",
        bert=str(tmp_path / name) if "/" in name else name,
        vocabulary=tmp_path / "vocab.txt",
        pooling=asked,
    ).resolved()
    options.model.vocabulary.write_text("\n".join(PIECES) + "\n")
    bert = BACKBONES["bert"]
    tokenizer = bert.tokenizer(options.model, [])
    classifier = bert.build(options.model, tokenizer, 3, None)
    names = {layer.name for layer in classifier.layers}
    assert ("mean" in names) is is_mean
    assert ("pooled_dense" in names) is not is_mean


def test_sentences_are_grouped_by_their_length_where_that_is_asked(
    run, tmp_path
):
    losses = []
    for number, asked in enumerate((["--group-by-length"], []), 1):
        common = ["--dataset", "demo", "--method", "none", "--batch-size", "4"]
        assert run("train", *common, *QUICK[:4], *asked)[0] == 0
        path = tmp_path / f"runs/demo-cnn-none/{number}.json"
        record = json.loads(path.read_text())
        told = record["configuration"].get("group_by_length", False)
        assert told == bool(asked)
        losses.append(record["curves"]["loss"])
    assert losses[0] != losses[1]


def test_the_next_run_gets_the_next_number(two_runs):
    folder, _ = two_runs
    exports = (folder / "saved_models" / VECTORS).iterdir()
    written = sorted(path.name for path in exports)
    assert written == ["1", "1.md", "2", "2.md"]
    records = (folder / "runs" / VECTORS).glob("*.json")
    assert sorted(path.name for path in records) == ["1.json", "2.json"]


def test_tensorboard_gets_a_folder_of_each_run(two_runs):
    folder, outputs = two_runs
    for out in outputs:
        assert "tensorboard --logdir logs" in out
    for one in (folder / f"logs/{VECTORS}/{n}" for n in (1, 2)):
        assert len(read(one / "mixing")["lam_star"]) == 2
        assert len(read(one / "train")["epoch_lam_shift"]) == 2
        assert len(read(one / "validation")["epoch_accuracy"]) == 2


def test_predict_asks_an_export(two_runs, run):
    folder, _ = two_runs
    exports = folder / "saved_models" / VECTORS
    code, out, _ = run("predict", exports, "Who is it ?", "")
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
    rows = 'spam: "buy it: now"\nham: "see ""you"" at six ?"\n' * 60
    path.write_text(f"kind:body\n{rows}".replace(": ", ":"))
    code, out, _ = run(
        *["train", "--train-file", path, "--label-column", "kind"],
        *["--text-column", "body", "--delimiter", ":", "--quoting", "double"],
    )
    assert code == 0
    assert "120 rows; label from 'kind' and text from 'body' of 2" in out
    assert "the first: 'spam', 'buy it:now'" in out
    assert "2 classes: spam 60, ham 60" in out
    assert "logistic regression on words │ 0.0 %" in " ".join(out.split())
    # Alike in cross-validation, an encoder is fine-tuned where there is one.
    assert "saved_models/mail-" in out
    assert "-none/1" in out


def test_the_steps_come_from_folds_and_then_all_texts_are_trained_on(
    run, tmp_path
):
    path = late_words(tmp_path / "my.tsv", 100, seed=0)
    arguments = (
        *["train", "--train-file", path, "--backbone", "cnn", "--refit", "2"],
        *["--name", "my", *QUICK],
    )
    code, out, _ = run(*arguments)
    assert code == 0
    assert out.count("Fold ") == 2
    assert "on all 90 texts" in out
    record = json.loads((tmp_path / "runs/my/1.json").read_text())
    assert record["dataset"]["train"] == 90
    assert record["configuration"]["refit"] == 2
    assert record["configuration"]["steps"] == 6
    assert record["results"]["best_step"] == record["curves"]["step"][-1]
    assert record["results"]["best_step"] in (3, 6)
    names = {one.name for one in (tmp_path / "runs/my").iterdir()}
    assert names == {"1.json", "1.png"}
    # Nothing is left that a temperature could be fitted to.
    assert "temperature" not in record["results"]
    assert record["results"]["test_loss"] > 0


def test_what_a_refit_has_trained_is_kept_until_its_record_is_written(
    run, tmp_path, monkeypatch
):
    path = late_words(tmp_path / "my.tsv", 100, seed=0)
    arguments = (
        *["train", "--train-file", path, "--backbone", "cnn", "--refit", "2"],
        *["--name", "my", *QUICK],
    )
    left = tmp_path / "runs/my/.fold-1/.unfinished-of-other-options.npz"
    left.parent.mkdir(parents=True)
    left.touch()

    def full(*_):
        raise OSError("no space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("training.run.train.export", full)
        code, _, err = run(*arguments)
    assert code == 2
    assert "with --resume does the rest" in err
    # What is trained is not trained again, the folds neither.
    monkeypatch.setattr("training.run.checkpoint.write_arrays", pytest.fail)
    code, out, _ = run(*arguments, "--resume")
    assert code == 0
    assert out.count("Fold ") == 2
    names = {one.name for one in (tmp_path / "runs/my").iterdir()}
    assert names == {"1.json", "1.png", ".fold-1"}
    assert [*left.parent.iterdir()] == [left]


def test_the_papers_settings_are_the_defaults():
    options = TrainOptions.of(dataset="trec").resolved()
    mixing = options.mixing
    found = (mixing.alpha, mixing.epsilon, mixing.method)
    assert found == (1.0, 0.002, "word-amp")
    for name, backbone in BACKBONES.items():
        options = TrainOptions.of(dataset="trec", backbone=name).resolved()
        found = {key: options.flat()[key] for key in backbone.preset}
        assert found == backbone.preset
    bert = BACKBONES["bert"].preset
    assert (bert["batch_size"], bert["learning_rate"]) == (24, 1e-5)
    for words in (BACKBONES["cnn"].preset, BACKBONES["bilstm"].preset):
        assert (words["batch_size"], words["learning_rate"]) == (50, 2e-4)
        assert (words["dropout"], words["l2"]) == (0.5, 1e-8)


def test_runs_are_named_by_what_differs():
    def name(**options):
        return TrainOptions.of(dataset="trec", **options).resolved().where.name

    assert name() == "trec-cnn-word-amp"
    vectors = "v/glove.840B.300d.txt.gz"
    assert name(embeddings=vectors) == "trec-cnn-glove.840B.300d-word-amp"
    assert name(backbone="bert") == "trec-bert-word-amp"
    assert name(backbone="bert", bert="a/b") == "trec-bert-b-word-amp"
    assert name(backbone="bert", bert="a/b", name="x") == "x"


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
        (["--l2", "-1"], "--l2 must be 0 or more"),
        (["--embeddings", "none.txt"], "--embeddings: there is no file 'none"),
        (["--freeze-embeddings"], "--freeze-embeddings needs --embeddings"),
        (["--vocabulary", "v.txt"], "--vocabulary is for --backbone bert"),
        (["--pooling", "mean"], "--pooling is for --backbone bert"),
        (
            ["--backbone", "bert", "--pooling", "max"],
            "--pooling must be first or mean, not 'max'",
        ),
        (
            ["--backbone", "bert", "--embeddings", "v.txt"],
            "--embeddings and --max-words are for words",
        ),
        (
            ["--backbone", "bert", "--bert", "tiny"],
            "name the vocab.txt of any BERT in --vocabulary",
        ),
        (
            ["--backbone", "bert", "--bert", "no/folder"],
            "There is no BERT vocabulary at 'no/folder', or it can't be",
        ),
        (["--name", ".."], "--name: '..' must name a folder inside"),
        (["--dataset", "trec"], "there is no 'data/TREC.train.all'"),
        (["--train-file", "none.tsv"], "there is no file 'none.tsv'"),
        (["--test-file", "x.tsv"], "--test-file needs a --train-file"),
        (["--quoting", "none"], "--quoting needs a --train-file"),
        *(
            (
                ["--train-file", "none.tsv", *words],
                f"{words[0]} says nothing of a --train-file; leave one of them",
            )
            for words in (["--dataset", "x"], ["--phrases"], ["--fold", "3"])
        ),
        (["--dataset", "subj", "--fold", "12"], "--fold"),
        (["--dataset", "trec", "--fold", "3"], "--fold is of --dataset subj"),
        (["--train-share", "2"], "--train-share must be above 0 and at most 1"),
        (["--lam-points", "1"], "--lam-points must be 0 or at least 2"),
        (["--method", "none", "--lam-points", "5"], "needs a --method that"),
        (["--method", "word", "--released.reweight"], "need --method word-amp"),
        (["--released.fresh-noise", "--no-min-op"], "with --min-op"),
        (["--refit", "2", "--calibrate"], "--calibrate needs dev texts"),
        (["--refit", "2000"], "as no class has more training and dev texts"),
        (["--seed", "-1"], "--seed must be from 0 to 4294967295, not -1"),
        (["--split-seed", "-1"], "--split-seed must be from 0 to 4294967295"),
        (["--subset-seed", f"{2**32}"], "--subset-seed must be from 0 to 429"),
        (["--max-words", "0"], "--max-words must be 3 or more"),
        (["--max-words", "-1"], "--max-words must be 3 or more"),
        (["--out-of-domain-file", "none.txt"], "there is no file 'none.txt'"),
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


@pytest.mark.parametrize(
    "option", ["--models-dir", "--records-dir", "--tensorboard"]
)
def test_a_folder_that_cannot_be_made_is_one_line(run, tmp_path, option):
    file = tmp_path / "file"
    file.touch()
    code, out, err = run("train", option, file)
    assert code == 2
    assert str(file) in err
    assert err.count("\n") == 1
    assert "Epoch" not in out


@pytest.mark.skipif(os.name != "posix", reason="no file limits")
def test_a_full_disc_is_one_line_before_the_training(run):
    with files_limited_to(0):
        code, out, err = run("train")
    assert code == 2
    assert "File too large: 'saved_models/demo-cnn-word-amp/" in err
    assert err.count("\n") == 1
    assert "Epoch" not in out


def test_a_disc_that_fills_up_with_tensorboards_files_is_one_line(
    run, tmp_path, monkeypatch
):
    class Full(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            # What TensorFlow raises of a full disc, of a file that is none.
            tf.io.write_file(str(tmp_path / "logs/demo-cnn-word-amp"), "")

    monkeypatch.setattr("keras_amp.TensorBoard", lambda *_, **__: Full())
    code, _, err = run("train", "--tensorboard", tmp_path / "logs", *QUICK)
    assert code == 2
    assert f"'{tmp_path}/logs/demo-cnn-word-amp' can't be written: " in err
    assert err.count("\n") == 1


NAMES = [
    "..",
    ".",
    "a/../../b",
    "/absolute",
    "a//b",
    "a\0b",
    "a\nb",
    "\ud800",
    "m[1]",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_is_no_folders_inside_is_refused(name):
    with pytest.raises(ValueError, match=r"^--name: '") as raised:
        TrainOptions.of(name=name).resolved()
    assert str(raised.value).isascii()  # it can be printed
    assert (
        TrainOptions.of(name="mine/größe").resolved().where.name == "mine/größe"
    )


@pytest.mark.parametrize(
    ("file", "name"),
    [("caf\udce9.tsv", "caf_"), ("m[1].tsv", "m_1_"), ("größe.tsv", "größe")],
)
def test_a_name_that_comes_from_a_file_is_one_for_a_folder(file, name):
    options = TrainOptions.of(train_file=Path(file), backbone="cnn").resolved()
    assert options.where.name == f"{name}-cnn-none"


def test_unknown_options_exit_with_2(run):
    assert run("train", "--epsilom", "1")[0] == 2
    assert run("trian")[0] == 2
