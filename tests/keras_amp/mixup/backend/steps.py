"""Weights after training steps with given λ and partners, written to a file.

    KERAS_BACKEND=jax python -m tests.keras_amp.mixup.backend.steps out.npz

`test_steps.py` runs this on each backend and compares.
"""

import dataclasses
import importlib.util
import sys

import keras
import numpy as np
from keras import layers, ops

import keras_amp
from keras_amp.extras import needed
from keras_amp.mixup import Found
from tests.helpers import batch, classifier, cross_entropy

STEPS = 10
SIZE = 6
RNG = np.random.default_rng(0)
LAM = RNG.uniform(size=(STEPS, SIZE))
LAM[:, 0], LAM[:, 1] = 1, 0
PARTNER = np.array([RNG.permutation(SIZE) for _ in range(STEPS)])
ELEMENTS = RNG.uniform(size=(SIZE, 5))
WEIGHT = np.array([1.0, 2.0, 0.5, 3.0, 0.0, 1.0])
IDS = RNG.integers(1, 20, (STEPS, SIZE, 7)).astype("int32")
IDS[:, ::2, 4:] = 0
Y = RNG.integers(0, 3, (STEPS, SIZE)).astype("int32")
SOFT = RNG.dirichlet(np.ones(3), (STEPS, SIZE))


class Given:
    """Takes λ, partners and places from what is written above."""

    def draw(self, hidden, y):
        step = self.optimizer.iterations
        lam = ops.convert_to_tensor(LAM, "float32")
        partner = ops.convert_to_tensor(PARTNER, "int32")
        return ops.take(lam, step, axis=0), ops.take(partner, step, axis=0)

    def draw_place(self):
        return ops.cast(self.optimizer.iterations % len(self._places), "int32")


class Mixup(Given, keras_amp.Mixup):
    pass


class Adversarial(Given, keras_amp.AdversarialMixup):
    pass


class Shared(Given, keras_amp.AdversarialMixup):
    """Mixes every other example."""

    def pair_up(self, hidden, y, sample_weight):
        pairs = super().pair_up(hidden, y, sample_weight)
        is_mixed = ops.arange(SIZE) % 2 == 0
        lam = ops.where(is_mixed, pairs.lam, 1.0)
        return dataclasses.replace(pairs, lam=lam, is_mixed=is_mixed)


class Nonlinear(Given, keras_amp.NonlinearMixup):
    def choose_lam(self, upper, hidden, pairs):
        lam = ops.convert_to_tensor(ELEMENTS, "float32")
        return Found([lam[:, : one.shape[-1]] for one in hidden])


def features(step):
    return batch(SIZE, seed=step)[0]


def ids(step):
    return IDS[step]


def with_penalties():
    inputs = keras.Input((4,), name="features")
    h = layers.Dense(5, kernel_regularizer=keras.regularizers.L2(0.1))(inputs)
    h = layers.Dense(
        5, activity_regularizer=keras.regularizers.L2(0.2), name="hidden"
    )(h)
    return keras.Model(inputs, layers.Dense(3)(h))


def with_masks():
    inputs = keras.Input((7,), dtype="int32")
    h = layers.Embedding(20, 5, mask_zero=True, name="hidden")(inputs)
    h = layers.GRU(4)(h)
    return keras.Model(inputs, layers.Dense(3)(h))


def bert():
    hub = needed("keras_hub", "This case", '"keras_amp[bert]"')
    encoder = hub.models.BertBackbone(
        vocabulary_size=20,
        num_layers=2,
        num_heads=2,
        hidden_dim=8,
        intermediate_dim=16,
        max_sequence_length=8,
        dropout=0.0,
    )
    return keras_amp.BERT(encoder, 3, dropout=0.0)


def cnn():
    return keras_amp.TextCNN(20, 3, embedding_dim=6, num_filters=4, dropout=0.0)


def bilstm():
    return keras_amp.BiLSTM(20, 3, embedding_dim=6, units=4, dropout=0.0)


def amp(build, places="hidden", epsilon=0.3, **options):
    return lambda: Adversarial(build(), places, epsilon=epsilon, **options)


def one_hot(step):
    return np.eye(3)[Y[step]]


def case(wrap, x=features, y=Y.__getitem__, loss=cross_entropy, **options):
    """What to train: a wrapper, its inputs, labels, loss and fit options."""
    return wrap, x, y, loss, options


def categorical():
    return keras.losses.CategoricalCrossentropy(from_logits=True)


def scaled(sgd):
    return keras.optimizers.LossScaleOptimizer(sgd, initial_scale=1024.0)


CASES = {
    "mixup": case(lambda: Mixup(classifier(), "hidden")),
    "amp-small-step": case(amp(classifier, epsilon=0.002)),
    "amp": case(amp(classifier)),
    "amp-large-step": case(amp(classifier, epsilon=5.0)),
    "amp-without-min-op": case(amp(classifier, min_op=False)),
    "nonlinear": case(lambda: Nonlinear(classifier(), "hidden")),
    "fold": case(amp(classifier, fold=True)),
    "clean-weight": case(amp(with_penalties, clean_weight=0.5)),
    "mix-share": case(lambda: Shared(classifier(), "hidden", epsilon=0.3)),
    "none-mixed": case(amp(classifier, mix_share=0.0)),
    "sample-weight": case(amp(classifier), sample_weight=WEIGHT),
    "class-weight": case(amp(classifier), class_weight={0: 1, 1: 2, 2: 5}),
    "one-hot": case(amp(classifier), y=one_hot, loss=categorical),
    "soft-labels": case(amp(classifier), y=SOFT.__getitem__, loss=categorical),
    "batch-norm": case(amp(lambda: classifier(batch_norm=True))),
    "penalties": case(amp(with_penalties)),
    "implicit-masks": case(amp(with_masks), ids),
    "loss-scale": case(amp(classifier), optimizer=scaled),
    "places": case(amp(classifier, ["features", "hidden", "above"])),
    "cnn-word": case(amp(cnn, "word"), ids),
    "cnn-sentence": case(amp(cnn, "sentence"), ids),
    "bilstm-word": case(amp(bilstm, "word"), ids),
    "bilstm-sentence": case(amp(bilstm, "sentence"), ids),
    "bert-places": case(amp(bert, ["word", "sentence"]), ids),
}


def weights_after_steps(name):
    """Dict of a case's weights after one and after all steps."""
    wrap, x, y, loss, options = CASES[name]
    wrapper = wrap()
    rng = np.random.default_rng(1)
    wrapper.set_weights(
        [
            rng.uniform(0.5, 1, v.shape)
            if "variance" in v.path
            else rng.normal(scale=0.3, size=v.shape)
            for v in wrapper.weights
        ]
    )
    optimizer = keras.optimizers.SGD(0.1)
    options = dict(options)
    wrapper.compile(options.pop("optimizer", lambda o: o)(optimizer), loss())
    found = {}
    for step in range(STEPS):
        wrapper.train_on_batch(x(step), y(step), **options)
        if step in (0, STEPS - 1):
            for index, value in enumerate(wrapper.get_weights()):
                found[f"{name}/{step + 1}/{index}"] = value
    return found


if __name__ == "__main__":
    path, *names = sys.argv[1:]
    has_hub = importlib.util.find_spec("keras_hub")
    names = names or [n for n in CASES if has_hub or not n.startswith("bert")]
    found = {}
    for name in names:
        found |= weights_after_steps(name)
    np.savez(path, **found)
