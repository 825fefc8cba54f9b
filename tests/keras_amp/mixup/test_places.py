"""Mixing at one of several places, drawn for each step."""

import keras
import numpy as np
import pytest

from keras_amp import AdversarialMixup, Mixup, cut
from tests.helpers import (
    CutsItself,
    arrays,
    assert_same_weights,
    batch,
    classifier,
    compiled,
    given,
    text_model,
    weights_after,
)

LAM = np.array([0.9, 0.3, 0.5, 0.2, 0.6, 0.7], "float32")
PARTNER = np.array([3, 0, 2, 5, 1, 4], "int32")
PLACES = ["hidden", "above"]


@pytest.mark.parametrize(
    ("method", "options"),
    [
        (Mixup, {}),
        (AdversarialMixup, {}),
        (AdversarialMixup, {"jit_compile": True}),
    ],
)
def test_each_step_is_a_step_at_one_of_the_places(method, options):
    x, y = batch()
    model = classifier(batch_norm=True)
    start = [v.numpy() for v in model.variables]

    def steps(mix_at, number=1):
        """The weights after each of some steps, all from the start."""
        wrapper = given(method(model, mix_at, seed=0), LAM, PARTNER)
        compiled(wrapper, **options)
        for _ in range(number):
            for variable, value in zip(model.variables, start, strict=True):
                variable.assign(value)
            yield weights_after(wrapper, x, y)

    alone = [one for place in PLACES for one in steps(place)]
    drawn = []
    for got in steps(PLACES, 8):
        drawn.append(
            [np.allclose(got[0], one[0], rtol=1e-4, atol=1e-6) for one in alone]
        )
    assert not np.allclose(alone[0][0], alone[1][0], rtol=1e-3)
    assert sorted(set(map(tuple, drawn))) == [(False, True), (True, False)]


def test_every_place_is_drawn_about_equally():
    wrapper = Mixup(classifier(), ["hidden", "above", "features"], seed=0)
    drawn = [int(wrapper.draw_place()) for _ in range(300)]
    counts = np.bincount(drawn, minlength=3)
    assert np.all(np.abs(counts - 100) < 5 * np.sqrt(300 * 2 / 9)), counts


@pytest.mark.tensorflow
def test_every_place_is_traced_once():
    ids = np.random.default_rng(0).integers(1, 20, (60, 7))
    y = np.arange(60) % 3
    traces = []

    class Counting(AdversarialMixup):
        def choose_lam(self, upper, hidden, pairs):
            traces.append(len(hidden))
            return super().choose_lam(upper, hidden, pairs)

    wrapper = Counting(text_model(), ["word", "sentence"], seed=0)
    compiled(wrapper, optimizer="adam")
    history = wrapper.fit(ids, y, batch_size=2, epochs=3, verbose=0).history
    assert sorted(traces) == [1, 2]
    assert np.all(np.isfinite(history["loss"]))
    assert history["lam_shift"][-1] > 0


@pytest.mark.skipif(
    keras.backend.backend() == "jax", reason="JAX compiles all places at once"
)
def test_eager_steps_pay_for_the_place_that_is_drawn():
    x, y = batch()
    called = []

    class Counting(Mixup):
        def choose_lam(self, upper, hidden, pairs):
            called.append(upper)
            return super().choose_lam(upper, hidden, pairs)

    wrapper = Counting(classifier(), PLACES, seed=0)
    compiled(wrapper, run_eagerly=True)
    for _ in range(5):
        wrapper.train_on_batch(x, y)
    assert len(called) == 5
    assert len(set(map(id, called))) == 2


def test_a_list_of_one_is_that_one():
    x, y = batch()
    results = []
    for mix_at in ("hidden", ["hidden"]):
        keras.utils.set_random_seed(3)
        wrapper = compiled(Mixup(classifier(), mix_at, seed=1))
        results.append(weights_after(wrapper, x, y))
    assert_same_weights(*results, rtol=1e-6)


def nested():
    inner = classifier()
    inputs = keras.Input((4,))
    return keras.Model(inputs, keras.layers.Dense(3)(inner(inputs))), inner


def test_a_layer_is_its_name(tmp_path):
    model, (x, y) = classifier(), batch()
    hidden = model.get_layer("hidden")
    results = []
    for mix_at in ("hidden", hidden):
        wrapper = Mixup(model, mix_at, seed=1)
        start = model.get_weights()
        results.append(weights_after(compiled(wrapper), x, y))
        model.set_weights(start)
        assert wrapper.mix_at == "hidden"
    assert_same_weights(*results, rtol=1e-6)
    wrapper = compiled(Mixup(model, [model.layers[0], "above", hidden]))
    assert wrapper.mix_at == ["features", "above", "hidden"]
    wrapper.save(tmp_path / "wrapper.keras")
    loaded = keras.models.load_model(tmp_path / "wrapper.keras")
    assert loaded.mix_at == wrapper.mix_at


def test_a_layer_of_a_nested_model_is_its_path():
    model, inner = nested()
    assert Mixup(model, inner).mix_at == inner.name
    wrapper = Mixup(model, (inner.layers[1], inner.layers[2]))
    assert wrapper.mix_at == [f"{inner.name}/hidden", f"{inner.name}/above"]
    lower, upper = cut(model, inner.get_layer("hidden"))
    x, _ = batch()
    np.testing.assert_allclose(*arrays(upper(lower(x)), model(x)), atol=1e-6)


def test_a_model_that_cuts_itself_is_given_the_layers_name():
    model = CutsItself()
    model(batch()[0])
    model.below.name = "below"
    assert Mixup(model, model.below).mix_at == "below"


def test_what_is_no_layer_of_the_model_is_refused():
    other = keras.layers.Dense(3, name="hiden")
    with pytest.raises(ValueError, match=r"no layer 'hiden' .* mean 'hidden'"):
        Mixup(classifier(), other)
    with pytest.raises(ValueError, match="but another of that name"):
        Mixup(classifier(), ["above", classifier().get_layer("hidden")])
    model = classifier()
    for place in (3, None, model.outputs[0], {"hidden"}, keras.layers.Dense):
        with pytest.raises(TypeError, match="layer of the model or its name"):
            Mixup(model, place)


def test_save_and_load(tmp_path):
    wrapper = compiled(Mixup(classifier(), PLACES), optimizer="adam")
    wrapper.fit(*batch(), verbose=0)
    wrapper.save(tmp_path / "wrapper.keras")
    assert keras.models.load_model(tmp_path / "wrapper.keras").mix_at == PLACES


def test_no_place_is_refused():
    with pytest.raises(ValueError, match="must name a layer"):
        Mixup(classifier(), [])
    with pytest.raises(ValueError, match="no layer 'x'"):
        Mixup(classifier(), ["hidden", "x"])
