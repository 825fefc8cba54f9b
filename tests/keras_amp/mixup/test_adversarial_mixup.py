import keras
import numpy as np
import pytest
from keras import layers, ops

from keras_amp import AdversarialMixup, Mixup, policy
from keras_amp.mixup import Pairs, mix_hidden
from tests.helpers import (
    assert_same_weights,
    batch,
    classifier,
    compiled,
    cross_entropy,
    given,
    text_model,
    tf,
    weights_after,
)

LAM = np.array([0.9, 0.3, 0.5, 0.2, 0.6, 0.7], "float32")
PARTNER = np.array([3, 0, 2, 5, 1, 4], "int32")


def search(wrapper, x, y, lam=LAM, partner=PARTNER):
    """Everything a step looks at: hidden, pairs, λ*."""
    lam = ops.convert_to_tensor(lam, dtype=keras.config.floatx())
    hidden = wrapper.lower(x, training=True)
    pairs = Pairs.of_batch(y, None, lam, ops.convert_to_tensor(partner))
    lam_star = wrapper.choose_lam(wrapper.upper, hidden, pairs).lam
    return hidden, pairs, ops.convert_to_numpy(lam_star)


def losses_at(wrapper, x, y, lam_inputs, lam=LAM, partner=PARTNER):
    """The mixup loss of each pair, straight from its definition (Eq. 17)."""
    mixed = mix_hidden(wrapper.lower(x), partner, lam_inputs)
    logits = wrapper.upper(mixed, training=False)
    loss = cross_entropy(reduction=None)
    own, other = (
        ops.convert_to_numpy(loss(labels, logits)) for labels in (y, y[partner])
    )
    return lam * own + (1 - lam) * other


def test_the_gradient_of_lam_is_the_central_difference(float64):
    x, y = batch()
    wrapper = compiled(AdversarialMixup(classifier(), "hidden"))
    hidden, pairs, _ = search(wrapper, x, y)
    _, grad = wrapper.search_gradient(wrapper.upper, hidden, pairs)
    assert keras.backend.standardize_dtype(grad.dtype) == "float64"
    step = 1e-6
    lam = np.asarray(pairs.lam)
    up = losses_at(wrapper, x, y, lam + step, lam)
    down = losses_at(wrapper, x, y, lam - step, lam)
    difference = (up - down) / (2 * step)
    np.testing.assert_allclose(grad, difference, rtol=1e-6, atol=1e-8)


@pytest.mark.tensorflow
@pytest.mark.parametrize("epsilon", [0.002, 0.3])
def test_lam_star_is_found_example_by_example(epsilon):
    x, y = batch()
    wrapper = AdversarialMixup(classifier(), "hidden", epsilon=epsilon)
    compiled(wrapper)
    _, _, lam_star = search(wrapper, x, y)
    plain = np.asarray(losses_at(wrapper, x, y, LAM))
    for i in range(len(x)):
        pair = [i, PARTNER[i]]
        lam = tf.Variable([LAM[i]])
        with tf.GradientTape() as tape:
            own, other = (wrapper.lower(x[k : k + 1])[0] for k in pair)
            logits = wrapper.upper([lam * own + (1 - lam) * other])
            terms = [cross_entropy()(y[k : k + 1], logits) for k in pair]
            loss = LAM[i] * terms[0] + (1 - LAM[i]) * terms[1]
        grad = np.clip(tape.gradient(loss, lam), -1, 1)[0]
        lam_adv = np.clip(LAM[i] + epsilon * grad, 0, 1)
        moved = np.where(np.arange(len(x)) == i, lam_adv, LAM)
        moved = moved.astype("float32")
        worse = np.asarray(losses_at(wrapper, x, y, moved))[i] - plain[i]
        expected = lam_adv if worse > 0 else LAM[i]
        if abs(worse) > 1e-6:
            assert float(lam_star[i]) == pytest.approx(expected, abs=1e-5)


def test_the_search_raises_the_loss():
    x, y = batch(40)
    wrapper = AdversarialMixup(classifier(), "hidden", epsilon=0.05, seed=0)
    compiled(wrapper)
    lam, partner = (np.asarray(one) for one in wrapper.draw(None, y))
    _, _, lam_star = search(wrapper, x, y, lam, partner)
    before = losses_at(wrapper, x, y, lam, lam, partner)
    after = losses_at(wrapper, x, y, lam_star, lam, partner)
    assert np.all(after >= before - 1e-6)
    assert np.mean(after) > np.mean(before) + 1e-3
    assert np.max(np.abs(lam_star - lam)) > 0.01


@pytest.mark.tensorflow
def test_the_step_has_the_gradient_of_eq_19():
    x, y = batch()
    model = classifier()
    wrapper = AdversarialMixup(model, "hidden", epsilon=0.5)
    compiled(given(wrapper, LAM, PARTNER))
    # Both branches, differentiated, and selected by the mask.
    lam = ops.convert_to_tensor(LAM)
    loss = cross_entropy(reduction=None)

    def branch(lam_inputs):
        hidden = mix_hidden(wrapper.lower(x), PARTNER, lam_inputs)
        logits = wrapper.upper(hidden)
        return lam * loss(y, logits) + (1 - lam) * loss(y[PARTNER], logits)

    with tf.GradientTape() as tape:
        tape.watch(lam)
        hidden = mix_hidden(wrapper.lower(x), PARTNER, lam)
        logits = wrapper.upper(hidden)
        # The labels' λ is a constant.
        total = ops.sum(
            LAM * loss(y, logits) + (1 - LAM) * loss(y[PARTNER], logits)
        )
    grad = tape.gradient(total, lam)
    lam_adv = policy.ascend(lam, grad, 0.5)
    with tf.GradientTape() as tape:
        plain, adversarial = branch(lam), branch(lam_adv)
        mask = ops.cast(adversarial - plain > 0, "float32")
        final = ops.mean(plain * (1 - mask) + adversarial * mask)
    assert 0 < np.sum(mask) < len(x)
    gradients = tape.gradient(final, model.trainable_weights)
    expected = [
        w.numpy() - 0.5 * g
        for w, g in zip(model.trainable_weights, gradients, strict=True)
    ]
    assert_same_weights(
        weights_after(wrapper, x, y), expected, rtol=1e-4, atol=1e-6
    )


@pytest.mark.parametrize("build", [classifier, text_model])
def test_epsilon_zero_is_mixup(build):
    x, y = batch()
    if build is text_model:
        x = np.random.default_rng(0).integers(0, 20, (6, 7))
        x[:, 0] = 3
    results = []
    for method, options in ((Mixup, {}), (AdversarialMixup, {"epsilon": 0.0})):
        keras.utils.set_random_seed(5)
        model = build()
        mix_at = "word" if build is text_model else "hidden"
        wrapper = method(model, mix_at, seed=4, **options)
        compiled(wrapper)
        results.append(weights_after(wrapper, x, y, steps=3))
    assert_same_weights(*results, rtol=1e-6, atol=1e-8)


def test_without_min_op_lam_always_moves():
    x, y = batch()
    wrapper = AdversarialMixup(
        classifier(), "hidden", epsilon=0.5, min_op=False
    )
    compiled(wrapper)
    hidden, pairs, lam_star = search(wrapper, x, y)
    _, grad = wrapper.search_gradient(wrapper.upper, hidden, pairs)
    expected = policy.ascend(ops.convert_to_tensor(LAM), grad, 0.5)
    np.testing.assert_allclose(lam_star, ops.convert_to_numpy(expected))
    logs = wrapper.train_on_batch(x, y, return_dict=True)
    assert "lam_shift" in logs
    assert "adversarial_share" not in logs


def count_calls(wrapper, x, y):
    """How often a step calls the two halves."""
    calls = {"lower": 0, "upper": 0}
    for name in calls:
        half = getattr(wrapper, name)

        def counted(*args, _call=half.call, _name=name, **kwargs):
            calls[_name] += 1
            return _call(*args, **kwargs)

        half.call = counted
    wrapper.train_on_batch(x, y)
    return calls


def test_the_encoder_runs_once_a_step():
    ids = np.array([[3, 4, 5], [6, 7, 0]])
    y = np.array([0, 1])
    for method, options, upper in (
        (Mixup, {}, 1),
        (AdversarialMixup, {}, 3),
        (AdversarialMixup, {"min_op": False}, 2),
    ):
        wrapper = compiled(
            method(text_model(), "sentence", **options), run_eagerly=True
        )
        calls = count_calls(wrapper, ids, y)
        assert calls == {"lower": 1, "upper": upper}


def test_state_moves_as_in_a_mixup_step():
    x, y = batch(20)
    states = []
    for method in (Mixup, AdversarialMixup):
        keras.utils.set_random_seed(6)
        model = classifier(dropout=0.5, batch_norm=True)
        wrapper = method(model, "hidden", seed=1)
        # A learning rate of 0: what differs, the search has moved.
        compiled(wrapper, optimizer=keras.optimizers.SGD(0.0))
        wrapper.fit(x, y, batch_size=10, shuffle=False, verbose=0)
        states.append([v.numpy() for v in model.non_trainable_variables])
        states[-1].append(wrapper.seeds.state.numpy())
    # λ* moves the statistics a little, the passes of the search not at all.
    assert_same_weights(*states, rtol=1e-2, atol=1e-4)
    dropout = model.get_layer("dropout").seed_generator.state
    assert dropout.numpy()[1] == 2


def test_search_and_training_see_the_same_dropout():
    x, y = batch(50)
    wrapper = AdversarialMixup(
        classifier(dropout=0.5), "hidden", epsilon=0.0, seed=0
    )
    logs = compiled(wrapper).train_on_batch(x, y, return_dict=True)
    # Both passes of the search are at the same λ, so any gain is noise.
    assert logs["loss_gain"] == 0.0
    hidden, pairs, _ = search(wrapper, x, y, *wrapper.draw(None, y))
    searched = wrapper.search_loss(wrapper.upper, hidden, pairs, pairs.lam)
    mixed = mix_hidden(hidden, pairs.partner, pairs.lam)
    # The pass after the one that is trained on, whose seed has moved on,
    # sees other noise.
    trained, later = (
        pairs.loss(
            wrapper.per_example_loss, wrapper.upper(mixed, training=True)
        )
        for _ in range(2)
    )
    searched, trained, later = map(
        ops.convert_to_numpy, (searched, trained, later)
    )
    np.testing.assert_allclose(searched, trained, rtol=1e-6)
    assert not np.allclose(trained, later, rtol=1e-3)


def test_a_gradient_that_is_not_finite_moves_nothing():
    @keras.saving.register_keras_serializable(package="tests")
    class Cusp(layers.Layer):
        """The square root, whose slope at 0 is not finite."""

        def call(self, x):
            return ops.sqrt(x)

    inputs = keras.Input((1,), name="x")
    outputs = layers.Dense(2, trainable=False)(Cusp()(inputs))
    wrapper = compiled(AdversarialMixup(keras.Model(inputs, outputs), "x"))
    x, y = np.array([[0.0], [0.0], [4.0], [1.0]], "float32"), np.zeros(4)
    lam = np.full(4, 0.5, "float32")
    partner = np.array([1, 0, 3, 2])
    _, _, lam_star = search(wrapper, x, y, lam, partner)
    assert np.all(np.isfinite(lam_star))
    np.testing.assert_array_equal(lam_star[:2], lam[:2])
    assert np.all(lam_star[2:] != lam[2:])


@pytest.mark.skipif(
    keras.backend.backend() == "jax", reason="on JAX the gradient is 0 there"
)
def test_no_gradient_is_refused():
    inputs = keras.Input((3,), name="x")
    step = ops.cast(ops.cast(inputs, "int32"), "float32")
    model = keras.Model(inputs, layers.Dense(2)(step))
    wrapper = compiled(AdversarialMixup(model, "x"))
    with pytest.raises(ValueError, match=r"no gradient.*'x'"):
        wrapper.train_on_batch(np.ones((2, 3)), np.array([0, 1]))


def test_training_shows_what_amp_does_and_evaluation_does_not():
    x, y = batch(40)
    wrapper = AdversarialMixup(classifier(), "hidden", epsilon=0.01, seed=0)
    compiled(wrapper, metrics=["accuracy"])
    history = wrapper.fit(x, y, validation_data=(x, y), epochs=2, verbose=0)
    own = {"lam_shift", "adversarial_share", "loss_gain"}
    assert set(history.history) == own | {
        "loss",
        "accuracy",
        "val_loss",
        "val_accuracy",
    }
    assert 0 < history.history["lam_shift"][-1] <= 0.01
    assert 0.5 < history.history["adversarial_share"][-1] <= 1
    assert history.history["loss_gain"][-1] > 0
    evaluated = wrapper.evaluate(x, y, verbose=0, return_dict=True)
    assert set(evaluated) == {"loss", "accuracy"}
    tested = wrapper.test_on_batch(x, y, return_dict=True)
    assert set(tested) == {"loss", "accuracy"}
    assert len(wrapper.evaluate(x, y, verbose=0)) == 2


@pytest.mark.tensorflow
def test_epsilon_changes_without_a_new_trace():
    x, y = batch(16)
    traces = []

    class Counting(AdversarialMixup):
        def choose_lam(self, upper, hidden, pairs):
            traces.append(pairs)
            return super().choose_lam(upper, hidden, pairs)

    wrapper = compiled(Counting(classifier(), "hidden", epsilon=0.0, seed=0))

    class Warmup(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.model.epsilon = 0.01 * epoch

    history = wrapper.fit(
        x, y, batch_size=8, epochs=3, callbacks=[Warmup()], verbose=0
    ).history
    assert len(traces) == 1
    assert history["lam_shift"][0] == 0
    assert 0 < history["lam_shift"][1] <= 0.01 < history["lam_shift"][2] * 4


@pytest.mark.parametrize("policy_name", ["mixed_float16", "mixed_bfloat16"])
def test_half_precision_trains(policy_name):
    x, y = batch(32)
    keras.config.set_dtype_policy(policy_name)
    try:
        model = classifier(batch_norm=True)
    finally:
        keras.config.set_dtype_policy("float32")
    wrapper = AdversarialMixup(model, "hidden", epsilon=0.01, seed=0)
    compiled(wrapper, optimizer=keras.optimizers.SGD(0.1))
    history = wrapper.fit(x, y, epochs=5, verbose=0).history
    assert np.all(np.isfinite(history["loss"]))
    assert history["lam_shift"][0] > 1e-4


@pytest.mark.parametrize("epsilon", [-0.1, float("nan")])
def test_bad_epsilons_are_refused(epsilon):
    with pytest.raises(ValueError, match="`epsilon`"):
        AdversarialMixup(classifier(), "hidden", epsilon=epsilon)
    wrapper = AdversarialMixup(classifier(), "hidden")
    with pytest.raises(ValueError, match="`epsilon`"):
        wrapper.epsilon = epsilon
