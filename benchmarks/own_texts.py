"""What `train --train-file` gets on few texts, beside logistic regressions.

    python -m benchmarks.own_texts --data-dir data
    python -m benchmarks.own_texts --splits 0 --readme README.md

Each system meets the same texts of each split: all of them train the
regressions; the others keep a tenth back to choose the checkpoint on. The
errors are those of one test set per task, of which 500 texts are taken at most.
One JSON file a task, written after each run; what is in it is not run again,
and the second command, which runs nothing, writes the README's table from it.
"""

import dataclasses
import json
import os
import time
from pathlib import Path

import numpy as np
import tyro

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from benchmarks.tickets import tickets
from training.data.dataset import Dataset, Examples, hold_out
from training.machine import environment
from training.report.markdown import with_block
from training.run.checkpoint import discard_checkpoint
from training.run.record import rounded, write_record, write_text

RESULTS = Path(__file__).with_name("own_texts")
MOST_TESTED = 500
NUM_TICKETS = 800
TASKS = {
    "trec-100": ("trec", 100),
    "trec-300": ("trec", 300),
    "trec-1000": ("trec", 1000),
    "subj-200": ("subj", 200),
    "tickets": ("tickets", 640),
}
# What is asked of `train`, by name; `default` is the one that it chooses.
TRAININGS = {
    "linear": {"backbone": "linear"},
    "cnn": {"backbone": "cnn"},
    "bert": {"backbone": "bert"},
    "bert-sent": {"backbone": "bert", "method": "sent"},
    "bert-constant": {"backbone": "bert", "schedule": "constant"},
    "bert-all": {"backbone": "bert", "keep": "last", "patience": 0},
}
TITLES = {
    "words": "logistic regression on words",
    "encoder": "logistic regression on the encoder",
    "default": "`train --train-file`, its defaults",
    "linear": "`--backbone linear`",
    "cnn": "`--backbone cnn`",
    "bert": "`--backbone bert`",
    "bert-sent": "`--backbone bert --method sent`",
    "bert-constant": "`--backbone bert --schedule constant`",
    "bert-all": "the encoder on all texts, none kept back",
}
# The README's rows and columns.
README_SYSTEMS = {
    "words": "logistic regression on words",
    "encoder": "logistic regression on the encoder",
    "cnn": "CNN",
    "bert": "fine-tuned encoder",
    "bert-sent": "fine-tuned encoder, with Mixup (`sent`)",
}
README_TASKS = {
    "trec-100": "100 labels",
    "trec-300": "300 labels",
    "trec-1000": "1000 labels",
}
HEADING = """# Few texts of one's own

Written by `python -m benchmarks.own_texts`. Test error in %, mean ± standard
deviation over splits, how many in brackets; then the median time of a run in
seconds, that of a regression on an encoder with the encoder's own.
"""


@dataclasses.dataclass
class Options:
    """Measures what `train --train-file` gets, beside logistic regressions."""

    data_dir: Path = Path("data")
    """Folder of the data sets' files."""
    tasks: tuple[str, ...] = tuple(TASKS)
    """What is trained on."""
    systems: tuple[str, ...] = tuple(TITLES)
    """What is trained."""
    splits: int = 10
    """How often each, each time on other texts."""
    output: Path = RESULTS
    """Folder of the results; a page is written beside it."""
    readme: Path | None = None
    """File whose part between two marks becomes the table in short."""


def split(task: str, seed: int, data_dir: Path) -> tuple[Dataset, Examples]:
    """A task's texts of one split, a tenth of them kept back, and all."""
    source, size = TASKS[task]
    if source == "tickets":
        rows = list(tickets(NUM_TICKETS))
        names = tuple(sorted({kind for _, kind, _ in rows}))
        pairs = ((names.index(kind), text) for _, kind, text in rows)
        examples = Examples.of_pairs(pairs)
        share = 1 - size / NUM_TICKETS
        given, test = hold_out(examples, names, seed, share)
    else:
        from training.data.paper import load_paper

        dataset = load_paper(source, data_dir)
        names, test = dataset.label_names, dataset.test
        _, given = hold_out(
            dataset.train, names, seed, size / len(dataset.train)
        )
    if len(test) > MOST_TESTED:
        _, test = hold_out(test, names, 0, MOST_TESTED / len(test))
    train, dev = hold_out(given, names, seed)
    return Dataset(task, names, train, dev, test), given


def measure(
    system: str, task: str, seed: int, data_dir: Path
) -> dict[str, object]:
    """One system on one split: its test error in %, and seconds."""
    from training.options.train_options import TrainOptions
    from training.run import regression
    from training.run.experiment import Experiment

    dataset, given = split(task, seed, data_dir)
    if system == "bert-all":
        dataset = dataclasses.replace(dataset, train=given)
    start = time.perf_counter()
    if system == "words":
        error = regression.error_of_words(given, dataset.test)
        return {"error": error, "seconds": time.perf_counter() - start}
    asked = TrainOptions.of(
        train_file=Path(f"{task}.csv"),
        seed=seed,
        name=f"own_texts/{task}-{seed}-{system}",
        **TRAININGS.get(system, {"backbone": "bert"}),
    )
    experiment = Experiment.of_options(asked.resolved(), dataset)
    if system == "default":
        errors = regression.compare_words(experiment.features)
        chosen = "linear" if errors and errors.words_tell_more else "bert"
        return {"chosen": chosen, "seconds": time.perf_counter() - start}
    if system == "encoder":
        classifier, tokenizer = experiment.classifier, experiment.tokenizer
        features = regression.features_of(classifier, tokenizer, given)
        regression.begin_at_regression(classifier, features)
        error = experiment.error()
        return {"error": error, "seconds": time.perf_counter() - start}
    results, curves, _ = experiment.run()
    discard_checkpoint(experiment.options)
    return {
        "error": results["test_error"],
        "seconds": time.perf_counter() - start,
        "dev_error": results["dev_error"],
        "best_step": results["best_step"],
        "test_errors": curves["test_error"],
        "begin_error": results.get("regression_test_error"),
    }


def table(
    results: dict[str, dict],
    tasks: dict[str, str] | None = None,
    systems: dict[str, str] | None = None,
    corner: str = "",
) -> str:
    """Rows of systems and columns of tasks, as Markdown.

    Args:
        results: Dict from tasks to what is measured of them.
        tasks, systems: Dicts from names to headings; else all.
        corner: String, the heading of the systems.
    """
    tasks = {one: one for one in TASKS} if tasks is None else tasks
    systems = TITLES if systems is None else systems
    names = [task for task in tasks if task in results]
    lines = [
        [corner, *(tasks[name] for name in names)],
        ["---"] * (1 + len(names)),
    ]
    for system, title in systems.items():
        cells = [cell(results[task], system) for task in names]
        if any(cells):
            lines.append([title, *cells])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def cell(results: dict, system: str) -> str:
    """What a system got on a task, `""` if nothing is known."""
    runs = results["runs"]
    found = {}
    for seed, one in runs.get(system, {}).items():
        if system == "default":
            trained = runs.get(one["chosen"], {}).get(seed)
            if trained is None:
                continue
            one = trained | {"seconds": one["seconds"] + trained["seconds"]}
        found[seed] = one
    if not found:
        return ""
    errors = [one["error"] for one in found.values()]
    seconds = np.median([one["seconds"] for one in found.values()])
    spread = f" ± {np.std(errors, ddof=1):.1f}" if len(errors) > 1 else ""
    return f"{np.mean(errors):.1f}{spread} ({len(errors)}), {seconds:.0f} s"


def read(folder: Path) -> dict[str, dict]:
    """What is measured so far, by task."""
    paths = {task: folder / f"{task}.json" for task in TASKS}
    return {
        task: json.loads(path.read_text("utf-8"))
        for task, path in paths.items()
        if path.exists()
    }


def page(results: dict[str, dict]) -> str:
    """The page beside the results."""
    return f"{HEADING}\n{table(results)}\n"


def with_table(text: str, results: dict[str, dict]) -> str:
    """A text whose block "own texts" is the table in short.

    Raises:
        ValueError: If it has no such block.
    """
    rows = table(results, README_TASKS, README_SYSTEMS, "TREC, test error in %")
    return with_block(text, "own texts", rows)


def _run_missing(options: Options) -> None:
    """Runs what is missing, split by split."""
    for seed in range(options.splits):
        for system in options.systems:
            for task in options.tasks:
                path = options.output / f"{task}.json"
                kept = json.loads(path.read_text()) if path.exists() else {}
                runs = kept.setdefault("runs", {}).setdefault(system, {})
                if str(seed) in runs:
                    continue
                found = measure(system, task, seed, options.data_dir)
                runs[str(seed)] = rounded(found)
                kept["environment"] = environment()
                write_record(path, kept)
                print(task, system, seed, rounded(found), flush=True)


def main() -> None:
    """Runs what is missing, and writes the page and the README's table."""
    options = tyro.cli(Options)
    _run_missing(options)
    results = read(options.output)
    path = options.output.with_suffix(".md")
    write_text(path, page(results))
    print(path)
    if options.readme is not None:
        text = options.readme.read_text("utf-8")
        write_text(options.readme, with_table(text, results))
        print(options.readme)


if __name__ == "__main__":
    main()
