"""Probabilities that can be trusted: whether they are, and a repair.

A classifier is calibrated if, of all answers of which it is 80 % sure, 80 %
are right. Guo et al. (2017), "On Calibration of Modern Neural Networks",
measure how far it is from that and mend it with one number.

Everything here takes labels and predictions as losses of Keras do:

- `y_pred`: `(batch, ..., classes)`, probabilities, or logits if `from_logits`;
  or `(batch, ..., 1)`, the second of two classes, as of a sigmoid.
- `y_true`: ints `(batch, ...)` or `(batch, ..., 1)`; or the probability of each
  class, of the shape of `y_pred`: one-hot, or soft as those of a mixture.

An answer is the most probable class, the confidence its probability, at least
½ of two classes. An answer is right with the probability that the label gives
to it: 1 or 0, or a part of a soft label.
"""

from keras_amp.calibration.bins import Reliability as Reliability
from keras_amp.calibration.bins import reliability as reliability
from keras_amp.calibration.brier_score import BrierScore as BrierScore
from keras_amp.calibration.expected_calibration_error import (
    ExpectedCalibrationError as ExpectedCalibrationError,
)
from keras_amp.calibration.temperature import (
    HIGHEST_TEMPERATURE as HIGHEST_TEMPERATURE,
)
from keras_amp.calibration.temperature import (
    LEAST_PROBABILITY as LEAST_PROBABILITY,
)
from keras_amp.calibration.temperature import (
    LOWEST_TEMPERATURE as LOWEST_TEMPERATURE,
)
from keras_amp.calibration.temperature import (
    check_temperature as check_temperature,
)
from keras_amp.calibration.temperature import fit_temperature as fit_temperature
