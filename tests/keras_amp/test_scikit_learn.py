"""Wrappers in the hands of scikit-learn, by way of Keras' own estimators."""

import copy
import functools
import pickle

import keras
import numpy as np
import pytest
import sklearn
from keras import layers
from keras.wrappers import SKLearnClassifier
from sklearn.datasets import make_blobs
from sklearn.model_selection import GridSearchCV
from sklearn.utils import estimator_checks

from keras_amp import AdversarialMixup, Mixup
from tests.helpers import assert_same_weights

KINDS = {"Mixup": Mixup, "AdversarialMixup": AdversarialMixup}
# Of Keras' classifiers in general, as its own tests of them say.
EXPECTED = {
    "check_classifier_data_not_an_array",
    "check_classifiers_classes",
    "check_classifiers_one_label_sample_weights",
    "check_classifiers_regression_target",
    "check_classifiers_train",
    "check_fit_idempotent",
    "check_parameters_default_constructible",
    "check_supervised_y_2d",
}
X, Y = make_blobs(60, n_features=4, random_state=0)
X = X.astype("float32")


def built(X, y, kind=None, alpha=1.0, **options):  # noqa: N803 (scikit-learn's)
    """A classifier for these data, wrapped or not, compiled."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((X.shape[1],))
    hidden = layers.Dense(20, activation="relu", name="hidden")(inputs)
    outputs = layers.Dense(y.shape[1], activation="softmax")(hidden)
    model = keras.Model(inputs, outputs)
    if kind is not None:
        model = KINDS[kind](model, "hidden", alpha=alpha, seed=0)
    optimizer = keras.optimizers.RMSprop(0.02)
    model.compile(optimizer, "categorical_crossentropy", **options)
    return model


@functools.cache
def failing(kind):
    """The checks of scikit-learn's that a classifier fails."""
    results = estimator_checks.check_estimator(
        SKLearnClassifier(
            built,
            # Tracing would take most of the time.
            model_kwargs={"kind": kind, "run_eagerly": True},
            fit_kwargs={"epochs": 5, "verbose": 0},
        ),
        on_skip=None,
        on_fail=None,
    )
    assert len(results) > 40
    return {one["check_name"] for one in results if one["status"] == "failed"}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.skipif(
    sklearn.__version__.startswith(("1.4.", "1.5.")),
    reason="from 1.6 on, scikit-learn lists what fails",
)
@pytest.mark.parametrize("kind", KINDS)
def test_it_fails_no_check_that_keras_does_not(kind):
    assert failing(kind) <= EXPECTED
    # With a seed, training repeats: so do the checks.
    assert failing(kind) <= failing(None)


@pytest.mark.slow
def test_a_grid_search_over_alpha():
    estimator = SKLearnClassifier(built, model_kwargs={})
    grid = [{"kind": "AdversarialMixup", "alpha": of} for of in (0.2, 4.0)]
    search = GridSearchCV(estimator, {"model_kwargs": grid}, cv=2)
    search.fit(X, Y, epochs=20, batch_size=20, verbose=0)
    assert search.best_score_ > 0.8
    model = search.best_estimator_.model_
    assert type(model) is AdversarialMixup
    chosen = search.best_params_["model_kwargs"]["alpha"]
    assert model.alpha == pytest.approx(chosen)
    predicted = np.argmax(model.predict(X, verbose=0), 1)
    assert search.predict(X).tolist() == predicted.tolist()


# What was not trained yet has an optimizer without slots, in plain Keras too.
@pytest.mark.filterwarnings("ignore:Skipping variable loading")
@pytest.mark.parametrize("kind", KINDS)
def test_a_wrapper_is_cloned_for_each_fit_and_pickled_with_it(kind):
    wrapper = built(X, np.eye(3)[Y], kind)
    wrapper.alpha = 0.25
    before = wrapper.get_weights()
    estimator = sklearn.base.clone(SKLearnClassifier(wrapper))
    estimator.fit(X, Y, epochs=2, verbose=0)
    assert_same_weights(wrapper.get_weights(), before)
    fitted = estimator.model_
    assert type(fitted) is KINDS[kind]
    assert fitted is not wrapper
    assert not np.allclose(fitted.get_weights()[0], before[0])
    for copied_by in (
        lambda one: pickle.loads(pickle.dumps(one)),
        copy.deepcopy,
    ):
        copied = copied_by(estimator)
        np.testing.assert_array_equal(copied.predict(X), estimator.predict(X))
        assert copied.model_.alpha == 0.25
        # It goes on where it was, with its optimizer and its draws.
        for one in (copied.model_, fitted):
            one.fit(X, np.eye(3)[Y], shuffle=False, verbose=0)
        assert_same_weights(
            copied.model_.get_weights(), fitted.get_weights(), rtol=1e-5
        )
