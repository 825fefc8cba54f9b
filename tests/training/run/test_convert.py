import json
import sys

import pytest

import keras_amp
from training.__main__ import main
from training.run.exported import find_export
from training.run.numbered import next_version


def export(monkeypatch, *arguments):
    monkeypatch.setattr(
        sys, "argv", ["python -m training", "export", *map(str, arguments)]
    )
    main()


def test_the_newest_is_written_beside_itself_once(
    tmp_path, monkeypatch, capsys
):
    tokenizer = keras_amp.text.word_tokenizer(["good soup"])
    model = keras_amp.TextCNN(tokenizer.vocabulary_size(), 2)
    for number in ("1", "2"):
        labels = [f"no {number}", f"yes {number}"]
        keras_amp.export_text_classifier(
            model, tokenizer, labels, tmp_path / number
        )
    asked = (tmp_path, "--format", "saved_model")
    export(monkeypatch, *asked)
    made = tmp_path / "2-saved_model"
    assert json.loads((made / "labels.json").read_text()) == labels
    said = " ".join(capsys.readouterr().out.split())
    assert "labels.json, model, tokenizer.json" in said
    # It is no version of the model.
    assert (find_export(tmp_path), next_version(tmp_path)) == (
        tmp_path / "2",
        3,
    )
    with pytest.raises(SystemExit) as ended:
        export(monkeypatch, *asked)
    assert ended.value.code == 2
    assert "is not overwritten" in capsys.readouterr().err
    export(monkeypatch, *asked, "--output", tmp_path / "other")
    assert (tmp_path / "other" / "model").is_dir()
