import os
import subprocess
import sys
import threading

import pytest

from keras_amp import whole
from keras_amp.whole import check_writable, remove_abandoned, written_whole
from tests.helpers import abandoned, files_limited_to

WRITE = """
import importlib.util, sys
spec = importlib.util.spec_from_file_location("whole", sys.argv[1])
whole = importlib.util.module_from_spec(spec)
spec.loader.exec_module(whole)
for number in range(500):
    with whole.written_whole(sys.argv[2]) as unfinished:
        unfinished.write_text(sys.argv[3] * 1000)
"""
has_limits = pytest.mark.skipif(os.name != "posix", reason="no file limits")


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_processes_that_write_one_file_do_not_meet(tmp_path):
    path = tmp_path / "folder" / "a.json"
    command = [sys.executable, "-c", WRITE, whole.__file__, str(path)]
    writers = [subprocess.Popen([*command, letter]) for letter in "ab"]
    while not path.exists():
        assert any(writer.poll() is None for writer in writers)
    seen = set()
    while any(writer.poll() is None for writer in writers):
        seen.add(path.read_text())
    assert [writer.returncode for writer in writers] == [0, 0]
    assert seen <= {"a" * 1000, "b" * 1000}
    assert names(path.parent) == ["a.json"]


def test_threads_that_write_one_file_do_not_meet(tmp_path):
    path = tmp_path / "a.json"
    both = threading.Barrier(2)

    def write(text):
        with written_whole(path) as unfinished:
            unfinished.write_text(text)
            both.wait()
            assert unfinished.read_text() == text

    threads = [threading.Thread(target=write, args=[text]) for text in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert names(tmp_path) == ["a.json"]


@pytest.mark.parametrize("error", [OSError, ValueError, KeyboardInterrupt])
def test_what_fails_leaves_the_old_file_and_nothing_else(tmp_path, error):
    path = tmp_path / "a.txt"
    path.write_text("old")

    def fail():
        with written_whole(path) as unfinished:
            unfinished.write_text("half of the n")
            raise error("why")

    with pytest.raises(error, match="why"):
        fail()
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


@has_limits
def test_a_full_disc_is_an_error_with_the_files_own_name(tmp_path):
    path = tmp_path / "a.txt"

    def write():
        with files_limited_to(100), written_whole(path) as unfinished:
            unfinished.write_text("a" * 1000)

    with pytest.raises(OSError, match="File too large") as raised:
        write()
    assert raised.value.filename == str(path)
    assert names(tmp_path) == []


def test_a_folder_is_not_replaced(tmp_path):
    def write():
        with written_whole(tmp_path / "1") as unfinished:
            unfinished.mkdir()
            (unfinished / "file").touch()

    write()
    with pytest.raises(FileExistsError, match="no file is there"):
        write()
    assert names(tmp_path) == ["1"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names")
def test_a_pipe_is_not_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with (
        pytest.raises(FileExistsError, match=r"no file is there: .*pipe'"),
        written_whole(tmp_path / "pipe"),
    ):
        raise AssertionError("it must not come this far")
    assert (tmp_path / "pipe").is_fifo()


def test_what_nobody_writes_any_more_is_removed(tmp_path):
    file, folder = tmp_path / "a.npz", tmp_path / "1"
    living = [
        abandoned(file, os.getpid()),
        abandoned(folder, os.getppid()),
        tmp_path / ".a.npz.elsewhere-1-1.unfinished",
        tmp_path / ".unfinished-0123.npz",
    ]
    for path in (*living, abandoned(file), file):
        path.write_text("x")
    left = abandoned(folder)
    left.mkdir()
    (left / "half").write_text("x")
    remove_abandoned(tmp_path)
    assert names(tmp_path) == sorted(path.name for path in (*living, file))
    remove_abandoned(tmp_path / "none")


def test_a_folder_that_can_be_written_into_is_left_as_it_was(tmp_path):
    abandoned(tmp_path / "1").mkdir()
    check_writable(tmp_path)
    assert names(tmp_path) == []
    check_writable(tmp_path / "new" / "one")
    assert names(tmp_path / "new" / "one") == []


def test_a_folder_that_cannot_be_written_into_is_refused(tmp_path):
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(OSError, match=str(folder)):
            check_writable(folder)


@has_limits
def test_a_full_folder_is_refused(tmp_path):
    with files_limited_to(0), pytest.raises(OSError, match=str(tmp_path)):
        check_writable(tmp_path)
    assert names(tmp_path) == []
