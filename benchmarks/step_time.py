"""Times a training step: plain, Mixup and AMP, at each place to mix.

    python -m benchmarks.step_time --backbone cnn

All variants train the same batch in turn, in one process, so that what else the
machine does falls on all of them alike. The figure that counts is a ratio:
the median over rounds of a variant's time by its reference's in that round.
"""

import dataclasses
import json
import os
import platform
import statistics
import sys
import time
from pathlib import Path
from typing import Literal

import tyro

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import tensorflow as tf

from training.methods.methods import METHODS
from training.models.backbones import BACKBONES
from training.options.mixing_options import MixingOptions
from training.run.record import write_record

NUM_CLASSES = 6
PLAIN = "plain"  # what the method that mixes nothing is called here
RESULTS = Path(__file__).with_name("step_time")
HEADING = """# Time of a training step

Written by `python -m benchmarks.step_time --backbone NAME` on an otherwise idle
machine. A step is timed in turn with the others, on the same batch; "times" is
the median ratio to its reference in the same round."""


def variants():
    """Dict from what a step is called here to its `Method`."""
    return {_called(method.name): method for method in METHODS.values()}


def reference(variant):
    """What a variant's step is compared with, or `None`."""
    known = variants()
    against = known[variant].against if variant in known else None
    return against and _called(against)


def _called(name):
    return PLAIN if METHODS[name].mix_at is None else name


def workloads():
    """Dict from name to `Workload`, those of all backbones."""
    of_all = (one for b in BACKBONES.values() for one in b.workloads)
    return {one.name: one for one in of_all}


@dataclasses.dataclass
class Options:
    """Times a training step of every variant on synthetic sentences."""

    backbone: str = "cnn"
    """What is trained: cnn, bilstm, bert-tiny or bert-base."""
    modes: tuple[Literal["graph", "xla", "eager"], ...] = ("graph", "xla")
    """How Keras runs the step."""
    rounds: int = 60
    """Timed rounds; each runs every variant once."""
    warm_up: int = 5
    """Untimed rounds before."""
    threads: int = 2
    """CPU threads that TensorFlow may use."""
    output_dir: Path = RESULTS
    """Where BACKBONE.json goes; a Markdown table of all is written beside."""


def build(variant, options, mode):
    """A compiled model of one variant, with the weights of all the others."""
    keras.utils.set_random_seed(0)
    workload = workloads()[options.backbone]
    model = workload.build(workload.vocabulary_size, NUM_CLASSES)
    model = variants()[variant].model(model, MixingOptions(), seed=0)
    model.compile(
        keras.optimizers.Adam(2e-4),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        jit_compile=mode == "xla",
        run_eagerly=mode == "eager",
    )
    return model


def batches(options):
    """An endless iterator over one batch, in the form Keras' step takes."""
    rng = np.random.default_rng(0)
    workload = workloads()[options.backbone]
    shape = (workload.batch_size, workload.tokens)
    ids = rng.integers(1, workload.vocabulary_size, shape, dtype="int32")
    labels = rng.integers(0, NUM_CLASSES, workload.batch_size)
    return iter(tf.data.Dataset.from_tensors((ids, labels)).repeat())


def measure(options, mode):
    """Milliseconds of each round and variant, `{variant: [ms, ...]}`."""
    steps = {}
    for variant in variants():
        model = build(variant, options, mode)
        model.make_train_function()
        steps[variant] = (model.train_function, batches(options))
    times = {variant: [] for variant in steps}
    for round_number in range(options.warm_up + options.rounds):
        for variant, (step, iterator) in steps.items():
            start = time.perf_counter()
            float(step(iterator)["loss"])
            elapsed = 1e3 * (time.perf_counter() - start)
            if round_number >= options.warm_up:
                times[variant].append(elapsed)
    return times


def summarize(times):
    """Medians and quartiles in ms, and the paired ratios to the references."""
    figures = {}
    for variant, values in times.items():
        low, median, high = statistics.quantiles(values, n=4)
        figures[variant] = {"ms": median, "ms_quartiles": [low, high]}
        against = reference(variant)
        if against in times:
            pairs = zip(values, times[against], strict=True)
            ratios = [value / base for value, base in pairs]
            low, median, high = statistics.quantiles(ratios, n=4)
            figures[variant]["over"] = against
            figures[variant]["ratio"] = median
            figures[variant]["ratio_quartiles"] = [low, high]
    return figures


def cpu_name():
    """The processor's name as the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = [
        line.split(":")[1].strip() for line in lines if "model name" in line
    ]
    return names[0] if names else platform.processor()


def table(record):
    """The figures of a record as a Markdown table."""
    options = record["options"]
    workload = workloads()[options["backbone"]]
    lines = [
        f"## {workload.title}",
        "",
        f"{workload.batch_size} sentences of {workload.tokens} tokens. "
        f"{record['cpu']}, {options['threads']} threads, TensorFlow "
        f"{record['versions']['tensorflow']}, Keras "
        f"{record['versions']['keras']}; "
        f"medians (quartiles) of {options['rounds']} paired rounds.",
        "",
        "| mode | step | ms | times |",
        "|---|---|---|---|",
    ]
    for mode, figures in record["modes"].items():
        for variant, row in figures.items():
            low, high = row["ms_quartiles"]
            cells = [mode, variant, f"{row['ms']:.1f} ({low:.1f}–{high:.1f})"]
            if "ratio" in row:
                low, high = row["ratio_quartiles"]
                ratio = f"{row['ratio']:.2f} × {row['over']}"
                cells.append(f"{ratio} ({low:.2f}–{high:.2f})")
            else:
                cells.append("")
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def page(folder):
    """All records of a folder as one Markdown page."""
    paths = {name: Path(folder) / f"{name}.json" for name in workloads()}
    tables = [
        table(json.loads(path.read_text(encoding="utf-8")))
        for path in paths.values()
        if path.is_file()
    ]
    return "\n\n".join([HEADING, *tables]) + "\n"


def main(options):
    """Measures, prints and writes."""
    if options.backbone not in workloads():
        sys.exit(
            f"--backbone: there is no '{options.backbone}' among "
            f"{', '.join(workloads())}"
        )
    tf.config.threading.set_intra_op_parallelism_threads(options.threads)
    tf.config.threading.set_inter_op_parallelism_threads(options.threads)
    record = {
        "options": {
            key: value
            for key, value in dataclasses.asdict(options).items()
            if key != "output_dir"
        },
        "cpu": cpu_name(),
        "versions": {"tensorflow": tf.__version__, "keras": keras.__version__},
        "modes": {
            mode: summarize(measure(options, mode)) for mode in options.modes
        },
    }
    print(table(record))
    written = options.output_dir / f"{options.backbone}.json"
    write_record(written, record)
    text = options.output_dir.with_suffix(".md")
    text.write_text(page(options.output_dir), encoding="utf-8")
    print(f"\nWrote {written} and {text}")


if __name__ == "__main__":
    main(tyro.cli(Options, description=__doc__))
