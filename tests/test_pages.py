"""The pages that lead through a task: their commands run, one after another."""

import os
import re
import runpy
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from keras import ops

from benchmarks import tickets
from tests.helpers import need_imports
from training.__main__ import main
from training.report.results import load_records

HERE = Path(__file__).parent.parent
# What makes them short, by the command's beginning.
SHORTER = {
    "python -m benchmarks.tickets": "--rows 90",
    "python -m training train": "--steps 2",
    "python my_policy.py train": "--steps 2",
    "python my_policy.py table": "--steps 2 --seeds 1 --processes 1",
}


def page(name):
    return (HERE / "docs" / name).read_text("utf-8")


def steps_of(text):
    """The page's commands and, as `py`, what runs after them, in order."""
    for language, block in re.findall(r"```(\w*)\n(.*?)```", text, re.DOTALL):
        if language == "py":
            yield block
        elif not language:
            yield from block.replace("\\\n", " ").splitlines()


def shortened(command):
    for beginning, options in SHORTER.items():
        if command.startswith(beginning):
            for name in re.findall(r"--[\w-]+", options):
                command = re.sub(rf"{name} \S+", "", command)
            return f"{command} {options}"
    return command


@pytest.fixture
def empty(minilm, tmp_path, monkeypatch):
    """A folder without anything, in which the encoder is reached by name."""
    models = tmp_path / "models"
    models.mkdir()
    (models / "all-MiniLM-L6-v2").symlink_to(minilm)
    monkeypatch.setenv("KERAS_AMP_MODELS", str(models))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
def test_from_a_csv_to_a_served_model(empty, monkeypatch, capsys):
    need_imports("import keras_hub, tensorflow_text, tyro")
    programs = {
        "benchmarks.tickets": tickets.main,
        "training": main,
    }
    ran = []
    for step in steps_of(page("small_data.md")):
        if not step.startswith(("python -m", "import")):
            continue
        if step.startswith("import"):
            exec(step, {})
            continue
        _, _, module, *arguments = shlex.split(shortened(step))
        monkeypatch.setattr(sys, "argv", [module, *arguments])
        programs[module]()
        ran.append(arguments[0])
    out = capsys.readouterr().out
    assert ran == ["tickets.csv", "train", *["predict"] * 2, *["train"] * 2]
    assert "logistic regression on words" in out
    assert "Fold 2 of 2" in out
    given = (empty / "tickets.csv").read_text("utf-8")
    answers = (empty / "answers.csv").read_text("utf-8")
    assert answers.count("\n") == given.count("\n")
    names = {path.name for path in (empty / "saved_models").iterdir()}
    assert names == {"tickets", "tickets-refit", "tickets-sent"}
    # What the served model answers.
    assert re.search(r"^\[b'\w+' b'\w+'\] \[\[0\.", out, re.MULTILINE)


def test_a_policy_is_trained_tabled_and_reported(
    data_dir, tmp_path, monkeypatch, registries
):
    text = page("policy.md")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    end, *commands = steps_of(text)
    need_imports("\n".join(blocks))
    # Without the one that trains on digits, as the page says.
    program = "\n".join([blocks[0], blocks[2], end])
    (tmp_path / "my_policy.py").write_text(program, "utf-8")
    data_dir = data_dir.resolve()
    monkeypatch.chdir(tmp_path)
    here = {"PYTHONPATH": str(HERE), "TF_CPP_MIN_LOG_LEVEL": "3"}
    for command in commands:
        _, *arguments = shlex.split(shortened(command))
        if arguments[1] != "table":
            monkeypatch.setattr(sys, "argv", arguments)
            runpy.run_path(arguments[0], run_name="__main__")
            continue
        # Its processes look for the policy in the program that began them.
        done = subprocess.run(
            [sys.executable, *arguments, "--data-dir", str(data_dir)],
            env={**os.environ, **here},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "saved_models/demo-cnn-both-sides/1").is_dir()
    records, _ = load_records(tmp_path / "runs/both-sides")
    methods = {one["configuration"]["method"] for one in records}
    assert methods == {"sent", "both-sides"}
    report = (tmp_path / "runs/RESULTS.md").read_text("utf-8")
    assert re.search(r"\| Both sides \| 1 \| .* \| SentMixup \|", report)


def test_lam_by_distance_has_the_published_distribution():
    from scipy import stats

    blocks = re.findall(r"```python\n(.*?)```", page("knobs.md"), re.DOTALL)
    names = {}
    exec("\n".join(blocks), names)
    model = names["model"]

    def drawn(hidden, partner):
        """λ of many draws with these partners, `(draws, batch)`."""
        partner = ops.convert_to_tensor(partner, "int32")
        lams = []
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(
                names["keras_amp"].Mixup, "draw", lambda *_: (None, partner)
            )
            for _ in range(20):
                lam, _ = model.draw([hidden], ops.zeros(len(hidden)))
                lams.append(ops.convert_to_numpy(lam))
        return np.array(lams)

    # Two pairs a block of four: one a third as far apart as the other.
    place = np.tile([0.0, 1.0, 10.0, 10.0 + np.sqrt(3)], 100)[:, None]
    hidden = ops.convert_to_tensor(place.astype("float32"))
    partner = np.arange(400) ^ 1
    lam = drawn(hidden, partner)
    for index, distance in ((0, 0.5), (2, 1.5)):
        tau = np.exp((1 - distance) / (2 * 0.5**2))
        for one in (index, index + 1):
            values = lam[:, one::4].ravel()
            assert stats.kstest(values, stats.beta(tau, tau).cdf).pvalue > 1e-3


# KerasTuner gives back models whose optimizers have no slots yet.
@pytest.mark.filterwarnings("ignore:Skipping variable loading")
def test_a_search_tries_each_method_and_its_alpha_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    blocks = re.findall(r"```python\n(.*?)```", page("recipes.md"), re.DOTALL)
    (search,) = [one for one in blocks if "import keras_tuner" in one]
    need_imports(search)
    once = search.replace("executions_per_trial=2", "executions_per_trial=1")
    names = {}
    exec(f"{blocks[0]}\n{once}", names)
    trials = [*names["tuner"].oracle.trials.values()]
    assert [trial.status for trial in trials] == ["COMPLETED"] * 4
    tried = [trial.hyperparameters.values for trial in trials]
    assert {one["method"] for one in tried} == {"none", "Mixup", "AMP"}
    assert {"method"} in [{*one} for one in tried]
    assert {"method", "alpha"} in [{*one} for one in tried]
    # What is given back is what was tried, by its classifier's weights.
    best, model = names["best"].values, names["model"]
    kind = names["METHODS"].get(best["method"], type(model))
    assert type(model) is kind
    if best["method"] != "none":
        assert model.alpha == pytest.approx(best["alpha"])
    scores = [trial.score for trial in trials]
    x, y = names["x"][9:], names["y"][9:]
    assert model.evaluate(x, y, verbose=0) == pytest.approx(min(scores))
