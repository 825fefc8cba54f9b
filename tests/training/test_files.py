import json

import pytest

from training.files import load_files, read_rows

ROWS = [("1", "a b"), ("10", "c, d"), ("2", 'e "f"')]


def write(path, content):
    mode = "wb" if isinstance(content, bytes) else "w"
    with open(path, mode) as file:
        file.write(content)
    return path


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.txt", '1\ta b\n10\tc, d\n\n2\te "f"\n'),
        ("a.tsv", '1\ta b\r\n10\tc, d\r\n2\te "f"'),
        ("b.tsv", 'text\tid\tlabel\na b\t7\t1\nc, d\t8\t10\n"e ""f"""\t9\t2\n'),
        ("a.csv", '\ufefflabel,text\n1,a b\n10,"c, d"\n2,"e ""f"""\n'),
        (
            "a.jsonl",
            "".join(
                json.dumps({"text": text, "label": int(label)}) + "\n"
                for label, text in ROWS
            ),
        ),
    ],
)
def test_every_format_gives_the_same_rows(tmp_path, name, content):
    path = write(tmp_path / name, content.encode())
    assert [(label, text) for label, text, _ in read_rows(path)] == ROWS


def test_columns_can_be_named(tmp_path):
    path = write(tmp_path / "a.csv", "kind,body\nx,hello\ny,world\n")
    rows = read_rows(path, text_column="body", label_column="kind")
    assert rows == [("x", "hello", 2), ("y", "world", 3)]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", "1\tfine\nno tab here\n", "a.txt:2: expected label<TAB>text"),
        ("a.txt", "\tno label\n", "a.txt:1: the label is empty"),
        ("a.txt", "\n \n", "holds no examples"),
        ("a.txt", b"1\tok\n2\t\xff\n", "a.txt:2: not UTF-8"),
        (
            "a.csv",
            "x,y\n1,2\n",
            "a.csv:1: there is no column 'label' among x, y",
        ),
        ("a.csv", "label,text\n1,a,b\n", "a.csv:2: expected 2 cells"),
        ("a.csv", 'label,text\n1,"a\n', "a.csv:2: unexpected end of data"),
        ("a.csv", "", "a.csv:1: there is no column"),
        ("a.jsonl", '{"label": 1, "text"}\n', "a.jsonl:1: expected one JSON"),
        ("a.jsonl", "[1]\n", "a.jsonl:1: expected a JSON object"),
        ("a.jsonl", '{"text": "x"}\n', "a.jsonl:1: there is no column 'label'"),
        (
            "a.jsonl",
            '{"text": 3, "label": "x"}\n',
            "a.jsonl:1: expected a string or an integer",
        ),
        ("a.xlsx", "", "must end in one of .csv"),
    ],
)
def test_malformed_files_say_where_and_what(tmp_path, name, content, message):
    path = write(tmp_path / name, content)
    with pytest.raises(ValueError) as error:
        read_rows(path)
    assert message in str(error.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no file '.*none.txt'"):
        read_rows(tmp_path / "none.txt")


def lines(*labels, repeat=20):
    return "".join(
        f"{one}\ttext {i}\n" for i in range(repeat) for one in labels
    )


def test_a_tenth_stands_in_for_missing_files(tmp_path):
    path = write(tmp_path / "mine.tsv", lines("pos", "neg", repeat=100))
    dataset = load_files(path)
    assert dataset.name == "mine"
    assert dataset.label_names == ("neg", "pos")
    sizes = [len(s) for s in (dataset.train, dataset.dev, dataset.test)]
    assert sizes == [162, 18, 20]


def test_given_files_are_used(tmp_path):
    train = write(tmp_path / "train.tsv", lines("2", "10"))
    test = write(tmp_path / "test.tsv", lines("10", repeat=3))
    dataset = load_files(train, train, test)
    assert dataset.label_names == ("2", "10")
    assert dataset.test.labels.tolist() == [1, 1, 1]
    assert len(dataset.train) == 40


def test_one_class_or_an_unknown_label_is_refused(tmp_path):
    train = write(tmp_path / "train.tsv", lines("a", "b"))
    single = write(tmp_path / "single.tsv", lines("a"))
    unknown = write(tmp_path / "unknown.tsv", lines("a", "c", repeat=1))
    with pytest.raises(ValueError, match="every example has the label 'a'"):
        load_files(single)
    with pytest.raises(
        ValueError, match=r"unknown.tsv:2: the label 'c' is not"
    ):
        load_files(train, test_file=unknown)
