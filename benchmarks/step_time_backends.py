"""Times training steps on all backends, and beside them a loop of PyTorch's.

    python -m benchmarks.step_time_backends

Each backend has a process of its own, in which Keras' `fit` trains on the same
four batches; these take turns, step by step, so that what else the machine does
falls on all of them alike. "PyTorch loop" is what one would write without
Keras. The figures that count are ratios: the median over rounds of one time by
another of the same round.
"""

import dataclasses
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

import tyro

from benchmarks.step_time_worker import (
    LOOP,
    OPERATIONS,
    PRODUCT,
    PRODUCT_SIZE,
    workload_of,
)
from training.methods.methods import METHODS
from training.run.record import rounded, write_record, write_text

RESULTS = Path(__file__).with_name("step_time_backends.json")
KINDS = {
    "tensorflow": "TensorFlow",
    "tensorflow-xla": "TensorFlow, XLA",
    "jax": "JAX",
    "torch": "PyTorch",
    LOOP: "PyTorch loop",
}
# The backends: XLA multiplies as TensorFlow or JAX, the loop as PyTorch.
MULTIPLY = ("tensorflow", "jax", "torch")
HEADING = """# Time of a training step on each backend

Written by `python -m benchmarks.step_time_backends` on an otherwise idle
machine. "over" is a step's time by that of the step it is compared with, on the
same backend; "by the loop" is that of `fit` without mixing by that of a plain
loop in PyTorch: medians of paired ratios, with quartiles. "Of the cores" is how
fast a step's products of matrices are made, by how fast the fastest backend
makes a single large one: what is missing to 100 % is all that can be gained."""


@dataclasses.dataclass
class Options:
    """Times training steps on all backends, and a plain loop in PyTorch."""

    backbones: tuple[str, ...] = ("cnn", "bilstm", "minilm")
    """What is trained."""
    rounds: int = 15
    """Timed rounds; each trains every step on four batches."""
    output: Path = RESULTS
    """JSON file of the figures; a page is written beside it."""


def start(kind, backbone):
    """A process that trains on demand, and the names of its steps."""
    backend = "torch" if kind == LOOP else kind.partition("-")[0]
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.step_time_worker", kind, backbone],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "KERAS_BACKEND": backend},
    )
    return process, process.stdout.readline().split()


def ask(process, step):
    """Seconds of a step, or what else a process answers to its name."""
    print(step, file=process.stdin, flush=True)
    return float(process.stdout.readline())


def measure(backbone, rounds):
    """What a record says of the times, as a dict.

    `times`, from kind to method to milliseconds of each round; `products`, from
    backend to milliseconds of a product of matrices in each; and `operations`,
    the number of those of a step without mixing.
    """
    workers = {kind: start(kind, backbone) for kind in KINDS}
    times = {
        kind: {step: [] for step in steps}
        for kind, (_, steps) in workers.items()
    }
    products = {kind: [] for kind in MULTIPLY}
    for number in range(rounds + 1):
        for kind, (process, steps) in workers.items():
            for step in steps:
                taken = 1e3 * ask(process, step)
                if number:  # The first round compiles.
                    times[kind][step].append(taken)
            if kind in MULTIPLY:
                taken = 1e3 * ask(process, PRODUCT)
                if number:
                    products[kind].append(taken)
    operations = ask(workers["torch"][0], OPERATIONS)
    for process, _ in workers.values():
        with process:  # Ends once nothing more is asked.
            pass
    return {"times": times, "products": products, "operations": operations}


def versions():
    """Dict from package to version."""
    from importlib.metadata import version

    names = ("tensorflow", "jax", "torch", "keras", "transformers")
    return {name: version(name) for name in names}


def ratio(times, others):
    """Median of the paired ratios of two lists, with quartiles, in words."""
    pairs = [one / two for one, two in zip(times, others, strict=True)]
    low, median, high = statistics.quantiles(pairs, n=4)
    return f"{median:.2f} ({low:.2f}–{high:.2f})"


def rates(record):
    """Dict from backend to its median GFLOP a second in products."""
    operations = 2 * PRODUCT_SIZE**3
    return {
        kind: operations / statistics.median(times) / 1e6
        for kind, times in record["products"].items()
    }


def table(backbone, record):
    """The figures of one backbone, as Markdown."""
    workload = workload_of(backbone)
    times, rounds = record["times"], record["rounds"]
    gflop, fastest = record["operations"] / 1e9, rates(record)
    limit = max(fastest.values())  # GFLOP a second
    spoken = ", ".join(
        f"{rate:.0f} with {KINDS[kind]}" for kind, rate in fastest.items()
    )
    at_best = 1e3 * gflop / limit  # ms
    gain = statistics.median(times[LOOP]["none"]) / at_best
    lines = [
        f"## {workload.title}",
        "",
        f"{workload.batch_size} sentences of {workload.tokens} tokens, "
        f"{rounds} rounds; {record['cpu']}, {record['cpus']} cores; "
        + ", ".join(f"{k} {v}" for k, v in record["versions"].items())
        + ".",
        "",
        f"The products of a step without mixing are {gflop:.1f} GFLOP. One of "
        f"{PRODUCT_SIZE} × {PRODUCT_SIZE} matrices is made at so many GFLOP a "
        f"second: {spoken}. At the best of these, the step would take "
        f"{at_best:.0f} ms, and be {gain:.1f} times as fast as the loop.",
        "",
        "| | step | ms | over | by the loop | of the cores |",
        "|---|---|---|---|---|---|",
    ]
    for kind, steps in times.items():
        for step, values in steps.items():
            against, over, by_loop, share = METHODS[step].against, "", "", ""
            median = statistics.median(values)
            if against:
                shown = ratio(values, steps[against])
                over = f"{shown} × {METHODS[against].title}"
            else:
                share = f"{100 * at_best / median:.0f} %"
                if kind != LOOP:
                    by_loop = ratio(values, times[LOOP]["none"])
            cells = [KINDS[kind], METHODS[step].title, f"{median:.1f}"]
            cells += [over, by_loop, share]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def page(records):
    """All backbones' figures as one Markdown page."""
    tables = [table(name, record) for name, record in records.items()]
    return "\n\n".join([HEADING, *tables]) + "\n"


def main():
    """Measures, and writes after each backbone."""
    options = tyro.cli(Options, description=__doc__)
    from benchmarks.step_time import cpu_name

    path = options.output
    records = json.loads(path.read_text()) if path.is_file() else {}
    for backbone in options.backbones:
        records[backbone] = rounded(
            {
                **measure(backbone, options.rounds),
                "rounds": options.rounds,
                "cpu": cpu_name(),
                "cpus": os.cpu_count(),
                "versions": versions(),
            }
        )
        write_record(path, records)
        write_text(path.with_suffix(".md"), page(records))
        print(table(backbone, records[backbone]), flush=True)


if __name__ == "__main__":
    main()
