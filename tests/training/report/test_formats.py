import numpy as np
import pytest

from training.report.formats import interval, signed


@pytest.mark.parametrize(
    ("value", "digits", "expected"),
    [
        (-0.004, 2, "+0.00"),
        (-0.006, 2, "-0.01"),
        (0.26, 1, "+0.3"),
        (float("nan"), 2, "–"),
    ],
)
def test_what_rounds_to_0_has_one_sign(value, digits, expected):
    assert signed(value, digits) == expected


def test_an_interval_is_left_out_where_there_is_none():
    row = {"difference": -1.234, "low": -2.0, "high": -0.001}
    assert interval(row) == "-1.23 [-2.00, +0.00]"
    assert interval(row | {"low": np.nan}) == "-1.23"
    assert interval(row | {"difference": np.nan}) == "–"
