"""A method, a backbone, a data set, a column: one entry, and all know it."""

import json
import subprocess
import sys

import keras
import numpy as np
import pandas as pd
import pytest
from keras import layers

import keras_amp
from benchmarks import step_time
from tests.training.report.test_report import record_of, write
from training.__main__ import main
from training.data.dataset import Dataset, Examples
from training.data.sources import SOURCES, Source
from training.grid.grid_options import GridOptions
from training.grid.runs import runs_of
from training.methods.methods import METHODS, Method
from training.models.backbones import BACKBONES, Backbone, Workload
from training.report.columns import COLUMNS, Column
from training.report.write_report import report


def bag_of_words(vocabulary_size, num_classes):
    ids = keras.Input((None,), dtype="int32")
    word = layers.Embedding(vocabulary_size, 4, name="word")(ids)
    sentence = layers.GlobalAveragePooling1D(name="sentence")(word)
    return keras.Model(ids, layers.Dense(num_classes)(sentence))


METHOD = Method(
    name="half",
    title="Half Mixup",
    about="a toy",
    mix_at="sentence",
    wrap=lambda classifier, mix_at, mixing, seed: keras_amp.Mixup(
        classifier, mix_at, alpha=0.5, seed=seed
    ),
    against="none",
    style={"color": "#123456"},
)
BACKBONE = Backbone(
    name="bag",
    title="Bag of words",
    about="a toy",
    tokenizer=BACKBONES["cnn"].tokenizer,
    build=lambda options, tokenizer, num_classes, vectors: bag_of_words(
        tokenizer.vocabulary_size(), num_classes
    ),
    preset=BACKBONES["cnn"].preset | {"steps": 3, "steps_per_evaluation": 1},
    workloads=(Workload("bag", "Bag", bag_of_words, 4, 3, 9),),
)
EXAMPLES = Examples(["good", "bad"] * 4, np.array([1, 0] * 4, "int32"))
SOURCE = Source(
    name="twowords",
    title="Two words",
    about="a toy",
    load=lambda data, where: Dataset(
        "two words", ("no", "yes"), EXAMPLES, EXAMPLES, EXAMPLES
    ),
)
COLUMN = Column(
    name="best_step",
    heading="best step",
    cell=lambda row: f"{row['best_step']:.0f}",
    explanation="**best step**: of the lowest error on dev.",
    measure="best_step",
)


@pytest.fixture(autouse=True)
def toys(monkeypatch):
    """The entries, in their registries as long as a test runs."""
    for registry, entry in (
        (METHODS, METHOD),
        (BACKBONES, BACKBONE),
        (SOURCES, SOURCE),
        (COLUMNS, COLUMN),
    ):
        monkeypatch.setitem(registry, entry.name, entry)


def test_the_command_line_trains_with_them(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    what = ["--dataset", "twowords", "--backbone", "bag", "--method", "half"]
    monkeypatch.setattr(sys, "argv", ["training", "train", *what])
    main()
    assert "saved_models/twowords-bag-half/1" in capsys.readouterr().out
    path = tmp_path / "runs/twowords-bag-half/1.json"
    record = json.loads(path.read_text())
    assert record["curves"]["step"] == [1, 2, 3]
    monkeypatch.setattr(sys, "argv", ["training", "train", "--method", "x"])
    with pytest.raises(SystemExit):
        main()
    assert "nonlinear, half" in capsys.readouterr().err


def test_a_grid_runs_them(tmp_path):
    grid = GridOptions(
        "2",
        backbones=("bag",),
        datasets=("twowords",),
        methods=("none", "half"),
        seeds=2,
        records_dir=tmp_path,
    )
    assert [str(run) for run in runs_of(grid)] == [
        "twowords-bag-none seed 0",
        "twowords-bag-half seed 0",
        "twowords-bag-none seed 1",
        "twowords-bag-half seed 1",
    ]
    assert {run.options.optimisation.steps for run in runs_of(grid)} == {3}


def test_the_report_shows_them(tmp_path):
    cell = {"backbone": "bag", "dataset": "twowords"}
    records = [
        record_of("2", cell | {"method": method}, seed, error)
        for method, error in (("none", 30.0), ("half", 20.0))
        for seed in range(3)
    ]
    del records[0]["results"]["best_step"]
    output = tmp_path / "RESULTS.md"
    report(write(records, tmp_path / "records"), output, True)
    text = output.read_text()
    assert "### Bag of words, Two words" in text
    assert "| Half Mixup | 3 | 20.0 ± 0.0 | no mixup | -10.00 " in text
    assert "| calibration error | best step |" in text
    assert "- **best step**: of the lowest error on dev." in text
    csv = pd.read_csv(tmp_path / "results/table_2.csv")
    means = csv.dropna(subset="best_step").set_index("method")["best_step"]
    assert means.to_dict() == {"none": 30.0, "half": 30.0}
    assert (tmp_path / "results/learning_curves.png").is_file()


def test_the_benchmark_times_them():
    options = step_time.Options(backbone="bag", rounds=2, warm_up=1)
    times = step_time.measure(options, "graph")
    assert set(times) == {"plain", *METHODS} - {"none"}
    figures = step_time.summarize(times)
    assert figures["half"]["over"] == "plain"


def test_parsing_loads_no_tensorflow():
    code = (
        "import sys; sys.argv = ['training', 'train', '--help']\n"
        "from training.__main__ import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print([m for m in ('tensorflow', 'keras', 'sklearn') "
        "if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
    assert "--method" in done.stdout
