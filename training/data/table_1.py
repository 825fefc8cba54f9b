"""Table 1 of the paper beside what the files hold."""

from pathlib import Path

import tensorflow as tf
from rich.table import Table

from keras_amp.text import standardize
from training.data.paper import PAPER_SETS, find_file, read_numbered

COLUMNS = {
    "c": "classes",
    "l": "words a sentence",
    "V": "different words",
    "N": "sentences",
    "T": "test sentences",
}


def count(name: str, data_dir: str | Path, download: bool = False) -> dict:
    """Counts what Table 1 counts.

    Words are parted as Kim (2014) parted them, whose counts the table gives:
    ASCII letters alone, contractions parted unless the files have done so.

    Args:
        name: Key of `PAPER_SETS`.
        data_dir: Folder of the files.
        download: Bool, whether to fetch the files that are missing.

    Returns:
        Dict with the keys of `COLUMNS`; `l` is a float, `T` "CV" where the
        data set is cross-validated.
    """
    source = PAPER_SETS[name]
    num_classes = len(source.label_names)
    splits = {
        part: read_numbered(
            find_file(data_dir, file, download), num_classes, source.encoding
        )
        for part, file in source.files.items()
    }
    texts = [text for split in splits.values() for text in split.texts]
    clean = standardize(
        tf.constant(texts),
        letters="A-Za-z0-9",
        split_contractions=not source.is_tokenized,
        lowercase=not source.keeps_case,
    )
    words = tf.strings.split(clean)
    labels = {int(y) for split in splits.values() for y in split.labels}
    return {
        "c": len(labels),
        "l": float(tf.reduce_mean(tf.cast(words.row_lengths(), "float64"))),
        "V": len(set(words.flat_values.numpy())),
        "N": len(texts),
        "T": len(splits["test"]) if "test" in splits else "CV",
    }


def table(counts: dict[str, dict]) -> Table:
    """A `rich` table of counts, each with the paper's beside it.

    Args:
        counts: Dict from data set name to what `count` returned.
    """
    legend = ", ".join(f"{key}: {meaning}" for key, meaning in COLUMNS.items())
    result = Table(
        title="Table 1: what the files hold / what the paper says",
        caption=legend + ". * differs.",
    )
    for heading in ("", *COLUMNS):
        result.add_column(heading, justify="right" if heading else "left")
    for name, found in counts.items():
        published = PAPER_SETS[name].published
        cells = []
        for symbol in COLUMNS:
            got = found[symbol]
            shown = f"{got:.1f}" if isinstance(got, float) else str(got)
            same = got == published[symbol] or (
                isinstance(got, float) and round(got) == published[symbol]
            )
            mark = "" if same else " *"
            cells.append(f"{shown} / {published[symbol]}{mark}")
        result.add_row(name, *cells)
    return result
