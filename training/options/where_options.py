"""Where the files lie, and how the run is begun: what changes no result."""

import dataclasses
import re
import unicodedata
from pathlib import Path
from typing import Annotated

import tyro


@dataclasses.dataclass(frozen=True)
class WhereOptions:
    """Where the files lie, and how a run is begun: no result depends on it."""

    # Folder of the data sets' files.
    data_dir: Path = Path("data")
    # Fetch the data set's files into --data-dir if they are missing.
    download: bool = False
    # Of the model's folder, or folders parted by slashes; else
    # DATASET-BACKBONE-METHOD, and what the backbone begins with unless it is
    # the default.
    name: str | None = None
    # Where the exported model goes, as NAME/NUMBER.
    models_dir: Path = Path("saved_models")
    # Where the record goes, as NAME/NUMBER.json.
    records_dir: Path = Path("runs")
    # Write the Keras model too, as NAME/NUMBER-hub: with its card and tokenizer
    # the folder that hubs take.
    hub: bool = False
    # Folder for TensorBoard: the curves, and histograms of lam and of what
    # moving it adds to the loss.
    tensorboard: Path | None = None
    # Also what the method itself measures: how far lam moves, and the like.
    verbose: bool = False
    # Say what logistic regressions get of the same texts: one on words and
    # pairs of words, one on what a pretrained encoder makes of them.
    baselines: bool = True
    # Go on from the last evaluation of a run with the same options and texts
    # that was interrupted; the result is that of a run that was not.
    resume: bool = False
    # Put into the record what was answered to each dev and test text.
    answers: Annotated[bool, tyro.conf.Suppress] = False


def as_name(text: str) -> str:
    """Text as a folder's name: "_" for letters that `check_name` refuses."""
    letters = ("_" if _is_no_text(x) or x in "[]/\\" else x for x in text)
    return "".join(letters)


def _is_no_text(letter: str) -> bool:
    """A control character, or what stands for bytes that are no UTF-8."""
    return unicodedata.category(letter) in ("Cc", "Cs")


def check_name(name: str) -> None:
    """Refuses a name whose folder would not lie where it should.

    Raises:
        ValueError: If it is absolute, has a part that is empty or dots, or is
            no text that a file system and TensorFlow take.
    """
    parts = re.split(r"[/\\]", name)
    if any(part.strip() in ("", ".", "..") for part in parts):
        raise ValueError(
            f"--name: {name!r} must name a folder inside --models-dir and "
            "--records-dir, such as mine or mine/first"
        )
    if any(map(_is_no_text, name)):
        raise ValueError(
            f"--name: {name!r} has characters that are no text; pass --name "
            "with another one"
        )
    if {*"[]"} & {*name}:
        raise ValueError(
            f"--name: {name!r} has a bracket, and TensorFlow loads no model "
            "from such a path; pass --name with another one"
        )
