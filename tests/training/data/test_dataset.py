import numpy as np
import pytest

from training.data.dataset import Dataset, Examples, hold_out, ten_folds
from training.data.demo import LABEL_NAMES, load_demo

NAMES = ("cat", "dog", "owl")


def examples(counts=(30, 50, 20)):
    labels = np.repeat(np.arange(len(counts)), counts)
    return Examples([f"text {i}" for i in range(len(labels))], labels)


def counts(split):
    return np.bincount(split.labels).tolist()


def test_held_out_examples_keep_the_shares():
    kept, held = hold_out(examples(), NAMES, seed=0)
    assert counts(held) == [3, 5, 2]
    assert counts(kept) == [27, 45, 18]
    assert not set(kept.texts) & set(held.texts)


def test_splits_are_fixed_by_their_seed():
    for split in (
        lambda e, seed: hold_out(e, NAMES, seed),
        lambda e, seed: ten_folds(e, 2, seed),
    ):
        again = [split(examples(), seed=s)[1].texts for s in (0, 0, 1)]
        assert again[0] == again[1] != again[2]


def test_a_digest_tells_texts_labels_and_splits_apart():
    parts = dict(zip(("train", "dev", "test"), [examples()] * 3, strict=True))
    digests = {
        Dataset("my", NAMES, **{**parts, **changed}).digest
        for part in parts
        for changed in (
            {part: examples((30, 50, 21))},
            {part: examples((50, 30, 20))},
        )
    }
    again = [Dataset("my", NAMES, **parts).digest for _ in range(2)]
    assert again[0] == again[1]
    assert len(digests | {*again}) == 7


def test_folds_cover_everything_once():
    tested = []
    for fold in range(10):
        kept, held = ten_folds(examples(), fold, seed=0)
        assert counts(held) == [3, 5, 2]
        assert not set(kept.texts) & set(held.texts)
        tested += held.texts
    assert sorted(tested) == sorted(examples().texts)


def test_too_few_examples_are_refused_by_their_names():
    with pytest.raises(
        ValueError, match=r"10% of 3 .*one example each of dog;"
    ):
        hold_out(examples((2, 1)), NAMES, seed=0)
    with pytest.raises(ValueError, match=r"10% of 15 .*there are 3 classes;"):
        hold_out(examples((5, 5, 5)), NAMES, seed=0)
    with pytest.raises(ValueError, match=r"each of 0, .*, 9 and 2990 more;"):
        hold_out(examples([1] * 3000), range(3000), seed=0)
    with pytest.raises(ValueError, match="fold must be from 0 to 9"):
        ten_folds(examples(), 10, seed=0)


def test_the_demo_repeats_and_can_be_neither_solved_nor_guessed():
    demo, again, other = load_demo(0), load_demo(0), load_demo(1)
    assert demo.train.texts == again.train.texts != other.train.texts
    assert (len(demo.train), len(demo.dev), len(demo.test)) == (1350, 150, 500)
    assert demo.label_names == LABEL_NAMES
    assert len(set(demo.test.labels.tolist())) == 6
    # The best guess for a pattern is its most frequent label: some test
    # sentences, seen word for word in training, have another one.
    seen = dict(zip(demo.train.texts, demo.train.labels, strict=True))
    repeated = [
        seen[text] != label
        for text, label in zip(demo.test.texts, demo.test.labels, strict=True)
        if text in seen
    ]
    assert 0.02 < np.mean(repeated) < 0.5
