"""Any model, cut anywhere: what the whole does, or refused in a sentence."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops

from keras_amp import AdversarialMixup, Mixup, cut
from keras_amp.mixup import mix_hidden
from tests.helpers import cross_entropy
from tests.helpers import given as with_pairs
from tests.random_models import NUM_CLASSES, UNITS, random_classifier

pytestmark = pytest.mark.filterwarnings(
    # Some random graphs lose a mask on the way, as with plain Keras.
    "ignore:Layer .* was passed an input with a mask",
    "ignore:Gradients do not exist",
    "ignore:.*does not support masking",
)
TOLERANCE = {"rtol": 1e-4, "atol": 1e-5}


class State:
    """A model's weights and seeds, to come back to."""

    def __init__(self, model):
        self.variables = model.variables
        self.values = [variable.numpy() for variable in self.variables]

    def restore(self):
        for variable, value in zip(self.variables, self.values, strict=True):
            variable.assign(value)

    def now(self):
        return [variable.numpy() for variable in self.variables]


def data(is_sequence, seed, size=5):
    """As many examples as positions, to take the one for the other."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, NUM_CLASSES, size)
    if not is_sequence:
        return rng.normal(size=(size, UNITS)).astype("float32"), labels
    ids = rng.integers(1, 9, (size, 5)).astype("int32")
    for row, end in zip(ids, rng.integers(1, 6, size), strict=True):
        row[end:] = 0
    return ids, labels


def assert_close(got, expected):
    for one, other in zip(got, expected, strict=True):
        np.testing.assert_allclose(one, other, **TOLERANCE)


def step(trained, x, y, state):
    """Loss and all variables after one step from `state`."""
    state.restore()
    trained.compile(
        keras.optimizers.SGD(0.1), cross_entropy(), run_eagerly=True
    )
    loss = trained.train_on_batch(x, y)
    return np.ravel(loss)[0], state.now()


def check_mixture(lower, upper, x, seed):
    """Against NumPy; what does not grow with the batch holds no examples."""
    rng = np.random.default_rng(seed)
    partner = rng.permutation(len(x))
    lam = rng.uniform(size=len(x)).astype("float32")
    hidden = lower(x, training=False)
    smaller = lower(x[:2], training=False)
    mixed = mix_hidden(hidden, partner, ops.array(lam), upper)
    for one, small, got in zip(hidden, smaller, mixed, strict=True):
        one = ops.convert_to_numpy(one)
        expected = one
        if one.shape[:1] != small.shape[:1]:
            shares = lam.reshape(-1, *(1,) * (one.ndim - 1))
            expected = shares * one + (1 - shares) * one[partner]
            if one.dtype == bool:
                expected = one | one[partner]
        np.testing.assert_allclose(
            ops.convert_to_numpy(got), expected, **TOLERANCE
        )


def check_search(model, place, x, y, partner, state):
    """Searching with a step of 0 is Mixup."""
    lam = np.linspace(0.1, 0.9, len(x))
    results = [
        step(with_pairs(wrapper, lam, partner), x, y, state)
        for wrapper in (
            Mixup(model, place),
            AdversarialMixup(model, place, epsilon=0.0),
        )
    ]
    assert results[1][0] == pytest.approx(results[0][0], rel=1e-5, nan_ok=True)
    assert_close(results[1][1], results[0][1])


def check(seed):
    """Checks a random model at every place; returns (checked, refused)."""
    model, is_sequence, places = random_classifier(seed)
    x, y = data(is_sequence, seed)
    state = State(model)
    whole = {}
    for training in (False, True):
        state.restore()
        output = ops.convert_to_numpy(model(x, training=training))
        whole[training] = [output, *state.now()]
    expected = float(cross_entropy()(y, output) + sum(model.losses))
    plain = step(model, x, y, state)
    if not np.isfinite(plain[0]):
        # Such as the mean over positions that are all masked.
        return [0, 0]
    if keras.backend.backend() == "jax" and plain[0] != pytest.approx(expected):
        # Of a layer that is called twice, Keras drops a penalty there.
        return [0, 0]
    ones = np.ones(len(x), "float32")
    partner = np.roll(np.arange(len(x)), 1)
    counts = [0, 0]
    chosen = places[seed % len(places)]
    for place in places:
        try:
            lower, upper = cut(model, place)
            lower(x, training=False)
            upper(lower(x, training=False), training=False)
        except ValueError as error:
            assert any(why in str(error) for why in REFUSALS), error
            counts[1] += 1
            continue
        counts[0] += 1
        for training in (False, True):
            state.restore()
            hidden = lower(x, training=training)
            output = ops.convert_to_numpy(upper(hidden, training=training))
            assert_close([output, *state.now()], whole[training])
        wrapper = with_pairs(Mixup(model, place), ones, partner)
        loss, variables = step(wrapper, x, y, state)
        assert loss == pytest.approx(plain[0], rel=1e-4)
        assert_close(variables, plain[1])

        check_mixture(lower, upper, x, seed)
        if place == chosen:
            check_search(model, place, x, y, partner, state)
    state.restore()
    return counts


REFUSALS = (
    "crosses the cut, and what crosses must be floating point",
    "does not depend on it",
    "called several times, once on what depends on its own output",
    "is called 2 times, and must be called once",
    "is called 3 times, and must be called once",
    "takes the mask off what it reads",
    "does not depend on the examples of a batch",
    "There is no layer",
)


def test_a_random_model_is_cut_right_everywhere_or_refused():
    counts = []

    @settings(max_examples=25, deadline=None, derandomize=True)
    @given(seed=st.integers(0, 2**31 - 1))
    def check_one(seed):
        counts.append(check(seed))

    check_one()
    checked, refused = np.sum(counts, axis=0)
    # About 180 and 100: what is refused everywhere would pass each check.
    assert checked > refused > 0
    assert checked > 100
