"""What the records are asked, and how the answers are told.

A sentence advises only where its numbers bear it out; `advice` corrects every
p for all that is asked here.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

from training.report.compared import Compared, listed

Cells = list[dict[str, Any]]


@dataclasses.dataclass(frozen=True)
class Question:
    """Cells of a table, to be compared by a measure.

    Attributes:
        table: String, its name.
        measure: String, a column's name.
        cells: List of dicts from axes to values.
        other: Dict, in what the cells they are compared with differ.
    """

    table: str
    measure: str
    cells: Cells
    other: dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Sentence:
    """What is told of some answers.

    Attributes:
        topic: String, Markdown.
        advice: String, what a person should do.
        brief: String as `numbers`, of some of its questions: what the README
            tells; "" for nothing.
        numbers: String with the names of questions as fields.
        is_so: Function of the `Compared` of those questions, in the order in
            which `numbers` first has them, to a bool: whether they bear the
            advice out.
    """

    topic: str
    advice: str
    brief: str
    numbers: str
    is_so: Callable[..., bool]


def _few(method: str, backbone: str = "bert") -> Cells:
    """The cells of Table 3 of a method, by share of the labels."""
    return [
        {"backbone": backbone, "share": share, "method": method}
        for share in (0.03, 0.05, 0.1, 0.2)
    ]


def _whole(method: str) -> Cells:
    """The cells of Table 2 of a method, with word vectors, by data set."""
    return [
        {"backbone": "cnn-vectors", "dataset": name, "method": method}
        for name in _WHOLE
    ]


def _recipe(
    variant: str, backbone: str, share: float, datasets: dict[str, str]
) -> Cells:
    """The cells of table recipe of a variant, by data set."""
    return [
        {
            "backbone": backbone,
            "share": share,
            "dataset": name,
            "variant": variant,
        }
        for name in datasets
    ]


def _rate(dataset: str, rate: float) -> dict[str, Any]:
    """The cell of table learning-rates of a CNN."""
    return {"backbone": "cnn", "dataset": dataset, "learning_rate": rate}


_ALL = {"trec": "TREC", "sst2": "SST-2", "subj": "SUBJ", "mr": "MR"}
_TREC = {"trec": "TREC"}
_WHOLE = {"trec": "TREC", "sst2": "SST-2", "mr": "MR"}
_NONE, _PLAIN = {"method": "none"}, {"variant": "none"}
_WORD, _SMOOTHED = "word, alpha 1", "label smoothing 0.1"
_WRONG = {"backbone": "bert", "dataset": "trec", "noise": "uniform-40"}
_STRONG = _WRONG | {"variant": "sent, alpha 16"}
_STRONG_CNN = [
    _STRONG | {"backbone": "cnn-vectors", "noise": noise}
    for noise in ("uniform-20", "uniform-40")
]
_FINE_TUNED_WORD = _recipe(_WORD, "bert", 0.2, _ALL)
_FINE_TUNED_SMOOTHED = _recipe(_SMOOTHED, "bert", 0.2, _ALL)
_VECTORS_WORD = _recipe(_WORD, "cnn-vectors", 0.05, _ALL)

QUESTIONS = {
    "sent": Question("3", "test_error", _few("sent"), _NONE),
    "word": Question("3", "test_error", _few("word"), _NONE),
    "tuned_word": Question("recipe", "test_error", _FINE_TUNED_WORD, _PLAIN),
    "tuned_smoothed": Question(
        "recipe", "test_error", _FINE_TUNED_SMOOTHED, _PLAIN
    ),
    "cnn": Question("3", "test_error", _few("word", "cnn"), _NONE),
    "cnn_sent": Question("3", "test_error", _few("sent", "cnn"), _NONE),
    "rate": Question(
        "learning-rates",
        "test_error",
        [_rate(name, 5e-3) for name in ("trec", "sst2")],
        {"learning_rate": 1e-3},
    ),
    "vectors": Question("recipe", "test_error", _VECTORS_WORD, _PLAIN),
    "vectors_last": Question("2", "last", _whole("sent"), _NONE),
    "vectors_last_word": Question("2", "last", _whole("word"), _NONE),
    "vectors_chosen": Question("2", "test_error", _whole("sent"), _NONE),
    "wrong_last": Question("wrong-labels", "last", [_STRONG], _PLAIN),
    "smoothed_last": Question(
        "wrong-labels", "last", [_WRONG | {"variant": _SMOOTHED}], _PLAIN
    ),
    "wrong": Question("wrong-labels", "test_error", [_STRONG], _PLAIN),
    "wrong_cnn_last": Question("wrong-labels", "last", _STRONG_CNN, _PLAIN),
    "wrong_cnn": Question("wrong-labels", "test_error", _STRONG_CNN, _PLAIN),
    "loss": Question("recipe", "loss", _FINE_TUNED_WORD, _PLAIN),
    "smoothed_loss": Question("recipe", "loss", _FINE_TUNED_SMOOTHED, _PLAIN),
    "tempered": Question("recipe", "tempered", _FINE_TUNED_WORD, _PLAIN),
    "smoothed_tempered": Question(
        "recipe", "tempered", _FINE_TUNED_SMOOTHED, _PLAIN
    ),
    "area": Question("3", "out_of_domain", _few("sent"), _NONE),
    "smoothed_area": Question(
        "recipe",
        "out_of_domain",
        _recipe(_SMOOTHED, "bert", 0.2, _TREC),
        _PLAIN,
    ),
}


def _is_no_lower(*asked: Compared) -> bool:
    return not any(one.is_lower for one in asked)


SENTENCES = (
    Sentence(
        "Few labels, a pretrained encoder:",
        "fine-tune it plainly.",
        "On 3 to 20 % of TREC it errs {sent.other_ends} %; mixing its "
        "sentences changed that by {sent.difference_ends}.",
        "On 3, 5, 10 and 20 % of TREC it errs {sent.other} %; mixing its "
        "sentences changed that by {sent}, mixing its word pieces by {word}. "
        f"On 20 % of {listed([*_ALL.values()])}, with batches of like "
        "lengths, it errs {tuned_word.other} %; mixing its word pieces changed "
        "that by {tuned_word}, label smoothing by {tuned_smoothed}.",
        _is_no_lower,
    ),
    Sentence(
        "Few labels, a CNN that learns its word vectors:",
        "choose its learning rate, and don't mix.",
        "With about 1000 sentences of TREC and of SST-2, a rate of 5e-3 "
        "instead of 1e-3 changed its error by {rate}; at 5e-3, mixing the "
        "words of 3 to 20 % of TREC changed it by {cnn.difference_ends}.",
        "With about 1000 sentences of TREC and of SST-2 it errs {rate.other} % "
        "at a rate of 1e-3, and {rate.mean} % at 5e-3, which dev chose: "
        "{rate}. At that, on 3, 5, 10 and 20 % of TREC, it errs {cnn.other} "
        "%; mixing its words changed that by {cnn}, its sentences by "
        "{cnn_sent}. With pretrained vectors, on 5 % of "
        f"{listed([*_ALL.values()])}, it errs {{vectors.other}} %; mixing "
        "changed that by {vectors}.",
        lambda rate, *mixed: rate.is_lower and _is_no_lower(*mixed),
    ),
    Sentence(
        "Many labels, a CNN on word vectors:",
        "stop by a dev set; mixing makes up for part of training too long.",
        "",
        f"On all of {listed([*_WHOLE.values()])}, after 1000 steps, it errs "
        "{vectors_last.other} %, which mixing its sentences changed by "
        "{vectors_last}, its words by {vectors_last_word}; at the step that "
        "dev chose {vectors_chosen.other} %, which mixing its sentences "
        "changed by {vectors_chosen}.",
        lambda last, words, chosen: (
            last.is_lower
            and _is_no_lower(chosen)
            and all(
                stopped < mixed
                for stopped, mixed in zip(
                    chosen.others, last.means, strict=True
                )
            )
        ),
    ),
    Sentence(
        "Wrong labels:",
        "stop by a dev set, even one as wrong, or mix.",
        "With 40 % of TREC's labels wrong, the encoder's error at the last "
        "step is {wrong_last.other} %, with mixed sentences "
        "{wrong_last.mean} %; at the step that dev chose, {wrong.other} "
        "and {wrong.mean} %.",
        "With 40 % of TREC's labels wrong, the encoder's error at the last "
        "step is {wrong_last.other} %, with mixed sentences (α = 16) "
        "{wrong_last.mean} % ({wrong_last}), with label smoothing "
        "{smoothed_last.mean} %; at the step that dev chose, {wrong.other} "
        "and {wrong.mean} % ({wrong}).",
        lambda last, smoothed, chosen: (
            last.is_lower and chosen.others < last.others
        ),
    ),
    Sentence(
        "Wrong labels, a CNN on word vectors:",
        "stop by a dev set; mixing was of no use.",
        "",
        "With 20 and 40 % of TREC's labels wrong, its error at the last step "
        "is {wrong_cnn_last.other} %, at the step that dev chose "
        "{wrong_cnn.other} %; mixed sentences (α = 16) changed the one by "
        "{wrong_cnn_last}, the other by {wrong_cnn}.",
        lambda last, chosen: (
            _is_no_lower(last, chosen) and chosen.others < last.others
        ),
    ),
    Sentence(
        "When probabilities matter:",
        "if you mix, fit a temperature, on right labels.",
        "On 20 % of TREC the encoder's loss is {loss[0].mean} with mixed "
        "word pieces, {tempered[0].mean} at the temperature that fits dev; "
        "without mixing {loss[0].other} and {tempered[0].other}.",
        f"On 20 % of {listed([*_ALL.values()])}, the encoder's loss is "
        "{loss.other} as it comes, with label smoothing {smoothed_loss.mean}, "
        "with mixed word pieces {loss.mean}; at the temperature that fits dev "
        "{tempered.other}, which smoothing changed by {smoothed_tempered}, "
        "mixing by {tempered}.",
        lambda loss, _, tempered, __: all(
            mixed < as_it_comes
            for mixed, as_it_comes in zip(
                tempered.means, loss.means, strict=True
            )
        ),
    ),
    Sentence(
        "To notice texts of another kind:",
        "mix sentences (`sent`), or smooth the labels.",
        "An encoder that was trained on 3 to 20 % of TREC is surer of a "
        "question than of a sentence of SUBJ in {area.other_ends} % of the "
        "pairs; mixing changed that by {area.difference_ends}, smoothing by "
        "{smoothed_area.difference_ends}.",
        "An encoder that was trained on 3, 5, 10 and 20 % of TREC is surer of "
        "a question than of a sentence of SUBJ in {area.other} % of the pairs; "
        "with mixing in {area.mean} %: {area}. Label smoothing, on 20 %, with "
        "batches of like lengths: from {smoothed_area.other} to "
        "{smoothed_area.mean} % ({smoothed_area}).",
        lambda mixed, smoothed: mixed.is_higher and smoothed.is_higher,
    ),
)
