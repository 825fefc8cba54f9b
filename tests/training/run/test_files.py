"""Of which files a record is: by what is in them."""

import dataclasses
import hashlib
from pathlib import Path

import pytest

from tests.training.grid.demo_table import TABLE
from training.grid.grid_options import GridOptions
from training.grid.run_grid import run_grid
from training.grid.runs import runs_of
from training.options.train_options import TrainOptions
from training.run.files import check_files, digests
from training.run.record import begun, read_record
from training.tables import TABLES


@pytest.fixture
def grid(tmp_path, monkeypatch):
    """A grid of one run on word vectors, with their file."""

    def options(cell):
        return TABLE.options(cell) | {"embeddings": "--embeddings"}

    monkeypatch.setitem(
        TABLES, "demo", dataclasses.replace(TABLE, options=options)
    )
    vectors = tmp_path / "vectors.txt"
    vectors.write_text("what 1 2\nwho 3 4\n")
    return GridOptions(
        "demo",
        variants=("good",),
        methods=("word",),
        seeds=1,
        embeddings=vectors,
        records_dir=tmp_path / "records",
        work_dir=tmp_path / "work",
        processes=1,
        steps=2,
        steps_per_evaluation=2,
        batch_size=8,
    )


def test_a_file_has_its_own_sum_and_what_is_none_has_no(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    # What stands for no file is not taken for one.
    Path("random").write_text("a 1 2\n")
    asked = TrainOptions.of(dataset="demo", backbone="cnn").resolved()
    assert digests(asked) == {}
    vectors = tmp_path / "vectors.txt"
    vectors.write_text("a 1 2\n")
    asked = asked.with_fields(embeddings=str(vectors))
    expected = hashlib.sha256(b"a 1 2\n").hexdigest()
    assert digests(asked) == {"embeddings": expected}
    vectors.write_text("a 1 3\n")
    assert digests(asked)["embeddings"] != expected
    hub = asked.with_fields(bert="hf://nobody/nothing", embeddings="random")
    assert digests(hub) == {}


def test_an_encoder_is_what_is_read_of_it(tmp_path, monkeypatch):
    folder = tmp_path / "all-MiniLM-L6-v2"
    (folder / "assets").mkdir(parents=True)
    for name in ("model.safetensors", "assets/vocabulary.txt", "config.json"):
        (folder / name).write_text(name)
    (folder / "README.md").write_text("read me")
    asked = TrainOptions.of(dataset="demo", backbone="bert", bert=str(folder))
    (digest,) = digests(asked).values()
    monkeypatch.setenv("KERAS_AMP_MODELS", str(tmp_path))
    named = asked.with_fields(bert=folder.name)
    assert digests(named) == {"bert": digest}
    (folder / "README.md").write_text("read more")
    assert digests(named) == {"bert": digest}
    (folder / "vocab").mkdir()  # no file
    assert digests(named) == {"bert": digest}
    seen = {digest}
    for name in ("model.safetensors", "assets/vocabulary.txt", "config.json"):
        (folder / name).write_text("other")
        seen |= {*digests(named).values()}
    assert len(seen) == 4
    # The run says what is wrong, in its record.
    monkeypatch.setenv("KERAS_AMP_MODELS", str(tmp_path / "gone"))
    assert digests(named) == {}


def test_records_of_another_file_of_that_name_are_refused(grid):
    (run,) = runs_of(grid)
    record = begun(run.options)
    assert set(record["files"]) == {"embeddings"}
    check_files({run: record})
    grid.embeddings.write_text("what 1 2\nwho 3 5\n")
    with pytest.raises(ValueError, match=r"another --embeddings '.*vectors"):
        check_files({run: record})
    # Where there is none now, or records do not say, nothing is known.
    check_files({run: None})
    check_files({run: {**record, "files": {}}})
    grid.embeddings.unlink()
    check_files({run: record})


def test_a_grid_does_not_go_on_with_other_vectors(grid):
    assert run_grid(grid) == 0
    (run,) = runs_of(grid)
    assert "results" in read_record(run.path)
    assert run_grid(grid) == 0
    grid.embeddings.write_text("what 1 2\nwho 3 5\n")
    with pytest.raises(ValueError, match="made with another --embeddings"):
        run_grid(grid)
