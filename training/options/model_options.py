"""What is trained, and what it begins with."""

import dataclasses
import math
import re
from pathlib import Path
from typing import Any

from training.models.backbones import BACKBONES
from training.options.registries import check_known, one_of

# The paper's, as keras-hub calls it.
PAPER_BERT = "bert_base_en_uncased"
LAST_LAYERS = ("random", "regression")
# Of the numbers of trained word vectors; table vector-spread compares some.
OWN_SPREAD = 0.04


@dataclasses.dataclass(frozen=True)
class ModelOptions:
    """What is trained, and what it begins with."""

    backbone: one_of(  # type: ignore[valid-type]
        BACKBONES,
        "What is trained",
        "cnn, but for --train-file bert if a pretrained encoder is at hand and "
        "words do not tell more, else linear",
    ) = None
    # What the words of cnn and bilstm begin with: random, or a file of word
    # vectors (GloVe or word2vec, text or binary, also .gz or .zip).
    embeddings: str = "random"
    # Leave the --embeddings as they are.
    freeze_embeddings: bool = False
    # Make the numbers of --embeddings smaller or larger, so that this is their
    # standard deviation; else as they are in the file, GloVe's 0.4, but for
    # --train-file 0.04, from which they are learnt with less error, unless
    # frozen.
    embeddings_spread: float | None = None
    # What bert begins with: all-MiniLM-L6-v2, bge-small-en-v1.5,
    # bert-base-uncased or bert-base-multilingual-cased, looked for below the
    # folder of $KERAS_AMP_MODELS and on the hub; a preset of keras-hub; a
    # folder (a preset, a Hugging Face model, Google's checkpoint); or for
    # random weights a size: tiny, mini, small, medium, base or large. Else
    # bert_base_en_uncased, but for --train-file the first of the names that is
    # at hand.
    bert: str | None = None
    # vocab.txt of bert's word pieces; else what lies beside its weights.
    vocabulary: Path | None = None
    # What of bert is classified: first, the first piece's features, or mean,
    # those of all pieces; else mean for models of sentence-transformers and
    # first for all others.
    pooling: str | None = None
    # What the last layer begins with: random, or regression, a logistic
    # regression on what it receives of the training texts; else random, but
    # regression for --train-file with linear or a pretrained encoder.
    last_layer: str | None = None
    # Dropout rate on the sentence features, 0 to below 1; 0.5 (bert: 0.1).
    dropout: float | None = None
    # L2 penalty on the weights of the filters or LSTM and the last layer; else
    # that of the paper, 1e-8 (bert: 0).
    l2: float | None = None
    # Word ids at most, of which two are of padding and of unknown words; else
    # all words of the training set.
    max_words: int | None = None
    # Words or pieces of a sentence at most; what is longer is cut off.
    max_length: int = 256

    @property
    def preset(self) -> dict[str, Any]:
        """Dict of the backbone's settings."""
        backbone = BACKBONES[self.backbone]
        random = backbone.random_preset if self.is_random_bert else {}
        return backbone.preset | random

    @property
    def own_preset(self) -> dict[str, Any]:
        """Dict of the backbone's settings for someone's own texts."""
        backbone = BACKBONES[self.backbone]
        preset = backbone.preset | backbone.own_preset
        if self.is_random_bert:
            preset |= backbone.random_preset | {"last_layer": "random"}
        if self.embeddings != "random" and not self.freeze_embeddings:
            preset |= {"embeddings_spread": OWN_SPREAD}
        # How many steps is known once the texts are counted.
        return preset | {"steps": None, "steps_per_evaluation": None}

    @property
    def is_random_bert(self) -> bool:
        """Whether `bert` names a size, of which nothing is pretrained."""
        # Not before it is used: it loads TensorFlow.
        from keras_amp.backbones import BERT_SIZES

        return self.bert in BERT_SIZES

    @property
    def title(self) -> str:
        """The backbone, and what it begins with unless it is the default."""
        if not BACKBONES[self.backbone].reads_words:
            is_default = self.bert == PAPER_BERT
            begin = "" if is_default else Path(str(self.bert)).name
        elif self.embeddings == "random":
            begin = ""
        else:
            name = Path(self.embeddings).name
            begin = re.sub(r"(\.(txt|bin|gz|zip))+$", "", name)
        return self.backbone + (f"-{begin}" if begin else "")

    def check(self) -> None:
        """Raises `ValueError` if an option is for another backbone."""
        check_known("--backbone", self.backbone, BACKBONES)
        if self.max_words is not None and self.max_words < 3:
            raise ValueError(
                "--max-words must be 3 or more, as the first two ids are no "
                f"words, not {self.max_words}"
            )
        is_bert = not BACKBONES[self.backbone].reads_words
        if is_bert and (self.embeddings != "random" or self.max_words):
            raise ValueError(
                "--embeddings and --max-words are for words; what --backbone "
                "bert begins with goes into --bert"
            )
        takes_vectors = BACKBONES[self.backbone].takes_vectors
        if self.embeddings != "random" and not takes_vectors:
            takers = [
                one.name for one in BACKBONES.values() if one.takes_vectors
            ]
            raise ValueError(f"--embeddings is for {' and '.join(takers)}")
        for key in ("vocabulary", "pooling"):
            if getattr(self, key) and not is_bert:
                raise ValueError(
                    f"--{key.replace('_', '-')} is for --backbone bert"
                )
        if self.last_layer not in (None, *LAST_LAYERS):
            raise ValueError(
                f"--last-layer must be {' or '.join(LAST_LAYERS)}, not "
                f"'{self.last_layer}'"
            )
        if self.pooling is not None:
            # Not before it is used: it loads TensorFlow.
            from keras_amp.backbones import POOLINGS

            if self.pooling not in POOLINGS:
                raise ValueError(
                    f"--pooling must be {' or '.join(POOLINGS)}, not "
                    f"'{self.pooling}'"
                )
        if self.freeze_embeddings and self.embeddings == "random":
            raise ValueError("--freeze-embeddings needs --embeddings FILE")
        if self.embeddings_spread is not None:
            if self.embeddings == "random":
                raise ValueError("--embeddings-spread needs --embeddings FILE")
            if not 0 < self.embeddings_spread < math.inf:
                raise ValueError(
                    "--embeddings-spread must be above 0, not "
                    f"{self.embeddings_spread}"
                )
        if is_bert and self.is_random_bert and not self.vocabulary:
            raise ValueError(
                f"--bert {self.bert} begins at random and has no word pieces: "
                "name the vocab.txt of any BERT in --vocabulary"
            )

    def check_filled(self) -> None:
        """Raises `ValueError` if a default that was filled in is none."""
        if not self.max_length > 0:
            raise ValueError(
                f"--max-length must be above 0, not {self.max_length}"
            )
        if not 0 <= self.dropout < 1:  # type: ignore[operator]
            raise ValueError(f"--dropout must be in [0, 1), not {self.dropout}")
        if not self.l2 >= 0:  # type: ignore[operator]
            raise ValueError(f"--l2 must be 0 or more, not {self.l2}")
