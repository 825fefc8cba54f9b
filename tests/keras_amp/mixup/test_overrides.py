"""What a subclass may override, and what it is given."""

import keras
import numpy as np
import pytest
from keras import ops

import keras_amp
from keras_amp.mixup import Found
from tests.helpers import (
    batch,
    classifier,
    compiled,
    given,
    however_compiled,
    text_model,
)

X, Y = batch()
LAM = np.array([0.9, 0.3, 0.5, 0.2, 0.6, 0.7], "float32")
PARTNER = np.array([3, 0, 2, 5, 1, 4], "int32")
IDS = np.random.default_rng(0).integers(1, 20, (6, 7))


class Seen(keras.metrics.Mean):
    """The last value as it was counted."""

    def __init__(self, name):
        super().__init__(name=name)
        self.last = self.add_variable((6,), "zeros", name="last")

    def update_state(self, values):
        super().update_state(values)
        self.last.assign(values)


def counting(kind, mix_at, **options):
    class Counting(kind):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.seen = [Seen("drawn"), Seen("labels"), Seen("inputs")]

        def count(self, outcome):
            super().count(outcome)
            lams = outcome.pairs.lam, outcome.lam, outcome.lam_inputs
            for metric, lam in zip(self.seen, lams, strict=True):
                if lam is not None:
                    metric.update_state(lam)

    return given(Counting(classifier(), mix_at, **options), LAM, PARTNER)


@pytest.mark.parametrize("how", [{}, {"jit_compile": True}], ids=str)
@pytest.mark.parametrize("partner", [[1, 0, 2, 1, 2, 1], [4] * 6, PARTNER])
def test_a_step_with_partners_that_repeat(partner, how):
    """Against the gradient by hand: mixing is a product with a matrix."""
    linear = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(3, use_bias=False, name="hidden"),
            keras.layers.Dense(1, use_bias=False),
        ]
    )
    below, above = linear.get_weights()
    mixing = np.diag(LAM)
    mixing[np.arange(6), partner] += 1 - LAM
    # Of squares, both labels' loss has the slope of that on their mean.
    y = Y[:, None].astype("float32")
    slope = 2 * (mixing @ X @ below @ above - mixing @ y) / 6
    expected = X.T @ mixing.T @ slope @ above.T

    model = given(keras_amp.Mixup(linear, "hidden"), LAM, partner)
    compiled(model, "mse", keras.optimizers.SGD(1.0), **how)
    model.train_on_batch(X, y)
    got = below - linear.get_weights()[0]
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-5)


@however_compiled
def test_metrics_are_counted_from_what_the_step_came_to(mix_at, how):
    class Halved(keras_amp.Mixup):
        def choose_lam(self, upper, hidden, pairs):
            return Found(pairs.lam / 2, gain=pairs.lam)

        def weigh_labels(self, upper, mixed, pairs):
            return keras_amp.mixup.Pairs(
                pairs.lam / 4, pairs.partner, pairs.y, pairs.y_partner
            )

    model = compiled(counting(Halved, mix_at), **how)
    logs = model.train_on_batch(X, Y, return_dict=True)
    seen = [metric.last.numpy() for metric in model.seen]
    np.testing.assert_allclose(seen, [LAM, LAM / 4, LAM / 2], rtol=1e-6)
    assert logs["inputs"] == pytest.approx(LAM.mean() / 2)


def test_the_search_is_told_to_the_metrics_and_nothing_else():
    model = counting(keras_amp.AdversarialMixup, "hidden", epsilon=0.3)
    compiled(model)
    hidden = model.lower(X)
    pairs = keras_amp.mixup.Pairs.of_batch(Y, None, *model.draw(None, Y))
    before = [v.numpy() for v in model.metrics_variables]
    for _ in range(2):
        found = model.choose_lam(model.upper, hidden, pairs)
    for variable, value in zip(model.metrics_variables, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)
    logs = model.train_on_batch(X, Y, return_dict=True)
    lam_star = ops.convert_to_numpy(found.lam)
    shift = np.abs(lam_star - LAM).mean()
    assert logs["lam_shift"] == pytest.approx(shift, rel=1e-4)
    gain = ops.convert_to_numpy(found.gain)
    assert logs["loss_gain"] == pytest.approx(gain.mean(), rel=1e-4)
    assert logs["adversarial_share"] == pytest.approx((gain > 0).mean())
    np.testing.assert_allclose(model.seen[2].last.numpy(), lam_star, rtol=1e-5)


def test_a_coefficient_per_element_leaves_none_to_count():
    class Elements(keras_amp.AdversarialMixup):
        def choose_lam(self, upper, hidden, pairs):
            lam = super().choose_lam(upper, hidden, pairs).lam
            return Found([0 * one + lam[:, None] for one in hidden])

    model = compiled(counting(Elements, ["hidden", "above"]))
    logs = model.train_on_batch(X, Y, return_dict=True)
    assert logs["lam_shift"] == logs["inputs"] == 0
    assert logs["drawn"] == pytest.approx(LAM.mean())


def test_places_may_differ_in_what_crosses():
    class Elements(keras_amp.Mixup):
        def choose_lam(self, upper, hidden, pairs):
            return Found([pairs.lam for _ in hidden])

    model = compiled(Elements(text_model(), ["word", "sentence"], seed=0))
    history = model.fit(IDS, Y, batch_size=2, epochs=2, verbose=0).history
    assert np.all(np.isfinite(history["loss"]))


def test_lam_alone_is_refused():
    class Bare(keras_amp.Mixup):
        def choose_lam(self, upper, hidden, pairs):
            return pairs.lam

    model = compiled(Bare(classifier(), "hidden"))
    with pytest.raises(
        TypeError, match=r"`Bare\.choose_lam` must return.*Found"
    ):
        model.train_on_batch(X, Y)


def test_a_pass_of_its_own_is_trained_on():
    class Unmixed(keras_amp.Mixup):
        def train_at(self, upper, hidden, pairs, found):
            y_pred = upper(hidden, training=True)
            ones = ops.ones_like(pairs.lam)
            pairs = keras_amp.mixup.Pairs(ones, pairs.partner, pairs.y, pairs.y)
            return self.total_loss(pairs, y_pred), y_pred, ones

    plain, wrapped = classifier(), classifier()
    wrapped.set_weights(plain.get_weights())
    model = compiled(Unmixed(wrapped, "hidden"), metrics=["accuracy"])
    got = model.train_on_batch(X, Y, return_dict=True)
    compiled(plain, metrics=["accuracy"])
    assert got == pytest.approx(plain.train_on_batch(X, Y, return_dict=True))
    for one, other in zip(wrapped.weights, plain.weights, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)
