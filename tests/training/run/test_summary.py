"""What the training job says of its mistakes."""

import io

import numpy as np

from training.data.dataset import Examples
from training.run.summary import most_confused, summarize
from training.terminal import console

NAMES = ("cat", "dog", "owl")


def said(texts, labels, probabilities):
    terminal = console(file=io.StringIO(), width=120)
    examples = Examples(texts, np.array(labels))
    summarize(terminal, examples, np.array(probabilities), NAMES)
    return terminal.file.getvalue()


def test_mistakes_are_named_the_surest_first():
    texts = ["a [bold] cat", "b", "c", "d" * 80, "an owl"]
    probabilities = [
        [0.2, 0.7, 0.1],
        [0.1, 0.9, 0.0],
        [0.6, 0.4, 0.0],
        [0.0, 1.0, 0.0],
        [0.0, 0.1, 0.9],
    ]
    out = said(texts, [0, 0, 1, 1, 2], probabilities)
    assert "2 of 2 'cat' were taken for 'dog'" in out
    assert "1 of 2 'dog' were taken for 'cat'" in out
    assert "3 of 3 wrong answers" in out
    assert out.index("dog 0.90") < out.index("dog 0.70") < out.index("cat 0.60")
    assert "cat 0.20" in out
    assert "a [bold] cat" in out
    assert "an owl" not in out


def test_long_sentences_are_shortened_and_five_are_enough():
    out = said(["x" * 100] * 9, [0] * 9, [[0.0, 1.0, 0.0]] * 9)
    assert "5 of 9 wrong answers" in out
    assert out.count("x…") == 5
    assert "x" * 60 not in out


def test_nothing_wrong():
    assert "Nothing in the test set is wrong" in said(["a"], [0], [[1, 0, 0]])


def test_the_worst_two_classes_count_both_ways():
    labels = np.array([0, 0, 0, 1, 2, 2, 1, 1])
    predicted = np.array([1, 1, 0, 2, 1, 1, 1, 1])
    assert most_confused(predicted, labels, 3) == (2, 1)
