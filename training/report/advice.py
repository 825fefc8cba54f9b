"""What the records say that a person should do.

Every comparison is paired by seed; p is corrected for all that are made here.
"""

import dataclasses
import string
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from keras_amp.comparison import holm
from training.report.compared import SURE, Compared
from training.report.formats import signed
from training.report.questions import QUESTIONS, SENTENCES, Question, Sentence
from training.report.statistics import compare

# Where the numbers do not bear our advice out, as those of other runs may not.
_NO_ADVICE = "these records give no rule; ask your own data."


def advice(results: Mapping[str, pd.DataFrame], is_brief: bool = False) -> str:
    """Sentences of Markdown; of what was not run, none.

    Args:
        results: Dict from the names of tables to what `results_of` returns.
        is_brief: Bool, whether to tell the ends of many numbers, not all.
    """
    made = {
        name: one
        for name, question in QUESTIONS.items()
        if (one := _compared(results, question))
    }
    corrected = iter(
        holm([each.p_value for one in made.values() for each in one.found])
    )
    for one in made.values():
        one.found = [
            dataclasses.replace(each, p_value=next(corrected))
            for each in one.found
        ]
    sentences = list(
        filter(
            None, (_told(sentence, made, is_brief) for sentence in SENTENCES)
        )
    )
    if not sentences:
        return ""
    if of_amp := _of_amp(results):
        sentences.append(of_amp)
    return "\n".join([*sentences, ""])


def _told(
    sentence: Sentence, made: Mapping[str, Compared], is_brief: bool
) -> str:
    """The sentence with its numbers; "" if one is missing."""
    numbers = sentence.brief if is_brief else sentence.numbers
    if not numbers:
        return ""
    fields = string.Formatter().parse(sentence.numbers)
    # In their order, each once.
    names = {field.split(".")[0]: None for _, field, *_ in fields if field}
    if not names.keys() <= made.keys():
        return ""
    is_so = sentence.is_so(*(made[name] for name in names))
    return (
        f"- **{sentence.topic}** {sentence.advice if is_so else _NO_ADVICE} "
        f"{numbers.format(**made)}"
    )


def _compared(
    results: Mapping[str, pd.DataFrame], question: Question
) -> Compared | None:
    runs = results[question.table]
    if runs.empty:
        return None
    measure = question.measure
    compared = Compared([], [], [], measure)
    for cell in question.cells:
        ours, theirs = (
            _cell(runs, one, measure) for one in (cell, cell | question.other)
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
    sure = sum(p < SURE for p in holm([one.p_value for one in found]))
    means = [one.mean for one in found]
    mean = signed(float(np.mean(means)), 2)
    return (
        f"- **AMP in place of Mixup?** Of {len(found)} comparisons, the error "
        f"is lower in {sum(one < 0 for one in means)}; it differs by "
        f"{mean} points on average, and {sure or 'no'} "
        f"difference{'s are' if sure > 1 else ' is'} beyond chance"
        f"{'.' if sure else ': begin without.'}"
    )
