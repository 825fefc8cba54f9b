import io
import itertools
import zipfile

import numpy as np
import pytest

from tests.helpers import files_limited_to
from training.arrays import read_arrays, write_arrays


def test_what_is_written_is_read(tmp_path):
    arrays = {"a": np.arange(6.0).reshape(2, 3), "text": np.array("[1, 2]")}
    write_arrays(tmp_path / "new" / "a.npz", arrays)
    read = read_arrays(tmp_path / "new" / "a.npz")
    assert list(read) == ["a", "text"]
    np.testing.assert_array_equal(read["a"], arrays["a"])
    assert str(read["text"]) == "[1, 2]"


def npy(array):
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


def zipped(content, method=zipfile.ZIP_STORED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.writestr("a.npy", content)
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is damaged .*not a zip file"),
        (npy(np.ones(3)), "is damaged .*not a zip file"),
        (zipped(b"text"), "is damaged .*magic"),
        (zipped(npy(np.array([{}]))), "is damaged .*allow_pickle"),
        (zipped(npy(np.ones(9))[:-8]), "is damaged .*EOF"),
        # 8 MB in 8 kB: what `write_arrays` writes is not compressed.
        (zipped(npy(np.ones(1 << 20)), zipfile.ZIP_DEFLATED), "than it does"),
    ],
    # Archives hold the time they were made at, and ids are the same everywhere.
    ids=itertools.count(),
)
def test_what_was_not_written_so_is_refused(tmp_path, content, message):
    path = tmp_path / "a.npz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message) as raised:
        read_arrays(path)
    assert str(path) in str(raised.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.npz"):
        read_arrays(tmp_path / "none.npz")


def test_a_full_disc_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.npz"
    write_arrays(path, {"a": np.ones(9)})
    before = path.read_bytes()
    with (
        files_limited_to(5000),
        pytest.raises(OSError, match=r"File too large: '.*a\.npz'"),
    ):
        write_arrays(path, {"a": np.ones(9999)})
    assert path.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1
