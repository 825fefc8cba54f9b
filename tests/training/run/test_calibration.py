"""What a run says of its probabilities, against slow and obvious twins."""

import itertools
import json
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
import tensorflow as tf
from sklearn.metrics import f1_score

from tests.training.run.test_messages import own, printed
from tests.training.run.test_train import late_words
from tests.training.run.test_train import run as run
from training.run import messages, reliability_diagram
from training.run.calibration import (
    Outputs,
    calibration_of,
    out_of_domain_area,
    temperature_of,
)


def outputs(size=300, seed=0, scale=3.0):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 4, size)
    logits = rng.normal(size=(size, 4))
    logits[np.arange(size), labels] += 1
    return Outputs((scale * logits).astype("float32"), labels)


def loss_and_error(of, temperature):
    """An example at a time, and a bin at a time."""
    p = np.exp(of.logits.astype("float64") / temperature)
    p /= p.sum(axis=1, keepdims=True)
    loss = -np.mean([np.log(p[i, label]) for i, label in enumerate(of.labels)])
    error, top = 0.0, p.max(axis=1)
    for k in range(15):
        inside = (top > k / 15) & (top <= (k + 1) / 15)
        if inside.any():
            right = p[inside].argmax(axis=1) == of.labels[inside]
            error += np.mean(inside) * abs(right.mean() - top[inside].mean())
    return loss, 100 * error


def test_loss_and_calibration_error_before_and_after_the_temperature_of_dev():
    test, dev = outputs(), outputs(seed=1)
    got = calibration_of(test, dev)
    temperature = got["temperature"]
    assert temperature == temperature_of(dev) != temperature_of(test)
    before = got["test_loss"], got["test_calibration_error"]
    assert before == pytest.approx(loss_and_error(test, 1), abs=1e-4)
    after = got["tempered_test_loss"], got["tempered_test_calibration_error"]
    assert after == pytest.approx(loss_and_error(test, temperature), abs=1e-4)
    assert np.all(np.array(after) < before)
    unknown = calibration_of(test, None)
    assert unknown.keys() == {
        "test_loss",
        "test_calibration_error",
        "test_macro_f1",
        "reliability",
    }
    bins = got["reliability"]
    gaps = np.abs(np.subtract(bins["accuracy"], bins["confidence"]))
    error = np.average(gaps, weights=bins["count"])
    assert got["test_calibration_error"] == pytest.approx(100 * error)
    answers = test.logits.argmax(axis=1)
    expected = f1_score(test.labels, answers, average="macro")
    assert got["test_macro_f1"] == pytest.approx(100 * expected)
    assert unknown.items() < got.items()


def test_probabilities_are_those_of_divided_logits():
    test = Outputs(np.log([[1.0, 3.0], [1.0, 1.0]]), np.zeros(2, int))
    np.testing.assert_allclose(test.probabilities(), [[0.25, 0.75], [0.5, 0.5]])
    np.testing.assert_allclose(test.probabilities(0.5)[0], [0.1, 0.9])
    np.testing.assert_allclose(test.confidences(), [0.75, 0.5])


@pytest.mark.parametrize("shift", [0, 1])
def test_no_temperature_follows_where_all_is_right_or_all_is_wrong(shift):
    labels = np.arange(8) % 4
    dev = Outputs(np.eye(4)[(labels + shift) % 4], labels)
    assert temperature_of(dev) is None
    assert "temperature" not in calibration_of(outputs(), dev)


def test_the_area_is_the_share_of_pairs_in_the_right_order():
    test, others = outputs(40), outputs(30, seed=1, scale=1.5)
    test.logits[:5], others.logits[:5] = 0, 0  # ties
    pairs = itertools.product(test.confidences(), others.confidences())
    share = np.mean([(a > b) + 0.5 * (a == b) for a, b in pairs])
    got = out_of_domain_area(test, others)
    assert got == pytest.approx(100 * share)
    assert 55 < got < 95


@pytest.mark.parametrize("temperature", [None, 2.0])
def test_the_diagram_shows_each_bin_where_it_is(
    tmp_path, monkeypatch, temperature
):
    kept = []
    monkeypatch.setattr(plt, "close", kept.append)
    path = tmp_path / "1.png"
    test = outputs()
    reliability_diagram.draw_reliability(test, temperature, path)
    assert path.read_bytes().startswith(b"\x89PNG")
    (figure,) = kept
    asked = [1.0] if temperature is None else [1.0, temperature]
    panels = figure.axes[: len(asked)]
    for panel, histogram, value in zip(
        panels, figure.axes[len(asked) :], asked, strict=True
    ):
        _, error = loss_and_error(test, value)
        assert f"calibration error {error:.1f} %" in panel.get_title()
        top = test.probabilities(value).max(axis=1)
        is_right = test.logits.argmax(axis=1) == test.labels
        points = panel.containers[0].lines[0].get_xydata()
        bins = np.ceil(top * 15).astype(int)
        expected = [
            (top[bins == k].mean(), is_right[bins == k].mean())
            for k in np.unique(bins)
        ]
        np.testing.assert_allclose(points, expected, atol=1e-5)
        heights = [bar.get_height() for bar in histogram.patches]
        counts = [100 * np.mean(bins == k) for k in range(1, 16)]
        np.testing.assert_allclose(heights, counts, atol=1e-4)
    monkeypatch.undo()
    plt.close(figure)


@pytest.mark.parametrize("is_asked", [True, False])
def test_a_run_records_it_all_and_exports_the_temperature_if_asked(
    run, tmp_path, is_asked
):
    test_file = late_words(tmp_path / "test.tsv", 200, seed=1)
    rows = [line.split("\t") for line in test_file.read_text().splitlines()]
    others = "".join(f"{text}\n" for _, text in rows)
    (tmp_path / "others.txt").write_text(others)
    code, out, err = run(
        *["train", "--backbone", "cnn", "--name", "late", "--seed", "1"],
        *["--train-file", late_words(tmp_path / "train.tsv", 400, seed=0)],
        *["--test-file", test_file, "--max-length", "8", "--method", "sent"],
        *["--steps", "60", "--steps-per-evaluation", "30"],
        *["--learning-rate", "3e-3", "--no-baselines"],
        *["--out-of-domain-file", tmp_path / "others.txt"],
        *["--calibrate"] * is_asked,
    )
    assert code == 0, err
    record = json.loads((tmp_path / "runs/late/1.json").read_text())
    results = record["results"]
    assert record["configuration"].get("calibrate", False) is is_asked
    assert record["configuration"]["out_of_domain_file"] == "others.txt"
    # The same texts once more: nobody can tell them apart.
    assert results["out_of_domain_area"] == pytest.approx(50)
    assert (tmp_path / record["diagram"]).is_file()
    temperature = results["temperature"]
    assert temperature != pytest.approx(1, abs=0.01)

    loaded = tf.saved_model.load(tmp_path / "saved_models/late/1")
    answer = loaded.signatures["serve"](
        sentences=tf.constant([text for _, text in rows])
    )
    assert ("temperature" in answer) is is_asked
    if is_asked:
        np.testing.assert_allclose(answer["temperature"], temperature, 1e-5)
    names = [name.decode() for name in answer["label_names"][0].numpy()]
    labels = np.array([names.index(label) for label, _ in rows])
    served = Outputs(np.log(answer["probabilities"]), labels)
    found = calibration_of(served, None)
    begin = "tempered_" if is_asked else ""
    # A temperature changes no answer.
    del found["reliability"]
    f1 = found.pop("test_macro_f1")
    assert results["test_macro_f1"] == pytest.approx(f1, abs=1e-3)
    for name, value in found.items():
        assert results[begin + name] == pytest.approx(value, abs=1e-3)
    other = "" if is_asked else "tempered_"
    assert results[other + "test_loss"] != pytest.approx(
        found["test_loss"], abs=1e-4
    )
    said = " ".join(out.split())
    assert f"At temperature {temperature:.3g}, which fits dev" in said
    assert ("The export answers so" in said) is is_asked
    assert ("--calibrate exports it so" in said) is not is_asked
    assert "others.txt in 50.0 % of pairs" in said
    assert "Diagram: runs/late/1.png" in said


def test_where_no_temperature_follows_it_says_so():
    def said(**options):
        results = {"test_calibration_error": 4.0, "test_loss": 0.5}
        text = printed(
            messages.report_calibration,
            own(backbone="linear", **options),
            results,
            Path("1.png"),
        )
        return " ".join(text.split())

    assert "No temperature follows from dev" in said(calibrate=True)
    assert "temperature" not in said()
    assert "differ by 4.0 points on average (expected cal" in said()
