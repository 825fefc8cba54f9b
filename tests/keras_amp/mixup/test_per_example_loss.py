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
    values, counted = PerExampleLoss(loss)(y, PROBABILITIES)
    assert counted is None
    np.testing.assert_allclose(values, EXPECTED, rtol=1e-5)


def test_logits_and_label_smoothing_are_kept():
    loss = keras.losses.CategoricalCrossentropy(
        from_logits=True, label_smoothing=0.3
    )
    smooth = ONE_HOT * 0.7 + 0.1
    expected = -np.sum(smooth * np.log(PROBABILITIES), axis=1)
    values, _ = PerExampleLoss(loss)(ONE_HOT, LOGITS)
    np.testing.assert_allclose(values, expected, rtol=1e-5)


@pytest.mark.parametrize("loss", ["binary_crossentropy", "BinaryCrossentropy"])
@pytest.mark.parametrize("shape", [(4,), (4, 1)])
def test_binary_labels_of_either_rank(loss, shape):
    p = np.array([[0.1], [0.4], [0.8], [0.9]], "float32")
    y = np.array([0.0, 1.0, 1.0, 0.0], "float32")
    expected = -np.log(np.where(y == 1, p[:, 0], 1 - p[:, 0]))
    values, _ = PerExampleLoss(loss)(y.reshape(shape), p)
    np.testing.assert_allclose(values, expected, rtol=1e-5)


def test_labels_per_position_have_losses_per_position():
    y, y_pred = np.zeros((2, 3, 5)), np.ones((2, 3, 5))
    y_pred[1] = 2
    values, counted = PerExampleLoss("mse")(y, y_pred)
    np.testing.assert_allclose(values, [[1, 1, 1], [4, 4, 4]])
    assert counted is None


def test_masked_positions_and_ignored_classes_do_not_count():
    loss = keras.losses.SparseCategoricalCrossentropy(
        from_logits=True, ignore_class=1
    )
    y_pred = keras.ops.convert_to_tensor(np.stack([LOGITS, LOGITS]))
    y_pred._keras_mask = keras.ops.convert_to_tensor(
        [[True, True, True, False], [True, False, False, False]]
    )
    values, counted = PerExampleLoss(loss)(np.stack([SPARSE] * 2), y_pred)
    expected = [[1, 1, 0, 0], [1, 0, 0, 0]]  # of SPARSE, the third is a 1
    np.testing.assert_array_equal(counted, expected)
    is_counted = np.array(expected, bool)
    both = np.stack([EXPECTED] * 2)
    np.testing.assert_allclose(
        np.array(values)[is_counted], both[is_counted], rtol=1e-5
    )


def test_a_mask_that_fits_no_loss_is_refused():
    y_pred = keras.ops.convert_to_tensor(LOGITS)
    y_pred._keras_mask = keras.ops.ones((4, 7), "bool")
    with pytest.raises(ValueError, match=r"mask of shape \(4, 7\) is left"):
        PerExampleLoss("mse")(ONE_HOT, y_pred)


def test_a_class_that_evaluates_itself_is_asked_as_it_is():
    class Twice(keras.losses.MeanSquaredError):
        def __call__(self, y_true, y_pred, sample_weight=None):
            return 2 * super().__call__(y_true, y_pred, sample_weight)

    values, _ = PerExampleLoss(Twice())(np.zeros((2, 1)), np.ones((2, 1)))
    np.testing.assert_allclose(values, [2, 2])


def test_half_precision_predictions_are_scored_in_float32():
    values, _ = PerExampleLoss("mse")(
        np.zeros((2, 1)), np.ones((2, 1), "float16")
    )
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
