"""The released code's steps, one at a time, against AMP's own."""

import contextlib
import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_amp
from tests.helpers import assert_same_weights, batch, classifier, cross_entropy
from training.methods.losses import BinaryCrossEntropy
from training.methods.released import Released
from training.methods.released_step import WINDOW, ReleasedMixup

LAM = np.array([0.9, 0.2, 0.6, 0.45, 0.5, 0.7], "float32")
PARTNER = np.array([1, 0, 3, 2, 5, 4])


def step(released=None, dropout=0.0, epsilon=0.3, lam=LAM, steps=1):
    """The wrapper after some SGD steps on one batch, and its last logs."""
    keras.utils.set_random_seed(2)
    model = classifier(dropout=dropout)
    if released is None:
        model = keras_amp.AdversarialMixup(model, "hidden", epsilon=epsilon)
    else:
        model = ReleasedMixup(
            model, "hidden", epsilon=epsilon, released=released
        )
    model.compile(keras.optimizers.SGD(0.5), cross_entropy())
    model.draw = lambda hidden, y: (tf.constant(lam), tf.constant(PARTNER))
    x, y = batch()
    for _ in range(steps):
        logs = model.train_on_batch(x, y, return_dict=True)
    return model, logs


@contextlib.contextmanager
def eagerly():
    tf.config.run_functions_eagerly(True)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(False)


@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_without_options_it_is_the_step_of_amp(dropout):
    ours, ours_logs = step(dropout=dropout, steps=3)
    theirs, their_logs = step(Released(), dropout=dropout, steps=3)
    assert_same_weights(theirs.model.get_weights(), ours.model.get_weights())
    assert their_logs == ours_logs


def test_the_gradient_of_the_mean_is_a_batch_smaller():
    of_sum = step()[1]["lam_shift"]
    of_mean = step(Released(mean_gradient=True))[1]["lam_shift"]
    # No gradient is clipped here, so shifts are in proportion.
    assert of_mean == pytest.approx(of_sum / 6, rel=1e-3)


def test_fresh_noise_makes_a_gain_of_nothing():
    same = step(dropout=0.5, epsilon=0.0)[1]
    fresh = step(Released(fresh_noise=True), dropout=0.5, epsilon=0.0)[1]
    assert (same["loss_gain"], same["adversarial_share"]) == (0, 0)
    assert abs(fresh["loss_gain"]) > 1e-3
    assert 0 < fresh["adversarial_share"] < 1
    without_noise = step(Released(fresh_noise=True), epsilon=0.0)[1]
    assert without_noise["loss_gain"] == 0


def searched(monkeypatch, released, **options):
    """The losses of both passes of one step's search, and the step's logs."""
    losses = []
    original = ReleasedMixup.search_loss

    def spy(self, *args):
        loss = original(self, *args)
        losses.append(loss.numpy())
        return loss

    monkeypatch.setattr(ReleasedMixup, "search_loss", spy)
    with eagerly():
        _, logs = step(released, **options)
    return *losses, logs


def test_the_higher_of_both_losses_is_trained_on(monkeypatch):
    released = Released(fresh_noise=True)
    loss, loss_adv, logs = searched(monkeypatch, released, dropout=0.5)
    assert (loss_adv > loss).any()
    assert (loss_adv < loss).any()
    higher = np.maximum(loss, loss_adv)
    assert logs["loss"] == pytest.approx(higher.mean(), rel=1e-5)


@pytest.mark.parametrize("fresh_noise", [False, True])
def test_losses_are_weighed_by_their_gains(monkeypatch, fresh_noise):
    released = Released(reweight=True, fresh_noise=fresh_noise)
    loss, loss_adv, logs = searched(monkeypatch, released, dropout=0.5)
    gain = loss_adv - loss
    positive = gain[gain > 0]
    score = (gain - positive.mean()) / positive.std(ddof=1)
    weight = 1 + np.where(gain > positive.mean(), score, 0)
    assert weight.max() > 1.1
    expected = (weight * np.maximum(loss, loss_adv)).mean()
    assert logs["loss"] == pytest.approx(expected, rel=1e-3)


def test_fresh_noise_moves_seeds_once_for_each_pass_that_is_trained_on():
    def seeds(released):
        dropout = step(released, dropout=0.5)[0].model.get_layer("dropout")
        return int(dropout.seed_generator.state.numpy()[1])

    assert [seeds(Released()), seeds(Released(fresh_noise=True))] == [1, 2]


def test_weights_are_z_scores_of_the_last_batches_gains():
    model, _ = step(Released(reweight=True))
    model.gains.assign(np.zeros((WINDOW, 3)))
    rng = np.random.default_rng(0)
    batches = rng.normal(size=(8, 6)).astype("float32")
    for number, gain in enumerate(batches):
        got = np.asarray(model._weigh(tf.constant(gain)))
        seen = batches[max(0, number - WINDOW + 1) : number + 1]
        positive = seen[seen > 0]
        score = (gain - positive.mean()) / positive.std(ddof=1)
        expected = 1 + np.where(gain > positive.mean(), score, 0)
        np.testing.assert_allclose(got, expected, rtol=1e-3)


def test_weights_raise_the_loss():
    plain, weighted = step(Released())[1], step(Released(reweight=True))[1]
    assert weighted["loss"] > plain["loss"]
    assert weighted["loss_gain"] == plain["loss_gain"]


def test_binary_cross_entropy_of_the_softmax():
    logits = np.array([[2.0, -1.0, 0.5], [60.0, 0.0, -60.0]], "float32")
    labels = np.array([1, 1])
    p = np.asarray(tf.nn.softmax(logits[0].astype("float64")))
    expected = -np.log(1 - p[0]) - np.log(p[1]) - np.log(1 - p[2])
    loss = BinaryCrossEntropy(reduction=None)(labels, logits)
    assert float(loss[0]) == pytest.approx(expected, rel=1e-5)
    # 1 - p of the sure class is 0 in float32; its logarithm is not.
    assert float(loss[1]) == pytest.approx(120, rel=1e-5)


def test_options_say_whether_the_step_is_another():
    assert not Released().changes_the_step
    assert not Released(binary_cross_entropy=True).changes_the_step
    for field in dataclasses.fields(Released):
        if field.name != "binary_cross_entropy":
            assert Released(**{field.name: True}).changes_the_step


def released_mixup(mix_at="hidden", **options):
    options = {"loss": cross_entropy()} | options
    model = ReleasedMixup(classifier(), mix_at, released=Released())
    model.compile(**options)
    return model


def test_weights_of_examples_are_refused():
    x, y = batch()
    with pytest.raises(ValueError, match=r"`sample_weight`.*must be None"):
        released_mixup().fit(x, y, sample_weight=np.ones(6), verbose=0)
    with pytest.raises(ValueError, match="`class_weight` must be None"):
        released_mixup().fit(x, y, class_weight={0: 1, 1: 2, 2: 1}, verbose=0)


def test_several_places_are_refused():
    with pytest.raises(ValueError, match=r"`mix_at` .*\['hidden', 'above'\]"):
        released_mixup(["hidden", "above"])


def test_optimizers_that_scale_the_loss_are_refused():
    scaling = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD())
    for optimizer in (scaling, keras.optimizers.SGD(loss_scale_factor=8.0)):
        with pytest.raises(ValueError, match="must not scale the loss"):
            released_mixup(optimizer=optimizer)


def test_half_precision_is_refused():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        with pytest.raises(ValueError, match="trains in float32"):
            released_mixup()
    finally:
        keras.config.set_dtype_policy("float32")


@pytest.mark.parametrize("reduction", ["sum", None, "mean_with_sample_weight"])
def test_other_reductions_are_refused(reduction):
    with pytest.raises(ValueError, match=f"reduction={reduction!r}"):
        released_mixup(loss=cross_entropy(reduction=reduction))


def test_several_replicas_are_refused(on_two_replicas):
    message = on_two_replicas("""
from training.methods.released import Released
from training.methods.released_step import ReleasedMixup
with two.scope():
    model = ReleasedMixup(classifier(), "hidden", released=Released())
    try:
        compiled(model)
    except ValueError as error:
        print(json.dumps(str(error)))
""")
    assert "know one replica" in message
    assert "2 replicas" in message


def test_always_moving_is_no_option():
    with pytest.raises(TypeError, match="min_op"):
        ReleasedMixup(classifier(), "hidden", released=Released(), min_op=False)
