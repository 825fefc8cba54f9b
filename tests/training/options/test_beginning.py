import subprocess
import sys
from pathlib import Path

import pytest

from training.options.model_options import PAPER_BERT
from training.options.train_options import TrainOptions


def resolved(**options):
    return TrainOptions.of(**options).resolved()


@pytest.fixture
def encoders(tmp_path, monkeypatch):
    """A folder of encoders by name, which holds none."""
    pytest.importorskip("keras_hub")
    pytest.importorskip("tensorflow_text")
    monkeypatch.setenv("KERAS_AMP_MODELS", str(tmp_path))
    return tmp_path


def test_own_texts_begin_with_an_encoder_that_is_at_hand(encoders):
    (encoders / "bge-small-en-v1.5").mkdir()
    options = resolved(train_file=Path("my.csv"))
    assert options.model.backbone == "bert"
    assert options.model.bert == "bge-small-en-v1.5"
    assert options.model.last_layer == "regression"
    assert options.mixing.method == "none"
    assert options.optimisation.learning_rate == 5e-5
    assert options.where.name == "my-bert-bge-small-en-v1.5-none"
    # Words begin with no encoder.
    words = resolved(train_file=Path("a.csv"), backbone="cnn")
    assert words.model.bert == PAPER_BERT


@pytest.mark.parametrize(
    ("asked", "backbone"),
    [
        ({"embeddings": "v.txt"}, "cnn"),
        ({"max_words": 100}, "linear"),
        ({"backbone": "cnn"}, "cnn"),
        ({"bert": "some/folder"}, "bert"),
    ],
)
def test_what_is_asked_for_says_which_backbone(encoders, asked, backbone):
    (encoders / "all-MiniLM-L6-v2").mkdir()
    options = resolved(train_file=Path("my.csv"), **asked)
    assert options.model.backbone == backbone
    if "bert" in asked:
        assert options.model.bert == asked["bert"]


@pytest.mark.parametrize(
    ("asked", "spread"),
    [
        ({"train_file": Path("my.csv")}, 0.04),
        ({"train_file": Path("my.csv"), "embeddings_spread": 0.2}, 0.2),
        ({"train_file": Path("my.csv"), "freeze_embeddings": True}, None),
        ({"dataset": "trec"}, None),
    ],
)
def test_trained_vectors_of_own_texts_begin_small(asked, spread):
    options = resolved(embeddings="v.txt", **asked)
    assert options.model.embeddings_spread == spread


def test_data_sets_with_a_name_are_trained_as_in_the_paper(encoders):
    (encoders / "all-MiniLM-L6-v2").mkdir()
    options = resolved(dataset="trec")
    assert (options.model.backbone, options.mixing.method) == (
        "cnn",
        "word-amp",
    )
    assert options.model.last_layer is None
    assert options.optimisation.keep is None
    assert options.optimisation.patience is None
    assert options.optimisation.steps == 8000


@pytest.mark.parametrize(
    ("backbone", "examples", "steps", "each"),
    [
        ("cnn", 100, 300, 30),
        ("cnn", 10_000, 4000, 400),
        ("bert", 300, 200, 20),
        ("bert", 24_000, 4000, 400),
    ],
)
def test_own_texts_are_trained_as_long_as_their_number_asks(
    backbone, examples, steps, each
):
    options = resolved(train_file=Path("my.csv"), backbone=backbone, bert="m")
    scheduled = options.scheduled(examples).optimisation
    assert (scheduled.steps, scheduled.steps_per_evaluation) == (steps, each)
    asked = resolved(
        train_file=Path("my.csv"), backbone=backbone, bert="m", steps=7
    )
    assert asked.scheduled(examples).optimisation.steps == 7


@pytest.mark.parametrize(
    ("asked", "steps", "each"),
    [
        ({"steps": 20}, 20, 20),
        ({"steps": 120}, 150, 50),
        ({"steps": 7, "steps_per_evaluation": 3}, 9, 3),
        ({"train_file": Path("my.csv"), "steps": 25}, 27, 3),
        (
            {
                "train_file": Path("my.csv"),
                "steps": 7,
                "steps_per_evaluation": 8,
            },
            *(7, 7),
        ),
    ],
)
def test_steps_are_those_that_are_taken(asked, steps, each):
    options = resolved(backbone="cnn", **asked).scheduled(100)
    assert options.optimisation.steps == steps
    assert options.optimisation.steps_per_evaluation == each
    # Of data sets with a name the key is known before they are loaded.
    if "train_file" not in asked:
        assert options == resolved(backbone="cnn", **asked)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"keep": "best"}, "--keep must be first, by-loss or last, not 'best'"),
        (
            {"schedule": "x"},
            "--schedule must be one of constant, warm-up, two-stage, not 'x'",
        ),
        ({"embeddings_spread": 0.1}, "--embeddings-spread needs --embeddings"),
        (
            {"embeddings": "a.txt", "embeddings_spread": 0.0},
            "--embeddings-spread must be above 0, not 0.0",
        ),
        ({"patience": -1}, "--patience must be 0 or more, not -1"),
        ({"last_layer": "x"}, "--last-layer must be random or regression"),
    ],
)
def test_what_would_not_do_is_refused(asked, message):
    with pytest.raises(ValueError, match=message):
        resolved(**asked)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--method", "x"],
        ["--backbone", "x"],
        ["--dataset", "x"],
    ],
)
def test_a_wrong_name_is_refused_before_tensorflow_is_loaded(arguments):
    program = (
        "import sys; from training.__main__ import main\n"
        "sys.argv[1:] = ['train', *sys.argv[1:]]\n"
        "try: main()\n"
        "except SystemExit as end: print(end.code, 'tensorflow' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == "2 False", done.stderr
