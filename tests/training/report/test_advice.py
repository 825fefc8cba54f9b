import numpy as np
import pandas as pd

from training.report import columns
from training.report.advice import advice

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


def test_each_number_is_that_of_its_runs():
    cells = [
        few(share, method)
        for share in (0.03, 0.05, 0.1, 0.2)
        for method in ("none", "sent", "word", "word-amp")
    ]
    errors = [10.0, 9.0, 12.0, 12.0, *[8.0] * 4, 6.0, 6.0, 6.5, 7.5, *[5.0] * 4]
    text = advice({**results(), "3": runs(cells, test_error=errors)})
    (few_labels, amp) = text.strip().splitlines()
    assert "it errs 10.0, 8.0, 6.0 and 5.0 %" in few_labels
    assert "changed that by -1.00, +0.00, +0.00 and +0.00 points" in few_labels
    assert "word pieces by +2.00, +0.00, +0.50 and +0.00 points" in few_labels
    assert "Of 4 comparisons, the error is lower in 0" in amp
    assert "differs by +0.25 points on average, and 1 difference is" in amp
