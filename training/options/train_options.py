"""The main job's options."""

import dataclasses
import re
import unicodedata
from pathlib import Path
from typing import Annotated

import tyro

from training.data.cells import Layout
from training.data.sources import SOURCES
from training.methods.methods import METHODS
from training.methods.released import Released
from training.models.backbones import BACKBONES


def _one_of(registry, what):
    """An option that takes a registry's names, with help that lists them."""
    names = (
        f"{one.name} ({one.about})" if one.about != one.name else one.name
        for one in registry.values()
    )
    return Annotated[str, tyro.conf.arg(help=f"{what}: {', '.join(names)}.")]


# The comments below are the command line's help: of attributes' docstrings its
# parser would keep the line breaks, as it does before a line that begins with
# no letter.
@dataclasses.dataclass(frozen=True)
class TrainOptions:
    """Trains a text classifier, exports it, and records how it went."""

    dataset: _one_of(SOURCES, "Labelled sentences") = "demo"
    backbone: _one_of(BACKBONES, "What is trained") = "cnn"
    # What the words of cnn and bilstm begin with: random, or a file of word
    # vectors (GloVe or word2vec, text or binary, also .gz or .zip).
    embeddings: str = "random"
    # Leave the --embeddings as they are.
    freeze_embeddings: bool = False
    # What bert begins with: all-MiniLM-L6-v2, bge-small-en-v1.5,
    # bert-base-uncased or bert-base-multilingual-cased, looked for below the
    # folder of $KERAS_AMP_MODELS and on the hub; a preset of keras-hub; a
    # folder (a preset, a Hugging Face model, Google's checkpoint); or for
    # random weights a size: tiny, mini, small, medium, base or large.
    bert: str = "bert_base_en_uncased"
    # vocab.txt of bert's word pieces; else what lies beside its weights.
    vocabulary: Path | None = None
    # What of bert is classified: first, the first piece's features, or mean,
    # those of all pieces; else mean for models of sentence-transformers and
    # first for all others.
    pooling: str | None = None
    method: _one_of(METHODS, "What is mixed") = "word-amp"
    # Folder of the data sets' files.
    data_dir: Path = Path("data")
    # Fetch the data set's files into --data-dir if they are missing.
    download: bool = False
    # Train on the labelled phrases of sst1 or sst2.
    phrases: bool = False
    # Tenth of subj or mr to test on, 0 to 9.
    fold: int = 0
    # Seed of the splits that the files don't make.
    split_seed: int = 0
    # Part of each class of the training set to train on, at least one
    # sentence; above 0, at most 1. The dev set stays whole.
    train_share: float = 1.0
    # Seed of what --train-share takes.
    subset_seed: int = 0
    # Your own labelled texts, instead of --dataset: .csv, .tsv, .txt or .jsonl
    # with named columns, or .tsv or .txt with label<TAB>text.
    train_file: Path | None = None
    # To choose the best checkpoint on; else a tenth of --train-file.
    dev_file: Path | None = None
    # To test on; else a tenth of --train-file.
    test_file: Path | None = None
    # Column of the text in your files.
    text_column: str = "text"
    # Column of the label in your files.
    label_column: str = "label"
    # One letter, or tab, that parts the cells in your tables; else tab, and
    # in .csv the one of , ; | and tab that finds the columns in the header.
    delimiter: str | None = None
    # Of your tables: double (inside of quotes, "" is a quote; as .csv has it),
    # backslash (\" is one) or none (quotes are letters; as .tsv has it).
    quoting: str | None = None
    # Concentration of Beta(alpha, alpha), from which lam is drawn; > 0.
    alpha: float = 1.0
    # Adversarial step size on lam; >= 0.
    epsilon: float = 0.002
    # Keep, per example, the lam with the higher loss.
    min_op: bool = True
    # Training steps; 8000 as in the paper, 300 for demo.
    steps: int | None = None
    # Training steps between evaluations on dev and test; 100, 50 for demo.
    steps_per_evaluation: int | None = None
    # Sentences a step; 50, 24 for bert.
    batch_size: int | None = None
    # Of Adam; 2e-4 as in the paper (bert: 1e-5, 3e-4 if it begins at
    # random), 1e-3 for demo.
    learning_rate: float | None = None
    # Dropout rate on the sentence features, 0 to below 1; 0.5 (bert: 0.1).
    dropout: float | None = None
    # L2 penalty on the weights of the filters or LSTM and the last layer; else
    # that of the paper, 1e-8 (bert: 0).
    l2: float | None = None
    # Word ids at most; else all words of the training set.
    max_words: int | None = None
    # Words or pieces of a sentence at most; what is longer is cut off.
    max_length: int = 256
    # Of weights, shuffling, dropout, lam and partners.
    seed: int = 0
    # Go on from the last evaluation of a run with the same options that was
    # interrupted; the result is that of a run that was not.
    resume: bool = False
    # Measure the loss on mixtures of test sentences at so many values of lam,
    # as in the paper's Figure 2; 0 for none, else at least 2.
    lam_points: int = 0
    # Steps of the authors' released code that are not in the paper.
    released: Released = dataclasses.field(default_factory=Released)
    # Folder for TensorBoard: the curves, and histograms of lam and of what
    # moving it adds to the loss.
    tensorboard: Path | None = None
    # Compile the step with XLA.
    jit_compile: bool = False
    # Of the model's folder, or folders parted by slashes; else
    # DATASET-BACKBONE-METHOD, and what the backbone begins with unless it is
    # the default.
    name: str | None = None
    # Where the exported model goes, as NAME/NUMBER.
    models_dir: Path = Path("saved_models")
    # Where the record goes, as NAME/NUMBER.json.
    records_dir: Path = Path("runs")

    def resolved(self):
        """These options with every default filled in.

        Raises:
            ValueError: If an option has no value that would do.
        """
        if self.train_file is None and self.dataset not in SOURCES:
            raise ValueError(
                f"--dataset: there is no '{self.dataset}' among "
                f"{', '.join(SOURCES)}; your own goes into --train-file"
            )
        of_files = ("dev_file", "test_file", "delimiter", "quoting")
        for key in of_files if self.train_file is None else ():
            if getattr(self, key) is not None:
                raise ValueError(
                    f"--{key.replace('_', '-')} needs a --train-file"
                )
        self.layout()
        for key, known in {"method": METHODS, "backbone": BACKBONES}.items():
            if getattr(self, key) not in known:
                raise ValueError(
                    f"--{key}: there is no '{getattr(self, key)}' among "
                    f"{', '.join(known)}"
                )
        self._check_beginning()
        if self.fold not in range(10):
            raise ValueError(f"--fold must be from 0 to 9, not {self.fold}")
        if not 0 < self.train_share <= 1:
            raise ValueError(
                f"--train-share must be above 0 and at most 1, not "
                f"{self.train_share}"
            )
        if self.lam_points != 0 and self.lam_points < 2:
            raise ValueError(
                f"--lam-points must be 0 or at least 2, not {self.lam_points}"
            )
        self._check_method()
        # Not before it is used: it loads TensorFlow.
        from keras_amp import policy

        policy.check_alpha(self.alpha)
        policy.check_epsilon(self.epsilon)
        task = self.train_file.stem if self.train_file else self.dataset
        defaults = self._defaults()
        begin = self._beginning()
        backbone = self.backbone + (f"-{begin}" if begin else "")
        filled = dataclasses.replace(
            self,
            name=self.name or _as_name(f"{task}-{backbone}-{self.method}"),
            **{
                key: default
                if getattr(self, key) is None
                else getattr(self, key)
                for key, default in defaults.items()
            },
        )
        _check_name(filled.name)
        for key in {*defaults, "max_length"} - {"dropout", "l2"}:
            if not getattr(filled, key) > 0:
                raise ValueError(
                    f"--{key.replace('_', '-')} must be above 0, not "
                    f"{getattr(filled, key)}"
                )
        if not 0 <= filled.dropout < 1:
            raise ValueError(
                f"--dropout must be in [0, 1), not {filled.dropout}"
            )
        if not filled.l2 >= 0:
            raise ValueError(f"--l2 must be 0 or more, not {filled.l2}")
        return filled

    def _defaults(self):
        """The settings of the backbone, or of the data set if it has any."""
        from keras_amp.backbones import BERT_SIZES

        backbone = BACKBONES[self.backbone]
        defaults = dict(backbone.preset)
        if self.bert in BERT_SIZES:
            defaults |= backbone.random_preset
        if self.train_file is None:
            defaults |= SOURCES[self.dataset].preset
        return defaults

    def layout(self):
        """The `Layout` of the user's own files, if it is one."""
        return Layout(
            self.text_column, self.label_column, self.delimiter, self.quoting
        )

    def _check_beginning(self):
        """Refuses what begins another backbone than the one asked for."""
        from keras_amp.backbones import BERT_SIZES, POOLINGS

        is_bert = not BACKBONES[self.backbone].reads_words
        if is_bert and (self.embeddings != "random" or self.max_words):
            raise ValueError(
                "--embeddings and --max-words are for cnn and bilstm; what "
                "--backbone bert begins with goes into --bert"
            )
        for key in ("vocabulary", "pooling"):
            if getattr(self, key) and not is_bert:
                raise ValueError(f"--{key} is for --backbone bert")
        if self.pooling not in (None, *POOLINGS):
            raise ValueError(
                f"--pooling must be {' or '.join(POOLINGS)}, not "
                f"'{self.pooling}'"
            )
        if self.freeze_embeddings and self.embeddings == "random":
            raise ValueError("--freeze-embeddings needs --embeddings FILE")
        if is_bert and self.bert in BERT_SIZES and not self.vocabulary:
            raise ValueError(
                f"--bert {self.bert} begins at random and has no word pieces: "
                "name the vocab.txt of any BERT in --vocabulary"
            )

    def _check_method(self):
        """Refuses what the method cannot be combined with."""
        if METHODS[self.method].mix_at is None and self.lam_points:
            raise ValueError("--lam-points needs a --method that mixes")
        if not self.released.changes_the_step:
            return
        if not (METHODS[self.method].is_adversarial and self.min_op):
            names = [m.name for m in METHODS.values() if m.is_adversarial]
            raise ValueError(
                "--released.* but for the loss need --method "
                f"{' or '.join(names)}, with --min-op"
            )

    def _beginning(self):
        """A short name of what the backbone begins with; "" by default."""
        if not BACKBONES[self.backbone].reads_words:
            is_default = self.bert == TrainOptions.bert
            return "" if is_default else Path(self.bert).name
        if self.embeddings == "random":
            return ""
        return re.sub(r"(\.(txt|bin|gz|zip))+$", "", Path(self.embeddings).name)


def _as_name(text):
    """Text as a folder's name: "_" for letters that `_check_name` refuses."""
    letters = ("_" if _is_no_text(x) or x in "[]/\\" else x for x in text)
    return "".join(letters)


def _is_no_text(letter):
    """A control character, or what stands for bytes that are no UTF-8."""
    return unicodedata.category(letter) in ("Cc", "Cs")


def _check_name(name):
    """Refuses a name whose folder would not lie where it should.

    Raises:
        ValueError: If it is absolute, has a part that is empty or dots, or is
            no text that a file system and TensorFlow take.
    """
    parts = re.split(r"[/\\]", name)
    if any(part.strip() in ("", ".", "..") for part in parts):
        raise ValueError(
            f"--name: {name!r} must name a folder inside --models-dir and "
            "--records-dir, such as mine or mine/first"
        )
    if any(map(_is_no_text, name)):
        raise ValueError(
            f"--name: {name!r} has characters that are no text; pass --name "
            "with another one"
        )
    if {*"[]"} & {*name}:
        raise ValueError(
            f"--name: {name!r} has a bracket, and TensorFlow loads no model "
            "from such a path; pass --name with another one"
        )
