import json

import keras
import numpy as np
import pytest
from keras import layers, ops

import keras_amp
from keras_amp import Mixup
from tests.helpers import (
    arrays,
    assert_same_weights,
    batch,
    classifier,
    compiled,
    cross_entropy,
    given,
    text_model,
    tf,
    unmixed,
    weights_after,
)

LAM = np.array([0.9, 0.3, 0.5, 0.0, 1.0, 0.7], "float32")
PARTNER = np.array([3, 0, 2, 5, 1, 4], "int32")


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def test_one_step_of_a_linear_classifier_in_closed_form():
    x = np.array([[1.0, 2.0], [3.0, -1.0]], "float32")
    y = np.array([0, 1])
    lam, partner = np.array([0.8, 0.4]), [1, 0]
    weights = np.array([[0.1, -0.2], [0.3, 0.05]], "float32")
    inputs = keras.Input((2,), name="x")
    model = keras.Model(inputs, layers.Dense(2, use_bias=False)(inputs))
    model.set_weights([weights])
    wrapper = compiled(given(Mixup(model, "x"), lam, partner))
    loss = wrapper.train_on_batch(x, y)

    mixed = lam[:, None] * x + (1 - lam)[:, None] * x[partner]
    labels = np.eye(2)[y]
    target = lam[:, None] * labels + (1 - lam)[:, None] * labels[partner]
    p = softmax(mixed @ weights)
    gradient = mixed.T @ (p - target) / 2
    np.testing.assert_allclose(
        model.get_weights()[0], weights - 0.5 * gradient, rtol=1e-5
    )
    expected = -np.mean(np.sum(target * np.log(p), axis=1))
    assert loss == pytest.approx(expected, rel=1e-5)


@pytest.mark.tensorflow
def test_a_step_is_the_loop_over_pairs():
    x, y = batch()
    weight = np.array([1.0, 2.0, 0.5, 3.0, 0.0, 1.0], "float32")
    model = classifier()
    lower, upper = keras_amp.cut(model, "hidden")
    with tf.GradientTape() as tape:
        total = 0.0
        for i, j in enumerate(PARTNER):
            own, other = (lower(x[k : k + 1])[0] for k in (i, j))
            logits = upper([LAM[i] * own + (1 - LAM[i]) * other])
            for k, share in ((i, LAM[i]), (j, 1 - LAM[i])):
                loss = cross_entropy()(y[k : k + 1], logits)
                total += share * weight[k] * loss / len(x)
    gradients = tape.gradient(total, model.trainable_weights)
    expected = [
        w.numpy() - 0.5 * g
        for w, g in zip(model.trainable_weights, gradients, strict=True)
    ]
    wrapper = compiled(given(Mixup(model, "hidden"), LAM, PARTNER))
    got = weights_after(wrapper, x, y, sample_weight=weight)
    assert_same_weights(got, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("loss", "labels", "activation"),
    [
        ("sparse_categorical_crossentropy", "int", "softmax"),
        ("categorical_crossentropy", "one-hot", "softmax"),
        (cross_entropy(), "int", None),
        (
            keras.losses.CategoricalCrossentropy(from_logits=True),
            "one-hot",
            None,
        ),
        (lambda y, p: -ops.sum(y * ops.log(p), axis=-1), "one-hot", "softmax"),
    ],
)
def test_every_kind_of_label_and_loss_makes_the_same_step(
    loss, labels, activation
):
    x, y = batch()
    targets = {"int": y, "one-hot": np.eye(3, dtype="float32")[y]}
    reference = compiled(given(Mixup(classifier(), "hidden"), LAM, PARTNER))
    model = classifier(activation=activation)
    model.set_weights(reference.model.get_weights())
    wrapper = compiled(given(Mixup(model, "hidden"), LAM, PARTNER), loss)
    assert_same_weights(
        weights_after(wrapper, x, targets[labels]),
        weights_after(reference, x, y),
        rtol=1e-4,
        atol=1e-6,
    )


def test_soft_labels_mix_like_eq_12():
    x, _ = batch()
    y = softmax(np.random.default_rng(1).normal(size=(6, 3))).astype("float32")
    loss = keras.losses.CategoricalCrossentropy(
        from_logits=True, label_smoothing=0.2
    )
    wrapper = compiled(
        given(Mixup(classifier(), "features"), LAM, PARTNER), loss
    )
    plain = keras.models.clone_model(wrapper.model)
    plain.set_weights(wrapper.model.get_weights())
    plain.compile(keras.optimizers.SGD(0.5), loss)
    mixed = [keras_amp.policy.interpolate(v, PARTNER, LAM) for v in (x, y)]
    plain.train_on_batch(*mixed)
    assert_same_weights(
        weights_after(wrapper, x, y), plain.get_weights(), rtol=1e-4, atol=1e-6
    )


def test_binary_cross_entropy_trains():
    x, y = batch(num_classes=2)
    wrapper = compiled(
        Mixup(classifier(1, "sigmoid"), "hidden", seed=0), "binary_crossentropy"
    )
    before = wrapper.model.get_weights()
    after = weights_after(wrapper, x, y.astype("float32"))
    assert not np.allclose(before[0], after[0])


IDS = np.array([[3, 4, 5], [6, 0, 0], [7, 8, 0]], "int32")


@pytest.mark.parametrize(
    ("build", "mix_at", "x", "y"),
    [
        (lambda: classifier(dropout=0.5), "hidden", *batch()),
        (text_model, "word", IDS, np.array([0, 1, 2])),
    ],
)
def test_lam_one_is_plain_training(build, mix_at, x, y):
    model = build()
    # Dropout layers of both models begin with the same seed.
    plain = keras.models.clone_model(model)
    plain.set_weights(model.get_weights())
    for layer in plain.layers:
        if isinstance(layer, layers.Dropout):
            state = model.get_layer(layer.name).seed_generator.state
            # A copy: JAX deletes what a step has taken.
            layer.seed_generator.state.assign(state.numpy())
    plain.compile(keras.optimizers.SGD(0.5), cross_entropy())
    partner = np.roll(np.arange(len(x)), 1)
    wrapper = compiled(given(Mixup(model, mix_at), np.ones(len(x)), partner))
    # Dropout without a seed draws from PyTorch's own generators.
    keras.utils.set_random_seed(2)
    loss = wrapper.train_on_batch(x, y)
    keras.utils.set_random_seed(2)
    assert loss == pytest.approx(plain.train_on_batch(x, y), rel=1e-6)
    assert_same_weights(
        model.get_weights(), plain.get_weights(), rtol=1e-5, atol=1e-7
    )


@pytest.mark.parametrize("reduction", ["sum", "mean_with_sample_weight", None])
def test_the_loss_is_reduced_as_it_says(reduction):
    x, y = batch()
    weight = np.array([1.0, 2.0, 0.5, 3.0, 0.0, 1.0], "float32")
    wrapper = compiled(
        given(Mixup(classifier(), "features"), LAM, PARTNER),
        cross_entropy(reduction=reduction),
    )
    mixed = keras_amp.policy.interpolate(x, PARTNER, LAM)
    values = cross_entropy(reduction=None)
    logits = wrapper.model(mixed)
    own, other = LAM * weight, (1 - LAM) * weight[PARTNER]
    losses, losses_partner = (
        ops.convert_to_numpy(values(labels, logits))
        for labels in (y, y[PARTNER])
    )
    terms = own * losses + other * losses_partner
    expected = {
        "sum": np.sum(terms),
        "mean_with_sample_weight": np.sum(terms) / np.sum(own + other),
        None: np.mean(terms),
    }[reduction]
    loss = wrapper.train_on_batch(x, y, sample_weight=weight)
    assert loss == pytest.approx(expected, rel=1e-5)


def test_class_weight_is_each_labels_own():
    x, y = batch()
    class_weight = {0: 1.0, 1: 2.0, 2: 5.0}
    wrapper = compiled(given(Mixup(classifier(), "hidden"), LAM, PARTNER))
    start = wrapper.model.get_weights()
    by_class = wrapper.train_on_batch(x, y, class_weight=class_weight)
    wrapper.model.set_weights(start)
    wrapper.reset_metrics()
    weight = np.array([class_weight[label] for label in y], "float32")
    by_sample = wrapper.train_on_batch(x, y, sample_weight=weight)
    assert by_class == pytest.approx(by_sample, rel=1e-6)


@pytest.mark.parametrize("method", [Mixup, keras_amp.AdversarialMixup])
def test_penalties_count_once(method):
    x, y = batch()
    inputs = keras.Input((4,), name="features")
    h = layers.Dense(5, kernel_regularizer=keras.regularizers.L2(0.1))(inputs)
    h = layers.Dense(5, activity_regularizer=keras.regularizers.L2(0.2))(h)
    model = keras.Model(inputs, layers.Dense(3)(h))
    options = {"epsilon": 0.0} if method is keras_amp.AdversarialMixup else {}
    wrapper = given(method(model, "features", **options), LAM, PARTNER)
    mixed = keras_amp.policy.interpolate(x, PARTNER, LAM)
    logits = model(mixed)
    penalties = float(ops.convert_to_numpy(sum(model.losses)))
    assert len(model.losses) == 2
    values = cross_entropy(reduction=None)
    own, other = (
        ops.convert_to_numpy(values(labels, logits))
        for labels in (y, y[PARTNER])
    )
    expected = np.mean(LAM * own + (1 - LAM) * other) + penalties
    logs = compiled(wrapper).train_on_batch(x, y, return_dict=True)
    assert logs["loss"] == pytest.approx(float(expected), rel=1e-5)


@pytest.mark.parametrize("size", [1, 2, 7])
def test_batches_of_any_size(size):
    x, y = batch(size)
    wrapper = compiled(Mixup(classifier(), "hidden", seed=0))
    history = wrapper.fit(x, y, batch_size=3, verbose=0).history
    assert np.isfinite(history["loss"][0])


def test_a_batch_of_one_is_a_plain_step():
    x, y = batch(1)
    model = classifier()
    plain = keras.models.clone_model(model)
    plain.set_weights(model.get_weights())
    plain.compile(keras.optimizers.SGD(0.5), cross_entropy())
    plain.train_on_batch(x, y)
    wrapper = compiled(Mixup(model, "hidden", seed=0))
    assert_same_weights(
        weights_after(wrapper, x, y), plain.get_weights(), rtol=1e-5
    )


def test_evaluate_and_predict_are_the_classifiers_own():
    x, y = batch(50)
    model = classifier(dropout=0.5, batch_norm=True)
    wrapper = compiled(Mixup(model, "hidden"), metrics=["accuracy"])
    wrapper.fit(x, y, verbose=0)
    model.compile(loss=cross_entropy(), metrics=["accuracy"])
    assert wrapper.evaluate(x, y, verbose=0) == model.evaluate(x, y, verbose=0)
    np.testing.assert_array_equal(
        wrapper.predict(x, verbose=0), model.predict(x, verbose=0)
    )
    np.testing.assert_array_equal(*arrays(wrapper(x), model(x)))


def test_metrics_count_both_labels_by_lam():
    x, y = batch()
    weight = np.array([1.0, 2.0, 0.5, 3.0, 0.0, 1.0], "float32")
    wrapper = compiled(
        given(Mixup(classifier(), "features"), LAM, PARTNER),
        metrics=["accuracy", keras.metrics.SparseCategoricalAccuracy("own")],
        weighted_metrics=[keras.metrics.SparseCategoricalAccuracy("weighted")],
    )
    mixed = keras_amp.policy.interpolate(x, PARTNER, LAM)
    guess = np.argmax(ops.convert_to_numpy(wrapper.model(mixed)), axis=1)
    right, right_partner = guess == y, guess == y[PARTNER]
    accuracy = np.mean(LAM * right + (1 - LAM) * right_partner)
    own, other = LAM * weight, (1 - LAM) * weight[PARTNER]
    weighted = np.sum(own * right + other * right_partner) / np.sum(own + other)
    logs = wrapper.train_on_batch(x, y, sample_weight=weight, return_dict=True)
    assert logs["accuracy"] == pytest.approx(accuracy, rel=1e-5)
    assert logs["own"] == pytest.approx(accuracy, rel=1e-5)
    assert logs["weighted"] == pytest.approx(weighted, rel=1e-5)


def test_the_loss_of_an_epoch_is_the_mean_over_examples():
    x, y = batch(10)
    wrapper = compiled(
        Mixup(classifier(), "hidden", seed=0),
        optimizer=keras.optimizers.SGD(0.0),
    )
    wrapper.draw = unmixed
    logged = wrapper.fit(x, y, batch_size=4, verbose=0).history["loss"][0]
    expected = wrapper.evaluate(x, y, verbose=0)
    assert logged == pytest.approx(expected, rel=1e-5)


MODES = {
    "eager": {"run_eagerly": True},
    "xla": {"jit_compile": True},
    "several": {"steps_per_execution": 3},
}


def fitted_in(method, **options):
    x, y = batch(30)
    keras.utils.set_random_seed(3)
    wrapper = method(classifier(batch_norm=True), "hidden")
    lam, partner = np.resize(LAM, 5), np.roll(np.arange(5), 2)
    compiled(given(wrapper, lam, partner), **options)
    wrapper.fit(x, y, batch_size=5, shuffle=False, verbose=0)
    return wrapper.model.get_weights()


@pytest.fixture(scope="module", params=[Mixup, keras_amp.AdversarialMixup])
def method_as_a_graph(request):
    """A method, and the weights that it has after a few of its steps."""
    return request.param, fitted_in(request.param)


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_makes_the_same_steps(mode, method_as_a_graph):
    method, expected = method_as_a_graph
    got = fitted_in(method, **MODES[mode])
    assert_same_weights(got, expected, rtol=1e-3, atol=1e-5)


def test_a_seed_repeats_a_run_exactly():
    x, y = batch(40)

    def run(seed):
        keras.utils.set_random_seed(4)
        wrapper = compiled(Mixup(classifier(dropout=0.5), "hidden", seed=seed))
        wrapper.fit(x, y, batch_size=8, epochs=2, verbose=0)
        return wrapper.model.get_weights()

    first, again, other = run(1), run(1), run(2)
    for one, same in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, same)
    assert not np.allclose(first[0], other[0])


@pytest.mark.tensorflow
def test_alpha_changes_without_a_new_trace():
    x, y = batch(20)
    traces = []

    class Counting(Mixup):
        def draw(self, hidden, y):
            traces.append(len(traces))
            return super().draw(hidden, y)

    wrapper = compiled(Counting(classifier(), "hidden", seed=0))

    class Schedule(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.model.alpha = 0.5 + epoch

    # 20 examples in batches of 8: the last batch is smaller.
    wrapper.fit(x, y, batch_size=8, epochs=3, verbose=0, callbacks=[Schedule()])
    assert len(traces) <= 2
    assert wrapper.alpha == 2.5
    wrapper.alpha = 1e-4
    lam, _ = Mixup.draw(wrapper, None, np.zeros(100))
    assert np.mean(np.minimum(lam, 1 - lam)) < 0.01


def test_loss_scaling_leaves_the_step_as_it_is():
    x, y = batch()
    model = classifier()
    start = model.get_weights()
    scaled = keras.optimizers.LossScaleOptimizer(
        keras.optimizers.SGD(0.5), initial_scale=1024.0
    )
    steps = []
    for optimizer in (keras.optimizers.SGD(0.5), scaled):
        model.set_weights(start)
        wrapper = keras_amp.AdversarialMixup(model, "hidden", epsilon=0.1)
        compiled(given(wrapper, LAM, PARTNER), optimizer=optimizer)
        steps.append(weights_after(wrapper, x, y))
    assert_same_weights(*steps, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("method", [Mixup, keras_amp.AdversarialMixup])
def test_save_and_load_go_on_where_they_were(tmp_path, method):
    x, y = batch(20)
    wrapper = compiled(
        method(classifier(batch_norm=True), "hidden", alpha=0.7, seed=5),
        optimizer="adam",
        metrics=["accuracy"],
    )
    wrapper.fit(x, y, verbose=0)
    wrapper.save(tmp_path / "wrapper.keras")
    loaded = keras.models.load_model(tmp_path / "wrapper.keras")
    assert type(loaded) is method
    assert loaded.alpha == pytest.approx(0.7)
    np.testing.assert_array_equal(*arrays(loaded(x), wrapper(x)))
    # Keras saves no state of random numbers: both get the same draws.
    for model in (wrapper, loaded):
        given(model, np.resize(LAM, 20), np.roll(np.arange(20), 1))
        model.make_train_function(force=True)
        model.fit(x, y, batch_size=20, epochs=2, shuffle=False, verbose=0)
    assert_same_weights(loaded.get_weights(), wrapper.get_weights(), rtol=1e-5)


def test_the_config_is_json():
    wrapper = keras_amp.AdversarialMixup(
        classifier(), "hidden", 0.5, epsilon=0.01, min_op=False, seed=3
    )
    config = json.loads(json.dumps(wrapper.get_config()))
    again = keras_amp.AdversarialMixup.from_config(config)
    assert (again.mix_at, again.min_op, again.seed) == ("hidden", False, 3)
    assert again.alpha == pytest.approx(0.5)
    assert again.epsilon == pytest.approx(0.01)


@pytest.mark.tensorflow
def test_export_is_the_classifiers_own(tmp_path):
    x, _ = batch(7)
    wrapper = Mixup(classifier(), "hidden")
    wrapper.export(tmp_path / "exported", verbose=False)
    exported = tf.saved_model.load(tmp_path / "exported")
    serve = exported.signatures["serving_default"]
    for size in (1, 7):
        (answer,) = serve(tf.constant(x[:size])).values()
        np.testing.assert_allclose(answer, wrapper(x[:size]), atol=1e-6)


def test_wrapping_changes_no_weight_of_the_classifier():
    model = classifier()
    before = [id(w) for w in model.weights]
    wrapper = Mixup(model, "hidden")
    assert [id(w) for w in model.weights] == before
    assert [id(w) for w in wrapper.trainable_weights] == before


def test_bad_arguments_are_refused():
    with pytest.raises(ValueError, match="`alpha`"):
        Mixup(classifier(), "hidden", alpha=0.0)
    wrapper = Mixup(classifier(), "hidden")
    with pytest.raises(ValueError, match="`alpha`"):
        wrapper.alpha = -1.0
    with pytest.raises(ValueError, match="needs exactly one `loss`"):
        wrapper.compile("sgd")
    with pytest.raises(ValueError, match="`loss_weights`"):
        wrapper.compile("sgd", "mse", loss_weights=[2.0])
    with pytest.raises(ValueError, match=r"no layer 'hiden'.*'hidden'"):
        Mixup(classifier(), "hiden")


def test_training_without_labels_is_refused():
    x, y = batch()
    wrapper = compiled(Mixup(classifier(), "hidden"))
    # The first batch Keras itself looks at, on JAX and PyTorch.
    wrapper.train_on_batch(x, y)
    with pytest.raises(ValueError, match="needs labels"):
        wrapper.fit(x, verbose=0)


def test_weights_per_position_are_refused():
    x, y = batch()
    wrapper = compiled(Mixup(classifier(), "hidden"))
    # The first batch Keras itself looks at, on JAX and PyTorch.
    wrapper.train_on_batch(x, y)
    with pytest.raises(ValueError, match=r"`sample_weight`.*\(6, 2\)"):
        wrapper.train_on_batch(x, y, sample_weight=np.ones((6, 2)))


@pytest.mark.skipif(
    keras.backend.backend() != "jax", reason="elsewhere nothing is compiled"
)
@pytest.mark.parametrize("kind", ["Mixup", "AdversarialMixup"])
def test_eager_steps_compile_nothing_anew(kind, caplog):
    import jax

    x, y = batch()
    model = getattr(keras_amp, kind)(classifier(), "hidden", seed=0)
    compiled(model, run_eagerly=True)
    for _ in range(3):
        model.train_on_batch(x, y)
    with jax.log_compiles(), caplog.at_level("WARNING"):
        model.train_on_batch(x, y)
        assert "Compiling" not in caplog.text
        jax.jit(lambda x: x + 1)(1)
    assert "Compiling" in caplog.text
