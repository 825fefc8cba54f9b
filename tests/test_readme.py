"""What the README and the docs show runs."""

import re
import sys
from pathlib import Path

import pytest

from tests.helpers import need_imports
from training.__main__ import main
from training.models.backbones import BACKBONES

HERE = Path(__file__).parent.parent
PAGES = [
    HERE / "README.md",
    HERE / "CONTRIBUTING.md",
    HERE / "saved_models" / "README.md",
    *sorted((HERE / "docs").glob("*.md")),
]
COMMAND_LINE = (HERE / "docs/command_line.md").read_text(encoding="utf-8")


def python_blocks(path):
    text = path.read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    # These pages are one program each, in pieces.
    in_one = path.name in (
        *("method.md", "policy.md", "recipes.md", "knobs.md"),
        "CONTRIBUTING.md",
    )
    return ["\n".join(blocks)] if in_one else blocks


PYTHON = [
    pytest.param(
        block,
        id=f"{path.name}:{number}",
        marks=pytest.mark.slow if "applications" in block else (),
    )
    for path in PAGES
    for number, block in enumerate(python_blocks(path))
]
COMMANDS = [
    command
    for path in PAGES
    for command in re.findall(
        r"^python -m training (\w+)((?:.*\\\n)*.*)$",
        path.read_text("utf-8"),
        re.MULTILINE,
    )
]


# KerasTuner gives back models whose optimizers have no slots yet.
@pytest.mark.filterwarnings("ignore:Skipping variable loading")
@pytest.mark.parametrize("block", PYTHON)
def test_python_blocks_run(block, request):
    need_imports(block)
    if "training.methods" in block:
        request.getfixturevalue("registries")
    if 'name = "all-MiniLM-L6-v2"' in block:
        request.getfixturevalue("pretrained_encoder")
    exec(block, {})


@pytest.fixture
def pretrained_encoder(minilm, tmp_path, monkeypatch):
    """The real encoder, by its name."""
    (tmp_path / "all-MiniLM-L6-v2").symlink_to(minilm)
    monkeypatch.setenv("KERAS_AMP_MODELS", str(tmp_path))


def is_in(shown, option):
    """Whether help shows an option, and not one that begins like it."""
    return re.search(rf"{re.escape(option)}(?![\w-])", shown) is not None


@pytest.mark.parametrize(("command", "arguments"), COMMANDS)
def test_options_of_commands_exist(command, arguments, monkeypatch, capsys):
    options = re.findall(r"--[\w-]+", arguments)
    monkeypatch.setattr(sys, "argv", ["training", command, "--help"])
    with pytest.raises(SystemExit) as exit:
        main()
    assert exit.value.code == 0
    shown = capsys.readouterr().out
    assert [one for one in options if not is_in(shown, one)] == []


def test_the_table_of_settings_is_the_presets():
    keys = ("batch_size", "learning_rate", "dropout", "l2", "steps")
    rows = [
        f"| `{one.name}` | {' | '.join(str(one.preset[key]) for key in keys)} |"
        for one in BACKBONES.values()
    ]
    assert "\n".join(rows) in COMMAND_LINE


def test_the_table_of_settings_for_own_texts_is_the_presets():
    rows = []
    for one in BACKBONES.values():
        preset = one.preset | one.own_preset
        keys = ("batch_size", "learning_rate", "dropout")
        cells = [*(preset[key] for key in keys), one.own_passes, one.own_steps]
        rows.append(f"| `{one.name}` | {' | '.join(map(str, cells))} |")
    assert "\n".join(rows) in COMMAND_LINE


def test_options_of_the_table_exist(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["training", "train", "--help"])
    with pytest.raises(SystemExit):
        main()
    shown = capsys.readouterr().out
    _, _, rest = COMMAND_LINE.partition("| option of `train`")
    table = rest.partition("\n\n")[0]
    options = re.findall(r"`(--[\w-]+)", table)
    assert len(options) > 10
    assert [one for one in options if not is_in(shown, one)] == []
