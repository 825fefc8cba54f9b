import keras
import numpy as np
import pytest

from training.run.array_batches import ArrayBatches
from training.run.ids import Ids

ROWS = [0, 1, 2, 3, 5]  # how long each example is
IDS = Ids(np.full(sum(ROWS), 7), np.array(ROWS))
LABELS = np.array([0, 1, 2, 3, 4])


def made(batch_size, **more):
    return ArrayBatches(IDS, LABELS, batch_size, [2, 4, 8], **more)


def test_once_through_loses_nothing_and_keeps_the_order():
    seen = list(made(2))
    assert [len(ids) for ids, _ in seen] == [2, 2, 1]
    assert np.concatenate([labels for _, labels in seen]).tolist() == [
        *range(5)
    ]
    lengths = [np.count_nonzero(ids, axis=1) for ids, _ in seen]
    assert np.concatenate(lengths).tolist() == ROWS


def test_lengths_are_the_next_and_on_jax_all_the_longest():
    is_jax = keras.backend.backend() == "jax"
    lengths = [ids.shape[1] for ids, _ in made(2)]
    assert lengths == ([8, 8, 8] if is_jax else [2, 4, 8])


@pytest.mark.parametrize("batch_size", [1, 2, 5, 7])
def test_every_pass_has_each_example_once_in_an_order_of_its_own(batch_size):
    batches = made(batch_size, seed=3)
    assert batches.num_batches is None
    count = 4 * 5 // batch_size + 1
    labels = np.concatenate([batches[i][1] for i in range(count)])
    passes = [tuple(labels[i : i + 5]) for i in range(0, 20, 5)]
    assert all(sorted(one) == [*range(5)] for one in passes)
    assert len(set(passes)) > 1
    again, other = made(batch_size, seed=3), made(batch_size, seed=4)
    assert [*batches[1][1]] == [*again[1][1]]
    others = np.concatenate([other[i][1] for i in range(count)])
    assert others.tolist() != labels.tolist()


@pytest.mark.parametrize("seed", [None, 3])
def test_what_is_skipped_is_what_came_first(seed):
    all_of_them, rest = made(2, seed=seed), made(2, seed=seed, skip=2)
    np.testing.assert_array_equal(rest[0][0], all_of_them[2][0])
    assert rest.num_batches == (1 if seed is None else None)


def test_fit_goes_on_where_an_epoch_ended():
    seen = []

    class Watching(ArrayBatches):
        def __getitem__(self, index):
            seen.append(index)
            return super().__getitem__(index)

    model = keras.Sequential(
        [keras.layers.Embedding(9, 2), keras.layers.GlobalMaxPooling1D()]
    )
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy())
    batches = Watching(IDS, LABELS % 2, 2, [8], seed=0)
    model.fit(batches, steps_per_epoch=3, epochs=2, shuffle=False, verbose=0)
    assert set(range(6)) <= set(seen)
    assert all(seen.count(index) == 1 for index in range(3, 6))


def test_grouped_by_length_each_is_drawn_once_a_pass():
    lengths = np.random.default_rng(0).integers(1, 60, 200)
    ids = Ids(np.full(sum(lengths), 7), lengths)
    found, ungrouped = (
        ArrayBatches(ids, np.arange(200), 5, [60], seed=1, group_by_length=kind)
        for kind in (True, False)
    )
    drawn = [found[i][1] for i in range(80)]
    for one in (drawn[:40], drawn[40:]):  # five windows of 8 x 5 each
        assert sorted(np.concatenate(one)) == [*range(200)]
    others = [ungrouped[i][1] for i in range(80)]
    spread, usual = (
        np.mean([np.ptp(lengths[one]) for one in each])
        for each in (drawn, others)
    )
    assert spread < usual / 3
    means = [lengths[one].mean() for one in drawn[:8]]
    assert sorted(means) != means  # shuffled, not from short to long
    rest = ArrayBatches(
        ids, np.arange(200), 5, [60], seed=1, skip=11, group_by_length=True
    )
    assert [*rest[0][1]] == [*drawn[11]]
