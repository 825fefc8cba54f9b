"""Word pieces without TensorFlow, for where Keras runs on JAX or PyTorch."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from keras_amp.extras import needed
from keras_amp.text.as_json import word_pieces_json
from keras_amp.text.word_pieces import known_pieces


class PieceReader:
    """A function from texts to the ids of a `WordPieceTokenizer`.

    Args:
        vocabulary, lowercase, max_length: As of
            `keras_amp.text.WordPieceTokenizer`.

    Raises:
        FileNotFoundError, ValueError: As that.
        ImportError: If `tokenizers` is missing.

    Examples:
        >>> pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "mix", "##up", "!"]
        >>> PieceReader(pieces)(["Mixup!", ""]).tolist()
        [[2, 4, 5, 6, 3], [2, 3, 0, 0, 0]]
    """

    def __init__(
        self,
        vocabulary: Sequence[str] | str | Path,
        lowercase: bool | None = None,
        max_length: int = 512,
    ) -> None:
        tokenizers = needed("tokenizers", "PieceReader", '"keras_amp[bert]"')
        known = known_pieces(vocabulary, lowercase, max_length)
        self.vocabulary, _, self.max_length = known
        self._reader = tokenizers.Tokenizer.from_str(
            json.dumps(word_pieces_json(*known), ensure_ascii=False)
        )

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        """Int32 ids of shape `(texts, longest)`, padded with 0."""
        read = self._reader.encode_batch_fast(list(texts))
        return np.array([one.ids for one in read], "int32")

    def vocabulary_size(self) -> int:
        """Number of ids, `[PAD]` included."""
        return len(self.vocabulary)

    def get_vocabulary(self) -> list[str]:
        """The pieces in the order of their ids."""
        return list(self.vocabulary)
