"""Every string that a person controls, printed."""

import contextlib
import io
import json
import sys
import unicodedata

import hypothesis
import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from rich.table import Table

from training.__main__ import main
from training.data.dataset import Examples
from training.grid.grid_options import GridOptions
from training.grid.runs import runs_of
from training.run.summary import summarize
from training.terminal import console, listed, shown

MARKUP = r"[/INST] [bold]b[/] :smile: \[x] [link=file:///]"
COMMANDS = "\x1b[31m\x1b]0;t\x07\x9b2J\u202e\u2028\r"
SHOWN = r"\x1b[31m\x1b]0;t\x07\x9b2J\u202e\u2028\r"
PIECES = [*MARKUP.split(), *COMMANDS, "\n", "\\", "[", "]", "日本", "👩‍👧", " "]
STRINGS = st.text(max_size=20) | st.lists(st.sampled_from(PIECES)).map("".join)


def is_harmless(text):
    """Whether a terminal obeys nothing in it but line ends."""
    return all(
        one == "\n"
        or not (
            unicodedata.category(one) in ("Cc", "Cs", "Zl", "Zp")
            or unicodedata.bidirectional(one) in ("RLO", "LRO", "RLE", "LRE")
        )
        for one in text
    )


def printed(print_to):
    terminal = console(file=io.StringIO(), width=1000)
    print_to(terminal)
    return terminal.file.getvalue()


@settings(deadline=None, derandomize=True)
@hypothesis.given(STRINGS)
def test_a_string_is_shown_as_it_is_in_one_line(text):
    line = shown(text)
    assert "\n" not in line
    assert is_harmless(line)
    # What is no control character is there, in its order.
    kept = [one for one in text if is_harmless(one) and one != "\n"]
    rest = iter(line)
    assert all(one in rest for one in kept)
    assert printed(lambda terminal: terminal.print(line)) == line + "\n"
    table = Table("text", title=line)
    table.add_row(line)
    out = printed(lambda terminal: terminal.print(table))
    assert out.count(line.strip()) >= 1 + bool(line.strip())


@settings(deadline=None, derandomize=True)
@hypothesis.given(STRINGS, STRINGS, st.lists(STRINGS, min_size=2, max_size=2))
def test_the_summary_shows_texts_and_labels(text, other, names):
    examples = Examples([text, other], np.array([0, 1]))
    wrong = np.array([[0.0, 1.0], [0.9, 0.1]])
    out = printed(lambda to: summarize(to, examples, wrong, tuple(names)))
    assert is_harmless(out)
    assert f"'{shown(names[0], 60)}' were taken for" in out
    for one in (text, other):
        assert shown(one, 60).strip() in out


def test_long_lists_end_before_they_are_long():
    names = [MARKUP + COMMANDS + "x" * 1000] * 1000
    text = listed(names)
    assert len(text) < 1000
    assert text.endswith("… and 990 more")
    assert listed([]) == ""
    assert listed(["a"]) == "a"


NAMES = st.text(
    st.characters(exclude_characters="/\0", exclude_categories=["Cs"]),
    max_size=20,
) | st.sampled_from([MARKUP.replace("/", ""), COMMANDS, "\n", "\udcff"])


@settings(deadline=None, max_examples=12, derandomize=True)
@hypothesis.given(NAMES, NAMES)
def test_errors_are_one_harmless_line(name, option):
    command = ["training", "train", f"--train-file=./none{name}.tsv"]
    with contextlib.redirect_stderr(io.StringIO()) as err:
        for arguments in (command, ["training", "train", f"--method={option}"]):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(sys, "argv", arguments)
                with pytest.raises(SystemExit) as exit:
                    main()
            assert exit.value.code == 2
    assert err.getvalue().count("\n") == 2
    assert is_harmless(err.getvalue())


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs a command in a folder, on a terminal of some encoding."""

    def run(*arguments, encoding="utf-8"):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("COLUMNS", "500")  # which breaks no line of ours
        monkeypatch.setattr(sys, "argv", ["training", *map(str, arguments)])
        out = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
        monkeypatch.setattr(sys, "stdout", out)
        main()
        out.flush()
        return out.buffer.getvalue().decode(encoding)

    return run


def test_a_run_shows_what_a_person_wrote(run, tmp_path, capsys, monkeypatch):
    monkeypatch.delenv("KERAS_AMP_MODELS", raising=False)  # it knows 日本
    lines = [
        {MARKUP: f"{MARKUP} {COMMANDS} {n}\n", COMMANDS: label}
        for n in range(30)
        for label in (MARKUP, COMMANDS + MARKUP)
    ]
    name = f"{MARKUP}{COMMANDS}.jsonl".replace("/", "")
    (tmp_path / name).write_text("\n".join(map(json.dumps, lines)))
    folder = tmp_path / "models :smile: :x:"
    out = run(
        *["train", "--train-file", name, "--text-column", MARKUP],
        *["--label-column", COMMANDS, "--name", "a", "--models-dir", folder],
        *["--tensorboard", "[/logs]", "--steps", "2"],
        *["--steps-per-evaluation", "1"],
    )
    assert is_harmless(out)
    assert out.count(shown(name.removesuffix(".jsonl"))) >= 2
    assert f"text from '{MARKUP}'" in out
    for label in (MARKUP, COMMANDS + MARKUP):
        assert f" '{shown(label, 60)}' were taken for '" in out
    assert str(folder) in out
    assert "tensorboard --logdir '[/logs]'" in out

    out = run("predict", folder / "a", f"{MARKUP}\udcff", COMMANDS)
    assert is_harmless(out)
    rows = [json.loads(line) for line in out.splitlines()]
    assert [row["text"] for row in rows] == [f"{MARKUP}\udcff", COMMANDS]
    capsys.readouterr()
    out = run("predict", folder / "a", "日本", encoding="ascii")
    assert r"\u65e5\u672c" in out
    said = capsys.readouterr().err
    assert "of 1 of 1 texts are unknown to this classifier" in said


def test_a_grid_lists_names_and_errors_of_records(run, tmp_path):
    options = {
        "table": "2",
        "backbones": ("cnn-vectors",),
        "datasets": ("trec",),
        "methods": ("none",),
        "seeds": 1,
        "embeddings": MARKUP.replace("/", "") + COMMANDS,
        "records_dir": tmp_path / "records",
    }
    (one,) = runs_of(GridOptions(**options))
    one.path.parent.mkdir()
    one.path.write_text(
        json.dumps({"configuration": {}, "error": MARKUP + COMMANDS + "\nx"})
    )
    out = run(
        *["table", "2", "--backbones", "cnn-vectors", "--datasets", "trec"],
        *["--methods", "none", "--seeds", "1", "--dry-run"],
        *["--embeddings", options["embeddings"]],
        *["--records-dir", options["records_dir"]],
    )
    assert is_harmless(out)
    assert "trec-cnn-_INST_ _bold_b__ :smile: " in out
    assert rf"FAILED: {MARKUP}{SHOWN}\nx" in out
