"""Files of labelled texts, well-formed, malformed and damaged."""

import json
import tracemalloc

import hypothesis
import pandas as pd
import pytest
from hypothesis import settings
from hypothesis import strategies as st

from training.data.cells import Layout
from training.data.rows import read_rows

ROWS = [("1", "a b"), ("10", "c, d"), ("2", 'e "f"')]
JSON = "".join(
    json.dumps({"text": text, "label": int(label)}) + "\n"
    for label, text in ROWS
)
CSV = 'label,text\n1,a b\n10,"c, d"\n2,"e ""f"""\n'
FORMATS = [
    ("a.txt", '1\ta b\n10\tc, d\n\n2\te "f"\n'),
    ("a.tsv", '1\ta b\r\n10\tc, d\r\n2\te "f"'),
    ("b.tsv", 'text\tid\tlabel\na b\t7\t1\nc, d\t8\t10\ne "f"\t9\t2\n'),
    ("a.csv", "\ufeff" + CSV),
    ("UPPER.CSV", CSV.replace("\n", "\r\n")),
    ("a.jsonl", JSON),
]


def write(path, content):
    is_bytes = isinstance(content, bytes)
    path.write_bytes(content if is_bytes else content.encode())
    return path


def labelled(path, *arguments):
    return [(row.label, row.text) for row in read_rows(path, *arguments).rows]


@pytest.mark.parametrize(("name", "content"), FORMATS)
def test_every_format_gives_the_same_rows(tmp_path, name, content):
    assert labelled(write(tmp_path / name, content)) == ROWS


@pytest.mark.parametrize(("name", "content"), FORMATS)
def test_a_byte_order_mark_says_utf_16(tmp_path, name, content):
    path = write(tmp_path / name, content.lstrip("\ufeff").encode("utf-16"))
    assert labelled(path) == ROWS


def test_labels_of_json_are_those_of_a_table(tmp_path):
    labels = [" a ", 1, "1", -2, True]
    lines = [json.dumps({"label": one, "text": " x "}) for one in labels]
    path = write(tmp_path / "a.jsonl", "\n".join(lines))
    assert labelled(path) == [
        (one, "x") for one in ("a", "1", "1", "-2", "true")
    ]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", "\tno label\n", "a.txt:1: the label is empty"),
        ("a.txt", "\n \n", "a.txt: the file holds no examples"),
        ("a.txt", b"1\tok\n2\t\xff\n", "a.txt:2: not UTF-8: invalid start"),
        (
            "a.txt",
            "\ufeff1\t\u0a0a\n2\ty".encode("utf-16-le")[:-1],
            "txt:2: not UTF-16",
        ),
        ("a.txt", "1\tx\n".encode("utf-16-le"), "a.txt:1: a NUL byte"),
        ("a.txt", "1\tx\n2\ty\0\n", "a.txt:2: a NUL byte"),
        ("a.txt", "1\tx\nNaN\ty\n", "a.txt:2: the label is missing"),
        ("a.txt", "1\tx\n" + "7" * 5000 + "\ty", "a.txt:2: the label has 5000"),
        (
            "a.txt",
            "0\tx\n\n0.0\ty\n",
            "a.txt:3: the label '0.0' is the number '0' of line 1",
        ),
        ("a.jsonl", '{"label": 1, "text"}\n', "a.jsonl:1: expected one JSON"),
        ("a.jsonl", "\n[1]\n", "a.jsonl:2: expected a JSON object"),
        ("a.jsonl", '{"text": "x"}\n', "a.jsonl:1: there is no column 'label'"),
        (
            "a.jsonl",
            '{"text": 3, "label": "x"}',
            "a.jsonl:1: expected a string or",
        ),
        (
            "a.jsonl",
            '{"text": "x", "label": NaN}',
            "a.jsonl:1: expected a string or",
        ),
        (
            "a.jsonl",
            '{"text": "x", "label": " "}',
            "a.jsonl:1: the label is empty",
        ),
        (
            "a.jsonl",
            '{"text": "x", "label": 1, "text": "y"}',
            "a.jsonl:1: expected one JSON object: the key 'text' is",
        ),
        ("a.jsonl", '\n{"label": ' + "[" * 100_000, "a.jsonl:2: nested too"),
        (
            "a.jsonl",
            '{"text": "x", "label": ' + "7" * 5000 + "}",
            "a.jsonl:1: ",
        ),
        (
            "a.jsonl",
            r'{"text": "x", "label": "a\ud800"}',
            r"a.jsonl:1: the label holds '\ud800'",
        ),
        (
            "a.jsonl",
            r'{"text": "x\udfff", "label": "a"}',
            r"a.jsonl:1: the text holds '\udfff'",
        ),
        ("a.xlsx", "", "must end in one of .csv"),
        ("none", "1\tx\n", "must end in one of .csv"),
    ],
)
def test_malformed_files_say_where_and_what(tmp_path, name, content, message):
    path = write(tmp_path / name, content)
    with pytest.raises(ValueError) as error:
        read_rows(path)
    assert message in str(error.value)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 400


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no file '.*none.txt'"):
        read_rows(tmp_path / "none.txt")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("damaged")


TEXTS = st.text(
    st.characters(codec="utf-8", exclude_characters="\0")
    | st.sampled_from('",;\t\n\r\\')
).map(str.strip)


@settings(deadline=None, derandomize=True)
@hypothesis.given(
    texts=st.lists(TEXTS, min_size=1, max_size=5),
    kind=st.sampled_from([",", ";", "\t", "|", "jsonl", "double"]),
    index=st.booleans(),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_what_pandas_writes_is_read_as_it_was(
    folder, texts, kind, index, encoding
):
    labels = [f"label {n}" for n in range(len(texts))]
    table = pd.DataFrame({"id": 1, "text": texts, "label": labels})
    layout = Layout()
    if kind == "jsonl":
        path = folder / "a.jsonl"
        table.to_json(path, orient="records", lines=True)
    else:
        path = folder / "a.csv"
        if kind == "double":
            path, layout = folder / "a.tsv", Layout(quoting="double")
        table.to_csv(
            path,
            sep="\t" if kind == "double" else kind,
            index=index,
            encoding=encoding,
            # It quotes what is part of a line's end, and nothing else.
            lineterminator="\r\n" if "\r" in "".join(texts) else "\n",
        )
    assert labelled(path, layout) == list(zip(labels, texts, strict=True))


PLACES = st.floats(0, 1)
BYTES = [bytes([value]) for value in range(256)]
NESTED = [b"[", b'{"a":', b'"', b"9", b'\\"', b"\xf0", b"\t", b","]


def damaged(content, flips, insertions, end):
    """Bytes, some of them changed, some added, the rest cut off."""
    content = bytearray(content)
    for place, byte in flips:
        index = int(place * (len(content) - 1))
        content[index : index + 1] = byte
    for place, token, times in insertions:
        index = int(place * len(content))
        content[index:index] = token * times
    return bytes(content[: int(end * len(content))])


@settings(max_examples=400, deadline=None, derandomize=True)
@hypothesis.given(
    file=st.sampled_from(FORMATS),
    encoding=st.sampled_from(["utf-8", "utf-16"]),
    flips=st.lists(st.tuples(PLACES, st.sampled_from(BYTES)), max_size=4),
    insertions=st.lists(
        st.tuples(
            PLACES,
            st.sampled_from(NESTED + BYTES),
            st.sampled_from([1, 2, 50_000]),
        ),
        max_size=2,
    ),
    end=st.just(1.0) | PLACES,
)
def test_damage_is_read_or_refused_with_the_files_name(
    folder, file, encoding, flips, insertions, end
):
    name, content = file
    content = damaged(content.encode(encoding), flips, insertions, end)
    path = write(folder / name, content)
    tracemalloc.start()
    try:
        reading = read_rows(path)
    except (ValueError, OSError) as error:
        assert str(path) in str(error)
        assert len(str(error)) < 1000 + 3 * len(str(path))
    else:
        for label, text, line in reading.rows:
            assert label
            assert line >= 1
            (label + text).encode()
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 1_000_000 + 100 * len(content)
