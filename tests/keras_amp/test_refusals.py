"""What is refused, and the sentence that says so: docs/refusals.md."""

import re
import tempfile
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers, ops

import keras_amp
from keras_amp import AdversarialMixup, Mixup, NonlinearMixup
from tests.helpers import (
    CutsItself,
    batch,
    classifier,
    compiled,
    text_model,
    tf,
)
from tests.keras_amp.test_cut import overtaking
from tests.random_models import Positions

DOCS = Path(__file__).parents[2] / "docs" / "refusals.md"
ROWS = dict(
    re.findall(r"^\| (.+?) \| (.+) \|$", DOCS.read_text("utf-8"), re.M)[1:]
)
X, Y = batch()
IDS = np.array([[3, 4, 5, 0, 0], [6, 0, 0, 0, 0], [7, 8, 0, 0, 0]])


def fit(loss=None, x=X, y=Y, model=None, mix_at="hidden", **options):
    wrapper = AdversarialMixup(model or classifier(), mix_at)
    compiled(wrapper, loss=loss)
    wrapper.fit(x, y, verbose=0, **options)


def fit_after_a_step(y=Y, **options):
    """The first batch Keras itself looks at, on JAX and PyTorch."""
    wrapper = compiled(AdversarialMixup(classifier(), "hidden"))
    wrapper.train_on_batch(X, Y)
    wrapper.fit(X, y, verbose=0, **options)


def compile_with(**options):
    Mixup(classifier(), "hidden").compile("sgd", **options)


def partners_of(y):
    return keras_amp.partners.sample_partner_by("same-class", y)


def two_outputs():
    inputs = keras.Input((4,))
    hidden = layers.Dense(3, name="hidden")(inputs)
    return keras.Model(
        inputs, [layers.Dense(2)(hidden), layers.Dense(1)(hidden)]
    )


def output_beside():
    inputs = keras.Input((4,))
    hidden = layers.Dense(3, name="hidden")(inputs)
    return keras.Model(inputs, [hidden, layers.Dense(2)(inputs)])


def deep_outputs():
    inputs = keras.Input((4,))
    hidden = layers.Dense(3, name="hidden")(inputs)
    return keras.Model(inputs, {"a": [hidden, layers.Dense(2)(hidden)]})


def unused_output():
    inputs = keras.Input((4,))
    both = layers.Dense(3)(inputs), layers.Dense(2, name="unused")(inputs)
    nested = keras.Model(inputs, both, name="nested")
    return keras.Model(inputs, nested(inputs)[0])


class Subclassed(keras.Model):
    def call(self, x):
        return x


class Functional(keras.Model):
    def __init__(self, shape):
        inputs = keras.Input(shape)
        super().__init__(inputs, layers.Dense(3, name="hidden")(inputs))


class OwnCall(Functional):
    def call(self, x, training=None):
        return 2 * super().call(x, training=training)


class OwnStep(Functional):
    def train_step(self, data):
        return {}


class ReturnsLam(Mixup):
    def choose_lam(self, upper, hidden, pairs):
        return pairs.lam


def positions():
    ids = keras.Input((4,), dtype="int32")
    word = layers.Embedding(9, 4)(ids)
    x = layers.Add()([word, Positions(False, name="positions")(word)])
    return keras.Model(ids, layers.Dense(2)(layers.Flatten()(x)))


def flattened():
    inputs = keras.Input((5, 3))
    x = layers.Dense(3, name="hidden")(ops.reshape(inputs, (-1, 3)))
    return keras.Model(inputs, layers.Dense(2)(ops.reshape(x, (-1, 15))))


def left_masked():
    """Of two words, one number: a product whose mask nobody takes away."""
    ids = keras.Input((None,), dtype="int32")
    x = layers.Embedding(20, 4, mask_zero=True, name="embedding")(ids)
    return keras.Model(ids, layers.Dense(2)(MaskKeepingMean()(x)))


class MaskKeepingMean(layers.Layer):
    def __init__(self):
        super().__init__()
        self.supports_masking = True

    def call(self, x):
        return ops.mean(x, axis=1)


def applied_twice():
    inputs = keras.Input((4,))
    layer = layers.Dense(4, name="again")
    return keras.Model(inputs, layer(layer(inputs)))


def nested_twice():
    inputs = keras.Input((4,))
    hidden = layers.Dense(4, name="hidden")(inputs)
    nested = keras.Model(inputs, hidden, name="nested")
    return keras.Model(inputs, layers.Add()([nested(inputs), nested(-inputs)]))


def returns_nothing():
    model = CutsItself()
    model(X)
    model.cut = lambda mix_at: None
    return model


def own():
    model = CutsItself()
    model(X)
    return model


def stopped():
    inputs = keras.Input((4,))
    hidden = layers.Dense(4, name="hidden")(inputs)
    rounded = layers.Lambda(ops.stop_gradient)(hidden)
    return keras.Model(inputs, layers.Dense(3)(rounded))


class FirstPositions(layers.Layer):
    """Numbers of five positions, added to as many and no more."""

    def call(self, x):
        return x + ops.arange(5.0)[: x.shape[1], None]


def export(labels="abc", twice=False, softmax=False, longest=None, size=None):
    tokenizer = keras_amp.text.word_tokenizer(["to be"], max_length=longest)
    model = text_model(size or tokenizer.vocabulary_size())
    if softmax:
        model = keras.Sequential([model, layers.Softmax()])
    if longest:
        ids = keras.Input((None,), dtype="int32")
        x = FirstPositions()(layers.Embedding(9, 3)(ids))
        model = keras.Model(ids, layers.GlobalMaxPooling1D()(x))
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(1 + twice):
            keras_amp.export_text_classifier(
                model, tokenizer, labels, Path(folder) / "1"
            )


def under_multi_worker():
    with tf.distribute.MultiWorkerMirroredStrategy().scope():
        Mixup(classifier(), "hidden")


CASES = {
    "a layer that is not there": lambda: Mixup(classifier(), "hiden"),
    "no place at all": lambda: Mixup(classifier(), []),
    "a layer of another model": lambda: Mixup(
        classifier(), [classifier().get_layer("hidden")]
    ),
    "a place that is no layer": lambda: Mixup(classifier(), [3]),
    "integers, such as word ids": lambda: Mixup(text_model(), "ids"),
    "a layer beside the output": lambda: Mixup(
        unused_output(), "nested/unused"
    ),
    "a layer applied to its own output": lambda: Mixup(
        applied_twice(), "again"
    ),
    "a nested model called twice": lambda: Mixup(
        nested_twice(), "nested/hidden"
    ),
    "what is no model": lambda: Mixup("model", "hidden"),
    "an output that is not mixed": lambda: Mixup(output_beside(), "hidden"),
    "outputs nested deeper than in one list": lambda: Mixup(
        deep_outputs(), "hidden"
    ),
    "losses that are not those of the outputs": lambda: Mixup(
        two_outputs(), "hidden"
    ).compile("sgd", ["mse"]),
    "no loss for any of several outputs": lambda: Mixup(
        two_outputs(), "hidden"
    ).compile("sgd", [None, None]),
    "partners by the class of several outputs": lambda: partners_of([Y, Y]),
    "partners by a class that is none": lambda: partners_of(
        np.zeros((2, 3, 4))
    ),
    "partners by a class that is a number": lambda: partners_of(
        np.zeros((2, 1), "float32")
    ),
    "partners by one class of several": lambda: compiled(
        Mixup(classifier(), "hidden", partner="same-class"),
        "binary_crossentropy",
    ).train_on_batch(X, np.eye(3)[Y]),
    "a `partner` that is not there": lambda: Mixup(
        classifier(), "hidden", partner="someone"
    ),
    "`mix_share` outside 0 to 1": lambda: Mixup(
        classifier(), "hidden", mix_share=2
    ),
    "`clean_weight` below 0": lambda: Mixup(
        classifier(), "hidden", clean_weight=-1
    ),
    "`fold` that is no bool": lambda: Mixup(classifier(), "hidden", fold=1),
    "`StopMixing` after no part of the training": lambda: keras_amp.StopMixing(
        1.5
    ),
    "`StopMixing` after what is no number": lambda: keras_amp.StopMixing("end"),
    "`StopMixing` of a model that does not mix": lambda: compiled(
        classifier()
    ).fit(X, Y, callbacks=[keras_amp.StopMixing(1)], verbose=0),
    "a place without examples": lambda: Mixup(positions(), "positions"),
    "examples in another axis": lambda: Mixup(flattened(), "hidden"),
    "a cut that changes who sees a mask": lambda: fit(
        x=IDS, y=IDS[:, 0] % 2, model=overtaking(), mix_at="early"
    ),
    "an unbuilt Sequential": lambda: Mixup(
        keras.Sequential([layers.Dense(3, name="hidden")]), "hidden"
    ),
    "a subclassed model": lambda: Mixup(Subclassed(name="mine"), "hidden"),
    "a Functional model with a `call` of its own": lambda: Mixup(
        OwnCall(X.shape[1:]), "hidden"
    ),
    "a model that mixes already": lambda: Mixup(
        Mixup(classifier(), "hidden"), "hidden"
    ),
    "a model with a training of its own": lambda: Mixup(
        OwnStep(X.shape[1:]), "hidden"
    ),
    "one that cuts itself, unbuilt": lambda: Mixup(
        CutsItself(name="mine"), "below"
    ),
    "one whose `cut` returns something else": lambda: Mixup(
        returns_nothing(), "below"
    ),
    "`NonlinearMixup` of one that cuts itself": lambda: NonlinearMixup(
        own(), "below"
    ),
    "`alpha` of 0 or less": lambda: Mixup(classifier(), "hidden", alpha=0.0),
    "`epsilon` below 0": lambda: AdversarialMixup(
        classifier(), "hidden", epsilon=-1.0
    ),
    "`MultiWorkerMirroredStrategy`": under_multi_worker,
    "no loss": lambda: compile_with(),
    "several losses": lambda: compile_with(loss=["mse", "mae"]),
    "a cross-entropy that does not say which": lambda: compile_with(
        loss="crossentropy"
    ),
    "`loss_weights`": lambda: compile_with(loss="mse", loss_weights=[0.5]),
    "a loss that has taken the mean": lambda: fit(
        lambda y_true, y_pred: ops.mean(y_pred)
    ),
    "training without labels": lambda: fit_after_a_step(y=None),
    "several labels": lambda: fit_after_a_step(y=[Y, Y]),
    "weights that fit no loss": lambda: fit_after_a_step(
        sample_weight=np.ones((6, 2), "float32")
    ),
    "a mask that fits no loss": lambda: fit(
        x=IDS, y=IDS[:, 0] % 2, model=left_masked(), mix_at="embedding"
    ),
    "what has no gradient above the place": lambda: fit(model=stopped()),
    "a `choose_lam` that returns λ alone": lambda: compiled(
        ReturnsLam(classifier(), "hidden")
    ).train_on_batch(X, Y),
    "labels that are not the model's classes": lambda: export(["a", "b"]),
    "a softmax exported as logits": lambda: export(softmax=True),
    "a tokenizer of longer texts than the model takes": lambda: export(
        longest=8
    ),
    "a tokenizer of more ids than the model has": lambda: export(size=3),
    "exporting over an export": lambda: export(twice=True),
}


def test_every_row_has_a_case_and_every_case_a_row():
    assert list(ROWS) == list(CASES)


# What has to do with `tf.distribute` and SavedModels.
TENSORFLOWS = {
    "`MultiWorkerMirroredStrategy`",
    "labels that are not the model's classes",
    "a softmax exported as logits",
    "a tokenizer of longer texts than the model takes",
    "a tokenizer of more ids than the model has",
    "exporting over an export",
}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.tensorflow)
        if name in TENSORFLOWS
        else name
        for name in CASES
    ],
)
def test_the_sentence_is_the_documented_one(name):
    with pytest.raises((ValueError, TypeError, FileExistsError)) as raised:
        CASES[name]()
    said = " ".join(str(raised.value).split())
    parts = [re.escape(part) for part in ROWS[name].split("…")]
    assert re.search(".*?".join(parts), said), said
