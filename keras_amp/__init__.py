"""Mixup with an Adversarial Mixing Policy for any Keras classifier."""

from keras_amp import calibration as calibration
from keras_amp import policy as policy
from keras_amp import text as text
from keras_amp.backbones import BERT as BERT
from keras_amp.backbones import BiLSTM as BiLSTM
from keras_amp.backbones import TextCNN as TextCNN
from keras_amp.backbones import load_bert as load_bert
from keras_amp.backbones import load_bert_pooling as load_bert_pooling
from keras_amp.backbones import load_bert_vocabulary as load_bert_vocabulary
from keras_amp.backbones import random_bert as random_bert
from keras_amp.calibration import BrierScore as BrierScore
from keras_amp.calibration import (
    ExpectedCalibrationError as ExpectedCalibrationError,
)
from keras_amp.calibration import fit_temperature as fit_temperature
from keras_amp.comparison import compare as compare
from keras_amp.convert import (
    convert_text_classifier as convert_text_classifier,
)
from keras_amp.cut import cut as cut
from keras_amp.mixup import AdversarialMixup as AdversarialMixup
from keras_amp.mixup import Mixup as Mixup
from keras_amp.mixup import NonlinearMixup as NonlinearMixup
from keras_amp.serving import export_text_classifier as export_text_classifier
from keras_amp.stop_mixing import StopMixing as StopMixing
from keras_amp.tensorboard import TensorBoard as TensorBoard

__version__ = "0.2.0"
