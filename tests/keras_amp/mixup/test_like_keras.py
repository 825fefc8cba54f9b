"""What plain Keras trains, the wrapper trains to the same numbers."""

import keras
import numpy as np
import pytest
from keras import layers

from keras_amp import AdversarialMixup, Mixup
from tests.helpers import (
    assert_same_weights,
    batch,
    classifier,
    compiled,
    cross_entropy,
    given,
    weights_after,
)

X, Y = batch()
ONES, PARTNER = np.ones(6), [1, 2, 3, 4, 5, 0]
KINDS = {
    "Mixup": Mixup,
    "AdversarialMixup": lambda *args: AdversarialMixup(*args, epsilon=0.0),
}


def assert_trains_alike(kind, build, mix_at, x=X, y=Y, **options):
    """One step at λ = 1 is a step of plain Keras."""
    keras.utils.set_random_seed(1)
    plain = compiled(build(), **options)
    expected = plain.train_on_batch(x, y, return_dict=True)
    keras.utils.set_random_seed(1)
    wrapper = compiled(given(KINDS[kind](build(), mix_at), ONES, PARTNER))
    wrapper = compiled(wrapper, **options)
    logs = wrapper.train_on_batch(x, y, return_dict=True)
    for name, value in expected.items():
        assert logs[name] == pytest.approx(value, rel=1e-5), name
    assert_same_weights(
        wrapper.model.get_weights(), plain.get_weights(), rtol=1e-5, atol=1e-6
    )


def shared_penalties():
    """A layer with a penalty and a nested model, below and above `middle`."""
    penalty = keras.regularizers.L2(0.1)
    dense = layers.Dense(4, activity_regularizer=penalty, name="shared")
    inner = keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(4, activity_regularizer=penalty),
            layers.ActivityRegularization(l1=0.1),
        ],
        name="inner",
    )
    inputs = keras.Input((4,))
    x = layers.Dense(4, name="middle")(inner(dense(inputs)))
    return keras.Model(inputs, layers.Dense(3)(inner(dense(x))))


# Of a layer that is called twice, Keras there forgets penalties in training.
not_on_jax = pytest.mark.skipif(
    keras.backend.backend() == "jax", reason="plain Keras loses penalties"
)


@not_on_jax
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mix_at", ["middle", ["middle", "middle"]], ids=str)
def test_penalties_of_layers_on_both_sides_add_up(kind, mix_at):
    assert_trains_alike(kind, shared_penalties, mix_at)


class SharedAndCut(keras.Model):
    """Calls a layer that has a penalty on both sides of its own cut."""

    def __init__(self):
        super().__init__()
        penalty = keras.regularizers.L2(0.1)
        self.dense = layers.Dense(4, activity_regularizer=penalty)
        self.out = layers.Dense(3)

    def call(self, x, training=None):
        return self.out(self.dense(self.dense(x)))

    def cut(self, mix_at):
        def lower(x, training=None):
            return [self.dense(x)]

        def upper(hidden, training=None):
            return self.out(self.dense(hidden[0]))

        return lower, upper


@not_on_jax
@pytest.mark.parametrize("kind", KINDS)
def test_penalties_of_a_model_that_cuts_itself_add_up(kind):
    def build():
        model = SharedAndCut()
        model(X)
        return model

    assert_trains_alike(kind, build, "there is one place only")


@pytest.fixture
def half_precision():
    keras.config.set_dtype_policy("mixed_float16")
    yield
    keras.config.set_dtype_policy("float32")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.usefixtures("half_precision")
def test_penalties_of_weights_are_in_float32_in_half_precision_too(kind):
    def build():
        keras.utils.set_random_seed(0)
        inputs = keras.Input((4,))
        penalty = keras.regularizers.L2(0.01)
        hidden = layers.Dense(8, kernel_regularizer=penalty, name="hidden")
        model = keras.Model(
            inputs, layers.Dense(3, dtype="float32")(hidden(inputs))
        )
        # A sum of squares that float16 can only tell to a twentieth.
        hidden.kernel.assign(100 * hidden.kernel)
        return model

    assert_trains_alike(kind, build, "hidden")


@pytest.mark.parametrize("kind", KINDS)
def test_layers_of_one_name_in_two_models_are_trained_as_others(kind):
    def trained(name):
        keras.utils.set_random_seed(1)
        inputs = keras.Input((4,))
        inner = keras.Model(inputs, layers.Dense(4, name=name)(inputs))
        inputs = keras.Input((4,))
        x = layers.Dense(4, name="hidden")(inner(inputs))
        model = keras.Model(inputs, layers.Dense(3)(x))
        wrapper = given(KINDS[kind](model, "hidden"), ONES, PARTNER)
        return weights_after(compiled(wrapper), X, Y, steps=3)

    assert_same_weights(trained("hidden"), trained("other"), rtol=1e-6)


def one_named_output():
    inputs = keras.Input((4,), name="features")
    x = layers.Dense(5, name="hidden")(inputs)
    return keras.Model(inputs, {"kind": layers.Dense(3, name="kind")(x)})


@pytest.mark.parametrize("kind", KINDS)
def test_a_dict_of_one_output_takes_a_dict_of_labels(kind):
    assert_trains_alike(
        kind,
        one_named_output,
        "hidden",
        y={"kind": Y},
        loss={"kind": cross_entropy()},
        metrics={"kind": ["accuracy"]},
    )


def test_it_evaluates_and_goes_on_with_a_dict_too():
    wrapper = compiled(
        Mixup(one_named_output(), "hidden"),
        {"kind": cross_entropy()},
        metrics={"kind": ["accuracy"]},
    )
    history = wrapper.fit(
        X, {"kind": Y}, validation_data=(X, {"kind": Y}), epochs=2, verbose=0
    ).history
    assert history["val_loss"][-1] == pytest.approx(
        wrapper.evaluate(X, {"kind": Y}, verbose=0)[0]
    )


def test_several_labels_are_refused():
    wrapper = compiled(Mixup(classifier(), "hidden"))
    # The first batch Keras itself looks at, on JAX and PyTorch.
    wrapper.train_on_batch(X, Y)
    with pytest.raises(ValueError, match="`y` must be one, as the model"):
        wrapper.train_on_batch(X, [Y, Y])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.filterwarnings("ignore:The model has no trainable weights")
@pytest.mark.filterwarnings("ignore:The model does not have any trainable")
def test_frozen_models_are_trained_to_no_effect(kind):
    def build():
        model = classifier(batch_norm=True)
        model.trainable = False
        return model

    assert_trains_alike(kind, build, "hidden")


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_batch_adds_nothing(kind):
    wrapper = compiled(KINDS[kind](classifier(), "hidden"))
    before = wrapper.model.get_weights()
    logs = wrapper.train_on_batch(X[:0], Y[:0], return_dict=True)
    assert logs["loss"] == 0
    assert_same_weights(wrapper.model.get_weights(), before)


@pytest.mark.parametrize("name", ["train_step", "compute_loss"])
def test_a_classifier_with_a_training_of_its_own_is_refused(name):
    kind = type("Own", (keras.Model,), {name: lambda self, *args: None})
    inputs = keras.Input((4,))
    model = kind(inputs, layers.Dense(3, name="hidden")(inputs))
    with pytest.raises(ValueError, match=f"has a `{name}` of its own"):
        Mixup(model, "hidden")
