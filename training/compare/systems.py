"""What is compared, and the runs of it."""

from pathlib import Path

from training.compare.compare_options import BASELINE, CompareOptions
from training.data.dataset import Dataset
from training.data.sources import SOURCES
from training.grid.runs import Run
from training.methods.methods import METHODS
from training.options.configuration import key_of
from training.options.data_options import DataOptions
from training.options.train_options import TrainOptions


def systems_of(options: CompareOptions) -> dict[str, dict]:
    """Dict from what is compared to fields of `TrainOptions`, baseline first.

    Args:
        options: `CompareOptions`.

    Examples:
        >>> options = CompareOptions(methods=("sent",), alphas=(1.0, 8.0))
        >>> [*systems_of(options)]
        ['none', 'sent alpha=1', 'sent alpha=8']
    """
    systems: dict[str, dict] = {BASELINE: {"method": BASELINE}}
    if options.label_smoothing:
        smoothing = options.label_smoothing
        systems[f"label-smoothing {smoothing:g}"] = {
            "method": BASELINE,
            "label_smoothing": smoothing,
        }
    for method in options.methods:
        if METHODS[method].mix_at is None:
            continue
        for alpha in options.alphas:
            fields: dict = {"method": method, "alpha": alpha}
            if METHODS[method].is_adversarial:
                fields["epsilon"] = options.epsilon
            systems[f"{method} alpha={alpha:g}"] = fields
    return systems


def run_of(
    options: CompareOptions, fields: dict, repeat: int, dataset: Dataset
) -> Run:
    """The run of one system on one split.

    Args:
        options: `CompareOptions`, checked.
        fields: What `systems_of` has for the system.
        repeat: Int, the number of the split.
        dataset: The `Dataset` of any split, whose size says how many steps.
    """
    asked = options.train_options(
        **fields,
        **split_fields(options.data, repeat),
        seed=repeat,
        records_dir=options.folder / "unfinished",
        baselines=fields == {"method": BASELINE},
        answers=True,
    ).scheduled(len(dataset.train))
    path = records_folder(options) / f"{asked.where.name}-{key_of(asked)}.json"
    return Run(asked, path)


def records_folder(options: CompareOptions) -> Path:
    """Where the runs' records lie."""
    return options.folder / "records"


def split_fields(data: DataOptions, repeat: int) -> dict[str, int]:
    """The fields of `DataOptions` that make one of many splits."""
    fields = {"split_seed": repeat}
    if not data.is_own and SOURCES[data.dataset].has_folds:
        # Ten folds of one division, then those of another.
        fields = {"split_seed": repeat // 10, "fold": repeat % 10}
    if data.train_share < 1:
        fields["subset_seed"] = repeat
    return fields


def split(options: CompareOptions, repeat: int) -> TrainOptions:
    """The options that load the data of one split."""
    return options.train_options(**split_fields(options.data, repeat))


def overlap(options: CompareOptions, dataset: Dataset) -> float:
    """The part tested on, over the rest; 0 where only seeds differ.

    Args:
        options: `CompareOptions`.
        dataset: The `Dataset` of any split.
    """
    data = options.data
    if data.is_own:
        is_split = data.test_file is None
    else:
        is_split = SOURCES[data.dataset].has_folds
    rest = len(dataset.train) / data.train_share + len(dataset.dev)
    return len(dataset.test) / rest if is_split else 0.0
