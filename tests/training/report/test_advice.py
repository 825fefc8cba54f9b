import re
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
    names = ("2", "3", "4", "wrong-labels", "recipe", "learning-rates")
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
    numbers = "".join(sentence.numbers for sentence in SENTENCES)
    assert asked(numbers) == QUESTIONS.keys()
    for sentence in SENTENCES:
        assert asked(sentence.brief) <= asked(sentence.numbers)


def asked(text):
    """The questions of which a text has numbers."""
    fields = [field for _, field, *_ in string.Formatter().parse(text)]
    return {re.split(r"[.\[]", field)[0] for field in fields if field}


@pytest.mark.parametrize(
    "words, better, rule",
    [
        (36.0, 16.0, "choose its learning rate, and don't mix"),
        (32.0, 16.0, "these records give no rule"),  # mixing helps
        (36.0, 19.0, "these records give no rule"),  # the rate does not
    ],
)
def test_in_short_many_numbers_are_their_ends(words, better, rule):
    cells = [
        few(share, method) | {"backbone": "cnn"}
        for share in (0.03, 0.05, 0.1, 0.2)
        for method in ("none", "word", "sent")
    ]
    table = runs(cells, test_error=[35.0, words, 35, 30, 30, 30, *[20.0] * 6])
    rates = runs(
        [
            {"backbone": "cnn", "dataset": dataset, "learning_rate": rate}
            for dataset in ("trec", "sst2")
            for rate in (1e-3, 5e-3)
        ],
        test_error=[19.0, better, 30.0, better + 11],
    )
    recipe = runs(
        [
            {
                "backbone": "cnn-vectors",
                "share": 0.05,
                "dataset": dataset,
                "variant": variant,
            }
            for dataset in ("trec", "sst2", "subj", "mr")
            for variant in ("none", "word, alpha 1")
        ],
        test_error=[30.0] * 8,
    )
    every = results(recipe=recipe, learning_rates=rates) | {"3": table}
    told, amp = advice(every, is_brief=True).split("\n")
    assert told.startswith("- **Few labels, a CNN that learns")
    assert rule in told
    rate = f"{better - 19:+.2f} and {better - 19:+.2f} points (p = "
    assert f"changed its error by {rate}" in told
    ends = sorted([0, words - 35])
    assert f"{ends[0]:+.2f} to {ends[1]:+.2f} points (p = " in told
    assert told.endswith(" to 1).")
    assert not amp


@pytest.mark.parametrize(
    "last, chosen, rule",
    [
        (19.0, 18.1, "stop by a dev set; mixing makes up for part of"),
        (20.2, 18.1, "these records give no rule"),  # mixing brings nothing
        (19.0, 16.0, "these records give no rule"),  # it does for dev's, too
        (17.0, 18.1, "these records give no rule"),  # dev brings less
    ],
)
def test_mixing_may_make_up_for_training_too_long(last, chosen, rule):
    methods = ("none", "sent", "word")
    cells = [
        {"backbone": "cnn-vectors", "dataset": dataset, "method": method}
        for dataset in ("trec", "sst2", "mr")
        for method in methods
    ]
    table = runs(
        cells,
        last=[20.0, last, 20.0] * 3,
        test_error=[18.0, chosen, 18.0] * 3,
    )
    told, _ = advice({**results(), "2": table}).split("\n")
    assert told.startswith(f"- **Many labels, a CNN on word vectors:** {rule}")
    each = f"{last - 20:+.2f}"
    assert f"changed by {each}, {each} and {each} points (p = " in told
    assert "its words by +0.00, +0.00 and +0.00 points" in told


def test_in_short_one_number_stands_alone():
    table = wrong_labels([25.0, 26.0, 18.0])
    told = advice(results(wrong_labels=table), is_brief=True)
    assert "the last step is 25.0 %, with mixed sentences 18.0 %" in told
    kept_back = [one for one in SENTENCES if "CNN on word" in one.topic]
    assert kept_back
    assert not any(one.brief for one in kept_back)
    assert "CNN on word vectors" not in told
