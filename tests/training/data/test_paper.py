import io
import shutil

import pytest
from rich.console import Console

import training.data.paper
from training.data.paper import PAPER_SETS, find_file, load_paper, read_numbered
from training.data.table_1 import count, table

# Table 1 counts one word more or three less than the files hold.
VOCABULARY = {"subj": 21322, "sst2": 16188}


@pytest.mark.parametrize("name", PAPER_SETS)
def test_table_1_is_what_the_files_hold(data_dir, name):
    found, published = count(name, data_dir), PAPER_SETS[name].published
    assert round(found["l"]) == published["l"]
    for key in ("c", "N", "T"):
        assert found[key] == published[key]
    assert found["V"] == VOCABULARY.get(name, published["V"])


def test_the_table_marks_what_differs(data_dir):
    console = Console(width=100, record=True, file=io.StringIO())
    counts = {name: count(name, data_dir) for name in ("trec", "subj")}
    console.print(table(counts))
    text = console.export_text()
    assert "9592 / 9592 " in text
    assert "21322 / 21323 *" in text


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("trec", (4906, 546, 500)),
        ("sst1", (8544, 1101, 2210)),
        ("sst2", (6920, 872, 1821)),
        ("subj", (8100, 900, 1000)),
        ("mr", (8635, 960, 1067)),
    ],
)
def test_splits_of_the_real_files(data_dir, name, sizes):
    dataset = load_paper(name, data_dir)
    splits = (dataset.train, dataset.dev, dataset.test)
    assert tuple(len(split) for split in splits) == sizes
    for split in splits:
        assert set(split.labels.tolist()) == set(
            range(PAPER_SETS[name].published["c"])
        )


def test_phrases_replace_the_training_sentences(data_dir):
    dataset = load_paper("sst2", data_dir, phrases=True)
    assert len(dataset.train) == 67349
    assert len(dataset.dev) == 872
    with pytest.raises(ValueError, match="--phrases: 'trec' has none"):
        load_paper("trec", data_dir, phrases=True)


def test_lines_end_at_newlines_alone(tmp_path):
    path = tmp_path / "lines"
    path.write_bytes(b"0 one \x85 line\n1 two \x0b more\r\n\n")
    examples = read_numbered(path, 2, "latin-1")
    assert examples.texts == ["one \x85 line", "two \x0b more"]
    assert examples.labels.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"0 fine\n2 beyond\n", ":2: expected a number from 0 to 1"),
        (b"zero text\n", ":1: expected a number"),
        (b"1\n", ":1: expected a number"),
        (b"0 \xff\n", ":1: not utf-8"),
        (b"", "holds no examples"),
    ],
)
def test_malformed_lines_say_where_and_what(tmp_path, content, message):
    path = tmp_path / "lines"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        read_numbered(path, 2)


def test_a_missing_file_says_where_to_get_it(tmp_path):
    with pytest.raises(FileNotFoundError) as error:
        load_paper("trec", tmp_path)
    assert "--download" in str(error.value)
    assert "sent-conv-torch" in str(error.value)


def test_download_checks_what_it_gets(data_dir, tmp_path, monkeypatch):
    home = tmp_path / "home"
    home.mkdir()
    shutil.copy(data_dir / "TREC.test.all", home)
    (home / "TREC.train.all").write_text("0 not the real one\n")
    monkeypatch.setattr(training.data.paper, "HOME", home.as_uri())
    target = tmp_path / "target"
    path = find_file(target, "TREC.test.all", download=True)
    assert path.read_bytes() == (data_dir / "TREC.test.all").read_bytes()
    with pytest.raises(ValueError, match="--download: 'file:"):
        find_file(target, "TREC.train.all", download=True)
    with pytest.raises(ValueError, match="--download: 'file:"):
        find_file(target, "subj.all", download=True)
    with pytest.raises(ValueError, match="checksum is not known"):
        find_file(target, "stsa.fine.phrases.train", download=True)
    assert [one.name for one in target.iterdir()] == ["TREC.test.all"]
