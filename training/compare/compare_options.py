"""What is compared, on what, and how long it may take."""

import dataclasses
from pathlib import Path
from typing import Annotated

import tyro

from training.grid.running_options import RunningOptions
from training.methods.methods import METHODS
from training.options.beginning import beginning
from training.options.data_options import DataOptions
from training.options.model_options import ModelOptions
from training.options.registries import changed, check_known
from training.options.train_options import TrainOptions
from training.options.where_options import as_name, check_name

BASELINE = "none"
REPEATS = 10


@dataclasses.dataclass(frozen=True)
class CompareOptions(RunningOptions):
    """Compares ways to train on one's own texts, and says which helps."""

    data: DataOptions = dataclasses.field(default_factory=DataOptions)
    model: ModelOptions = dataclasses.field(default_factory=ModelOptions)
    # What none, no mixing, is compared with: of word, word-amp, sent, sent-amp,
    # nonlinear. AMP is left out unless asked for: at its usual --epsilon it
    # errs as Mixup does, and takes longer.
    methods: tuple[str, ...] = ("sent", "word")
    # Each method with each of these concentrations of Beta(alpha, alpha).
    alphas: tuple[float, ...] = (1.0, 8.0)
    # Adversarial step size on lam, of word-amp and sent-amp; >= 0.
    epsilon: float = 0.002
    # Compare label smoothing by so much too, which mixes nothing; 0 for not.
    label_smoothing: float = 0.0
    # Splits into training, dev and test texts that each meets; with a test set
    # of its own, seeds. Else 10, or with --minutes as many as fit in.
    repeats: int | None = None
    # How long all of it may take; the first split says how many fit in.
    minutes: float | None = None
    # What decides: error, nll (the loss on the test texts), ece (how far the
    # probabilities are off) or macro-f1 (all classes count alike).
    metric: str = "error"
    # Train what is recommended on all texts, calibrate it, and export it.
    final: bool = False
    # Of --final, write the Keras model too, as train does with --hub.
    hub: bool = False
    # Training steps of each run; else from the number of texts, as of train
    # with --train-file, also for a --dataset. None of them stops early.
    steps: int | None = None
    # Training steps between evaluations on dev and test; a tenth of --steps.
    steps_per_evaluation: int | None = None
    # Sentences a step; 50, 24 for bert.
    batch_size: int | None = None
    # Of Adam; 1e-3 (bert: 5e-5).
    learning_rate: float | None = None
    # Which evaluation's weights are kept, as of train; by-loss.
    keep: str | None = None
    # Of the comparison; else the data's and the backbone's names.
    name: str | None = None
    # Where answers and records go, as NAME/.
    compare_dir: Path = Path("runs/compare")
    # Where --final exports to, as NAME/NUMBER.
    models_dir: Path = Path("saved_models")
    # Folder of the data sets' files.
    data_dir: Path = Path("data")
    # Fetch the data set's files into --data-dir if they are missing.
    download: bool = False

    @property
    def folder(self) -> Path:
        """Where everything of this comparison lies; of checked options."""
        return self.compare_dir / str(self.name)

    def checked(self) -> "CompareOptions":
        """These options with name and processes filled in.

        Raises:
            ValueError: If an option has no value that would do.
        """
        for name in self.methods:
            check_known("--methods", name, METHODS)
        if not ({*self.methods} - {BASELINE} or self.label_smoothing):
            raise ValueError(
                f"--methods: '{BASELINE}' is compared with others; name one"
            )
        if not self.alphas:
            raise ValueError("--alphas: name one at least, such as 1")
        moves = [one.name for one in METHODS.values() if one.is_adversarial]
        if "epsilon" in changed(self) and not {*moves} & {*self.methods}:
            raise ValueError(
                f"--epsilon needs {' or '.join(moves)} among --methods, not "
                f"{' and '.join(self.methods)} alone"
            )
        # Not before it is used: it loads TensorFlow.
        from keras_amp.comparison import MEASURES

        if self.model.backbone == "linear":
            raise ValueError(
                "--backbone linear begins at the regression that it is, and no "
                "method moves it: compare on cnn or bert"
            )
        if self.metric not in MEASURES:
            raise ValueError(
                f"--metric must be one of {', '.join(MEASURES)}, not "
                f"'{self.metric}'"
            )
        if self.repeats is not None and self.repeats < 2:
            raise ValueError(f"--repeats must be 2 or more, not {self.repeats}")
        if self.minutes is not None and not self.minutes > 0:
            raise ValueError(f"--minutes must be above 0, not {self.minutes}")
        self._check_seeds()
        model = self.train_options().model
        name = self.name or as_name(f"{self.data.task}-{model.title}")
        check_name(name)
        return dataclasses.replace(self, name=name).with_processes()

    def _check_seeds(self) -> None:
        """Raises `ValueError` if a seed is given that no split would heed."""
        data = self.data
        for key in ("split_seed", "fold"):
            if getattr(data, key) != 0:
                raise ValueError(
                    f"--{key.replace('_', '-')}: compare draws its own splits; "
                    "leave it out"
                )
        is_used = data.wrong_labels or data.most_sentences is not None
        if data.subset_seed != 0 and (data.train_share < 1 or not is_used):
            raise ValueError(
                "--subset-seed: compare draws its own parts of --train-share, "
                "and without --wrong-labels or --most-sentences there is "
                "nothing else to draw; leave it out"
            )

    def _has_no_encoder(self) -> bool:
        return beginning(True, self.model)["backbone"] == "linear"

    def train_options(self, **fields: object) -> TrainOptions:
        """Resolved options of a run that is trained as one's own texts are.

        Args:
            **fields: Values of fields of `TrainOptions` that differ.
        """
        model = self.model
        if model.backbone is None and self._has_no_encoder():
            # The linear classifier begins where it should end: nothing that
            # is done in training makes a difference.
            model = dataclasses.replace(model, backbone="cnn")
        options = TrainOptions(data=self.data, model=model)
        shared = {
            "method": BASELINE,
            "steps": self.steps,
            "steps_per_evaluation": self.steps_per_evaluation,
            "batch_size": self.batch_size,
            "learning_rate": self.learning_rate,
            "keep": self.keep,
            "patience": 0,
            "data_dir": self.data_dir,
            "download": self.download,
            "models_dir": self.models_dir,
        }
        return options.with_fields(**shared | fields).resolved(as_own=True)


# The flags are the fields' own names; the parts group them in the help.
CommandLine = Annotated[
    tyro.conf.OmitArgPrefixes[CompareOptions], tyro.conf.arg(name="")
]
