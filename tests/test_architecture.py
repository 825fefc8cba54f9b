"""Layers import downward only."""

import ast
import re
from pathlib import Path

import pytest

import keras_amp

HERE = Path(__file__).parent.parent
# From the bottom up; each may import those before it.
LAYERS = [
    "errors",
    "extras",
    "checks",
    "branches",
    "policy",
    "partners",
    "masks",
    "calibration",
    "comparison",
    "graph",
    "batch_axis",
    "cut_checks",
    "cut",
    "portable",
    "mixup",
    "backbones",
    "text",
    "whole",
    "on_tensorflow",
    "serving_checks",
    "serving",
    "formats",
    "convert",
    "saved_model",
    "tensorboard",
    "stop_mixing",
]
# The rooms of the experiments, likewise.
ROOMS = [
    "machine",
    "terminal",
    "arrays",
    "drawing",
    "data",
    "methods",
    "models",
    "options",
    "run",
    "tables",
    "grid",
    "compare",
    "report",
]
FILES = sorted((HERE / "keras_amp").rglob("*.py"))
EXPERIMENTS = sorted((HERE / "training").rglob("*.py"))


def imported(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def layer_of(path, root="keras_amp"):
    return path.relative_to(HERE / root).parts[0].removesuffix(".py")


def test_every_file_is_in_a_layer():
    assert {layer_of(path) for path in FILES} - {"__init__"} == {*LAYERS}


@pytest.mark.parametrize(
    "root, parts", [("keras_amp", LAYERS), ("training", ROOMS)]
)
def test_a_newcomer_is_told_where_each_is(root, parts):
    text = (HERE / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rows = re.findall(rf"^\| `{root}/.*?\|", text, re.MULTILINE)
    told = [
        name.removesuffix("/").split("/")[-1].removesuffix(".py")
        for row in rows
        for name in re.findall("`(.*?)`", row)
    ]
    assert sorted(told) == sorted(parts)


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(HERE)))
def test_imports_go_downward(path):
    layer = layer_of(path)
    for name in imported(path):
        parts = name.split(".")
        assert parts[0] != "training", f"{path} imports {name}"
        assert "keras.src" not in name, f"{path} imports {name}"
        if layer == "__init__" or parts[0] != "keras_amp" or len(parts) < 2:
            continue
        # Else it is a name that `keras_amp` itself has.
        if parts[1] in LAYERS:
            allowed = LAYERS[: LAYERS.index(layer) + 1]
            assert parts[1] in allowed, f"{path} imports {name}"


@pytest.mark.parametrize(
    "path", EXPERIMENTS, ids=lambda p: str(p.relative_to(HERE))
)
def test_rooms_of_the_experiments_open_downward(path):
    room = layer_of(path, "training")
    if room.startswith("__"):
        return
    allowed = ROOMS[: ROOMS.index(room) + 1]
    for name in imported(path):
        parts = name.split(".")
        if parts[0] == "training" and len(parts) > 1:
            assert parts[1] in allowed, f"{path} imports {name}"


BACKENDS = {"tensorflow", "jax", "torch"}


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(HERE)))
def test_backends_are_imported_by_their_own_files(path):
    own = path.parent == HERE / "keras_amp" / "mixup" / "backend"
    allowed = {path.stem} if own else set()
    if own and path.stem == "replicas":
        allowed = {"tensorflow"}
    names = {name.split(".")[0] for name in imported(path)}
    assert names & BACKENDS <= allowed, path


def test_experiments_use_the_public_api():
    for path in (HERE / "training").rglob("*.py"):
        for name in imported(path):
            parts = name.split(".")
            if parts[0] == "keras_amp":
                assert not any(part.startswith("_") for part in parts)


def test_experiments_know_the_wrappers_by_their_public_names():
    public = {*vars(keras_amp.mixup)} - {
        path.stem for path in (HERE / "keras_amp" / "mixup").glob("*.py")
    }
    for path in (HERE / "training").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module.startswith(
                "keras_amp.mixup"
            ):
                assert node.module == "keras_amp.mixup", path
                assert {alias.name for alias in node.names} <= public, path


def test_the_reference_shows_what_overrides_are_given():
    pages = (HERE / "docs" / "api.md").read_text(encoding="utf-8")
    for name in ("Pairs", "Found", "Outcome", "mix_hidden", "PerExampleLoss"):
        assert hasattr(keras_amp.mixup, name)
        assert f"::: keras_amp.mixup.{name}\n" in pages
