"""Texts without labels, and what is beside them."""

import json

import pytest

from training.data.cells import Layout
from training.data.texts import Text, read_texts

BARE = Layout(label_column=None)


def read(path, content, **layout):
    path.write_bytes(content.encode())
    return read_texts(path, Layout(label_column=None, **layout))


def test_a_table_is_its_texts_and_the_rest_in_order(tmp_path):
    content = 'id;body;label;\n1;"two\nlines; ""so""";x;0\n\n2;;y;1\n'
    assert read(tmp_path / "a.csv", content, text_column="body") == [
        Text('two\nlines; "so"', [("id", "1"), ("label", "x"), ("", "0")]),
        Text("", [("id", "2"), ("label", "y"), ("", "1")]),
    ]
    content = 'text\tid\nso "it" is\t1\n'
    expected = [Text('so "it" is', [("id", "1")])]
    assert read(tmp_path / "a.tsv", content) == expected
    content = content.replace("\t", "|").replace('so "it" is', '"so"')
    expected = [Text("so", [("id", "1")])]
    options = {"delimiter": "|", "quoting": "double"}
    assert read(tmp_path / "a.tsv", content, **options) == expected


def test_json_keeps_the_values_that_are_beside(tmp_path):
    rows = [{"text": "a\nb", "n": [1, None]}, {"label": 3, "text": " "}]
    content = "\n\n".join(map(json.dumps, rows))
    assert read(tmp_path / "a.jsonl", content) == [
        Text("a\nb", [("n", [1, None])]),
        Text(" ", [("label", 3)]),
    ]


@pytest.mark.parametrize("end", ["", "\n"])
def test_each_line_of_a_txt_is_a_text(tmp_path, end):
    got = read(tmp_path / "a.txt", 'a\tb\r\n\n"c" ' + end)
    assert got == [Text("a\tb", []), Text("", []), Text('"c" ', [])]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "id,body,kind\n1,a,b\n", r"1: .*'text' among id, body, kind"),
        ("a.tsv", "good\tI like it\n", "no column 'text' among good, I like"),
        ("a.csv", "text,text\na,b\n", "2 columns are named 'text'"),
        ("a.csv", "text,id\na\n", r"csv:2: expected 2 cells \(text, id\)"),
        ("a.csv", "text\n", "the file holds no texts"),
        ("a.txt", "", "the file holds no texts"),
        ("a.jsonl", '{"body": "a"}', r"1: .*no column 'text' among body; name"),
        ("a.jsonl", '{"text": 3}', r"1: expected a string for 'text', but"),
        ("a.jsonl", '{"text": "\\ud83d"}', "half of a surrogate pair"),
        ("a.jsonl", "[]", "expected a JSON object"),
        ("a.xlsx", "text", r"must end in one of \.csv: a header;"),
    ],
)
def test_what_cannot_be_read_is_refused(tmp_path, name, content, message):
    with pytest.raises(ValueError, match=message) as raised:
        read(tmp_path / name, content)
    assert "--label-column" not in str(raised.value)


@pytest.mark.parametrize("name", ["a.txt", "a.jsonl"])
def test_options_of_tables_are_for_tables(tmp_path, name):
    with pytest.raises(ValueError, match="are for tables, not for"):
        read(tmp_path / name, "text", delimiter=";")


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no file '.*none\.csv'"):
        read_texts(tmp_path / "none.csv", BARE)
