"""alpha and epsilon are settings: no weights, and no new trace."""

import keras
import numpy as np
import pytest

from keras_amp import AdversarialMixup, Mixup, NonlinearMixup
from tests.helpers import assert_same_weights, batch, classifier, compiled

KINDS = {
    "Mixup": lambda **options: Mixup(classifier(), "hidden", **options),
    "AdversarialMixup": lambda **options: AdversarialMixup(
        classifier(), "hidden", epsilon=0.1, **options
    ),
    "NonlinearMixup": lambda **options: NonlinearMixup(
        classifier(), "hidden", **options
    ),
}


@pytest.mark.parametrize("kind", ["Mixup", "AdversarialMixup"])
def test_a_wrappers_weights_are_the_classifiers(kind):
    wrapper = KINDS[kind](alpha=0.2)
    expected = wrapper.model.weights
    assert [id(w) for w in wrapper.weights] == [id(w) for w in expected]
    assert wrapper.count_params() == wrapper.model.count_params()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("source", [*KINDS, "the classifier"])
@pytest.mark.parametrize("suffix", [".weights.h5", ".keras"])
def test_any_wrappers_weights_load_and_change_no_setting(
    kind, source, suffix, tmp_path
):
    x, y = batch()
    trained = compiled(KINDS.get(source, KINDS["Mixup"])(alpha=3.0))
    trained.train_on_batch(x, y)
    saved = trained if source in KINDS else trained.model
    path = tmp_path / f"saved{suffix}"
    saved.save(path) if suffix == ".keras" else saved.save_weights(path)

    wrapper = KINDS[kind](alpha=0.2)
    if kind == "NonlinearMixup" and source in {*KINDS} - {kind}:
        # Its policy network is in no other wrapper's file.
        with pytest.raises(ValueError, match="could not be loaded"):
            wrapper.load_weights(path)
        return
    wrapper.load_weights(path)
    assert_same_weights(
        wrapper.model.get_weights(), trained.model.get_weights()
    )
    assert wrapper.alpha == pytest.approx(0.2)
    assert wrapper.get_config()["alpha"] == pytest.approx(0.2)
    if kind == "AdversarialMixup":
        assert wrapper.epsilon == pytest.approx(0.1)


def test_restored_weights_rewind_no_schedule():
    x, y = batch()
    wrapper = compiled(KINDS["AdversarialMixup"]())

    class Schedule(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            wrapper.epsilon = wrapper.alpha = 1.0 + epoch

    wrapper.fit(
        x,
        y,
        epochs=4,
        verbose=0,
        validation_data=(x, y),
        callbacks=[
            Schedule(),
            keras.callbacks.EarlyStopping(
                # So that the first epoch is the best.
                "val_loss",
                mode="max",
                patience=3,
                restore_best_weights=True,
            ),
        ],
    )
    assert wrapper.epsilon == wrapper.alpha == 4.0
    wrapper.set_weights(KINDS["AdversarialMixup"]().get_weights())
    assert wrapper.epsilon == wrapper.alpha == 4.0


def test_an_assignment_takes_effect_in_the_step_that_is_compiled():
    x, y = batch(64)
    wrapper = compiled(KINDS["AdversarialMixup"](seed=0))
    shifts = []
    for epsilon in (0.1, 0.0, 0.2):
        wrapper.epsilon = epsilon
        logs = wrapper.train_on_batch(x, y, return_dict=True)
        wrapper.reset_metrics()
        shifts.append(logs["lam_shift"])
    assert shifts[1] == 0
    assert 0 < shifts[0] <= 0.1
    assert 0 < shifts[2] <= 0.2
    wrapper.alpha = 1e4
    lam, _ = wrapper.draw(None, y)
    assert np.abs(np.array(lam) - 0.5).max() < 0.1
    wrapper.alpha = 1e-4
    lam, _ = wrapper.draw(None, y)
    assert np.all(np.abs(np.array(lam) - 0.5) > 0.4)


def test_a_saved_model_keeps_its_settings(tmp_path):
    wrapper = compiled(KINDS["AdversarialMixup"](alpha=0.2))
    wrapper.epsilon = 0.5
    wrapper.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.alpha == pytest.approx(0.2)
    assert loaded.epsilon == 0.5


@pytest.mark.parametrize("name", ["alpha", "epsilon"])
@pytest.mark.parametrize(
    "value", [-1.0, float("nan"), float("inf"), 1e39, -1e39]
)
def test_what_is_no_setting_is_refused_and_changes_nothing(name, value):
    wrapper = KINDS["AdversarialMixup"]()
    before = getattr(wrapper, name)
    with pytest.raises(ValueError, match=f"`{name}`"):
        setattr(wrapper, name, value)
    assert getattr(wrapper, name) == before


def test_an_alpha_that_float32_rounds_to_nothing_is_refused():
    with pytest.raises(ValueError, match="`alpha`"):
        Mixup(classifier(), "hidden", alpha=1e-50)
