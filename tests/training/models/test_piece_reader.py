import numpy as np
import pytest

from keras_amp.text import WordPieceTokenizer
from tests.keras_amp.text.test_word_pieces import ODD, PIECES, vocabulary
from training.models.piece_reader import PieceReader

__all__ = ["vocabulary"]  # a fixture


@pytest.mark.parametrize("max_length", [5, 512])
def test_ids_are_those_of_the_layer(vocabulary, max_length):
    layer = WordPieceTokenizer(vocabulary, max_length=max_length)
    reader = PieceReader(vocabulary, max_length=max_length)
    np.testing.assert_array_equal(reader(ODD), layer(ODD))
    assert reader(ODD).dtype == "int32"
    assert reader.vocabulary_size() == layer.vocabulary_size()
    assert reader.get_vocabulary() == layer.get_vocabulary()
    assert reader.max_length == layer.max_length


def test_what_the_layer_refuses_is_refused():
    with pytest.raises(ValueError, match=r"lack \[SEP\]"):
        PieceReader(["[PAD]", "[UNK]", "[CLS]"])
    with pytest.raises(ValueError, match="max_length"):
        PieceReader(PIECES, max_length=1)
