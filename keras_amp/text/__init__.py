"""From raw text to what the backbones take."""

from keras_amp.text.as_json import tokenizer_json as tokenizer_json
from keras_amp.text.unknown import count_unknown as count_unknown
from keras_amp.text.vectors import WordVectors as WordVectors
from keras_amp.text.vectors import read_word_vectors as read_word_vectors
from keras_amp.text.word_pieces import WordPieceTokenizer as WordPieceTokenizer
from keras_amp.text.words import WordTokenizer as WordTokenizer
from keras_amp.text.words import standardize as standardize
from keras_amp.text.words import word_tokenizer as word_tokenizer
