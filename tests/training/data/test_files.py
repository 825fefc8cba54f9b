import pytest

from training.data.cells import Layout
from training.data.files import load_files


def write(path, content):
    path.write_text(content, encoding="utf-8")
    return path


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


def test_columns_and_dialect_are_those_of_the_layout(tmp_path):
    content = "body:kind\n" + "hello:x\nworld:y\n" * 30
    layout = Layout("body", "kind", delimiter=":")
    dataset = load_files(write(tmp_path / "a.tsv", content), layout=layout)
    assert dataset.label_names == ("x", "y")
    assert set(dataset.train.texts) == {"hello", "world"}


def test_numbers_are_in_their_order(tmp_path):
    train = write(tmp_path / "train.tsv", lines("1.5", "10", "-1", "b", "2"))
    assert load_files(train).label_names == ("-1", "1.5", "2", "10", "b")


def test_what_was_read_is_said(tmp_path):
    train = write(tmp_path / "train.tsv", lines("a", "b") + "b\t\n")
    rows = "".join(f"{n % 12},t {n}\n" for n in range(48))
    many = write(tmp_path / "many.csv", "label,text\n" + rows)
    assert load_files(train, train, train).notes[:3] == (
        f"{train}: 41 rows; no header, so label<TAB>text, quotes: none; "
        "1 texts are empty",
        "  the first: 'a', 'text 0'",
        "  2 classes: b 21, a 20",
    )
    assert load_files(many, many, many).notes[:3] == (
        f"{many}: 48 rows; label from 'label' and text from 'text' of 2 "
        "columns, parted by ',', quotes: double",
        "  the first: '0', 't 0'",
        "  12 classes: 0 4, 1 4, 2 4, 3 4, 4 4, 5 4, 6 4, 7 4, 8 4, 9 4 and 2 "
        "more",
    )


def test_texts_that_are_asked_and_were_learnt_are_said(tmp_path):
    train = write(tmp_path / "train.tsv", lines("a", "b") + "b\tonce\n")
    dev = write(tmp_path / "dev.tsv", "a\tnew\nb\ttext 3\na\ttext 3\n")
    test = write(tmp_path / "test.tsv", "a\tnew\nb\tother\n")
    assert load_files(train, dev, test).notes[9:] == (
        "2 of 3 dev texts are among the training texts too, word for word: "
        "the dev error is too low",
        "1 of 2 test texts are among the training and dev texts too, word for "
        "word: the test error is too low",
    )
    other = write(tmp_path / "other.tsv", "a\tunlike\n")
    assert len(load_files(train, other, other).notes) == 10
    assert len(load_files(train, other, test).notes) == 9


@pytest.mark.parametrize("alone", ["whole", "given"])
def test_labels_that_are_texts_are_refused_in_short(tmp_path, alone):
    rows = [f"a text of its own, {n}\t{n % 2}" for n in range(3000)]
    train = write(tmp_path / "train.tsv", "\n".join(rows))
    with pytest.raises(ValueError, match="text and label swapped") as error:
        load_files(train, *([train, train] if alone == "given" else []))
    assert len(str(error.value)) < 300 + len(str(train))


def test_labels_of_another_file_are_not_all_printed(tmp_path):
    train = write(tmp_path / "train.tsv", lines(*map(str, range(3000))))
    test = write(tmp_path / "test.tsv", "x\ta\n")
    with pytest.raises(ValueError, match=r"0, 1, 2, .*, 9 and 2990 more"):
        load_files(train, test_file=test)


def test_a_header_of_unknown_names_is_no_example(tmp_path):
    train = write(tmp_path / "train.tsv", "class\tcontent\n" + lines("a", "b"))
    test = write(tmp_path / "test.tsv", lines("a", "b"))
    with pytest.raises(ValueError, match=r"train.tsv:1: no other line has the"):
        load_files(train, test, test)
    named = Layout("content", "class")
    assert load_files(train, layout=named).label_names == ("a", "b")
    # Nor beside a class of one example.
    write(train, "class\tcontent\n" + lines("a", "b") + "rare\tx\n")
    with pytest.raises(ValueError, match=r"train.tsv:1: no other line has the"):
        load_files(train, test, test)


def test_one_text_of_each_class_needs_no_header(tmp_path):
    train = write(tmp_path / "train.tsv", "a\tx\nb\ty\n")
    assert load_files(train, train, train).label_names == ("a", "b")


def test_a_rare_class_is_named(tmp_path):
    train = write(tmp_path / "train.tsv", lines("a", "b") + "rare\tx\n")
    with pytest.raises(
        ValueError, match=r"train.tsv: .* one example each of rare;"
    ):
        load_files(train)
