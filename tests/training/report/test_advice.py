import string

import numpy as np
import pandas as pd
import pytest

from training.report import columns
from training.report.advice import advice
from training.report.questions import QUESTIONS, SENTENCES

SEEDS = np.arange(10)
# As large as what ten seeds of one method differ by.
NOISE = np.array([0.3, -0.2, 0.1, 0.0, -0.4, 0.2, -0.1, 0.4, -0.3, 0.0])
EMPTY = pd.DataFrame()
MEASURES = columns.measures()


def runs(cells, **measures):
    """Ten runs of each cell; a measure is its mean in each."""
    frames = []
    for number, cell in enumerate(cells):
        frame = pd.DataFrame({**cell, "seed": SEEDS})
        for name, means in measures.items():
            # Not the same noise in two cells: their difference has a spread.
            frame[name] = means[number] + np.roll(NOISE, number)
        frames.append(frame)
    every = [*frames[0].columns, *(x for x in MEASURES if x not in measures)]
    return pd.concat(frames, ignore_index=True).reindex(columns=every)


def results(**tables):
    names = ("2", "3", "4", "wrong-labels", "recipe")
    every = dict.fromkeys(names, EMPTY)
    return every | {key.replace("_", "-"): one for key, one in tables.items()}


def few(share, method):
    return {"backbone": "bert", "share": share, "method": method}


def test_what_was_not_run_is_not_advised_on():
    table = runs([few(0.03, "none")], test_error=[10.0])
    assert advice({**results(), "3": table}) == ""


def wrong_labels(last):
    """Plain, smoothed and mixed training that end with such errors."""
    cells = [
        {
            "backbone": "bert",
            "dataset": "trec",
            "noise": "uniform-40",
            "variant": variant,
        }
        for variant in ("none", "label smoothing 0.1", "sent, alpha 16")
    ]
    return runs(cells, last=last, test_error=[15.0, 15.0, 15.5])


def test_each_number_is_that_of_its_runs():
    table = wrong_labels([25.0, 26.0, 18.0])
    told, amp = advice({**results(), "wrong-labels": table}).split("\n")
    assert told.startswith("- **Wrong labels:** stop by a dev set")
    assert "at the last step is 25.0 %, with mixed sentences" in told
    assert "(α = 16) 18.0 % (-7.00 points [" in told
    assert "with label smoothing 26.0 %" in told
    assert "15.0 and 15.5 % (+0.50 points [" in told
    assert not amp


@pytest.mark.parametrize("last", [[25.0, 26.0, 26.0], [14.0, 14.0, 10.0]])
def test_what_the_numbers_do_not_bear_out_is_not_advised(last):
    # Mixing that brings nothing; a dev set that brings nothing.
    text = advice({**results(), "wrong-labels": wrong_labels(last)})
    assert "**Wrong labels:** these records give no rule" in text
    assert f"the last step is {last[0]:.1f} %" in text


def test_amp_is_compared_with_its_mixup():
    cells = [
        few(share, method)
        for share in (0.03, 0.05, 0.1, 0.2)
        for method in ("none", "sent", "word", "word-amp")
    ]
    errors = [10.0, 9.0, 12.0, 12.0, *[8.0] * 4, 6.0, 6.0, 6.5, 7.5, *[5.0] * 4]
    others = results(wrong_labels=wrong_labels([25.0, 26.0, 18.0]))
    text = advice({**others, "3": runs(cells, test_error=errors)})
    *_, amp = text.strip().splitlines()
    assert "Of 4 comparisons, the error is lower in 0" in amp
    assert "differs by +0.25 points on average, and 1 difference is" in amp
    assert "begin without" not in amp


def test_every_sentence_is_told_of_questions_that_are_asked():
    fields = [
        field
        for sentence in SENTENCES
        for _, field, *_ in string.Formatter().parse(sentence.numbers)
    ]
    asked = {field.split(".")[0] for field in fields if field}
    assert asked == QUESTIONS.keys()
