"""The word pieces of pretrained BERT encoders, from where they lie."""

from pathlib import Path

from keras_amp.backbones.bert_checkpoint import is_checkpoint
from keras_amp.backbones.bert_names import (
    WHAT_WOULD_DO,
    downloaded,
    find_bert,
)
from keras_amp.backbones.bert_weights import read_config
from keras_amp.backbones.hugging_face import is_hugging_face
from keras_amp.errors import one_line
from keras_amp.extras import needed


def load_bert_vocabulary(source):
    """The word pieces that a pretrained BERT encoder was trained with.

    Args:
        source: As for `load_bert`, but for encoders of the Model Garden, which
            hold none.

    Returns:
        Dict of arguments for `keras_amp.text.WordPieceTokenizer`:
        `vocabulary`, and `lowercase` where the source says it.

    Raises:
        ValueError: If there is no vocabulary, it can't be reached, or the
            source's tokenizer keeps what `WordPieceTokenizer` strips.
        TypeError: If it is an encoder, or another object.
        ImportError: If `keras-hub` is missing, and a preset needs it.
    """
    if not isinstance(source, str | Path):
        raise TypeError(
            "`source` must be a name or the path of a folder; an encoder "
            "itself holds no vocabulary, which is in a vocab.txt. "
            f"Received: {source!r:.80} of type {type(source).__name__}"
        )
    source = find_bert(source)
    if is_checkpoint(source):
        path = Path(source) / "vocab.txt"
        if not path.is_file():
            raise ValueError(f"There is no '{path}' beside the checkpoint.")
        return {"vocabulary": path}
    folder = downloaded(source)
    if is_hugging_face(folder):
        return _of_hugging_face(Path(folder))
    models = needed("keras_hub", "BERT", '"keras_amp[bert]"').models
    try:
        tokenizer = models.BertTokenizer.from_preset(str(source))
    except ImportError:
        raise
    except Exception as error:
        raise ValueError(
            f"There is no BERT vocabulary at '{source}', or it can't be "
            f"reached. {WHAT_WOULD_DO} It is {one_line(error)}"
        ) from error
    return {
        "vocabulary": tokenizer.get_vocabulary(),
        "lowercase": tokenizer.lowercase,
    }


def read_vocabulary(path):
    """Reads the pieces of a `vocab.txt`, one a line, in the order of their ids.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is not UTF-8.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no vocabulary at '{path}'")
    try:
        lines = path.read_bytes().decode("utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise ValueError(f"'{path}' is not UTF-8: {error}") from error
    pieces = [line.rstrip("\r") for line in lines]
    return pieces[:-1] if not pieces[-1] else pieces


def _of_hugging_face(folder):
    """What a tokenizer that Hugging Face saved says of itself."""
    try:
        pieces = read_vocabulary(folder / "vocab.txt")
    except FileNotFoundError as error:
        raise ValueError(
            f"There is no BERT vocabulary at '{folder}'. {WHAT_WOULD_DO}"
        ) from error
    path = folder / "tokenizer_config.json"
    if not path.is_file():
        return {"vocabulary": pieces}
    fault = "is no config of a tokenizer of BERT's"
    lowercase = read_config(path, _lowercase, fault)
    return {"vocabulary": pieces, "lowercase": lowercase}


def _lowercase(config):
    """Whether text is lower-cased, once nothing else is asked of it."""
    lowercase = config.get("do_lower_case", True)
    if type(lowercase) is not bool:
        raise ValueError(f"do_lower_case is {lowercase!r:.40}")
    # With null, accents go where capitals do.
    if config.get("strip_accents") not in (None, lowercase):
        raise ValueError(
            f"strip_accents is {config['strip_accents']!r:.40} and "
            f"do_lower_case is {lowercase}, and both must be the same"
        )
    if not config.get("tokenize_chinese_chars", True):
        raise ValueError("tokenize_chinese_chars is false, and must be true")
    return lowercase
