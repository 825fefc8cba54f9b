"""Mixup and its variants as `keras.Model` wrappers."""

from keras_amp.mixup.adversarial_mixup import (
    AdversarialMixup as AdversarialMixup,
)
from keras_amp.mixup.hidden import mix_hidden as mix_hidden
from keras_amp.mixup.mixup import Mixup as Mixup
from keras_amp.mixup.nonlinear_mixup import NonlinearMixup as NonlinearMixup
from keras_amp.mixup.outcome import Found as Found
from keras_amp.mixup.outcome import Outcome as Outcome
from keras_amp.mixup.pairs import Pairs as Pairs
from keras_amp.mixup.per_example_loss import PerExampleLoss as PerExampleLoss
