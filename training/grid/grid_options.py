"""Options of a grid of experiments."""

import dataclasses
from pathlib import Path
from typing import Annotated, Any

import tyro

from training.grid.running_options import RunningOptions
from training.options.model_options import PAPER_BERT

# The records that the documentation is made from, and where one's own go.
RECORDS_DIR = Path("docs/results/records")
OWN_RECORDS_DIR = Path("runs/tables")
_SHARED = (
    "data_dir",
    "download",
    "steps",
    "steps_per_evaluation",
    "batch_size",
    "group_by_length",
    "learning_rate",
    "schedule",
    "most_sentences",
    "out_of_domain_dataset",
    "bert",
    "vocabulary",
    "jit_compile",
)


@dataclasses.dataclass(frozen=True)
class GridOptions(RunningOptions):
    """Runs the experiments of a table or a part of it; what is done stays."""

    # 2, 3, 4, 5, figure-2, what-matters, knobs, few-labels, learning-rates,
    # wrong-labels, two-stages, vector-spread or recipe; `--dry-run` shows its
    # runs.
    table: Annotated[str, tyro.conf.Positional]
    # cnn, bilstm, bert; cnn-vectors and bilstm-vectors, which begin with the
    # file of --embeddings. This and the next eight: all the table has if empty.
    backbones: tuple[str, ...] = ()
    # Of trec, sst1, sst2, subj, mr.
    datasets: tuple[str, ...] = ()
    # Of none, word, word-amp, sent, sent-amp, nonlinear.
    methods: tuple[str, ...] = ()
    # Parts of the training set, of tables 3, figure-2 and recipe.
    shares: tuple[float, ...] = ()
    # Concentrations of Beta(alpha, alpha), of table 5.
    alphas: tuple[float, ...] = ()
    # word or sent, of tables 4, what-matters and knobs.
    places: tuple[str, ...] = ()
    # Of tables 4, what-matters, knobs, few-labels, wrong-labels, two-stages,
    # vector-spread and recipe.
    variants: tuple[str, ...] = ()
    # Of table learning-rates.
    learning_rates: tuple[float, ...] = ()
    # Which labels are wrong in table wrong-labels: clean, uniform-20,
    # uniform-40, class-20, class-40.
    noises: tuple[str, ...] = ()
    # Runs of a cell, a seed each; else as many as in the paper.
    seeds: int | None = None
    # The first of these seeds.
    first_seed: int = 0
    # Sentences to train on at most, as of `train`.
    most_sentences: int | None = None
    # Training steps of a run; 8000 as in the paper.
    steps: int | None = None
    # Training steps between evaluations on dev and test; 100.
    steps_per_evaluation: int | None = None
    # Sentences a step; 50, 24 for bert.
    batch_size: int | None = None
    # Draw the sentences of a batch among those of about one length, as of
    # `train`.
    group_by_length: bool = False
    # Of Adam; 2e-4 as in the paper (bert: 1e-5).
    learning_rate: float | None = None
    # constant, warm-up or two-stage, as of `train`.
    schedule: str | None = None
    # Measure whether it is less sure of the test sentences of another data set.
    out_of_domain_dataset: str | None = None
    # File of word vectors, of cnn-vectors and bilstm-vectors.
    embeddings: Path | None = None
    # The standard deviation that their numbers are given, as of `train`.
    embeddings_spread: float | None = None
    # What bert begins with, as of `train`.
    bert: str = PAPER_BERT
    # vocab.txt of bert's word pieces, as of `train`.
    vocabulary: Path | None = None
    # Compile the steps with XLA.
    jit_compile: bool = False
    # Folder of the data sets' files, on every machine.
    data_dir: Path = Path("data")
    # Fetch a data set's files into --data-dir if they are missing.
    download: bool = False
    # Where the records go, one JSON file a run; docs/results/records goes on
    # with the grids that are documented.
    records_dir: Path = OWN_RECORDS_DIR
    # Where unfinished runs keep their state, on every machine.
    work_dir: Path = Path("runs")

    def chosen(self) -> dict[str, tuple]:
        """Dict from axis to the values asked for, empty for all."""
        return {
            name.removesuffix("s"): getattr(self, name)
            for name in (
                "backbones",
                "datasets",
                "methods",
                "shares",
                "alphas",
                "places",
                "variants",
                "learning_rates",
                "noises",
            )
        }

    def shared(self) -> dict[str, Any]:
        """Dict of the fields of `TrainOptions` that all runs have."""
        fields = {name: getattr(self, name) for name in _SHARED}
        return fields | {"records_dir": self.work_dir, "baselines": False}

    def checked(self) -> "GridOptions":
        """These options with the number of processes filled in.

        Raises:
            ValueError: If an option has no value that would do.
        """
        if self.seeds is not None and self.seeds < 1:
            raise ValueError(f"--seeds must be above 0, not {self.seeds}")
        if self.first_seed < 0:
            raise ValueError(
                f"--first-seed must be 0 or more, not {self.first_seed}"
            )
        return self.with_processes()
