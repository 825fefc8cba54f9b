"""What the records say that a person should do.

Every comparison is paired by seed; p is corrected for all that are made here.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from keras_amp.comparison import holm
from training.report.formats import signed
from training.report.statistics import Difference, compare

_BERT = {"backbone": "bert"}
_WRONG = _BERT | {"dataset": "trec", "noise": "uniform-40"}
# By how much the mean of a measure is worth saying, as "error" is.
_UNITS = {
    "test_error": " points",
    "last": " points",
    "out_of_domain": " points",
}


@dataclasses.dataclass
class Compared:
    """Some cells of a table against others, by one measure.

    Attributes:
        means, others: Lists of floats, the measure's means.
        found: List of `Difference`; `advice` corrects each `p_value`.
        measure: String.
    """

    means: list[float]
    others: list[float]
    found: list[Difference]
    measure: str

    @property
    def mean(self) -> str:
        return self._joined(self.means)

    @property
    def other(self) -> str:
        return self._joined(self.others)

    def __str__(self) -> str:
        unit = _UNITS.get(self.measure, "")
        differences = self._signed([one.mean for one in self.found])
        p_values = [f"{one.p_value:.2g}" for one in self.found]
        if len(self.found) > 1:
            return f"{differences}{unit} (p = {_listed(p_values)})"
        (one,) = self.found
        interval = (self._signed([end]) for end in (one.low, one.high))
        return f"{differences}{unit} [{', '.join(interval)}], p = {p_values[0]}"

    def _joined(self, values: list[float]) -> str:
        return _listed([f"{value:.{self._digits}f}" for value in values])

    def _signed(self, values: list[float]) -> str:
        return _listed([signed(value, self._digits + 1) for value in values])

    @property
    def _digits(self) -> int:
        return 1 if self.measure in _UNITS else 2


def _listed(words: list[str]) -> str:
    """Words as a sentence lists them."""
    *all_but_last, last = words
    return f"{', '.join(all_but_last)} and {last}" if all_but_last else last


def advice(results: Mapping[str, pd.DataFrame]) -> str:
    """Sentences of Markdown; of what was not run, none.

    Args:
        results: Dict from the names of tables to what `results_of` returns.
    """
    made = {
        name: one
        for name, ask in _COMPARISONS.items()
        if (one := _compared(results, *ask))
    }
    corrected = iter(
        holm([each.p_value for one in made.values() for each in one.found])
    )
    for one in made.values():
        one.found = [
            dataclasses.replace(each, p_value=next(corrected))
            for each in one.found
        ]
    sentences = [
        f"- **{topic}** {form.format(**made)}"
        for topic, form, names in _SENTENCES
        if all(name in made for name in names)
    ]
    if not sentences:
        return ""
    return "\n".join([*sentences, _of_amp(results), ""])


def _compared(
    results: Mapping[str, pd.DataFrame],
    table: str,
    measure: str,
    cells: list[dict[str, Any]],
    other: dict[str, Any],
) -> Compared | None:
    runs = results[table]
    if runs.empty:
        return None
    compared = Compared([], [], [], measure)
    for cell in cells:
        ours, theirs = (
            _cell(runs, one, measure) for one in (cell, cell | other)
        )
        found = compare(ours, theirs)
        if found is None or np.isnan(found.p_value):
            return None
        compared.means.append(ours.mean())
        compared.others.append(theirs.mean())
        compared.found.append(found)
    return compared


def _cell(runs: pd.DataFrame, cell: dict[str, Any], measure: str) -> pd.Series:
    for axis, value in cell.items():
        runs = runs[runs[axis] == value]
    return runs.set_index("seed")[measure].dropna()


def _of_amp(results: Mapping[str, pd.DataFrame]) -> str:
    """All comparisons of AMP with Mixup in Tables 2 and 3, in a sentence."""
    found = []
    for name in ("2", "3"):
        runs = results[name]
        if runs.empty:
            continue
        axes = [
            axis
            for axis in runs.columns
            if axis in ("backbone", "dataset", "share")
        ]
        for _, block in runs.groupby(axes):
            cells = dict(list(block.set_index("seed").groupby("method")))
            for amp, mixup in (("word-amp", "word"), ("sent-amp", "sent")):
                if amp in cells and mixup in cells:
                    one = compare(
                        cells[amp]["test_error"],
                        cells[mixup]["test_error"],
                        has_interval=False,
                    )
                    if one and not np.isnan(one.p_value):
                        found.append(one)
    if not found:
        return ""
    sure = sum(p < 0.05 for p in holm([one.p_value for one in found]))
    means = [one.mean for one in found]
    mean = signed(float(np.mean(means)), 2)
    return (
        f"- **AMP in place of Mixup?** Of {len(found)} comparisons, the error "
        f"is lower in {sum(one < 0 for one in means)}; it differs by "
        f"{mean} points on average, and {sure or 'no'} "
        f"difference{'s are' if sure > 1 else ' is'} beyond chance: begin "
        "without."
    )


def _few(
    method: str, backbone: str = "bert", shares: tuple[float, ...] = ()
) -> list[dict[str, Any]]:
    """The cells of Table 3 of a method, by share of the labels."""
    return [
        {"backbone": backbone, "share": share, "method": method}
        for share in shares or (0.03, 0.05, 0.1, 0.2)
    ]


_NONE, _PLAIN = {"method": "none"}, {"variant": "none"}
_STRONG = _WRONG | {"variant": "sent, alpha 16"}
_SENT_WRONG = [_STRONG]
_SMOOTHED_WRONG = [_WRONG | {"variant": "label smoothing 0.1"}]
_WRONG_CNN = [
    _STRONG | {"backbone": "cnn-vectors", "noise": noise}
    for noise in ("uniform-20", "uniform-40")
]
_SMOOTHED_FEW = _BERT | {
    "dataset": "trec",
    "share": 0.2,
    "variant": "label smoothing 0.1",
}
# What is asked: table, measure, cells, and in what the others differ.
_COMPARISONS: dict[str, tuple[str, str, list[dict], dict]] = {
    "sent": ("3", "test_error", _few("sent"), _NONE),
    "word": ("3", "test_error", _few("word"), _NONE),
    "cnn": ("3", "test_error", _few("word", "cnn"), _NONE),
    "wrong_last": ("wrong-labels", "last", _SENT_WRONG, _PLAIN),
    "smoothed_last": ("wrong-labels", "last", _SMOOTHED_WRONG, _PLAIN),
    "wrong": ("wrong-labels", "test_error", _SENT_WRONG, _PLAIN),
    "wrong_cnn_last": ("wrong-labels", "last", _WRONG_CNN, _PLAIN),
    "wrong_cnn": ("wrong-labels", "test_error", _WRONG_CNN, _PLAIN),
    "word_loss": ("3", "loss", _few("word"), _NONE),
    "word_tempered": ("3", "tempered", _few("word"), _NONE),
    "sent_tempered": ("3", "tempered", _few("sent"), _NONE),
    "area": ("3", "out_of_domain", _few("sent"), _NONE),
    "smoothed_area": ("recipe", "out_of_domain", [_SMOOTHED_FEW], _PLAIN),
}
_SENTENCES = (
    (
        "Few labels, a pretrained encoder:",
        "fine-tune it plainly. On 3, 5, 10 and 20 % of TREC it errs "
        "{sent.other} %; mixing its sentences changed that by {sent}, mixing "
        "its word pieces by {word}.",
        ("sent", "word"),
    ),
    (
        "Few labels, a CNN on words:",
        "mix the words (`word`): from {cnn.other} % without, at 3, 5, 10 and "
        "20 % of TREC, by {cnn}. A pretrained encoder brings more.",
        ("cnn",),
    ),
    (
        "Wrong labels:",
        "stop by a dev set, even one as wrong, or mix. With 40 % of TREC's "
        "labels wrong, the encoder's error at the last step is "
        "{wrong_last.other} %, with mixed sentences (α = 16) "
        "{wrong_last.mean} % ({wrong_last}), with label smoothing "
        "{smoothed_last.mean} %; at the step that dev chose, {wrong.other} "
        "and {wrong.mean} % ({wrong}).",
        ("wrong_last", "smoothed_last", "wrong"),
    ),
    (
        "Wrong labels, a CNN on word vectors:",
        "stop by a dev set; mixing was of no use. With 20 and 40 % of TREC's "
        "labels wrong, its error at the last step is {wrong_cnn_last.other} "
        "%, at the step that dev chose {wrong_cnn.other} %; mixed sentences "
        "(α = 16) changed the one by {wrong_cnn_last}, the other by "
        "{wrong_cnn}.",
        ("wrong_cnn_last", "wrong_cnn"),
    ),
    (
        "When probabilities matter:",
        "fit a temperature on right labels. As they come, mixed word pieces "
        "raise the encoder's loss from {word_loss.other} to {word_loss.mean}, "
        "at 3, 5, 10 and 20 % of TREC. At the temperature of dev they change "
        "it by {word_tempered}, mixed sentences by {sent_tempered}.",
        ("word_loss", "word_tempered", "sent_tempered"),
    ),
    (
        "To notice texts of another kind:",
        "mix sentences (`sent`), or smooth the labels. An encoder that was "
        "trained on 3, 5, 10 and 20 % of TREC is surer of a question than of a "
        "sentence of SUBJ in {area.other} % of the pairs; with mixing in "
        "{area.mean} %: {area}. Label smoothing does it too: at 20 %, with "
        "batches grouped by length, from {smoothed_area.other} to "
        "{smoothed_area.mean} % ({smoothed_area}).",
        ("area", "smoothed_area"),
    ),
)
