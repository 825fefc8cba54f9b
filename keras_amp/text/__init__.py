"""From raw text to what the backbones take."""

from keras_amp.text.words import standardize as standardize
from keras_amp.text.words import word_tokenizer as word_tokenizer
