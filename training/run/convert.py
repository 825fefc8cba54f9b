"""Writes an exported classifier for another runtime, from the shell."""

from pathlib import Path

from training.run.exported import find_export
from training.terminal import console, shown

# How each is asked, beside `ids` of `tokenizer.json`.
_ASKED_BY = {
    "saved_model": "TensorFlow, without tensorflow-text",
    "onnx": "onnxruntime",
    "litert": "ai-edge-litert",
    "openvino": "openvino",
}


def convert(
    model: str | Path, format: str = "onnx", output: Path | None = None
) -> Path:
    """Converts an export, and says where it is and what reads it.

    Args:
        model: Path of an export, or of a folder of numbered ones, of which
            the newest is taken.
        format: As of `keras_amp.convert_text_classifier`.
        output: Path of the folder to write; by default beside the export,
            with the format after its number.

    Returns:
        The path of the folder.

    Raises:
        FileNotFoundError: If there is no export at `model`.
        FileExistsError, ImportError, ValueError: As
            `keras_amp.convert_text_classifier`.
    """
    path = find_export(model)
    if output is None:
        output = path.with_name(f"{path.name}-{format}")
    # Not before it is used: it loads TensorFlow.
    import keras_amp

    made = keras_amp.convert_text_classifier(path, output, format)
    files = ", ".join(sorted(one.name for one in made.iterdir()))
    console().print(
        f"{shown(made)}: {files}\n"
        f"Asked, it answers as the export does. {_ASKED_BY[format]} and "
        "tokenizers read it: docs/recipes.md, Another runtime"
    )
    return made
