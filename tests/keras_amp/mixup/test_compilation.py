"""XLA: what it compiles, and what falls back as Keras does."""

import keras
import numpy as np
import pytest
from keras import layers

import keras_amp
from tests.helpers import batch, classifier, compiled, cross_entropy, tf

KINDS = [
    keras_amp.Mixup,
    keras_amp.AdversarialMixup,
    keras_amp.NonlinearMixup,
]
X, Y = batch(8)


@keras.saving.register_keras_serializable(package="tests")
class NotForXla(layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_jit = False

    def call(self, x):
        return x


@pytest.mark.parametrize("kind", KINDS)
def test_what_xla_cannot_compile_falls_back_with_keras_own_warning(kind):
    inputs = keras.Input((4,))
    x = NotForXla()(layers.Dense(5, name="hidden")(inputs))
    wrapper = kind(keras.Model(inputs, layers.Dense(3)(x)), "hidden")
    with pytest.warns(UserWarning, match="doesn't support `jit_compile=True`"):
        wrapper.compile("sgd", cross_entropy(), jit_compile=True)
    assert not wrapper.jit_compile
    assert np.all(np.isfinite(wrapper.train_on_batch(X, Y)))


def two_outputs():
    inputs = keras.Input((4,))
    x = layers.Dense(5, name="hidden")(inputs)
    return keras.Model(inputs, [layers.Dense(3)(x), layers.Dense(3)(x)])


@pytest.mark.tensorflow
@pytest.mark.parametrize("build", [classifier, two_outputs])
@pytest.mark.parametrize("scales", [False, True])
def test_a_step_is_traced_once_whatever_variables_it_makes(build, scales):
    traces = []

    class Counting(keras_amp.AdversarialMixup):
        def train_step(self, data):
            traces.append(data)
            return super().train_step(data)

    several = build is two_outputs
    optimizer = keras.optimizers.Adam(0.01)
    if scales:
        optimizer = keras.optimizers.LossScaleOptimizer(
            optimizer, initial_scale=2.0, dynamic_growth_steps=1
        )
    wrapper = Counting(build(), "hidden", seed=0)
    compiled(
        wrapper,
        [cross_entropy(), cross_entropy()] if several else cross_entropy(),
        optimizer,
        metrics=[["accuracy"], ["accuracy"]] if several else ["accuracy"],
    )
    wrapper.fit(X, [Y, Y] if several else Y, epochs=2, verbose=0)
    assert len(traces) == 1
    if scales:  # It is read at each step, and grows after each.
        assert float(optimizer.dynamic_scale) == 8
    assert wrapper.get_metrics_result()["loss"] > 0


@pytest.mark.tensorflow
@pytest.mark.parametrize("kind", KINDS)
def test_a_step_of_static_shapes_is_one_xla_program(kind):
    """As a TPU needs it: nothing is left to the host."""
    wrapper = kind(classifier(dropout=0.3), ["hidden", "above"], seed=0)
    compiled(wrapper, optimizer=keras.optimizers.Adam(0.01))
    wrapper.optimizer.build(wrapper.trainable_variables)

    @tf.function(jit_compile=True)
    def step(x, y):
        return wrapper.train_step((x, y))

    loss = [float(step(tf.constant(X), tf.constant(Y))["loss"]) for _ in "ab"]
    assert np.all(np.isfinite(loss))
    graph = step.get_concrete_function(tf.constant(X), tf.constant(Y)).graph
    kinds = {node.op for node in graph.as_graph_def().node}
    for function in graph.as_graph_def().library.function:
        kinds |= {node.op for node in function.node_def}
    assert not kinds & {"PyFunc", "EagerPyFunc", "PyFuncStateless", "Print"}
    assert not any("RandomGamma" in kind for kind in kinds)
