"""What is recommended, trained on all texts and exported."""

import dataclasses
from collections.abc import Sequence

import numpy as np
from rich.console import Console

from training.compare.compare_options import CompareOptions
from training.compare.systems import split_fields
from training.run.card import write_card
from training.run.checkpoint import checkpoint_path, discard_checkpoint
from training.run.experiment import Experiment, load_dataset
from training.run.fit import fit
from training.run.messages import report_paths
from training.run.record import begun, ended, write_record
from training.run.train import check_exportable, export


def train_final(
    console: Console,
    options: CompareOptions,
    fields: dict,
    records: Sequence[dict],
    error: float,
) -> None:
    """Trains on training, dev and test texts, as long as the splits say.

    The number of steps, rounded up to whole evaluations, and the temperature
    are the medians over the splits; nothing is left to measure an error on, and
    that of the splits stands.

    Args:
        console: What `training.terminal.console` makes.
        options: `CompareOptions`, checked.
        fields: What `systems_of` has for what is trained.
        records: Its records.
        error: Float, its mean error over the splits, in %.
    """
    results = [record["results"] for record in records]
    steps = int(np.median([one["best_step"] for one in results]))
    known = [one["temperature"] for one in results if "temperature" in one]
    temperature = float(np.median(known)) if known else 1.0
    asked = options.train_options(
        **fields,
        **split_fields(options.data, 0),
        keep="last",
        steps=steps,
        records_dir=options.folder / "final",
        hub=options.hub,
        resume=True,
    )
    dataset = load_dataset(asked)
    everything = dataset.given + dataset.test
    experiment = Experiment.of_options(
        asked, dataclasses.replace(dataset, train=everything)
    )
    check_exportable(experiment)
    asked = experiment.options
    console.print(
        f"\nTraining on all {len(everything)} texts, "
        f"{asked.optimisation.steps} steps:"
    )
    experiment.begin()
    curves, *_ = fit(
        experiment.model,
        experiment.dataset,
        experiment.tokenizer,
        asked,
        checkpoint_path(asked),
        console,
    )
    folder = checkpoint_path(asked).parent
    folder.mkdir(parents=True, exist_ok=True)
    models = options.models_dir / str(options.name)
    path = export(experiment, models, folder, temperature)
    expected = {"expected_error": error, "temperature": temperature}
    # Dev and test are trained on here: their curves would say nothing.
    told = {key: curves[key] for key in ("step", "loss")}
    record = begun(asked) | ended(experiment.description(), expected, told)
    record_path = folder / f"{path.name}.json"
    record |= {"model": str(path), "served_temperature": temperature}
    write_record(record_path, record)
    card_path = write_card(experiment, record, results)
    discard_checkpoint(asked)
    console.print(
        f"On texts like these its error is about {error:.1f} %, as in the "
        f"splits; its probabilities are those of temperature {temperature:.3g}."
    )
    paths = (path, record_path, card_path)
    report_paths(console, asked, paths, dataset.test.texts[:100])
