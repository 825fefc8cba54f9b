"""What Keras writes on TensorFlow alone, of models that JAX or PyTorch trained.

Each is written by a Python of its own, where KERAS_BACKEND is tensorflow.
"""

import builtins
import importlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import keras


def run_on_tensorflow(module, *arguments):
    """Runs a module of `keras_amp` on TensorFlow, and on no accelerator.

    Args:
        module: String, the module's name.
        *arguments: Strings or paths.

    Raises:
        OSError, ValueError, RuntimeError: What the other process raised, an
            `OSError` as its own kind, or a `RuntimeError` that says it.
    """
    done = subprocess.run(
        [sys.executable, "-m", module, *map(str, arguments)],
        stderr=subprocess.PIPE,
        text=True,
        env={
            **os.environ,
            "KERAS_BACKEND": "tensorflow",
            # This process may hold all of an accelerator's memory.
            "CUDA_VISIBLE_DEVICES": "-1",
            # Modules beside a script, or that a notebook added, are found.
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        },
    )
    if done.returncode:
        said = done.stderr.strip()
        kind, _, message = said.rpartition("\n")[2].partition(": ")
        raised = getattr(builtins, kind, None)
        if kind == "ValueError" or (
            isinstance(raised, type) and issubclass(raised, OSError)
        ):
            raise raised(message)
        raise RuntimeError(f"Exporting on TensorFlow failed: {said[-2000:]}")


def export_text_classifier_on_tensorflow(
    model, tokenizer, label_names, filepath, **settings
):
    """What `export_text_classifier` does, once it has checked its arguments.

    Args:
        model, tokenizer, label_names, filepath: As of that. The other process
            imports the modules that their layers are from.
        **settings: Its other arguments.

    Raises:
        ValueError: If the tokenizer's configuration lacks its vocabulary, or
            a layer's class is in no module.
        OSError, RuntimeError: As `run_on_tensorflow`.
    """
    # Written first: what reads it replaces names in it by functions.
    described = json.dumps(keras.saving.serialize_keras_object(tokenizer))
    again = keras.saving.deserialize_keras_object(json.loads(described))
    if _vocabulary(again) != _vocabulary(tokenizer):
        raise ValueError(
            "`tokenizer` must be one whose configuration has its vocabulary, "
            "so that it can be built again on TensorFlow; make it with "
            "`vocabulary=tokenizer.get_vocabulary()`, or by "
            f"`keras_amp.text.word_tokenizer`. Received: {tokenizer}"
        )
    layers = [tokenizer, *model._flatten_layers()]
    for layer in layers:
        if type(layer).__module__ == "__main__":
            raise ValueError(
                f"The class `{type(layer).__name__}` of '{layer.name}' is in "
                "the program that runs, which a Python on TensorFlow cannot "
                "import. Put it into a module."
            )
    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder, "classifier.keras"))
        arguments = {
            "modules": sorted({type(layer).__module__ for layer in layers}),
            "tokenizer": json.loads(described),
            "label_names": label_names,
            "filepath": str(Path(filepath).absolute()),
            **settings,
        }
        Path(folder, "arguments.json").write_text(json.dumps(arguments))
        run_on_tensorflow(__spec__.name, folder)


def _vocabulary(tokenizer):
    return getattr(tokenizer, "get_vocabulary", list)()


def _export_text_classifier(folder):
    import keras_amp

    arguments = json.loads(Path(folder, "arguments.json").read_text())
    for module in arguments.pop("modules"):
        importlib.import_module(module)
    tokenizer = keras.saving.deserialize_keras_object(
        arguments.pop("tokenizer")
    )
    model = keras.models.load_model(
        Path(folder, "classifier.keras"), compile=False
    )
    keras_amp.export_text_classifier(model, tokenizer, **arguments)


if __name__ == "__main__":
    _export_text_classifier(*sys.argv[1:])
