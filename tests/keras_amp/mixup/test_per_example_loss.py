import keras
import numpy as np
import pytest

from keras_amp.mixup.per_example_loss import PerExampleLoss

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(size=(4, 3)).astype("float32")
PROBABILITIES = np.exp(LOGITS) / np.exp(LOGITS).sum(axis=1, keepdims=True)
SPARSE = np.array([0, 2, 1, 2])
ONE_HOT = np.eye(3, dtype="float32")[SPARSE]
EXPECTED = -np.log(PROBABILITIES[np.arange(4), SPARSE])


def my_loss(y_true, y_pred):
    return keras.losses.sparse_categorical_crossentropy(y_true, y_pred)


@pytest.mark.parametrize(
    ("loss", "y"),
    [
        ("sparse_categorical_crossentropy", SPARSE),
        ("sparse_categorical_crossentropy", SPARSE[:, None]),
        ("categorical_crossentropy", ONE_HOT),
        ("CategoricalCrossentropy", ONE_HOT),
        (my_loss, SPARSE),
        (keras.losses.SparseCategoricalCrossentropy(), SPARSE),
        (keras.losses.SparseCategoricalCrossentropy(reduction="sum"), SPARSE),
        ([keras.losses.CategoricalCrossentropy()], ONE_HOT),
        ({"out": "categorical_crossentropy"}, ONE_HOT),
    ],
)
def test_every_way_to_name_a_loss_gives_it_per_example(loss, y):
    values = PerExampleLoss(loss)(y, PROBABILITIES)
    np.testing.assert_allclose(values, EXPECTED, rtol=1e-5)


def test_logits_and_label_smoothing_are_kept():
    loss = keras.losses.CategoricalCrossentropy(
        from_logits=True, label_smoothing=0.3
    )
    smooth = ONE_HOT * 0.7 + 0.1
    expected = -np.sum(smooth * np.log(PROBABILITIES), axis=1)
    np.testing.assert_allclose(
        PerExampleLoss(loss)(ONE_HOT, LOGITS), expected, rtol=1e-5
    )


@pytest.mark.parametrize("loss", ["binary_crossentropy", "BinaryCrossentropy"])
@pytest.mark.parametrize("shape", [(4,), (4, 1)])
def test_binary_labels_of_either_rank(loss, shape):
    p = np.array([[0.1], [0.4], [0.8], [0.9]], "float32")
    y = np.array([0.0, 1.0, 1.0, 0.0], "float32")
    expected = -np.log(np.where(y == 1, p[:, 0], 1 - p[:, 0]))
    values = PerExampleLoss(loss)(y.reshape(shape), p)
    np.testing.assert_allclose(values, expected, rtol=1e-5)


def test_positions_are_averaged():
    y, y_pred = np.zeros((2, 3, 5)), np.ones((2, 3, 5))
    y_pred[1] = 2
    np.testing.assert_allclose(PerExampleLoss("mse")(y, y_pred), [1, 4])


def test_half_precision_predictions_are_scored_in_float32():
    values = PerExampleLoss("mse")(np.zeros((2, 1)), np.ones((2, 1), "float16"))
    assert keras.backend.standardize_dtype(values.dtype) == "float32"


def test_the_given_loss_is_not_touched():
    loss = keras.losses.MeanSquaredError()
    PerExampleLoss(loss)
    assert loss.reduction == "sum_over_batch_size"


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (None, "needs exactly one `loss`"),
        (["mse", "mae"], "needs exactly one `loss`"),
        ("crossentropy", "Say which cross-entropy"),
        ("no_such_loss", "no_such_loss"),
    ],
)
def test_what_is_not_one_loss_is_refused(loss, message):
    with pytest.raises(ValueError, match=message):
        PerExampleLoss(loss)


def test_a_loss_that_has_taken_the_mean_is_refused():
    def mean(y_true, y_pred):
        return keras.ops.mean(keras.ops.square(y_true - y_pred))

    with pytest.raises(ValueError, match="one value per example"):
        PerExampleLoss(mean)(np.zeros((2, 1)), np.ones((2, 1)))
