"""Mixup and its adversarial variant as `keras.Model` wrappers."""

from keras_amp.mixup.adversarial_mixup import (
    AdversarialMixup as AdversarialMixup,
)
from keras_amp.mixup.mixup import Mixup as Mixup
