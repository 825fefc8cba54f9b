"""The main job's options and the paper's settings (§4.2), in one place."""

import dataclasses
from pathlib import Path

from keras_amp import policy
from training.named import SOURCES

METHODS = {
    "none": "no mixup",
    "word": "WordMixup: words' embeddings are mixed",
    "sent": "SentMixup: sentences' features are mixed",
    "word-amp": "WordAMP: WordMixup at an adversarial lam",
    "sent-amp": "SentAMP: SentMixup at an adversarial lam",
    "nonlinear": "Non-linear Mixup of sentences' features",
}
BACKBONES = {
    "cnn": "TextCNN: filters of 3, 4 and 5 words",
    "bilstm": "BiLSTM: a bidirectional LSTM with attention",
}
DATASETS = ("demo", *SOURCES)

PAPER = {
    "steps": 8000,
    "steps_per_evaluation": 100,
    "batch_size": 50,
    "learning_rate": 2e-4,
}
# The demo ends within a minute: fewer steps, each of them larger.
DEMO = PAPER | {
    "steps": 300,
    "steps_per_evaluation": 50,
    "learning_rate": 1e-3,
}


@dataclasses.dataclass(frozen=True)
class TrainOptions:
    """Trains a text classifier, exports it, and records how it went."""

    dataset: str = "demo"
    """demo (generated, needs no file), trec, sst1, sst2, subj or mr."""
    backbone: str = "cnn"
    """cnn or bilstm."""
    method: str = "word-amp"
    """none, word, sent, word-amp, sent-amp or nonlinear: what is mixed, and
    whether at an adversarial lam."""
    data_dir: Path = Path("data")
    """Folder of the data sets' files."""
    download: bool = False
    """Fetch the data set's files into --data-dir if they are missing."""
    phrases: bool = False
    """Train on the labelled phrases of sst1 or sst2."""
    fold: int = 0
    """Tenth of subj or mr to test on, 0 to 9."""
    split_seed: int = 0
    """Seed of the splits that the files don't make."""
    train_file: Path | None = None
    """Your own labelled texts, instead of --dataset: .tsv or .txt
    (label<TAB>text), or .csv, .tsv, .jsonl with named columns."""
    dev_file: Path | None = None
    """To choose the best checkpoint on; else a tenth of --train-file."""
    test_file: Path | None = None
    """To test on; else a tenth of --train-file."""
    text_column: str = "text"
    """Column of the text in your files."""
    label_column: str = "label"
    """Column of the label in your files."""
    alpha: float = 1.0
    """Concentration of Beta(alpha, alpha), from which lam is drawn; > 0."""
    epsilon: float = 0.002
    """Adversarial step size on lam; >= 0."""
    min_op: bool = True
    """Keep, per example, the lam with the higher loss."""
    steps: int | None = None
    """Training steps; 8000 as in the paper, 300 for demo."""
    steps_per_evaluation: int | None = None
    """Training steps between evaluations on dev and test; 100, 50 for demo."""
    batch_size: int | None = None
    """Sentences a step; 50."""
    learning_rate: float | None = None
    """Of Adam; 2e-4 as in the paper, 1e-3 for demo."""
    dropout: float = 0.5
    """Dropout rate on the sentence features, 0 to below 1."""
    l2: float = 1e-8
    """L2 penalty on the weights of the filters or LSTM and the last layer."""
    max_words: int | None = None
    """Word ids at most; else all words of the training set."""
    max_length: int = 256
    """Words of a sentence at most; what is longer is cut off."""
    seed: int = 0
    """Of weights, shuffling, dropout, lam and partners."""
    jit_compile: bool = False
    """Compile the step with XLA."""
    name: str | None = None
    """Of the model's folder; else DATASET-BACKBONE-METHOD."""
    models_dir: Path = Path("saved_models")
    """Where the exported model goes, as NAME/NUMBER."""
    records_dir: Path = Path("runs")
    """Where the record goes, as NAME/NUMBER.json."""

    def resolved(self):
        """These options with every default filled in.

        Raises:
            ValueError: If an option has no value that would do.
        """
        if self.train_file is None and self.dataset not in DATASETS:
            raise ValueError(
                f"--dataset: there is no '{self.dataset}' among "
                f"{', '.join(DATASETS)}; your own goes into --train-file"
            )
        if self.train_file is None and (self.dev_file or self.test_file):
            raise ValueError("--dev-file and --test-file need a --train-file")
        for key, known in {"method": METHODS, "backbone": BACKBONES}.items():
            if getattr(self, key) not in known:
                raise ValueError(
                    f"--{key}: there is no '{getattr(self, key)}' among "
                    f"{', '.join(known)}"
                )
        if self.fold not in range(10):
            raise ValueError(f"--fold must be from 0 to 9, not {self.fold}")
        policy.check_alpha(self.alpha)
        policy.check_epsilon(self.epsilon)
        if not 0 <= self.dropout < 1:
            raise ValueError(f"--dropout must be in [0, 1), not {self.dropout}")
        task = self.train_file.stem if self.train_file else self.dataset
        defaults = DEMO if task == "demo" else PAPER
        filled = dataclasses.replace(
            self,
            name=self.name or f"{task}-{self.backbone}-{self.method}",
            **{
                key: default
                if getattr(self, key) is None
                else getattr(self, key)
                for key, default in defaults.items()
            },
        )
        for key in (*PAPER, "max_length"):
            if not getattr(filled, key) > 0:
                raise ValueError(
                    f"--{key.replace('_', '-')} must be above 0, not "
                    f"{getattr(filled, key)}"
                )
        return filled
