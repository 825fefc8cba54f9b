"""What is said of texts that a classifier hardly knows a word of."""

import numpy as np
import pytest

from keras_amp.text import WordPieceTokenizer, word_tokenizer
from training.data.dataset import Dataset, Examples
from training.options.train_options import TrainOptions
from training.run.unknown import before_training, in_answers

PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "to", "be", "##s"]
TOKENIZERS = {
    "cnn": word_tokenizer(vocabulary=["to", "be"]),
    "bert": WordPieceTokenizer(PIECES),
}


def warning(backbone, dev, test):
    train, dev, test = (
        Examples(texts, np.arange(len(texts)))
        for texts in (["to be"], dev, test)
    )
    dataset = Dataset("name", ("a", "b"), train, dev, test)
    options = TrainOptions.of(backbone=backbone).model
    return before_training(dataset, TOKENIZERS[backbone], options)


@pytest.mark.parametrize("backbone", TOKENIZERS)
def test_training_says_so_when_most_words_are_unknown(backbone):
    assert warning(backbone, ["to be"], ["to be", "x y z w"]) is None
    assert warning(backbone, ["", "\x00"], [""]) is None
    said = warning(backbone, ["to be"], ["x y z w v u"])
    assert said.startswith("75% of the dev and test texts'")
    assert "--bert bert_base_multi" in said
    assert ("--backbone bert" in said) == (backbone == "cnn")


def test_answers_say_of_which_texts_most_words_are_unknown():
    texts = ["to be", "x \x1b[1m y", "z"]
    assert in_answers(texts, [0.0, 0.5, 0.5]) is None
    said = in_answers(texts, [0.0, 0.6, 1.0])
    assert said.startswith("Most words of 2 of 3 texts are unknown")
    assert r"'x \x1b[1m y'" in said
