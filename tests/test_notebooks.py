"""Each notebook runs from start to end, and its outputs are committed."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.helpers import need_imports

HERE = Path(__file__).parent.parent
METADATA = (HERE / "pyproject.toml").read_text(encoding="utf-8")
NAMES = ["quickstart", "mix_anywhere", "what_lambda_does", "reproduce_a_cell"]
REPOSITORY = "keras-amp/keras_amp"


def read(name):
    return nbformat.read(HERE / f"notebooks/{name}.ipynb", as_version=4)


def outputs_of(notebook):
    return [
        output
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
    ]


def assert_clean(notebook):
    for output in outputs_of(notebook):
        assert output.output_type != "error", output
        assert output.get("name") != "stderr", output.text


def test_all_notebooks_are_tested():
    paths = sorted((HERE / "notebooks").glob("*.ipynb"))
    assert [path.stem for path in paths] == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_notebooks_run(name):
    notebook = read(name)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            need_imports(cell.source)
            cell.outputs = []
    client = NotebookClient(
        notebook,
        timeout=600,
        kernel_name="python3",
        resources={"metadata": {"path": str(HERE / "notebooks")}},
    )
    client.execute()
    assert_clean(notebook)
    first = next(cell for cell in notebook.cells if cell.cell_type == "code")
    assert first.outputs[0].text.startswith(("CPU", "GPU", "TPU"))


@pytest.mark.parametrize("name", NAMES)
def test_outputs_are_committed(name):
    notebook = read(name)
    assert_clean(notebook)
    outputs = outputs_of(notebook)
    figures = [one for one in outputs if "image/png" in one.get("data", {})]
    assert figures
    codes = [cell for cell in notebook.cells if cell.cell_type == "code"]
    counts = [cell.execution_count for cell in codes]
    assert counts == list(range(1, len(codes) + 1))


def test_all_begin_alike():
    first_cells = set()
    for name in NAMES:
        notebook = read(name)
        link = f"github/{REPOSITORY}/blob/main/notebooks/{name}.ipynb"
        assert link in notebook.cells[0].source
        first_cells.add(notebook.cells[1].source)
    assert len(first_cells) == 1
    assert f'"https://github.com/{REPOSITORY}"' in first_cells.pop()
    assert f'Source = "https://github.com/{REPOSITORY}"' in METADATA
