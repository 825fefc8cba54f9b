"""Pretrained encoders by name, and where they are looked for."""

import contextlib
import importlib.util
import os
from pathlib import Path

from keras_amp.backbones.hugging_face import is_hugging_face
from keras_amp.errors import one_line
from keras_amp.extras import needed

# What people call them, and what they are called on Hugging Face's hub.
BERT_NAMES = {
    "all-MiniLM-L6-v2": "sentence-transformers/all-MiniLM-L6-v2",
    "bge-small-en-v1.5": "BAAI/bge-small-en-v1.5",
    "bert-base-uncased": "google-bert/bert-base-uncased",
    "bert-base-multilingual-cased": "google-bert/bert-base-multilingual-cased",
}
_NEEDED = ("config.json", "vocab.txt", "model*.safetensors")
_FILES = ("config.json", "vocab.txt", "tokenizer_config.json")
WHAT_WOULD_DO = (
    "Name a folder with a keras-hub preset, a Hugging Face BERT (config.json, "
    "model.safetensors, vocab.txt) or Google's checkpoint (bert_config.json, "
    "bert_model.ckpt.*, vocab.txt)."
)
# Where a model of sentence-transformers says how it is pooled.
POOLING_FILE = "1_Pooling/config.json"


def find_bert(source):
    """Where an encoder lies: a name becomes a folder or a hub's handle.

    A name of `BERT_NAMES` is looked for as a folder below that of the
    environment variable `KERAS_AMP_MODELS`, by its name or its id; then on the
    hub, whose cache answers without a network.

    Args:
        source: As of `load_bert`. What is no name, or a folder that is there,
            stays what it is.

    Returns:
        `source`, a path, or a handle such as `"hf://BAAI/bge-small-en-v1.5"`.

    Raises:
        ValueError: If `KERAS_AMP_MODELS` names no folder.

    Examples:
        >>> find_bert("bge-small-en-v1.5")
        'hf://BAAI/bge-small-en-v1.5'
        >>> find_bert("bert_base_en_uncased")
        'bert_base_en_uncased'
    """
    if not isinstance(source, str) or Path(source).is_dir():
        return source
    identity = BERT_NAMES.get(source, source)
    if identity not in BERT_NAMES.values():
        return source
    models = os.environ.get("KERAS_AMP_MODELS")
    if models and not Path(models).is_dir():
        raise ValueError(
            f"The environment variable KERAS_AMP_MODELS is '{models}', which "
            "is no folder."
        )
    for name in (source, Path(identity).name, identity) if models else ():
        if (Path(models) / name).is_dir():
            return str(Path(models) / name)
    return f"hf://{identity}"


def bert_at_hand():
    """The first of `BERT_NAMES` that is on this machine.

    Returns:
        String, or `None` if there is none below the folder of
        `KERAS_AMP_MODELS` or in the hub's cache, or what reads and cuts texts
        for it is not installed.

    Raises:
        ValueError: If `KERAS_AMP_MODELS` names no folder.
    """
    modules = ("keras_hub", "tensorflow_text", "huggingface_hub")
    if not all(importlib.util.find_spec(module) for module in modules):
        return None
    for name in BERT_NAMES:
        source = find_bert(name)
        if not source.startswith("hf://"):
            return name
        with contextlib.suppress(Exception):  # Of the hub, of the disc.
            if not _missing(_snapshot(source, is_offline=True)):
                return name
    return None


def downloaded(source):
    """The folder of what a handle of Hugging Face's hub names.

    Args:
        source: As of `load_bert`; what is no such handle stays what it is.

    Raises:
        ValueError: If it is neither in the hub's cache nor to be reached, with
            what to download by hand.
        ImportError: If `huggingface-hub` is missing.
    """
    if not str(source).startswith("hf://"):
        return source
    needed("huggingface_hub", f"'{source}'", '"keras_amp[bert]"')
    for is_offline in (True, False):
        try:
            folder = _snapshot(source, is_offline)
        except Exception as error:  # Of the hub, of the network, of the disc.
            why = one_line(error)
            continue
        # What a download that was broken off has left is not all of it; of
        # a preset of keras-hub's, which has other files, this is not asked.
        missing = _missing(folder)
        if not missing or not (is_offline or is_hugging_face(folder)):
            return folder
        why = f"'{folder}' has no {', '.join(missing)}"
    identity = str(source).removeprefix("hf://")
    name = Path(identity).name
    raise ValueError(
        f"'{identity}' is not in the hub's cache and can't be reached. "
        f"Download {', '.join(_FILES)} and model.safetensors of it into a "
        f"folder '{name}', and set KERAS_AMP_MODELS to the folder above. It "
        f"is {why}"
    )


def _snapshot(source, is_offline):
    """The folder in the hub's cache of what a handle names."""
    import huggingface_hub

    return huggingface_hub.snapshot_download(
        source.removeprefix("hf://"),
        allow_patterns=[*_FILES, POOLING_FILE, "model*.safetensors"],
        local_files_only=is_offline,
    )


def _missing(folder):
    return [one for one in _NEEDED if not any(Path(folder).glob(one))]
