"""Damaged files are read or refused in a sentence, whatever the damage.

Labelled texts have theirs in `keras_amp/test_fuzz.py`.
"""

import gzip
import io
import json
import tracemalloc
import zipfile

import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import keras_amp
from keras_amp.text import WordPieceTokenizer, read_word_vectors
from tests.helpers import classifier, compiled
from tests.keras_amp.backbones.test_bert_encoder import (
    PIECES,
    folder_of,
    random_values,
    write_checkpoint,
    write_objects,
)
from tests.training.report.test_report import cell_of, record_of
from training.data.vector_cache import load_vectors
from training.report.write_report import report
from training.run.checkpoint import Checkpoint
from training.run.record import read_record

MEMORY = 40e6  # bytes; each file here has less than 100 kB


def examples(number):
    return settings(
        max_examples=number,
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )


# What a file is damaged with, beside any bytes.
ODD = (b"[" * 50_000, b"1" * 5000, b"1e999", b"NaN", b"-1", b"\0", b"\n", b" ")
FAULT = st.tuples(
    st.sampled_from(["flip", "overwrite", "insert", "remove", "end"]),
    st.floats(0, 1, exclude_max=True),
    st.one_of(st.binary(min_size=1, max_size=8), st.sampled_from(ODD)),
)
FAULTS = st.lists(FAULT, min_size=1, max_size=4)


def damaged(content, faults):
    content = bytearray(content)
    for kind, where, what in faults:
        place = int(where * len(content))
        if kind == "flip" and content:
            content[place] ^= 1 << what[0] % 8
        elif kind == "overwrite":
            content[place : place + len(what)] = what
        elif kind == "insert":
            content[place:place] = what
        elif kind == "remove":
            del content[place : place + what[0]]
        elif kind == "end":
            del content[place:]
    return bytes(content)


def assert_read_or_refused(read, path, memory=MEMORY):
    """What `read` returns; `None` if it has refused the file as it should."""
    tracemalloc.start()
    try:
        result = read()
    except (ValueError, OSError) as error:
        assert str(path) in str(error)
        assert "\n" not in str(error)
        result = None
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < memory
    return result


WORDS = {"the": [0.5, -1.0], "cat": [1.0, 2.0], "other": [3.0, 4.0]}


def vectors_as(kind):
    lines = [f"{word} {a} {b}\n" for word, (a, b) in WORDS.items()] * 20
    if kind.startswith("bin"):
        content = b"3 2\n" + b"".join(
            word.encode() + b" " + np.array(vector, "<f4").tobytes()
            for word, vector in WORDS.items()
        )
    else:
        content = "".join(["60 2\n", *lines][kind == "txt" :]).encode()
    if kind.endswith(".gz"):
        return gzip.compress(content)
    if kind.endswith(".zip"):
        buffer = io.BytesIO()
        method = getattr(zipfile, kind.split(".")[1])
        with zipfile.ZipFile(buffer, "w", method) as archive:
            archive.writestr("v.txt", content)
        return buffer.getvalue()
    return content


KINDS = ["txt", "w2v", "bin", "txt.gz", "bin.gz", "txt.ZIP_STORED.zip"]
KINDS += ["txt.ZIP_DEFLATED.zip", "bin.ZIP_BZIP2.zip", "txt.ZIP_LZMA.zip"]


@examples(600)
@given(kind=st.sampled_from(KINDS), faults=FAULTS)
def test_word_vectors(tmp_path, kind, faults):
    path = tmp_path / f"vectors.{kind}"
    path.write_bytes(damaged(vectors_as(kind), faults))
    words = assert_read_or_refused(
        lambda: read_word_vectors(path, ["", "[UNK]", *WORDS]),
        path,
        # LZMA asks for a dictionary's address space, and fills what it needs.
        np.inf if "LZMA" in kind else MEMORY,
    )
    assert words is None or np.all(np.isfinite(words.vectors))


@examples(200)
@given(faults=FAULTS)
def test_vocabularies(tmp_path, faults):
    path = tmp_path / "vocab.txt"
    path.write_bytes(damaged("\n".join(PIECES).encode() + b"\n", faults))
    assert_read_or_refused(lambda: WordPieceTokenizer(path)(["its", ""]), path)


@pytest.fixture(scope="module", params=[write_checkpoint, write_objects])
def bert(request, tmp_path_factory):
    """The folder of a checkpoint of either kind, and its files."""
    folder = folder_of(tmp_path_factory.mktemp("bert"))
    request.param(folder, random_values())
    return {
        path: path.read_bytes()
        for path in sorted(folder.iterdir())
        if path.name.startswith("bert_")
    }


@examples(25)
@given(which=st.integers(0, 2), faults=FAULTS)
def test_checkpoints_of_bert(bert, which, faults):
    for number, (path, content) in enumerate(bert.items()):
        is_damaged = number == which
        path.write_bytes(damaged(content, faults) if is_damaged else content)
    folder = path.parent
    assert_read_or_refused(lambda: keras_amp.load_bert(folder), folder)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """A model, the path of its checkpoint, and what that holds."""
    keras.utils.set_random_seed(1)
    model = compiled(classifier(dropout=0.1), metrics=["accuracy"])
    model.optimizer.build(model.trainable_variables)
    path = tmp_path_factory.mktemp("checkpoint") / "c.npz"
    kept = Checkpoint(path, dict)
    kept.set_model(model)
    kept.on_epoch_end(0, {"val_accuracy": 0.5, "loss": 1.0})
    return model, path, path.read_bytes()


@examples(300)
@given(faults=FAULTS)
def test_checkpoints_of_a_run(checkpoint, faults):
    model, path, content = checkpoint
    path.write_bytes(damaged(content, faults))
    before = [variable.numpy() for variable in model.variables]
    for variable in model.variables:
        variable.assign(variable + 1)
    again = Checkpoint(path, dict)

    def resume():
        again.resume(model)
        return True

    is_resumed = assert_read_or_refused(resume, path)
    # All of it or nothing.
    for variable, value in zip(model.variables, before, strict=True):
        expected = value if is_resumed else value + 1
        np.testing.assert_array_equal(variable.numpy(), expected)
        variable.assign(value)
    assert again.epochs == (1 if is_resumed else 0)


@examples(200)
@given(faults=FAULTS)
def test_caches_of_vectors(tmp_path, faults):
    path = tmp_path / "vectors.txt"
    path.write_bytes(vectors_as("txt"))
    vocabulary = ["", "[UNK]", "cat"]
    load_vectors(path, vocabulary, tmp_path / "cache")
    (cached,) = (tmp_path / "cache").iterdir()
    cached.write_bytes(damaged(cached.read_bytes(), faults))
    words = load_vectors(path, vocabulary, tmp_path / "cache")
    assert words.vectors[2].tolist() == WORDS["cat"]
    assert words.is_found.tolist() == [False, False, True]
    cached.unlink()


ALONG = {"backbone": "bert", "share": 0.03, "method": "word-amp"}
CELLS = [
    ("2", cell_of("word-amp")),
    ("2", cell_of("sent", backbone="bert")),
    ("figure-2", ALONG),
]


def damaged_record(folder, which, faults):
    """The path of a damaged record beside two of the same cell."""
    folder.mkdir(exist_ok=True)
    for seed in range(3):
        record = record_of(*which, seed, 9.0 + seed)
        (folder / f"{seed}.json").write_text(json.dumps(record, indent=1))
    path = folder / "1.json"
    path.write_bytes(damaged(path.read_bytes(), faults))
    return path


@examples(50)
@given(which=st.sampled_from(CELLS), faults=FAULTS)
def test_records(tmp_path, which, faults):
    path = damaged_record(tmp_path / "records", which, faults)
    assert_read_or_refused(lambda: read_record(path), path)


@pytest.mark.slow
@examples(8)  # a report takes seconds
@given(which=st.sampled_from(CELLS), faults=FAULTS)
def test_reports_of_records(tmp_path, which, faults):
    path = damaged_record(tmp_path / "records", which, faults)
    folder, output = path.parent, tmp_path / "RESULTS.md"
    assert_read_or_refused(lambda: report(folder, output, False), path)
