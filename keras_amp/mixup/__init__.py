"""Mixup and its variants as `keras.Model` wrappers."""

from keras_amp.mixup.adversarial_mixup import (
    AdversarialMixup as AdversarialMixup,
)
from keras_amp.mixup.mixup import Mixup as Mixup
from keras_amp.mixup.nonlinear_mixup import NonlinearMixup as NonlinearMixup
