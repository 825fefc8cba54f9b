"""The knobs of mixing as options: keys, refusals, and where they arrive."""

from pathlib import Path

import pytest

from training.options.configuration import configuration, key_of
from training.options.train_options import TrainOptions
from training.run.experiment import Experiment

KNOBS = {
    "mix_share": 0.5,
    "fold_lam": True,
    "clean_weight": 1.0,
    "partner": "other-class",
    "mix_until": 0.5,
    "mix_from": 0.25,
    "label_smoothing": 0.1,
}
OFF = {
    "mix_share": 1.0,
    "fold_lam": False,
    "clean_weight": 0.0,
    "partner": "any",
    "mix_until": 1.0,
    "mix_from": 0.0,
    "label_smoothing": 0.0,
}


def resolved(**fields):
    return TrainOptions.of(**{"method": "sent", **fields}).resolved()


def test_a_knob_that_is_off_is_no_part_of_a_key():
    assert key_of(resolved(**OFF)) == key_of(resolved())
    assert not {*configuration(resolved())} & {*KNOBS}


def test_each_knob_has_keys_of_its_own():
    asked = [resolved(), resolved(mix_share=0.0), resolved(mix_until=0.0)]
    asked += [resolved(**{name: value}) for name, value in KNOBS.items()]
    assert len({key_of(one) for one in asked}) == len(asked)


@pytest.mark.parametrize("method", ["sent", "sent-amp", "nonlinear"])
def test_knobs_arrive(method, tmp_path):
    options = resolved(
        dataset="demo",
        method=method,
        steps=4,
        steps_per_evaluation=1,
        records_dir=tmp_path,
        **KNOBS,
    )
    experiment = Experiment.of_options(options)
    model = experiment.model
    got = (model.mix_share, model.fold, model.clean_weight, model.partner)
    assert got == (0.5, True, 1.0, "other-class")
    assert experiment.model.per_example_loss._loss.label_smoothing == 0.1
    _, curves, _ = experiment.run()
    assert len(curves["loss"]) == 4
    if method == "sent-amp":
        assert [shift > 0 for shift in curves["lam_shift"]] == [0, 1, 0, 0]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"mix_share": 1.5}, "`mix_share`"),
        ({"clean_weight": -1.0}, "`clean_weight`"),
        ({"partner": "someone"}, "--partner must be one of any, no-self"),
        ({"mix_until": 2.0}, "--mix-until must be between 0 and 1, not 2.0"),
        ({"label_smoothing": -0.5}, "--label-smoothing must be between"),
        (
            {"method": "none", "fold_lam": True},
            "--fold-lam needs a --method that mixes, not 'none'",
        ),
        (
            {"method": "none", "alpha": 16.0},
            "--alpha needs a --method that mixes, not 'none'",
        ),
        (
            {"method": None, "train_file": Path("my.csv"), "alpha": 16.0},
            "--alpha needs a --method that mixes, not 'none'",
        ),
        (
            {"epsilon": 0.5},
            "--epsilon needs --method word-amp or sent-amp, not 'sent'",
        ),
        (
            {"method": "nonlinear", "min_op": False},
            "--no-min-op needs --method word-amp or sent-amp, not 'nonlinear'",
        ),
        (
            {"method": "none", "min_op": False},
            "--no-min-op needs --method word-amp or sent-amp, not 'none'",
        ),
    ],
)
def test_what_nothing_would_heed_is_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        resolved(**fields)


def test_what_the_released_code_does_not_know_is_refused():
    from training.methods.released import Released

    released = Released(reweight=True)
    with pytest.raises(ValueError, match="--clean-weight is nothing that the"):
        resolved(method="sent-amp", released=released, clean_weight=1.0)
    released = Released(binary_cross_entropy=True)
    with pytest.raises(ValueError, match="--label-smoothing is of the"):
        resolved(method="sent-amp", released=released, label_smoothing=0.1)
