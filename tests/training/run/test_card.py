import json

import keras
import numpy as np
import pytest

import keras_amp
from training.options.train_options import TrainOptions
from training.run.card import card
from training.run.train import train

ROWS = ["text,label", *["good soup,ja", "bad soup,nein: nie"] * 12]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder of models, and the record of a run that wrote into it."""
    folder = tmp_path_factory.mktemp("card")
    file = folder / "my rows.csv"
    file.write_text("\n".join(ROWS), "utf-8")
    record = train(
        TrainOptions.of(
            train_file=file,
            backbone="cnn",
            steps=6,
            steps_per_evaluation=3,
            hub=True,
            calibrate=True,
            models_dir=folder / "models",
            records_dir=folder / "records",
        )
    )
    return folder / "models" / "my rows-cnn-none", record


def test_numbers_are_those_of_the_record(trained):
    folder, record = trained
    text = (folder / "1.md").read_text("utf-8")
    results, dataset = record["results"], record["dataset"]
    assert f"| error | {results['test_error']:.1f} % (95 %: " in text
    assert f"| on {dataset['test']} test texts |" in text
    assert f"{dataset['train']} texts to train on" in text
    assert f"{results['test_loss']:.3f} |" in text
    assert "`ja`, `nein: nie`" in text
    settings = json.loads(text.split("```json\n")[1].split("\n```")[0])
    assert settings["train_file"] == "my rows.csv"
    assert settings["steps"] == 6


def test_the_head_is_yaml_that_hubs_read(trained):
    yaml = pytest.importorskip("yaml")
    folder, record = trained
    _, head, _ = (folder / "1.md").read_text("utf-8").split("---\n", 2)
    read = yaml.safe_load(head)
    assert read["pipeline_tag"] == "text-classification"
    (model,) = read["model-index"]
    (result,) = model["results"]
    (metric,) = result["metrics"]
    accuracy = 1 - record["results"]["test_error"] / 100
    assert metric["value"] == pytest.approx(accuracy, abs=1e-4)
    assert result["dataset"]["name"] == record["dataset"]["name"]


def test_the_hubs_folder_is_the_classifier_with_its_card(trained):
    folder, _ = trained
    hub = folder / "1-hub"
    assert (hub / "README.md").read_bytes() == (folder / "1.md").read_bytes()
    labels = json.loads((hub / "labels.json").read_text("utf-8"))
    assert labels == ["ja", "nein: nie"]
    model = keras.saving.load_model(hub, compile=False)
    assert isinstance(model, keras.Model)
    assert not isinstance(model, keras_amp.Mixup)
    tokenizers = pytest.importorskip("tokenizers")
    read = tokenizers.Tokenizer.from_file(str(hub / "tokenizer.json"))
    ids = np.array([read.encode("good soup").ids])
    assert model.predict(ids, verbose=0).shape == (1, 2)
    # It is no version to be served.
    assert sorted(one.name for one in folder.iterdir()) == [
        "1",
        "1-hub",
        "1.md",
    ]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, "3 dev texts chose the checkpoint, 3 test texts"),
        ({"keep": "last"}, "3 dev texts chose no checkpoint, as the last was"),
        ({"refit": 5}, "3 dev texts among them, after 5 folds chose the"),
        ({"refit": 1}, "3 dev texts among them, which before that chose the"),
    ],
)
def test_it_says_what_the_dev_texts_were_for(trained, asked, expected):
    _, record = trained
    settings = record["configuration"] | asked
    text = card(record | {"configuration": settings}, [10, 8])
    assert expected in text
    is_plain = "dev texts chose the checkpoint" in text
    assert is_plain == (not asked)


def test_of_splits_it_says_mean_and_spread(trained):
    _, record = trained
    splits = [
        {"test_error": 10.0, "test_loss": 0.5, "test_macro_f1": 90.0},
        {"test_error": 14.0, "test_loss": 0.7},
    ]
    record = record | {"results": {"expected_error": 12.0}}
    text = card(record, [30, 10], splits)
    assert "| error | 12.0 ± 2.8 % |" in text
    assert "| negative log-likelihood | 0.600 |" in text
    assert "macro F1" not in text
    assert "value: 0.8800" in text
    assert "smallest has 25.0 %, the largest 75.0 %" in text
    assert "none is left to measure it on" in text
