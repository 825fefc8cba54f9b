"""One dialect of tables for each kind of file, and what is not of it."""

import pytest

from training.data.cells import Layout
from training.data.rows import read_rows


def read(tmp_path, name, content, **layout):
    path = tmp_path / name
    path.write_bytes(content.encode())
    return [tuple(row) for row in read_rows(path, Layout(**layout)).rows]


def test_columns_can_be_named(tmp_path):
    content = "kind,body\nx,hello\ny,world\n"
    rows = read(
        tmp_path, "a.csv", content, text_column="body", label_column="kind"
    )
    assert rows == [("x", "hello", 2), ("y", "world", 3)]


@pytest.mark.parametrize("name", ["a.txt", "a.tsv", "a.csv"])
def test_a_header_may_name_more_columns_and_an_index_none(tmp_path, name):
    header, first, second = ",text,id,label", "0,hello,7,x", "1,world,8,y"
    content = "\n".join(["", header, first, "", second])
    if name != "a.csv":
        content = content.replace(",", "\t")
    rows = read(tmp_path, name, content)
    assert rows == [("x", "hello", 3), ("y", "world", 5)]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_header_of_a_csv_tells_what_parts_cells(tmp_path, delimiter):
    cells = [["label", "text"], ["x", '"a; b, c\td| ""e"""'], ["y", "f"]]
    content = "\r\n".join(delimiter.join(row) for row in cells)
    rows = read(tmp_path, "a.csv", content)
    assert rows == [("x", 'a; b, c\td| "e"', 2), ("y", "f", 3)]


@pytest.mark.parametrize(
    ("given", "letter"), [("tab", "\t"), (r"\t", "\t"), (":", ":")]
)
@pytest.mark.parametrize("name", ["a.csv", "a.tsv"])
def test_what_parts_cells_can_be_said(tmp_path, name, given, letter):
    content = f"text{letter}label\na,b;c{letter}x\n"
    rows = read(tmp_path, name, content, delimiter=given)
    assert rows == [("x", "a,b;c", 2)]


@pytest.mark.parametrize("header", ["", "label\ttext\n"])
def test_quotes_in_a_tsv_are_letters_with_and_without_a_header(
    tmp_path, header
):
    texts = ['"So he said', 'no "end', '"all"', 'end"', '""']
    content = header + "".join(f"x\t{text}\n" for text in texts)
    assert [row[1] for row in read(tmp_path, "a.tsv", content)] == texts


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.txt"])
@pytest.mark.parametrize(
    ("quoting", "cell", "text"),
    [
        ("double", '"a ""b""\td\nd, \\"', 'a "b"\td\nd, \\'),
        ("backslash", r'"a \"b\", \\ c:\new"', r'a "b", \ c:\new'),
        ("none", '"a ""b" c', '"a ""b" c'),
    ],
)
def test_quotes_can_be_said(tmp_path, name, quoting, cell, text):
    delimiter = "," if name == "a.csv" else "\t"
    content = f"text{delimiter}label\n{cell}{delimiter}x\nb{delimiter}y\n"
    rows = read(tmp_path, name, content, quoting=quoting)
    # The first row may have several lines.
    assert rows == [("x", text, 2), ("y", "b", 3 + cell.count("\n"))]


def test_lines_may_end_as_on_an_old_mac(tmp_path):
    rows = read(tmp_path, "a.csv", "label,text\rx,a\ry,b\r")
    assert rows == [("x", "a", 2), ("y", "b", 3)]
    rows = read(tmp_path, "a.csv", 'label,text\r\r\nx,"a\rb"\r\r\ny,c\r\r\n')
    assert rows == [("x", "a\rb", 2), ("y", "c", 3)]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", "1\tfine\nno tab\n", "a.txt:2: expected label<TAB>text"),
        (
            "a.txt",
            "0\tx\tbuy it\n",
            "a.txt:1: expected label<TAB>text, or a first line that names",
        ),
        ("a.txt", "x\ta\rb\tc\nx\td\n", "a.txt:1: new-line character seen"),
        # A header with one of the columns is no example.
        (
            "a.txt",
            "label\tsentence\nx\ta\n",
            "1: there is no column 'text' among label, sentence;",
        ),
        ("a.tsv", "text\tkind\na\tx\n", "a.tsv:1: there is no column 'label'"),
        (
            "a.tsv",
            "Label\tText\nx\ta\n",
            "1: there is no column 'label' among Label, Text;",
        ),
        (
            "a.tsv",
            'x\t"a ""b"""\ny\t"c"\n',
            """a.tsv:1: the cell '"a ""b""\"' is quoted""",
        ),
        (
            "a.tsv",
            '"label"\t"text"\n"x"\t"a"\n',
            "a.tsv:1: the cell '\"label\"' is quoted",
        ),
        (
            "a.tsv",
            'label\ttext\nx\t"a\nb"\n',
            'row has 1 (b"); if cells are quoted, pass --quoting',
        ),
        ("a.csv", "", "a.csv:1: there is no column 'label' among no columns"),
        (
            "a.csv",
            "\nx;y\n1;2\n",
            "a.csv:2: there is no column 'label' among x, y",
        ),
        (
            "a.csv",
            "x,a\ny,b\n",
            "a.csv:1: there is no column 'label' among x, a",
        ),
        (
            "a.csv",
            "label,text,text\n1,a,b\n",
            "a.csv:1: 2 columns are named 'text'",
        ),
        ("a.csv", 'label,text\n1,"a\nb"\n1,a,b\n', "a.csv:4: expected 2 cells"),
        (
            "a.csv",
            'label,text\n1,a\n1,"b\nc\n',
            "a.csv:3: unexpected end of data",
        ),
        (
            "a.csv",
            'label,text\n1,"a \\"b\\" c"\n',
            "a quote is doubled; --quoting backslash reads",
        ),
    ],
)
def test_what_is_not_of_the_dialect_is_refused(
    tmp_path, name, content, message
):
    with pytest.raises(ValueError) as error:
        read(tmp_path, name, content)
    assert message in str(error.value)


def test_a_wide_table_is_not_printed(tmp_path):
    header = ",".join(f"column {n}" for n in range(5000))
    with pytest.raises(ValueError, match="column 9 and 4990 more;"):
        read(tmp_path, "a.csv", header + "\n")


@pytest.mark.parametrize(
    ("layout", "message"),
    [
        ({"delimiter": ""}, "--delimiter must be one letter, or tab"),
        ({"delimiter": ", "}, "--delimiter must be one letter, or tab"),
        ({"delimiter": '"'}, "--delimiter must be one letter, or tab"),
        ({"quoting": "single"}, "--quoting: there is no 'single' among double"),
        ({"text_column": "label"}, "are one column, 'label'"),
    ],
)
def test_a_layout_must_be_one(layout, message):
    with pytest.raises(ValueError, match=message):
        Layout(**layout)


def test_json_has_no_layout_of_cells(tmp_path):
    with pytest.raises(ValueError, match="for tables, not for JSON"):
        read(tmp_path, "a.jsonl", "{}", quoting="none")
