"""The formats that an export can become: what writes and answers from each."""

import contextlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from keras_amp.extras import WhenUsed

tf = WhenUsed("tensorflow", "convert_text_classifier", "tensorflow")


class Format(NamedTuple):
    """What an export can become.

    Attributes:
        file: String, the name of what is written, a file or a folder.
        modules: Dict of the modules that it needs, and what installs them.
        write: Function of a frozen function from ids to probabilities, its
            weights constants in it, and the path to write.
        load: Function of that path to one from ids to probabilities.
    """

    file: str
    modules: dict[str, str]
    write: Callable[[Any, Path], None]
    load: Callable[[Path], Callable[[np.ndarray], np.ndarray]]


def _write_saved_model(frozen, path):
    @tf.function(input_signature=[tf.TensorSpec([None, None], "int32", "ids")])
    def serve(ids):
        (probabilities,) = frozen(ids)
        return {"probabilities": probabilities}

    holder = tf.Module()
    holder.serve = serve
    tf.saved_model.save(holder, path, {"serving_default": serve})


def _load_saved_model(path):
    loaded = tf.saved_model.load(path)

    def answer(ids):
        found = loaded.signatures["serving_default"](ids=tf.constant(ids))
        return found["probabilities"].numpy()

    return answer


@contextlib.contextmanager
def _as_saved_model(frozen, path):
    """What some converters want to read, beside what they write."""
    folder = path.with_name("saved_model")
    try:
        _write_saved_model(frozen, folder)
        yield str(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _write_onnx(frozen, path):
    import tf2onnx

    (output,) = frozen.outputs
    model, _ = tf2onnx.convert.from_graph_def(
        frozen.graph.as_graph_def(),
        input_names=["ids:0"],
        output_names=[output.name],
        opset=18,
    )
    _rename(model.graph, {"ids:0": "ids", output.name: "probabilities"})
    path.write_bytes(model.SerializeToString())


def _rename(graph, names):
    """Gives tensors of an ONNX graph names that a user can guess."""
    for node in graph.node:
        for tensors in (node.input, node.output):
            tensors[:] = [names.get(tensor, tensor) for tensor in tensors]
    for tensor in (*graph.input, *graph.output):
        tensor.name = names.get(tensor.name, tensor.name)


def _load_onnx(path):
    import onnxruntime

    session = onnxruntime.InferenceSession(
        path, providers=["CPUExecutionProvider"]
    )
    return lambda ids: session.run(["probabilities"], {"ids": ids})[0]


def _write_litert(frozen, path):
    with _as_saved_model(frozen, path) as folder:
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        path.write_bytes(converter.convert())


def _load_litert(path):
    from ai_edge_litert.interpreter import Interpreter

    ask = Interpreter(str(path)).get_signature_runner()
    return lambda ids: ask(ids=ids)["probabilities"]


def _write_openvino(frozen, path):
    import openvino

    with _as_saved_model(frozen, path) as folder:
        model = openvino.convert_model(folder)
        model.inputs[0].set_names({"ids"})
        model.outputs[0].set_names({"probabilities"})
        openvino.save_model(model, path, compress_to_fp16=False)


def _load_openvino(path):
    import openvino

    # By default it may compute in half precision.
    exact = {"INFERENCE_PRECISION_HINT": "f32"}
    model = openvino.Core().compile_model(path, "CPU", exact)
    return lambda ids: model({"ids": ids})["probabilities"]


_EXTRA = '"keras_amp[{}]"'
FORMATS = {
    "saved_model": Format("model", {}, _write_saved_model, _load_saved_model),
    "onnx": Format(
        "model.onnx",
        dict.fromkeys(("tf2onnx", "onnxruntime"), _EXTRA.format("onnx")),
        _write_onnx,
        _load_onnx,
    ),
    "litert": Format(
        "model.tflite",
        {"ai_edge_litert": _EXTRA.format("litert")},
        _write_litert,
        _load_litert,
    ),
    "openvino": Format(
        "model.xml",
        {"openvino": _EXTRA.format("openvino")},
        _write_openvino,
        _load_openvino,
    ),
}
