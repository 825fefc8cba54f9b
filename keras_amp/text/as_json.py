"""A tokenizer as the JSON that `tokenizers` of Hugging Face reads.

For where an export is served without TensorFlow: `tokenizers` runs in Python,
Rust, JavaScript and more, and gives the same ids.
"""

from keras_amp.text.word_pieces import WordPieceTokenizer
from keras_amp.text.words import WordTokenizer, standardize

# Capital sigma alone is lower-cased by its place, here the end of a word.
_CASED = r"[\p{Lu}\p{Ll}\p{Lt}]"
_SIGMA = (
    rf"{_CASED}[\p{{M}}'`]*\KΣ(?![\p{{M}}'`]*{_CASED})",
    "ς",
)
# What decides on ids, as `word_tokenizer` sets it.
_AS_WORDS = {
    "standardize": standardize,
    "split": "whitespace",
    "ngrams": None,
    "output_mode": "int",
    "output_sequence_length": None,
}


def tokenizer_json(tokenizer):
    """What a file `tokenizer.json` holds, for the same ids without TensorFlow.

    Two rarities differ: the limit above which a word is `[UNK]`, with word
    pieces, is 100 letters there and 100 bytes here; and letters newer than the
    Unicode that either program knows.

    Args:
        tokenizer: A `WordTokenizer` as of `word_tokenizer`, or a
            `WordPieceTokenizer`.

    Returns:
        Dict that `json` can write.

    Raises:
        ValueError: If it is another layer, or one with a function of its own
            to standardize or split by.

    Examples:
        >>> import json, tokenizers
        >>> layer = keras_amp.text.word_tokenizer(["to be or not to be"])
        >>> written = json.dumps(tokenizer_json(layer))
        >>> read = tokenizers.Tokenizer.from_str(written)
        >>> read.encode("Be, or BE?").ids == layer(["Be, or BE?"])[0].numpy()
        array([ True,  True,  True,  True,  True])
    """
    if type(tokenizer) is WordPieceTokenizer:
        return word_pieces_json(
            tokenizer.vocabulary, tokenizer.lowercase, tokenizer.max_length
        )
    if type(tokenizer) is WordTokenizer:
        config = tokenizer.get_config()
        if all(config[key] == value for key, value in _AS_WORDS.items()):
            return _words(tokenizer)
    raise ValueError(
        "A tokenizer.json says what `word_tokenizer` and `WordPieceTokenizer` "
        "make. Received a layer that splits or standardizes otherwise: "
        f"{type(tokenizer).__name__}"
    )


def _words(tokenizer):
    vocabulary = tokenizer.get_vocabulary()
    contractions = ("'s", "'ve", "n't", "'re", "'d", "'ll")
    return _file(
        normalizer=_sequence(
            "normalizers",
            _replace("[’‘]", "'"),
            _replace(r"[^\p{L}\p{M}\p{N}(),!?'`]", " "),
            *(_replace(end, f" {end}") for end in contractions),
            _replace(*_SIGMA),
            {"type": "Lowercase"},
        ),
        pre_tokenizer=_sequence(
            "pretokenizers",
            {"type": "WhitespaceSplit"},
            {
                "type": "Split",
                "pattern": {"Regex": "[,!?()]"},
                "behavior": "Isolated",
                "invert": False,
            },
        ),
        post_processor=None,
        model={
            "type": "WordLevel",
            "vocab": {word: id for id, word in enumerate(vocabulary)},
            "unk_token": "[UNK]",
        },
        max_length=tokenizer.max_length,
        padding="",
    )


def word_pieces_json(vocabulary, lowercase, max_length):
    """The same of BERT's word pieces, needing no layer and no TensorFlow.

    Args:
        vocabulary: Sequence of strings, the pieces in the order of their ids.
        lowercase: Bool, whether text is lower-cased and stripped of accents.
        max_length: Int, ids of a sentence at most.
    """
    text = {"Sequence": {"id": "A", "type_id": 0}}
    ends = ("[CLS]", "[SEP]")
    begin, end = ({"SpecialToken": {"id": x, "type_id": 0}} for x in ends)
    bert = {
        "type": "BertNormalizer",
        "clean_text": True,
        "handle_chinese_chars": True,
        "strip_accents": lowercase,
        "lowercase": lowercase,
    }
    sigma = [_replace(*_SIGMA)] if lowercase else []
    return _file(
        normalizer=_sequence("normalizers", *sigma, bert),
        pre_tokenizer={"type": "BertPreTokenizer"},
        post_processor={
            "type": "TemplateProcessing",
            "single": [begin, text, end],
            "pair": [begin, text, end, text, end],
            "special_tokens": {
                piece: {
                    "id": piece,
                    "ids": [vocabulary.index(piece)],
                    "tokens": [piece],
                }
                for piece in ends
            },
        },
        model={
            "type": "WordPiece",
            "vocab": {piece: id for id, piece in enumerate(vocabulary)},
            "unk_token": "[UNK]",
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
        },
        max_length=max_length,
        padding="[PAD]",
    )


def _file(max_length, padding, **parts):
    truncation = max_length and {
        "direction": "Right",
        "max_length": max_length,
        "strategy": "LongestFirst",
        "stride": 0,
    }
    return {
        "version": "1.0",
        "truncation": truncation,
        "padding": {
            "strategy": "BatchLongest",
            "direction": "Right",
            "pad_to_multiple_of": None,
            "pad_id": 0,
            "pad_type_id": 0,
            "pad_token": padding,
        },
        "added_tokens": [],
        "decoder": None,
        **parts,
    }


def _sequence(kind, *steps):
    return {"type": "Sequence", kind: list(steps)}


def _replace(pattern, content):
    return {
        "type": "Replace",
        "pattern": {"Regex": pattern},
        "content": content,
    }
