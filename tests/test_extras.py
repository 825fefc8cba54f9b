"""What an installation lacks is named in one line, and only when used."""

import json
import re
import subprocess
import sys
from importlib.metadata import requires
from pathlib import Path

import pytest

from conftest import EXTRAS
from keras_amp.extras import MissingPackage, needed

HERE = Path(__file__).parent.parent
WITHOUT = """
import runpy, sys
for package in {packages!r}:
    sys.modules[package] = None
sys.argv = {argv!r}
"""
LIBRARY = r"""
import re
from pathlib import Path
(program,) = re.findall(
    r"```python\n(.*?)```", Path("README.md").read_text("utf-8"), re.DOTALL
)
exec(program)
tokenizer = keras_amp.text.word_tokenizer(["good soup", "bad soup"])
classifier = keras_amp.BiLSTM(tokenizer.vocabulary_size(), 2)
keras_amp.export_text_classifier(
    classifier, tokenizer, ["bad", "good"], sys.argv[1]
)
print("done")
"""
WITHOUT_TENSORFLOW = """
import keras
import numpy as np

import keras_amp

print(keras.backend.backend())
model = keras_amp.AdversarialMixup(
    keras_amp.TextCNN(20, 3, embedding_dim=6, num_filters=4), "word"
)
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
model.compile("adam", loss)
model.fit(np.ones((4, 7), "int32"), np.arange(4) % 3, verbose=0)
for ask in (
    lambda: keras_amp.export_text_classifier(model, None, "ab", "nowhere"),
    lambda: keras_amp.text.standardize("a"),
    lambda: keras_amp.text.count_unknown([[1]], ["", "[UNK]"]),
):
    try:
        ask()
    except ImportError as error:
        print(error)
"""
AN_EXPERIMENT = """
import json
import sys
from pathlib import Path

from training.grid.execute import execute
from training.options.train_options import TrainOptions

file, vocabulary, records = map(Path, sys.argv[1:])
options = TrainOptions.of(
    train_file=file, dev_file=file, test_file=file, backbone="bert",
    bert="tiny", vocabulary=vocabulary, method="sent-amp", learning_rate=1e-3,
    dropout=0.0, batch_size=4, steps=40, steps_per_evaluation=20,
    lam_points=3, records_dir=records, baselines=False,
)
record = execute(options.resolved(), threads=1)
print(record.get("traceback", ""), file=sys.stderr)
print(json.dumps({**record["results"], **record["environment"]["versions"]}))
"""
COMMANDS = """
import contextlib, io, json, os, runpy, sys

folder, *commands = sys.argv[1:]
for number, (package, arguments, _) in enumerate(map(json.loads, commands)):
    sys.modules[package] = None
    options = {"table": "--work-dir", "train": "--models-dir"}
    own = os.path.join(folder, str(number))
    where = ["--records-dir", own, options[arguments[0]], own]
    sys.argv = ["", *arguments, *where]
    said, told = (io.TextIOWrapper(io.BytesIO()) for _ in "ab")
    code = 0
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(told):
        try:
            runpy.run_module("training", run_name="__main__", alter_sys=True)
        except SystemExit as exit:
            code = exit.code
    del sys.modules[package]
    texts = []
    for one in (said, told):
        one.flush()
        texts.append(one.buffer.getvalue().decode())
    print(json.dumps([code, *texts]))
"""


def python(code, packages, *arguments):
    """What a program says where some packages are not installed."""
    before = WITHOUT.format(packages=packages, argv=["", *arguments])
    return subprocess.run(
        [sys.executable, "-c", before + code],
        capture_output=True,
        text=True,
        cwd=HERE,
    )


def test_the_library_alone_trains_and_exports(tmp_path):
    needed("sklearn", "The README's program", '-e ".[training]"')
    # Its images come with scikit-learn and SciPy, which looks for PyTorch's
    # and JAX's modules and takes what is blocked for them.
    absent = tuple({*EXTRAS} - {"sklearn", "scipy", "torch", "jax"})
    ran = python(LIBRARY, absent, str(tmp_path / "export"))
    assert ran.stdout.endswith("done\n"), ran.stderr


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_the_library_needs_no_tensorflow(backend, monkeypatch):
    needed(backend, "This test", f'"keras_amp[{backend}]"')
    monkeypatch.setenv("KERAS_BACKEND", backend)
    absent = {*EXTRAS, "tensorflow"} - {"jax", "torch", "scipy"}
    ran = python(WITHOUT_TENSORFLOW, tuple(absent))
    assert ran.returncode == 0, ran.stderr
    rest = "needs tensorflow, which is not installed: pip install tensorflow"
    assert ran.stdout.splitlines() == [
        backend,
        f"export_text_classifier {rest}",
        f"keras_amp.text {rest}",
        f"keras_amp.text {rest}",
    ]


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_an_experiment_needs_no_tensorflow(backend, monkeypatch, tmp_path):
    needed(backend, "This test", f'"keras_amp[{backend}]"')
    needed("keras_hub", "This test", '"keras_amp[bert]"')
    monkeypatch.setenv("KERAS_BACKEND", backend)
    rows = ["text,label", *["good soup,yes", "bad soup,no"] * 5]
    file, vocabulary = tmp_path / "rows.csv", tmp_path / "vocab.txt"
    file.write_text("\n".join(rows), "utf-8")
    pieces = "[PAD] [UNK] [CLS] [SEP] good bad soup"
    vocabulary.write_text("\n".join(pieces.split()), "utf-8")
    paths = [str(one) for one in (file, vocabulary, tmp_path / "records")]
    absent = ("tensorflow", "tensorflow_text", "tf_keras")
    ran = python(AN_EXPERIMENT, absent, *paths)
    assert ran.returncode == 0, ran.stderr
    said = json.loads(ran.stdout.splitlines()[-1])
    assert said["test_error"] == 0
    assert len(said["loss_along_lam"]["mean"]) == 3
    assert {backend, "keras"} < {*said}
    assert "tensorflow" not in said


def test_the_command_line_names_what_it_lacks():
    command = "runpy.run_module('training', run_name='__main__')"
    ran = python(command, ("tyro",), "train")
    assert ran.returncode == 2
    assert ran.stderr == (
        "error: python -m training needs tyro, which is not installed: pip "
        'install -e ".[training]"\n'
    )
    assert ran.stdout == ""


LACKING = [
    (
        "ray",
        ["table", "2", "--backbones", "cnn", "--ray-address", "auto"],
        "--ray-address needs ray, which is not installed: pip "
        'install "keras_amp[ray]"',
    ),
    (
        "keras_hub",
        ["table", "2", "--backbones", "bert"],
        "--backbones bert needs keras-hub, which is not installed: pip "
        'install "keras_amp[bert]"',
    ),
    (
        "keras_hub",
        ["train", "--backbone", "bert"],
        "BERT needs keras-hub, which is not installed: pip install "
        '"keras_amp[bert]"',
    ),
    (
        "tensorboard",
        ["train", "--tensorboard", "logs"],
        "keras_amp.TensorBoard needs tensorboard, which is not installed: "
        "pip install tensorboard",
    ),
]


def test_a_command_names_the_extra_that_it_lacks(tmp_path):
    needed("tyro", "This test", '-e ".[training]"')
    # One process, which loads TensorFlow once, without a package at a time.
    ran = python(COMMANDS, (), str(tmp_path), *map(json.dumps, LACKING))
    assert ran.returncode == 0, ran.stderr
    results = map(json.loads, ran.stdout.splitlines())
    for (*_, message), (code, out, err) in zip(LACKING, results, strict=True):
        # TensorFlow may have said something before.
        *_, last = err.splitlines()
        assert (code, last) == (2, f"error: {message}")
        assert "Traceback" not in err
        assert "error" not in out


def test_what_is_broken_inside_a_package_is_its_own(tmp_path, monkeypatch):
    (tmp_path / "whole.py").write_text("import missing_part\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="missing_part") as raised:
        needed("whole", "This", "whole")
    assert not isinstance(raised.value, MissingPackage)
    with pytest.raises(ImportError, match="needs no-such, which is not inst"):
        needed("no_such.module", "This", "no-such")


def test_each_extra_is_declared():
    declared = " ".join(requires("keras_amp"))
    extras = set(re.findall(r"extra == [\'\"]([\w-]+)", declared))
    assert set(EXTRAS.values()) <= extras
