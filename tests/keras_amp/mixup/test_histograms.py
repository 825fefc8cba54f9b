import keras
import numpy as np
import pytest

import keras_amp
from keras_amp.mixup.histograms import Histogram, Histograms
from tests.helpers import (
    assert_same_weights,
    batch,
    classifier,
    compiled,
    however_compiled,
)

X, Y = batch(12)


def wrapped(**options):
    model = keras_amp.AdversarialMixup(classifier(), "hidden", seed=0)
    return compiled(model, metrics=["accuracy"], **options)


def counted(model):
    return {
        name: int(keras.ops.sum(histogram.result()))
        for name, histogram in model.histograms.by_name.items()
    }


@however_compiled
def test_they_count_while_someone_looks(how, mix_at):
    model = keras_amp.AdversarialMixup(classifier(), mix_at, seed=0)
    compiled(model, **how)
    for look, expected in (
        (lambda: None, 0),
        (model.histograms.start, 12),
        (lambda: None, 24),
        (model.histograms.stop, 24),
        (model.histograms.start, 12),
        (model.histograms.reset, 12),
    ):
        look()
        model.train_on_batch(X, Y)
        assert set(counted(model).values()) == {expected}


def test_without_min_op_there_is_no_gain():
    model = keras_amp.AdversarialMixup(classifier(), "hidden", min_op=False)
    model.histograms.start()
    compiled(model).train_on_batch(X, Y)
    assert counted(model) == {"lam_star": 12, "lam_step": 12}


def test_no_log_shows_them():
    model = wrapped()
    model.histograms.start()
    own = {"lam_shift", "adversarial_share", "loss_gain"}
    shown = {"loss", "accuracy", *own}
    assert set(model.fit(X, Y, verbose=0).history) == shown
    assert set(model.get_metrics_result()) == shown
    assert set(model.train_on_batch(X, Y, return_dict=True)) == shown
    assert len(model.train_on_batch(X, Y)) == len(shown)
    assert set(model.metrics_names) == {"loss", "compile_metrics", *own}
    evaluated = model.evaluate(X, Y, verbose=0, return_dict=True)
    assert set(evaluated) == {"loss", "accuracy"}


def test_they_are_state_of_the_step_and_no_weights():
    model = wrapped()
    weights, variables = len(model.weights), len(model.variables)
    ids = {id(v) for v in model.histograms.variables}
    assert len(ids) == 4
    assert ids <= {id(v) for v in model.metrics_variables}
    assert not ids & {id(v) for v in model.variables}
    assert (weights, variables) == (6, 7)


@pytest.mark.parametrize("name", ["model.keras", "model.weights.h5"])
def test_no_file_holds_them(tmp_path, name):
    model = wrapped()
    model.histograms.start()
    model.fit(X, Y, verbose=0)
    other = wrapped()
    if name.endswith(".keras"):
        model.save(tmp_path / name)
        other = keras.models.load_model(tmp_path / name)
    else:
        model.save_weights(tmp_path / name)
        other.optimizer.build(other.trainable_variables)
        other.load_weights(tmp_path / name)
    assert set(counted(other).values()) == {0}
    assert_same_weights(other.get_weights(), model.get_weights())
    # They are off, as nobody looks yet.
    other.train_on_batch(X, Y)
    assert set(counted(other).values()) == {0}


def test_values_beyond_the_edges_count_in_the_outer_bins():
    histogram = Histogram([0.0, 1.0, 2.0, 3.0])
    histogram.update_state([-7.0, 0.0, 1.0, 3.0, 9.0, np.inf, np.nan])
    assert histogram.buckets()[:, 2].tolist() == [2, 1, 3]
    histogram.reset_state()
    assert histogram.buckets().shape == (0, 3)


def test_each_value_is_counted_where_it_belongs():
    histograms = Histograms(with_gain=True)
    histograms.start()
    lam, lam_star = np.float32([0.2, 0.9]), np.float32([0.25, 0.9])
    histograms.update(lam, lam_star, np.float32([1e-4, -7.0]))
    found = {
        name: histogram.buckets()[[0, -1]]
        for name, histogram in histograms.by_name.items()
    }
    for name, (low, high) in {
        "lam_star": (0.25, 0.9),
        "lam_step": (0.0, 0.05),
        "loss_gain": (-7.0, 1e-4),
    }.items():
        (left, right, _), (lefter, righter, _) = found[name]
        assert left <= low <= right
        assert lefter <= high + 1e-6 and high <= righter + 1e-6
