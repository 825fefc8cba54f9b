"""Models that we did not write, on real data where there is some offline."""

import keras
import numpy as np
import pytest
from keras import layers, ops

import keras_amp
from keras_amp.extras import needed
from tests.helpers import (
    CutsItself,
    arrays,
    assert_same_weights,
    cross_entropy,
    given,
    tf,
)

SLOW = pytest.mark.slow
SIZE = 8


def real(name):
    datasets = needed("sklearn.datasets", "This test", "scikit-learn")
    return getattr(datasets, f"load_{name}")(return_X_y=True)


def digits(size=SIZE, upscale=1, channels=1):
    images, labels = real("digits")
    x = images[:size].reshape(-1, 8, 8, 1).astype("float32") / 16
    x = np.repeat(np.repeat(x, upscale, axis=1), upscale, axis=2)
    return np.repeat(x, channels, axis=3), labels[:size].astype("int32")


def token_ids(size=SIZE, length=10, vocabulary_size=50):
    rng = np.random.default_rng(0)
    ids = rng.integers(1, vocabulary_size, (size, length)).astype("int32")
    for row, end in zip(ids, rng.integers(2, length, size), strict=True):
        row[end:] = 0
    return ids, rng.integers(0, 3, size).astype("int32")


def keras_hub_models():
    return needed("keras_hub", "This test", '"keras_amp[bert]"').models


def bert_classifier():
    models = keras_hub_models()
    encoder = models.BertBackbone(
        50, 2, 2, 16, 24, dropout=0.1, name="backbone"
    )
    model = models.BertTextClassifier(encoder, 3, preprocessor=None)
    ids, labels = token_ids()
    x = {
        "token_ids": ids,
        "segment_ids": np.zeros_like(ids),
        "padding_mask": (ids != 0).astype("int32"),
    }
    return model, x, labels


def distil_bert_classifier():
    models = keras_hub_models()
    encoder = models.DistilBertBackbone(50, 2, 2, 16, 24, name="backbone")
    model = models.DistilBertTextClassifier(encoder, 3, preprocessor=None)
    ids, labels = token_ids()
    x = {"token_ids": ids, "padding_mask": (ids != 0).astype("int32")}
    return model, x, labels


def mobile_net():
    model = keras.applications.MobileNetV2(
        (32, 32, 3),
        alpha=0.35,
        weights=None,
        classes=10,
        classifier_activation=None,
    )
    return model, *digits(upscale=4, channels=3)


def residual_cnn():
    inputs = keras.Input((8, 8, 1), name="image")
    x = layers.Conv2D(6, 3, padding="same", name="stem")(inputs)
    for block in range(2):
        y = layers.BatchNormalization(name=f"norm_{block}")(x)
        y = layers.Activation("relu", name=f"relu_{block}")(y)
        y = layers.Conv2D(6, 3, padding="same", name=f"conv_{block}")(y)
        y = layers.Dropout(0.2, name=f"drop_{block}")(y)
        x = layers.Add(name=f"add_{block}")([x, y])
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    return keras.Model(inputs, layers.Dense(10)(x)), *digits()


def sequential():
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(4, 3, activation="relu", name="conv"),
            layers.Flatten(name="flat"),
            layers.Dense(16, activation="relu", name="hidden"),
            layers.Dense(10),
        ]
    )
    return model, *digits()


def two_inputs_and_a_mask():
    words = keras.Input((None,), dtype="int32", name="words")
    mask = keras.Input((None,), dtype="bool", name="mask")
    numbers = keras.Input((4,), name="numbers")
    x = layers.Embedding(50, 8, name="embedding")(words)
    x = layers.GlobalAveragePooling1D(name="pool")(x, mask=mask)
    hidden = layers.Dense(8, activation="tanh", name="hidden")(numbers)
    x = layers.Concatenate(name="both")([x, hidden])
    model = keras.Model([words, mask, numbers], layers.Dense(3)(x))
    ids, labels = token_ids()
    features, _ = real("iris")
    return model, [ids, ids != 0, features[:SIZE].astype("float32")], labels


def recurrent(layer):
    def build():
        inputs = keras.Input((None,), dtype="int32", name="ids")
        x = layers.Embedding(50, 8, mask_zero=True, name="embedding")(inputs)
        x = layers.Dropout(0.2, name="dropout")(x)
        x = layer(6, name="recurrent")(x)
        return keras.Model(inputs, layers.Dense(3)(x)), *token_ids()

    return build


def attention():
    inputs = keras.Input((10,), dtype="int32", name="ids")
    x = layers.Embedding(50, 8, mask_zero=True, name="embedding")(inputs)
    y = layers.MultiHeadAttention(2, 4, dropout=0.1, name="attention")(x, x)
    x = layers.LayerNormalization(name="norm")(layers.Add(name="add")([x, y]))
    x = layers.GlobalAveragePooling1D(name="pool")(x)
    return keras.Model(inputs, layers.Dense(3)(x)), *token_ids()


def shared_layers():
    left = keras.Input((4,), name="left")
    right = keras.Input((4,), name="right")
    tower = layers.Dense(8, activation="tanh", name="tower")
    x = layers.Subtract(name="difference")([tower(left), tower(right)])
    head = layers.Dense(3, name="head")
    both = [head(x), head(ops.relu(x))]
    model = keras.Model([left, right], layers.Add()(both))
    features, labels = real("iris")
    x = features[::19].astype("float32")
    return model, [x, x[::-1].copy()], labels[::19].astype("int32")


def table_in_a_dict():
    features, labels = real("wine")
    features = ((features - features.mean(0)) / features.std(0))[::20]
    x = {f"f{i}": features[:, i : i + 1].astype("float32") for i in range(13)}
    inputs = {name: keras.Input((1,), name=name) for name in x}
    hidden = layers.Concatenate(name="row")(list(inputs.values()))
    hidden = layers.BatchNormalization(name="norm")(hidden)
    hidden = layers.Dense(8, activation="relu", name="hidden")(hidden)
    model = keras.Model(inputs, layers.Dense(3)(hidden))
    return model, x, labels[::20].astype("int32")


def subclassed():
    features, labels = real("iris")
    x = features[::19].astype("float32")
    model = CutsItself()
    model(x)
    return model, x, labels[::19].astype("int32")


MODELS = {
    "bert": (bert_classifier, "backbone/embeddings_dropout"),
    "bert block": (bert_classifier, "backbone/transformer_layer_0"),
    "distil bert": (
        distil_bert_classifier,
        "backbone/embeddings_dropout",
    ),
    "residual image": (residual_cnn, "image"),
    "residual block": (residual_cnn, "conv_0"),
    "residual norm": (residual_cnn, "norm_1"),
    "sequential": (sequential, "flat"),
    "two inputs": (two_inputs_and_a_mask, "embedding"),
    "two inputs late": (two_inputs_and_a_mask, "hidden"),
    "lstm": (recurrent(layers.LSTM), "embedding"),
    "gru": (recurrent(layers.GRU), "dropout"),
    "attention": (attention, "embedding"),
    "attention late": (attention, "add"),
    "shared layers": (shared_layers, "tower"),
    "table": (table_in_a_dict, "row"),
    "subclassed": (subclassed, "below"),
    "mobile net": (mobile_net, "block_3_expand"),
    "mobile net add": (mobile_net, "block_2_add"),
}
QUICK = (
    "bert",
    "residual image",
    "residual block",
    "two inputs",
    "lstm",
    "shared layers",
    "subclassed",
)
CASES = [
    pytest.param(*case, id=name, marks=() if name in QUICK else SLOW)
    for name, case in MODELS.items()
]


def trained(build, wrap, lam, partner=None, steps=2):
    """The wrapped model's weights after some steps, all draws given."""
    keras.utils.set_random_seed(5)
    model, x, y = build()
    wrapper = wrap(model)
    partner = np.roll(np.arange(len(y)), 1) if partner is None else partner
    if wrapper is not model:
        given(wrapper, lam, partner)
    # As a graph, which takes longer to make, it trains below.
    is_eager = keras.backend.backend() == "tensorflow"
    wrapper.compile(
        keras.optimizers.SGD(0.1), cross_entropy(), run_eagerly=is_eager
    )
    for _ in range(steps):
        wrapper.train_on_batch(x, y)
    return model.get_weights()


@pytest.mark.parametrize(("build", "mix_at"), CASES)
def test_upper_of_lower_is_the_model(build, mix_at):
    model, x, _ = build()
    x = keras.tree.map_structure(ops.convert_to_tensor, x)
    lower, upper = keras_amp.cut(model, mix_at)
    got = upper(lower(x, training=False), training=False)
    np.testing.assert_allclose(
        *arrays(got, model(x, training=False)), atol=1e-5
    )


@pytest.mark.parametrize(("build", "mix_at"), CASES)
def test_amp_without_a_step_is_mixup_and_lam_one_is_plain(build, mix_at):
    size = len(build()[2])
    lam = np.linspace(0.1, 0.9, size)
    mixup = trained(build, lambda m: keras_amp.Mixup(m, mix_at), lam)
    amp = trained(
        build, lambda m: keras_amp.AdversarialMixup(m, mix_at, epsilon=0), lam
    )
    assert_same_weights(amp, mixup, rtol=1e-4, atol=1e-5)
    plain = trained(build, lambda m: m, lam)
    ones = trained(build, lambda m: keras_amp.Mixup(m, mix_at), np.ones(size))
    assert_same_weights(ones, plain, rtol=1e-4, atol=1e-5)
    moved = [np.abs(a - b).max() for a, b in zip(mixup, plain, strict=True)]
    assert max(moved) > 1e-4


# Of the classifiers of keras-hub, which `compile` in a way of their own.
@pytest.mark.filterwarnings("ignore:`compile.*` was not called as part of")
@pytest.mark.parametrize(("build", "mix_at"), CASES)
def test_it_trains_saves_and_loads(tmp_path, build, mix_at):
    model, x, y = build()
    # A step so large that it shows in models that hardly begin to learn.
    wrapper = keras_amp.AdversarialMixup(model, mix_at, epsilon=1.0, seed=0)
    wrapper.compile("adam", cross_entropy(), metrics=["accuracy"])
    options = {"batch_size": 3, "shuffle": False, "verbose": 0}
    history = wrapper.fit(x, y, epochs=2, **options).history
    assert np.all(np.isfinite(history["loss"]))
    assert history["lam_shift"][-1] > 0
    expected = wrapper.predict(x, verbose=0)
    wrapper.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(
        loaded.predict(x, verbose=0), expected, atol=1e-5
    )
    loaded.fit(x, y, **options)


@pytest.mark.tensorflow
@pytest.mark.parametrize(("build", "mix_at"), CASES)
def test_it_exports(tmp_path, build, mix_at):
    model, x, _ = build()
    wrapper = keras_amp.AdversarialMixup(model, mix_at)
    expected = wrapper.predict(x, verbose=0)
    wrapper.export(tmp_path / "exported", verbose=False)
    exported = tf.saved_model.load(tmp_path / "exported")
    inputs = keras.tree.map_structure(ops.convert_to_tensor, x)
    np.testing.assert_allclose(exported.serve(inputs), expected, atol=1e-5)


def test_the_statistics_of_batch_norm_are_those_of_a_mixup_step():
    lam = np.linspace(0.1, 0.9, SIZE)

    def statistics(kind, **options):
        def wrap(model):
            return kind(model, "image", **options)

        weights = trained(residual_cnn, wrap, lam, steps=1)
        model = residual_cnn()[0]
        paths = [weight.path for weight in model.weights]
        return [w for w, p in zip(weights, paths, strict=True) if "moving" in p]

    mixup = statistics(keras_amp.Mixup)
    assert len(mixup) == 4
    # A tiny step: the mixtures, and so the statistics, hardly differ.
    amp = statistics(keras_amp.AdversarialMixup, epsilon=1e-6)
    assert_same_weights(amp, mixup, atol=1e-5)


def test_a_nested_models_dropout_is_the_same_in_search_and_training():
    model, x, y = bert_classifier()
    wrapper = keras_amp.AdversarialMixup(
        model, "backbone/embeddings_dropout", epsilon=1e-9, seed=0
    )
    wrapper.compile(keras.optimizers.SGD(0.0), cross_entropy())
    wrapper.train_on_batch(x, y)
    # Fresh noise would move the loss of a pair by far more than rounding.
    assert abs(float(wrapper.loss_gain.result())) < 1e-5
    upper = wrapper.upper
    hidden = wrapper.lower(x, training=True)
    noisy = [upper(hidden, training=True) for _ in range(2)]
    assert ops.max(ops.abs(ops.subtract(*noisy))) > 1e-3


def test_an_own_cut_is_checked():
    model, x, y = subclassed()
    with pytest.raises(ValueError, match="only 'below'"):
        keras_amp.Mixup(model, "above")
    with pytest.raises(ValueError, match="a model that cuts itself does not"):
        keras_amp.NonlinearMixup(model, "below")
    with pytest.raises(ValueError, match="is not built"):
        keras_amp.Mixup(CutsItself(), "below")
    model.cut = lambda mix_at: None
    with pytest.raises(TypeError, match=r"must return two functions"):
        keras_amp.Mixup(model, "below")
    model.cut = lambda mix_at: (lambda x, training: x, lambda x, training: x)
    wrapper = keras_amp.Mixup(model, "below")
    wrapper.compile("adam", cross_entropy())
    with pytest.raises(TypeError, match="must return a list of tensors"):
        wrapper.train_on_batch(x, y)
