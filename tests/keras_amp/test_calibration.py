"""Calibration against slow, obvious twins, closed forms and limits."""

import keras
import numpy as np
import pytest
from scipy.optimize import minimize_scalar

import keras_amp
from keras_amp.calibration import (
    HIGHEST_TEMPERATURE,
    LOWEST_TEMPERATURE,
    BrierScore,
    ExpectedCalibrationError,
    fit_temperature,
    reliability,
)
from keras_amp.masks import hang
from tests.helpers import batch, classifier


def softmax(logits):
    p = np.exp(logits - np.max(logits, axis=-1, keepdims=True))
    return p / p.sum(axis=-1, keepdims=True)


def answers(size=200, num_classes=4, seed=0):
    """Logits that know something of the labels, and the labels."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, num_classes, size)
    logits = 2 * rng.normal(size=(size, num_classes))
    logits[np.arange(size), labels] += 1.5
    return labels.astype("int32"), logits.astype("float32")


def by_hand(labels, probabilities, num_bins=15, weights=None):
    """The definition of Guo et al. (2017), an example at a time.

    `labels` are probabilities of classes; what it returns is the error and the
    weight of each bin.
    """
    weights = np.ones(len(labels)) if weights is None else weights
    members = [[] for _ in range(num_bins)]
    for label, row, weight in zip(labels, probabilities, weights, strict=True):
        answer = int(np.argmax(row))
        (bin_,) = (
            k
            for k in range(num_bins)
            if np.float32(k / num_bins) < row[answer]
            and row[answer] <= np.float32((k + 1) / num_bins)
        )
        members[bin_].append((weight, row[answer], label[answer]))
    error = 0.0
    for rows in members:
        share = sum(w for w, _, _ in rows)
        if share:
            confidence = sum(w * c for w, c, _ in rows) / share
            accuracy = sum(w * r for w, _, r in rows) / share
            error += share / sum(weights) * abs(accuracy - confidence)
    return error, [sum(w for w, _, _ in rows) for rows in members]


def measured(metric, *arguments, **options):
    metric.update_state(*arguments, **options)
    return float(metric.result())


@pytest.mark.parametrize("num_bins", [1, 7, 15])
@pytest.mark.parametrize("is_weighted", [False, True])
def test_the_error_is_that_of_the_definition(num_bins, is_weighted):
    labels, logits = answers()
    rng = np.random.default_rng(1)
    weights = rng.uniform(0, 3, len(labels)) if is_weighted else None
    probabilities = softmax(logits).astype("float32")
    expected, counts = by_hand(
        np.eye(4)[labels], probabilities, num_bins, weights
    )
    got = measured(
        ExpectedCalibrationError(num_bins),
        labels,
        probabilities,
        sample_weight=weights,
    )
    assert got == pytest.approx(expected, abs=1e-6)
    assert expected > 0.01
    found = reliability(labels, probabilities, num_bins, sample_weight=weights)
    assert found.error == pytest.approx(expected, abs=1e-6)
    np.testing.assert_allclose(found.count, counts, rtol=1e-5)


def test_values_worked_out_with_pen_and_paper():
    # Of ten bins: 0.95 twice, once right; 0.55 once, right; 0.65 once, wrong.
    p = np.array([0.95, 0.95, 0.55, 0.65])
    probabilities = np.stack([p, 1 - p], axis=1)
    labels = [0, 1, 0, 1]
    expected = (2 * abs(0.5 - 0.95) + abs(1 - 0.55) + abs(0 - 0.65)) / 4
    found = reliability(labels, probabilities, num_bins=10)
    assert found.error == pytest.approx(expected, abs=1e-6)
    nothing = np.nan
    np.testing.assert_allclose(
        found.confidence, [*[nothing] * 5, 0.55, 0.65, nothing, nothing, 0.95]
    )
    np.testing.assert_allclose(
        found.accuracy, [*[nothing] * 5, 1, 0, nothing, nothing, 0.5]
    )
    assert found.count.tolist() == [0, 0, 0, 0, 0, 1, 1, 0, 0, 2]
    # One bin: the gap of the means.
    one = reliability(labels, probabilities, num_bins=1)
    assert one.error == pytest.approx(abs(0.5 - p.mean()), abs=1e-6)


def test_an_edge_belongs_to_the_bin_below_it():
    edges = np.arange(8, 16) / 15
    probabilities = np.stack([edges, 1 - edges], axis=1)
    found = reliability(np.zeros(8, int), probabilities)
    assert found.count.tolist() == [0] * 7 + [1] * 8


@pytest.mark.parametrize("right", [0, 1])
def test_who_is_sure_is_calibrated_if_right(right):
    got = measured(ExpectedCalibrationError(), [right, right], [[0.0, 1.0]] * 2)
    assert got == 1 - right


def test_batches_are_as_all_at_once_and_a_reset_forgets():
    labels, logits = answers()
    metric = ExpectedCalibrationError(from_logits=True)
    assert float(metric.result()) == 0
    measured(metric, 1 - labels % 2, logits)
    metric.reset_state()
    weights = np.random.default_rng(0).uniform(0, 2, len(labels))
    for i in range(0, len(labels), 33):
        part = slice(i, i + 33)
        got = measured(
            metric, labels[part], logits[part], sample_weight=weights[part]
        )
    at_once = measured(
        ExpectedCalibrationError(from_logits=True),
        labels,
        logits,
        sample_weight=weights,
    )
    assert got == pytest.approx(at_once, abs=1e-6)


@pytest.mark.parametrize("metric", [ExpectedCalibrationError, BrierScore])
def test_labels_of_every_form_say_the_same(metric):
    labels, logits = answers()
    expected = measured(metric(), labels, softmax(logits))
    for y_true in (
        labels[:, None],
        labels.astype("float32"),
        np.eye(4)[labels],
        np.eye(4, dtype="int32")[labels],
    ):
        got = measured(metric(), y_true, softmax(logits))
        assert got == pytest.approx(expected, abs=1e-6)
    got = measured(metric(from_logits=True), labels, logits)
    assert got == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("metric", [ExpectedCalibrationError, BrierScore])
def test_a_sigmoid_is_a_softmax_of_two(metric):
    labels, logits = answers(num_classes=2)
    expected = measured(metric(from_logits=True), labels, logits)
    logit = logits[:, 1:] - logits[:, :1]
    for y_true in (labels, labels[:, None]):
        got = measured(metric(from_logits=True), y_true, logit)
        assert got == pytest.approx(expected, abs=1e-6)
        got = measured(metric(), y_true, 1 / (1 + np.exp(-logit)))
        assert got == pytest.approx(expected, abs=1e-6)


def test_soft_labels_are_right_in_part():
    soft = softmax(np.random.default_rng(0).normal(size=(50, 3)))
    _, logits = answers(50, 3)
    probabilities = softmax(logits).astype("float32")
    expected, _ = by_hand(soft, probabilities)
    got = measured(ExpectedCalibrationError(), soft, probabilities)
    assert got == pytest.approx(expected, abs=1e-6)
    # A mixture's label is both labels, each with its part of the weight.
    both = ExpectedCalibrationError()
    for label in range(3):
        hard = np.full(50, label)
        got = measured(both, hard, probabilities, sample_weight=soft[:, label])
    assert got == pytest.approx(expected, abs=1e-6)


def test_positions_and_their_mask():
    labels, logits = answers(60)
    y_true, y_pred = labels.reshape(12, 5), logits.reshape(12, 5, 4)
    mask = np.arange(60).reshape(12, 5) % 5 < 1 + np.arange(12)[:, None] % 5
    weights = np.arange(12.0)
    each = (mask * weights[:, None]).reshape(-1)
    expected, _ = by_hand(np.eye(4)[labels], softmax(logits), weights=each)
    y_pred = keras.ops.convert_to_tensor(y_pred)
    hang(keras.ops.convert_to_tensor(mask), y_pred)
    got = measured(
        ExpectedCalibrationError(from_logits=True),
        y_true,
        y_pred,
        sample_weight=weights,
    )
    assert got == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    "wrap", [lambda x: x, lambda x: keras_amp.Mixup(x, "word")]
)
def test_evaluate_leaves_masked_positions_out(wrap):
    ids = keras.Input((None,), dtype="int32")
    word = keras.layers.Embedding(60, 4, mask_zero=True, name="word")
    answer = keras.layers.Activation("softmax")
    tagger = keras.Model(ids, answer(word(ids)))
    labels, logits = answers(60)
    word.set_weights([logits])
    # Three fifths are padding.
    x = np.arange(60).reshape(12, 5)
    x = np.where(x % 5 < 1 + np.arange(12)[:, None] % 3, x, 0)
    y = labels.reshape(12, 5)
    model = wrap(tagger)
    model.compile(
        "sgd",
        "sparse_categorical_crossentropy",
        metrics=[ExpectedCalibrationError(), BrierScore()],
    )
    got = model.evaluate(x, y, batch_size=5, verbose=0, return_dict=True)
    is_real = x.reshape(-1) > 0
    probabilities = softmax(logits)[is_real]
    labels = np.eye(4)[labels[is_real]]
    error, _ = by_hand(labels, probabilities)
    score = np.mean(np.sum((probabilities - labels) ** 2, axis=1))
    found = got["expected_calibration_error"], got["brier_score"]
    assert found == pytest.approx((error, score), abs=1e-6)


@pytest.mark.parametrize("is_weighted", [False, True])
def test_the_brier_score_is_the_mean_squared_distance(is_weighted):
    labels, logits = answers()
    probabilities = softmax(logits)
    rng = np.random.default_rng(1)
    weights = rng.uniform(0, 3, len(labels)) if is_weighted else None
    each = []
    for label, row in zip(labels, probabilities, strict=True):
        each.append(sum((p - (k == label)) ** 2 for k, p in enumerate(row)))
    got = measured(BrierScore(), labels, probabilities, sample_weight=weights)
    expected = np.average(each, weights=weights)
    assert got == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    "wrap", [lambda x: x, lambda x: keras_amp.Mixup(x, "hidden")]
)
def test_fit_and_evaluate_measure_it_after_saving_too(tmp_path, wrap):
    x, y = batch(64)
    model = wrap(classifier())
    model.compile(
        "sgd",
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=[
            ExpectedCalibrationError(num_bins=9, from_logits=True),
            BrierScore(from_logits=True),
        ],
    )
    model.fit(x, y, batch_size=16, epochs=1, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    probabilities = softmax(model.predict(x, verbose=0))
    error, _ = by_hand(np.eye(3)[y], probabilities, 9)
    score = np.mean(np.sum((probabilities - np.eye(3)[y]) ** 2, axis=1))
    for one in (model, loaded):
        got = one.evaluate(x, y, batch_size=10, verbose=0, return_dict=True)
        found = got["expected_calibration_error"], got["brier_score"]
        assert found == pytest.approx((error, score), abs=1e-6)


def test_a_config_is_all_that_was_asked():
    metric = ExpectedCalibrationError(7, from_logits=True, name="off")
    again = keras.metrics.deserialize(keras.metrics.serialize(metric))
    assert isinstance(again, ExpectedCalibrationError)
    assert (again.num_bins, again.from_logits) == (7, True)
    assert again.name == "off"
    again = keras.metrics.deserialize(
        keras.metrics.serialize(BrierScore(True, name="far"))
    )
    assert isinstance(again, BrierScore)
    assert (again.from_logits, again.name) == (True, "far")


@pytest.mark.parametrize("num_bins", [0, -1, 2.0, "15"])
def test_bins_that_are_none(num_bins):
    with pytest.raises(ValueError, match="`num_bins` must be an int above 0"):
        ExpectedCalibrationError(num_bins)
    with pytest.raises(ValueError, match="`num_bins` must be an int above 0"):
        reliability([0], [[1.0, 0.0]], num_bins)


@pytest.mark.parametrize("metric", [ExpectedCalibrationError, BrierScore])
def test_predictions_without_classes_are_refused(metric):
    with pytest.raises(ValueError, match=r"axis of classes.*shape \(3,\)"):
        metric().update_state([0, 1, 1], [0.1, 0.6, 0.8])


# --- The temperature.


def loss(labels, logits, temperature):
    log_p = np.log(softmax(np.asarray(logits, "float64") / temperature))
    return -np.mean(log_p[np.arange(len(labels)), labels])


@pytest.mark.parametrize("c", [0.2, 1.0, 1.7, 30.0])
def test_scaled_true_log_probabilities_have_their_scale_as_temperature(c):
    # Every class as often as its probability says.
    counts = np.array([[60, 30, 10], [5, 5, 90], [34, 33, 33]])
    log_p = np.log(counts / 100)
    labels = np.concatenate([np.repeat(np.arange(3), row) for row in counts])
    logits = c * np.repeat(log_p, 100, axis=0)
    got = fit_temperature(labels, logits, from_logits=True)
    assert got == pytest.approx(c, rel=1e-5)
    soft = fit_temperature(counts / 100, c * log_p, from_logits=True)
    assert soft == pytest.approx(c, rel=1e-5)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("scale", [0.1, 1.0, 8.0])
def test_no_other_temperature_has_a_lower_loss(seed, scale):
    labels, logits = answers(60, 5, seed)
    logits *= scale
    got = fit_temperature(labels, logits, from_logits=True)
    found = minimize_scalar(
        lambda log_t: loss(labels, logits, np.exp(log_t)),
        bounds=np.log([0.01, 100]),
        method="bounded",
        options={"xatol": 1e-10},
    )
    assert got == pytest.approx(np.exp(found.x), rel=1e-4)
    assert loss(labels, logits, got) <= found.fun + 1e-12


def test_probabilities_have_the_temperature_of_their_logits():
    labels, logits = answers()
    expected = fit_temperature(labels, logits, from_logits=True)
    assert fit_temperature(labels, softmax(logits)) == pytest.approx(
        expected, rel=1e-4
    )
    assert expected > 1.1
    # A class of probability 0 is no end of the world.
    zero = fit_temperature([0] * 9 + [1], [[1.0, 0.0]] * 10)
    least = np.log(np.finfo("float32").tiny)
    assert zero == pytest.approx(-least / np.log(9), rel=1e-5)
    p = 1 / (1 + np.exp(-2.0))
    sigmoid = fit_temperature([1, 1, 1, 0], [[p]] * 4)
    assert sigmoid == pytest.approx(2 / np.log(3), rel=1e-5)


def test_the_limits():
    right = np.array([[4.0, 0.0], [0.0, 0.1]])
    assert fit_temperature([0, 1], right, True) == LOWEST_TEMPERATURE
    assert fit_temperature([1, 0], right, True) == HIGHEST_TEMPERATURE
    assert fit_temperature([0, 1], 1e4 * right, True) == LOWEST_TEMPERATURE
    assert fit_temperature([0, 1, 1], np.ones((3, 2)), True) == 1


@pytest.mark.parametrize("ask", [fit_temperature, reliability])
@pytest.mark.parametrize(
    ("labels", "logits", "message"),
    [
        ([0, 2], np.zeros((2, 2)), "ints from 0 to 1.* from 0 to 2"),
        ([0, -1], np.zeros((2, 2)), "ints from 0 to 1.* from -1 to 0"),
        ([[2.0], [0.0]], np.zeros((2, 1)), "`y_true` must be from 0 to 1"),
        ([[1, 1], [0, 1]], np.zeros((2, 2)), "and 1 over all classes"),
        ([], np.zeros((0, 2)), "There must be predictions"),
        ([0, 1, 1], np.zeros((2, 2)), "as many labels"),
        ([0, 1], [[0.0, np.nan], [0.0, 1.0]], "finite.*with 1 NaN or inf"),
        ([0, 1], [[0.0, -np.inf], [0.0, 1.0]], "must be finite"),
        ([0, 1], [1.0, 2.0], "axis of classes"),
    ],
)
def test_what_cannot_be_measured_is_refused(ask, labels, logits, message):
    with pytest.raises(ValueError, match=message):
        ask(np.array(labels), np.array(logits), from_logits=True)


@pytest.mark.parametrize("ask", [fit_temperature, reliability])
@pytest.mark.parametrize(
    "y_pred", [[[2.0, -1.0]], [[0.5, 0.1]], [[3.0]], [[-0.1]]]
)
def test_logits_are_no_probabilities(ask, y_pred):
    with pytest.raises(ValueError, match="`from_logits=True`"):
        ask(np.array([0]), np.array(y_pred))
