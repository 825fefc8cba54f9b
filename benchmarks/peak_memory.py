"""Measures the peak memory of training: plain, Mixup and AMP.

    python -m benchmarks.peak_memory

Each variant trains a few steps in a process of its own, whose highest resident
memory the system has kept. Weights, optimizer and TensorFlow itself are part of
it, as they are of what a user pays.
"""

import dataclasses
import json
import os
import resource
import statistics
import subprocess
import sys
from pathlib import Path

import tyro

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from benchmarks.step_time import reference, variants, workloads
from training.run.record import write_record

RESULTS = Path(__file__).with_name("peak_memory.json")
HEADING = """# Peak memory of training

Written by `python -m benchmarks.peak_memory`. Highest resident memory of a
process that trains a few steps; median (lowest–highest) of several processes.

| backbone | step | MB | times |
|---|---|---|---|"""


@dataclasses.dataclass
class Options:
    """Measures the peak memory of every backbone and variant."""

    backbones: tuple[str, ...] = tuple(workloads())
    """What is trained."""
    processes: int = 3
    """Processes of each variant."""
    steps: int = 5
    """Steps that each takes."""
    output: Path = RESULTS
    """JSON file; a Markdown table is written beside it."""


def train(backbone, variant, steps):
    """Trains in this process; prints its peak in MB."""
    from benchmarks import step_time

    options = step_time.Options(backbone=backbone)
    model = step_time.build(variant, options, "graph")
    model.make_train_function()
    iterator = step_time.batches(options)
    for _ in range(steps):
        float(model.train_function(iterator)["loss"])
    # Linux counts in KB, macOS in bytes.
    unit = 2**20 if sys.platform == "darwin" else 2**10
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit)


def measure(backbone, variant, steps):
    """The peak of one process, in MB."""
    call = f"train({backbone!r}, {variant!r}, {steps})"
    code = f"from benchmarks.peak_memory import train; {call}"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return float(done.stdout.splitlines()[-1])


def page(record):
    """A record as a Markdown page."""
    rows = []
    for backbone, measured in record.items():
        medians = {key: statistics.median(v) for key, v in measured.items()}
        for variant, peaks in measured.items():
            spread = f"{min(peaks):.0f}–{max(peaks):.0f}"
            against = reference(variant)
            times = (
                f"{medians[variant] / medians[against]:.2f} × {against}"
                if against in medians
                else ""
            )
            cells = [backbone, variant, f"{medians[variant]:.0f} ({spread})"]
            rows.append(f"| {' | '.join([*cells, times])} |")
    return "\n".join([HEADING, *rows]) + "\n"


def main(options):
    """Measures, prints and writes."""
    record = {}
    if options.output.is_file():
        record = json.loads(options.output.read_text(encoding="utf-8"))
    for backbone in options.backbones:
        record[backbone] = {
            variant: [
                measure(backbone, variant, options.steps)
                for _ in range(options.processes)
            ]
            for variant in variants()
        }
        write_record(options.output, record)
    text = options.output.with_suffix(".md")
    text.write_text(page(record), encoding="utf-8")
    print(f"{page(record)}\nWrote {options.output} and {text}")


if __name__ == "__main__":
    main(tyro.cli(Options, description=__doc__))
