"""What a person waits for: commands, a training's stages, texts by number.

    KERAS_AMP_MODELS=models python -m benchmarks.waiting --data-dir data

Each command is a process of its own, begun as a person would, and one after the
other in every round. Beside a question to an export stands the same to PyTorch:
`transformers`, of which the encoder is loaded and asked once. Peaks are of the
resident memory of a process.
"""

import csv
import dataclasses
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Literal

import tyro

from benchmarks.step_time import cpu_name
from benchmarks.waiting_worker import STAGES
from training.data.paper import load_paper
from training.machine import environment
from training.run.record import rounded, write_record, write_text

RESULTS = Path(__file__).with_name("waiting.json")
HERE = Path(__file__).parents[1]
TRAINING = (sys.executable, "-m", "training")
BERT = "all-MiniLM-L6-v2"
QUESTION = "Who built the tower ?"
BY_TRANSFORMERS = """
import torch, transformers
path = {path!r}
tokenizer = transformers.AutoTokenizer.from_pretrained(path)
model = transformers.AutoModelForSequenceClassification.from_pretrained(path)
with torch.inference_mode():
    print(model(**tokenizer([{question!r}], return_tensors="pt")).logits)
"""
# What is trained to see where a run's time goes.
RUNS = {
    "CNN, TREC, 1,000 steps": ("--backbone", "cnn", "--steps", "1000"),
    "MiniLM, TREC, 300 steps": (
        *("--backbone", "bert", "--bert", BERT, "--learning-rate", "1e-4"),
        *("--schedule", "warm-up", "--steps", "300"),
    ),
}
BACKBONES = ("linear", "cnn")
PARTS: tuple[Literal["commands", "own_texts"], ...] = ("commands", "own_texts")
HEADING = """# What one waits for

Written by `python -m benchmarks.waiting`: each command in a process of its own,
from its beginning to its end."""


@dataclasses.dataclass
class Options:
    """Measures what a person waits for."""

    data_dir: Path = Path("data")
    """Folder of the data sets' files."""
    rounds: int = 5
    """How often each command and training is run."""
    sizes: tuple[int, ...] = (10_000, 100_000, 1_000_000)
    """Numbers of one's own texts; each is trained on once."""
    parts: tuple[Literal["commands", "own_texts"], ...] = PARTS
    """What to measure; of the other, what the output holds stays."""
    output: Path = RESULTS
    """JSON file; a page is written beside it."""


def timed(command: tuple[str, ...], folder: Path) -> tuple[float, float, str]:
    """A process' seconds, its peak in MB, and what it printed last.

    Raises:
        RuntimeError: If it failed.
    """
    # Of what is imported often, Python keeps the bytecode.
    settings = {"PYTHONPATH": str(HERE), "PYTHONDONTWRITEBYTECODE": ""}
    start = time.perf_counter()
    with subprocess.Popen(
        command,
        cwd=folder,
        env=os.environ | settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)}: {output}")
    # Linux counts in KB, macOS in bytes.
    unit = 2**20 if sys.platform == "darwin" else 2**10
    last = output.strip().rpartition("\n")[2]
    return seconds, usage.ru_maxrss / unit, last


def stages(folder: Path, options: Options) -> dict[str, list[dict]]:
    """Seconds by stage of each round of each run, whose exports stay."""
    found: dict[str, list[dict]] = {name: [] for name in RUNS}
    worker = (sys.executable, "-m", "benchmarks.waiting_worker")
    for _ in range(options.rounds):
        for name, asked in RUNS.items():
            data = ("--dataset", "trec", "--data-dir", str(options.data_dir))
            command = (*worker, str(time.time()), "train", *data, *asked)
            *_, last = timed(command, folder)
            found[name].append(json.loads(last))
    return found


def commands(folder: Path, options: Options) -> dict[str, list[float]]:
    """Seconds of each command in each round."""
    path = Path(os.environ["KERAS_AMP_MODELS"]) / BERT
    by_transformers = BY_TRANSFORMERS.format(path=str(path), question=QUESTION)
    cnn, bert = sorted((folder / "saved_models").iterdir(), reverse=True)
    asked = {
        "`--help`": (*TRAINING, "--help"),
        "`train --help`": (*TRAINING, "train", "--help"),
        "`import tensorflow`": (sys.executable, "-c", "import tensorflow"),
        "`predict`, a CNN": (*TRAINING, "predict", str(cnn), QUESTION),
        "`predict`, MiniLM": (*TRAINING, "predict", str(bert), QUESTION),
        "`transformers`, MiniLM": (sys.executable, "-c", by_transformers),
        "`report`": (
            *(*TRAINING, "report", "--output", str(folder / "RESULTS.md")),
            *("--records-dir", str(HERE / "docs" / "results" / "records")),
        ),
    }
    found: dict[str, list[float]] = {name: [] for name in asked}
    for _ in range(options.rounds):
        for name, command in asked.items():
            found[name].append(timed(command, folder)[0])
    return found


def write_texts(path: Path, size: int, words: list[str]) -> None:
    """A CSV file of texts of 18 words in two classes, each with its own."""
    rng = random.Random(0)
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["text", "label"])
        for _ in range(size):
            label = rng.choice(["dull", "lively"])
            rows.writerow([" ".join([*rng.choices(words, k=17), label]), label])


def own_texts(folder: Path, options: Options) -> list[dict]:
    """Seconds and peak of training on so many texts of one's own."""
    train = load_paper("trec", options.data_dir).train
    words = [word for text in train.texts for word in text.split()]
    path, found = folder / "texts.csv", []
    for size in options.sizes:
        write_texts(path, size, words)
        for backbone in BACKBONES:
            asked = ("--backbone", backbone, "--steps", "40")
            seconds, peak, _ = timed(
                (*TRAINING, "train", "--train-file", str(path), *asked), folder
            )
            one = {"size": size, "backbone": backbone}
            found.append(one | {"seconds": seconds, "peak": peak})
    return found


def _seconds(values: list[float]) -> str:
    """Median and range, in words."""
    low, high = min(values), max(values)
    return f"{statistics.median(values):.1f} ({low:.1f}–{high:.1f})"


def _rows(*rows: list[str]) -> list[str]:
    return [f"| {' | '.join(row)} |" for row in rows]


def page(record: dict) -> str:
    """A record as a page of Markdown."""
    times, runs = record["commands"], record["stages"]
    lines = [
        f"{HEADING} {record['cpu']}, {record['environment']['cpus']} cores; "
        f"medians, lowest and highest of {len(times['`--help`'])}.\n",
        *_rows(["command", "seconds"], ["---"] * 2),
        *_rows(*([name, _seconds(of)] for name, of in times.items())),
        "\n`predict` asks one text, and loads TensorFlow without Keras. "
        "`transformers` loads the encoder in PyTorch and asks it once. "
        "`report` writes all tables and figures of the records that are here."
        "\n",
        "## Where a training's time goes\n",
        *_rows(["", "seconds", *STAGES], ["---"] * (2 + len(STAGES))),
    ]
    for name, of in runs.items():
        totals = [sum(one.values()) for one in of]
        shares = [
            statistics.median(
                100 * one[stage] / total
                for one, total in zip(of, totals, strict=True)
            )
            for stage in STAGES
        ]
        cells = [f"{share:.0f} %" for share in shares]
        lines += _rows([name, _seconds(totals), *cells])
    lines += [
        '\nThe first step is traced, which is part of "steps"; "data" is read '
        'and made into ids; "model" is built, an encoder read; "rest" draws '
        "the diagram, and writes record and card.\n",
        "## Many texts of one's own\n",
        "A file of texts of 18 words, `train --train-file … --steps 40`, once "
        "each.\n",
        *_rows(["texts", "`--backbone`", "seconds", "peak, MB"], ["---"] * 4),
    ]
    for one in record["own_texts"]:
        numbers = [f"{one[key]:,.0f}" for key in ("size", "seconds", "peak")]
        lines += _rows([numbers[0], one["backbone"], *numbers[1:]])
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measures, and writes the record and the page."""
    options = tyro.cli(Options, description=__doc__)
    options.data_dir = options.data_dir.resolve()
    path = options.output
    record = json.loads(path.read_text()) if path.is_file() else {}
    lacking = {*PARTS} - {*options.parts, *record}
    if lacking:
        print(
            f"error: '{path}' has nothing of {', '.join(sorted(lacking))} yet, "
            "which the page is written from too: leave --parts out",
            file=sys.stderr,
        )
        sys.exit(2)
    record |= {"environment": environment(), "cpu": cpu_name()}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if "commands" in options.parts:
            record["stages"] = rounded(stages(folder, options))
            record["commands"] = rounded(commands(folder, options))
            write_record(path, record)
        if "own_texts" in options.parts:
            record["own_texts"] = rounded(own_texts(folder, options))
    write_record(path, record)
    write_text(path.with_suffix(".md"), page(record))
    print(page(record))


if __name__ == "__main__":
    main()
