"""Someone's own texts, with a real pretrained encoder at hand."""

import json

import pytest

from tests.training.run.test_train import run as run

ANIMALS = (
    *("cat", "dog", "horse", "cow", "sheep", "goat"),
    *("wolf", "fox", "bear", "lion", "tiger", "mouse"),
)
VEHICLES = (
    *("car", "truck", "bus", "train", "tram", "bicycle"),
    *("motorbike", "ship", "boat", "plane", "van", "ferry"),
)


@pytest.fixture
def at_hand(minilm, tmp_path, monkeypatch):
    models = tmp_path / "models"
    models.mkdir()
    (models / "all-MiniLM-L6-v2").symlink_to(minilm, target_is_directory=True)
    monkeypatch.setenv("KERAS_AMP_MODELS", str(models))


def test_an_encoder_is_fine_tuned_where_words_do_not_tell(
    at_hand, run, tmp_path
):
    # No word is in two texts.
    rows = [("animal", one) for one in ANIMALS]
    rows += [("vehicle", one) for one in VEHICLES]
    rows = "".join(f"{label}\t{text}\n" for label, text in rows * 2)
    (tmp_path / "my.tsv").write_text(rows)
    (tmp_path / "test.tsv").write_text("animal\tpony\nvehicle\ttaxi\n" * 4)
    code, out, err = run(
        *["train", "--train-file", "my.tsv", "--test-file", "test.tsv"],
        *["--steps", "2", "--steps-per-evaluation", "1", "--name", "my"],
    )
    assert code == 0, err
    said = " ".join(out.split())
    assert "all-MiniLM-L6-v2, a pretrained encoder" in said
    assert "logistic regression on words │ 50.0 % │" in said
    assert "logistic regression on all-MiniLM-L6-v2 │ 0.0 % │" in said
    assert "this classifier │ 0.0 % │" in said
    record = json.loads((tmp_path / "runs/my/1.json").read_text())
    asked = record["configuration"]
    assert asked["backbone"] == "bert"
    assert asked["bert"] == "all-MiniLM-L6-v2"
    assert asked["method"] == "none"
    assert asked["schedule"] == "warm-up"


@pytest.mark.parametrize(
    "more", [(), ("--bert", "all-MiniLM-L6-v2", "--pooling", "mean")]
)
def test_the_linear_classifier_is_trained_where_words_tell_more(
    at_hand, run, tmp_path, more
):
    # Of these letters the encoder has no piece: both are one to it.
    texts = [f"order {n % 8} of {part}" for n in range(40) for part in "ሀለ"]
    labels = ["first", "second"] * 40
    rows = zip(labels, texts, strict=True)
    (tmp_path / "my.tsv").write_text("".join(f"{a}\t{b}\n" for a, b in rows))
    code, out, err = run(
        *["train", "--train-file", "my.tsv", "--name", "my", *more]
    )
    assert code == 0, err
    record = json.loads((tmp_path / "runs/my/1.json").read_text())
    chosen = record["configuration"]["backbone"]
    said = " ".join(out.split())
    assert "Trained is --backbone linear" in said
    assert chosen == "linear"
    assert record["results"]["test_error"] == 0
