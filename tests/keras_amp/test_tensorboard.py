import keras
import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import (
    STORE_EVERYTHING_SIZE_GUIDANCE,
    EventAccumulator,
)
from tensorboard.util.tensor_util import make_ndarray

import keras_amp
from tests.helpers import (
    assert_same_weights,
    batch,
    classifier,
    compiled,
)

EXAMPLES, EPOCHS, EPSILON = 30, 2, 0.05


def read(folder):
    """A run's tags, each with its tensors by step, as TensorBoard reads it."""
    events = EventAccumulator(str(folder), STORE_EVERYTHING_SIZE_GUIDANCE)
    events.Reload()
    return {
        tag: {event.step: make_ndarray(event.tensor_proto) for event in series}
        for tag in events.Tags()["tensors"]
        for series in [events.Tensors(tag)]
    }


def wrapped(**options):
    model = keras_amp.AdversarialMixup(
        classifier(), "hidden", epsilon=EPSILON, seed=0, **options
    )
    return compiled(model, metrics=["accuracy"])


def fit(model, folder, **options):
    x, y = batch(EXAMPLES)
    callback = keras_amp.TensorBoard(folder)
    options = {"batch_size": 8, "epochs": EPOCHS, "verbose": 0} | options
    return model.fit(x, y, callbacks=[callback], **options)


class Spy(keras_amp.AdversarialMixup):
    """Keeps every value that it counts; trained eagerly."""

    def count(self, outcome):
        super().count(outcome)
        lam, lam_star = (
            np.asarray(outcome.pairs.lam),
            np.asarray(outcome.lam_inputs),
        )
        for name, values in {
            "lam_star": lam_star,
            "lam_step": lam_star - lam,
            "loss_gain": np.asarray(outcome.gain),
        }.items():
            self.seen.setdefault(name, []).extend(values)


def test_histograms_count_what_each_example_met(tmp_path):
    spy = Spy(classifier(), "hidden", epsilon=EPSILON, seed=0)
    object.__setattr__(spy, "seen", {})
    fit(compiled(spy, run_eagerly=True), tmp_path)
    read_back = read(tmp_path / "mixing")
    assert set(read_back) == set(spy.seen)
    assert np.ptp(spy.seen["loss_gain"]) > 0
    for name, values in spy.seen.items():
        assert sorted(read_back[name]) == [0, 1]
        for epoch, buckets in read_back[name].items():
            of_epoch = values[epoch * EXAMPLES : (epoch + 1) * EXAMPLES]
            left, right, counts = buckets.T
            assert counts[0] > 0 and counts[-1] > 0
            np.testing.assert_array_equal(left[1:], right[:-1])
            edges = np.append(left, right[-1])
            expected, _ = np.histogram(of_epoch, edges)
            np.testing.assert_array_equal(counts, expected)
            assert counts.sum() == EXAMPLES


@pytest.mark.parametrize("jit_compile", [False, True])
def test_a_compiled_step_counts_too(tmp_path, jit_compile):
    model = wrapped()
    model.jit_compile = jit_compile
    history = fit(model, tmp_path).history
    read_back = read(tmp_path / "mixing")
    for series in read_back.values():
        assert [series[n][:, 2].sum() for n in (0, 1)] == [EXAMPLES] * 2
    for epoch in (0, 1):
        left, right, counts = read_back["lam_step"][epoch].T
        assert left.min() >= -1.13 * EPSILON and right.max() <= 1.13 * EPSILON
        # Buckets are an eighth wide, or less.
        size = counts @ np.maximum(abs(left), abs(right)) / EXAMPLES
        shift = history["lam_shift"][epoch]
        assert 1 <= size / shift < 1.13
        gain = history["loss_gain"][epoch]
        left, right, counts = read_back["loss_gain"][epoch].T
        assert counts @ left / EXAMPLES <= gain <= counts @ right / EXAMPLES


def test_scalars_are_those_of_keras(tmp_path):
    x, y = batch(8)
    history = fit(wrapped(), tmp_path, validation_data=(x, y)).history
    train, validation = (
        read(tmp_path / name) for name in ("train", "validation")
    )
    for name in ("loss", "lam_shift", "adversarial_share", "loss_gain"):
        got = [float(train[f"epoch_{name}"][step]) for step in (0, 1)]
        np.testing.assert_allclose(got, history[name], rtol=1e-6)
    got = [float(validation["epoch_loss"][step]) for step in (0, 1)]
    np.testing.assert_allclose(got, history["val_loss"], rtol=1e-6)


def test_without_min_op_there_is_no_gain(tmp_path):
    fit(wrapped(min_op=False), tmp_path)
    assert set(read(tmp_path / "mixing")) == {"lam_star", "lam_step"}


def test_other_models_get_scalars(tmp_path):
    fit(compiled(keras_amp.Mixup(classifier(), "hidden")), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["train"]


def test_a_callback_forgets_the_model_before(tmp_path):
    callback = keras_amp.TensorBoard(tmp_path)
    x, y = batch(8)
    plain = compiled(keras_amp.Mixup(classifier(), "hidden"))
    for model in (wrapped(), plain):
        model.fit(x, y, callbacks=[callback], verbose=0)
    assert list(read(tmp_path / "mixing")["lam_star"]) == [0]


def test_training_is_the_same_with_it_and_after_it(tmp_path):
    weights = []
    for callbacks in ([], [keras_amp.TensorBoard(tmp_path)]):
        keras.utils.set_random_seed(5)
        model = wrapped()
        x, y = batch(EXAMPLES)
        common = {"batch_size": 8, "verbose": 0, "shuffle": False}
        model.fit(x, y, **common)
        model.fit(x, y, **common, callbacks=callbacks)
        model.fit(x, y, **common)
        weights.append(model.get_weights())
    assert_same_weights(*weights)
    series = read(tmp_path / "mixing")["lam_star"]
    assert [int(series[step][:, 2].sum()) for step in series] == [EXAMPLES]


def test_it_traces_nothing_anew(tmp_path):
    traces = []

    class Counting(keras_amp.AdversarialMixup):
        def count(self, outcome):
            traces.append(outcome)
            super().count(outcome)

    x, y = batch(EXAMPLES)
    model = compiled(Counting(classifier(), "hidden", seed=0))
    for callbacks in ([], [keras_amp.TensorBoard(tmp_path)], []):
        model.fit(x, y, batch_size=10, callbacks=callbacks, verbose=0)
    assert len(traces) == 1
    for histogram in model.histograms.by_name.values():
        # Nobody looks any longer.
        assert int(np.sum(histogram.result())) == EXAMPLES
    series = read(tmp_path / "mixing")["lam_star"]
    assert [int(series[step][:, 2].sum()) for step in series] == [EXAMPLES]


def test_validation_and_evaluation_take_nothing_from_the_counts(tmp_path):
    class Evaluate(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.evaluate(*batch(8), verbose=0)

    x, y = batch(EXAMPLES)
    callbacks = [Evaluate(), keras_amp.TensorBoard(tmp_path)]
    wrapped().fit(
        x, y, epochs=2, callbacks=callbacks, validation_data=(x, y), verbose=0
    )
    for series in read(tmp_path / "mixing").values():
        assert [series[n][:, 2].sum() for n in (0, 1)] == [EXAMPLES] * 2


def test_several_places_count_each_step_once(tmp_path):
    model = keras_amp.AdversarialMixup(classifier(), ["hidden", "above"])
    fit(compiled(model), tmp_path)
    for series in read(tmp_path / "mixing").values():
        assert [series[n][:, 2].sum() for n in (0, 1)] == [EXAMPLES] * 2


def test_two_replicas_count_together(on_two_replicas, tmp_path):
    counts = on_two_replicas(
        """
from tests.keras_amp.test_tensorboard import EXAMPLES, fit, read, wrapped
with two.scope():
    model = wrapped()
fit(model, sys.argv[1])
series = read(sys.argv[1] + "/mixing")
print(json.dumps([[int(one[n][:, 2].sum()) for n in (0, 1)]
                  for one in series.values()]))
""",
        tmp_path,
    )
    assert counts == [[EXAMPLES] * 2] * 3
