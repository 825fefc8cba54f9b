"""The classifiers that are trained, and what each is trained with.

A backbone is one entry of `BACKBONES`: the command line, the grids, the report
and the benchmarks take it from there.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

# The paper's settings (§4.2).
_PAPER = {
    "batch_size": 50,
    "learning_rate": 2e-4,
    "dropout": 0.5,
    "l2": 1e-8,
    "steps": 8000,
    "steps_per_evaluation": 100,
}
# Of someone's own texts, often a few hundred, of which dev has a tenth.
_OWN = {"learning_rate": 1e-3, "keep": "by-loss", "patience": 4}

# What loads TensorFlow is imported where a model is made: naming a backbone,
# as the command line does, loads none of it.


def _word_tokenizer(options: Any, texts: list[str]) -> Any:
    from training.models.words import word_tokenizer

    return word_tokenizer(options, texts)


def _on_words(name: str) -> Callable:
    """A function that builds `keras_amp`'s classifier of this name."""

    def build(
        options: Any, tokenizer: Any, num_classes: int, vectors: Any
    ) -> Any:
        from training.models.words import build_on_words

        return build_on_words(name, options, tokenizer, num_classes, vectors)

    return build


def _term_tokenizer(options: Any, texts: list[str]) -> Any:
    from training.models.linear import MOST_TERMS, TermTokenizer

    return TermTokenizer.of_texts(
        texts, options.max_words or MOST_TERMS, options.max_length
    )


def _linear(
    options: Any, tokenizer: Any, num_classes: int, vectors: Any
) -> Any:
    from training.models.linear import build_linear

    del vectors
    return build_linear(options, tokenizer, num_classes)


def _piece_tokenizer(options: Any, texts: list[str]) -> Any:
    from training.models.bert import piece_tokenizer

    return piece_tokenizer(options, texts)


def _bert(options: Any, tokenizer: Any, num_classes: int, vectors: Any) -> Any:
    from training.models.bert import build_bert

    del vectors
    return build_bert(options, tokenizer, num_classes)


@dataclasses.dataclass(frozen=True)
class Workload:
    """A classifier and the batch it is timed on.

    Attributes:
        name: String, on the benchmarks' command line.
        title: String.
        build: Function from the numbers of ids and of classes to a classifier.
        batch_size, tokens: Ints; the longest sentence of TREC has 37 words.
        vocabulary_size: Int; TREC has about 8766 words, BERT 30522 pieces.
    """

    name: str
    title: str
    build: Callable[[int, int], Any]
    batch_size: int = 50
    tokens: int = 37
    vocabulary_size: int = 8766


def _words_workload(name: str, class_name: str) -> Workload:
    def build(vocabulary_size: int, num_classes: int) -> Any:
        import keras_amp

        return getattr(keras_amp, class_name)(vocabulary_size, num_classes)

    return Workload(name, class_name, build)


def _bert_workload(size: str) -> Workload:
    def build(vocabulary_size: int, num_classes: int) -> Any:
        import keras_amp

        encoder = keras_amp.random_bert(size, vocabulary_size)
        return keras_amp.BERT(encoder, num_classes)

    return Workload(f"bert-{size}", f"BERT {size}", build, 24, 40, 30522)


@dataclasses.dataclass(frozen=True)
class Backbone:
    """A kind of classifier.

    Attributes:
        name: String, what it is called on the command line and in records.
        title: String, what it is called in tables and figures.
        about: String, what it is, for the command line's help.
        tokenizer: Function of `ModelOptions` and the training texts to a layer
            from strings `(batch,)` to ids `(batch, time)`.
        build: Function of `ModelOptions`, tokenizer, number of classes and
            vectors to begin with, `(ids, units)` or `None`, to a `keras.Model`
            from ids to logits, with layers `word` and `sentence`.
        preset: Dict of settings, as `TrainOptions` has them.
        own_preset: Dict of those that differ for someone's own texts.
        own_passes, own_steps: Ints, how often each of someone's own texts is
            trained on, and how many steps there are at least.
        random_preset: Dict of those that differ where `--bert` names a size,
            of which nothing is pretrained.
        reads_words: Bool, whether its ids are words; else they are the pieces
            of `--bert`.
        takes_vectors: Bool, whether its words may begin with `--embeddings`.
        is_in_tables: Bool, whether the tables of all backbones have it.
        needs: Tuple of a module that an installation may lack and what
            installs it, or `None`.
        workloads: Tuple of `Workload`s to time and measure it on.
    """

    name: str
    title: str
    about: str
    tokenizer: Callable
    build: Callable
    preset: dict
    own_preset: dict = dataclasses.field(default_factory=lambda: _OWN)
    own_passes: int = 20
    own_steps: int = 300
    random_preset: dict = dataclasses.field(default_factory=dict)
    reads_words: bool = True
    takes_vectors: bool = False
    is_in_tables: bool = True
    needs: tuple[str, str] | None = None
    workloads: tuple[Workload, ...] = ()


BACKBONES = {
    backbone.name: backbone
    for backbone in (
        Backbone(
            name="cnn",
            title="CNN",
            about="TextCNN: filters of 3, 4 and 5 words",
            tokenizer=_word_tokenizer,
            build=_on_words("TextCNN"),
            takes_vectors=True,
            preset=_PAPER,
            workloads=(_words_workload("cnn", "TextCNN"),),
        ),
        Backbone(
            name="bilstm",
            title="BiLSTM",
            about="BiLSTM: a bidirectional LSTM with attention",
            tokenizer=_word_tokenizer,
            build=_on_words("BiLSTM"),
            takes_vectors=True,
            preset=_PAPER,
            workloads=(_words_workload("bilstm", "BiLSTM"),),
        ),
        Backbone(
            name="linear",
            title="linear",
            about="a logistic regression on words and pairs of words",
            tokenizer=_term_tokenizer,
            build=_linear,
            preset=_PAPER,
            # It begins where it should end.
            own_preset=_OWN
            | {
                "learning_rate": 1e-4,
                "dropout": 0.0,
                "last_layer": "regression",
            },
            own_passes=0,
            own_steps=20,
            is_in_tables=False,
        ),
        Backbone(
            name="bert",
            title="BERT",
            about="BERT: its pooled output, dropout and one layer",
            tokenizer=_piece_tokenizer,
            build=_bert,
            preset=_PAPER
            | {
                "batch_size": 24,
                "learning_rate": 1e-5,
                "dropout": 0.1,
                "l2": 0.0,
            },
            own_preset=_OWN
            | {
                "learning_rate": 5e-5,
                "schedule": "warm-up",
                "last_layer": "regression",
            },
            own_passes=4,
            own_steps=200,
            # Weights that begin at random, of which the paper has none, learn
            # little at a learning rate made for pretrained ones.
            random_preset={"learning_rate": 3e-4},
            reads_words=False,
            needs=("keras_hub", '"keras_amp[bert]"'),
            workloads=(_bert_workload("tiny"), _bert_workload("base")),
        ),
    )
}
