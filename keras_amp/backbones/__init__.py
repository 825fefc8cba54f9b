"""Text classifiers with two named places to mix: `word` and `sentence`."""

from keras_amp.backbones.bert import BERT as BERT
from keras_amp.backbones.bert import POOLINGS as POOLINGS
from keras_amp.backbones.bert_encoder import BERT_SIZES as BERT_SIZES
from keras_amp.backbones.bert_encoder import load_bert as load_bert
from keras_amp.backbones.bert_encoder import (
    load_bert_pooling as load_bert_pooling,
)
from keras_amp.backbones.bert_encoder import random_bert as random_bert
from keras_amp.backbones.bert_names import BERT_NAMES as BERT_NAMES
from keras_amp.backbones.bert_names import bert_at_hand as bert_at_hand
from keras_amp.backbones.bert_vocabulary import (
    load_bert_vocabulary as load_bert_vocabulary,
)
from keras_amp.backbones.bilstm import BiLSTM as BiLSTM
from keras_amp.backbones.text_cnn import TextCNN as TextCNN
