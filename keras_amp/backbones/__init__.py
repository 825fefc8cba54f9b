"""Text classifiers with two named places to mix: `word` and `sentence`."""

from keras_amp.backbones.bilstm import BiLSTM as BiLSTM
from keras_amp.backbones.text_cnn import TextCNN as TextCNN
