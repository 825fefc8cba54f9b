"""Times training on sentences drawn at random and on those of one length.

    KERAS_AMP_MODELS=models python -m benchmarks.grouping --data-dir data

One model trains a few batches of either kind in turn, in one process, so that
what else the machine does falls on both alike. The figure that counts is the
median over rounds of the ratio of their times.
"""

import dataclasses
import os
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np
import tyro

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from benchmarks.step_time import cpu_name
from training.machine import environment
from training.options.train_options import TrainOptions
from training.run.batches import batches
from training.run.experiment import Experiment
from training.run.record import rounded, write_record, write_text

RESULTS = Path(__file__).with_name("grouping.json")
HEADING = """# Sentences of one length

Written by `python -m benchmarks.grouping`: a fine-tuned encoder's training
steps on batches drawn at random, and with `--group-by-length`."""
KINDS = ("random", "grouped")
COLUMNS = (
    *("data set", "pieces a sentence", "padding per piece", "grouped"),
    *("ms a step", "grouped", "times"),
)


@dataclasses.dataclass
class Options:
    """Measures what a step gains by sentences of one length."""

    data_dir: Path = Path("data")
    """Folder of the data sets' files."""
    datasets: tuple[str, ...] = ("trec", "sst2", "subj", "mr")
    """What is trained on."""
    sentences: int = 1000
    """How many sentences of each, about."""
    bert: str = "all-MiniLM-L6-v2"
    """The encoder, as of `train`."""
    rounds: int = 5
    """How often each kind of batches is timed, in turn."""
    steps: int = 16
    """Batches of each kind in a round."""
    output: Path = RESULTS
    """JSON file; a page is written beside it."""


def measure(dataset: str, options: Options) -> dict[str, Any]:
    """Dict of times, in seconds a step, and of padding, by kind of batches."""
    asked = TrainOptions.of(
        dataset=dataset,
        data_dir=options.data_dir,
        most_sentences=options.sentences,
        backbone="bert",
        bert=options.bert,
        method="none",
    ).resolved()
    experiment = Experiment.of_options(asked)
    seconds: dict[str, list] = {kind: [] for kind in KINDS}
    sizes = {kind: np.zeros(3) for kind in KINDS}
    for number in range(options.rounds + 1):
        for kind in KINDS:
            data = batches(
                experiment.dataset.train,
                experiment.tokenizer,
                asked.optimisation.batch_size,
                seed=number,
                group_by_length=kind == "grouped",
            )
            data = data.take(options.steps).cache()
            for ids, labels in data:
                pieces = np.count_nonzero(ids)
                sizes[kind] += [ids.numpy().size - pieces, pieces, len(labels)]
            start = time.perf_counter()
            experiment.model.fit(data, verbose=0)
            if number:  # Steps are traced in the first round.
                took = time.perf_counter() - start
                seconds[kind].append(took / options.steps)
    _, pieces, sentences = sum(sizes.values())
    return {
        "seconds": seconds,
        "padding": {kind: of[0] / of[1] for kind, of in sizes.items()},
        "pieces": pieces / sentences,
    }


def page(record: dict) -> str:
    """A record as a Markdown page."""
    where, rounds = record["environment"], record["rounds"]
    lines = [
        HEADING,
        f"\n`{record['bert']}`, {record['cpu']}, {where['cpus']} cores, "
        f"TensorFlow {where['versions']['tensorflow']}; medians of {rounds} "
        "paired rounds, lowest–highest in brackets.",
        "",
        f"| {' | '.join(COLUMNS)} |",
        "|---" * len(COLUMNS) + "|",
    ]
    for dataset, measured in record["datasets"].items():
        random, grouped = (measured["seconds"][kind] for kind in KINDS)
        ratios = [b / a for a, b in zip(random, grouped, strict=True)]
        cells = [
            dataset,
            f"{measured['pieces']:.0f}",
            *(f"{measured['padding'][kind]:.2f}" for kind in KINDS),
            *(
                f"{1000 * statistics.median(of):.0f}"
                for of in (random, grouped)
            ),
            f"{statistics.median(ratios):.2f} ({min(ratios):.2f}–"
            f"{max(ratios):.2f})",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main(options: Options) -> None:
    """Measures, prints and writes."""
    record = {
        "environment": environment(),
        "cpu": cpu_name(),
        "bert": options.bert,
        "rounds": options.rounds,
        "datasets": {
            one: rounded(measure(one, options)) for one in options.datasets
        },
    }
    write_record(options.output, record)
    text = options.output.with_suffix(".md")
    write_text(text, page(record))
    print(f"{page(record)}\nWrote {options.output} and {text}")


if __name__ == "__main__":
    main(tyro.cli(Options, description=__doc__))
