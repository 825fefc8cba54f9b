"""Every format that Keras exports to, read back by what runs it."""

import keras
import numpy as np
import pytest
from keras import layers

import keras_amp
from conftest import EXTRAS
from keras_amp.extras import needed
from tests.helpers import (
    CutsItself,
    arrays,
    batch,
    classifier,
    compiled,
    text_model,
    tf,
)

BACKEND = keras.backend.backend()
X, Y = batch(7)
IDS = np.random.default_rng(0).integers(1, 20, (7, 9)).astype("int32")
IDS[1, 5:] = IDS[2, 1:] = 0  # padding
# What the converters warn of, in themselves and of one another.
pytestmark = [
    pytest.mark.filterwarnings(f"ignore{of}")
    for of in (
        ":In the future `np.object`:FutureWarning",
        ":.*torch.jit:DeprecationWarning",
        "::torch.jit.TracerWarning" if BACKEND == "torch" else ":no such",
        ":You are using the legacy TorchScript:DeprecationWarning",
        ":The feature will be removed:DeprecationWarning",
        ":The `native_serialization` parameter:DeprecationWarning",
    )
]


def package(module):
    name = module.partition(".")[0]
    extra = EXTRAS.get(name)
    install = f'"keras_amp[{extra}]"' if extra else name
    return needed(module, "This test", install)


def ask_saved_model(path, x):
    model = tf.saved_model.load(path)
    return model.serve(x)


def ask_onnx(path, x):
    session = package("onnxruntime").InferenceSession(path)
    inputs = [one.name for one in session.get_inputs()]
    x = x if isinstance(x, dict) else {inputs[0]: x}
    answers = session.run(None, x)
    names = [one.name for one in session.get_outputs()]
    return dict(zip(names, answers, strict=True))


def ask_openvino(path, x):
    # By default it computes in half precision on processors that can.
    exact = {"INFERENCE_PRECISION_HINT": "f32"}
    model = package("openvino").Core().compile_model(path, "CPU", exact)
    answers = model(x)
    if not isinstance(x, dict):  # from PyTorch, outputs have no names
        return [*answers.values()]
    return {one.any_name: of for one, of in answers.items()}


def ask_litert(path, x):
    interpreter = package("ai_edge_litert.interpreter").Interpreter(path)
    runner = interpreter.get_signature_runner()
    if not isinstance(x, dict):
        x = dict.fromkeys(runner.get_input_details(), x)
    return runner(**x)


def ask_torch(path, x):
    torch = package("torch")
    program = torch.export.load(path).module()
    return program(keras.tree.map_structure(torch.from_numpy, x))


# The ending, what asks, and the package that Keras converts with, by backend;
# what is not there Keras does not export to, or not with what is there.
FORMATS = {
    "tf_saved_model": (
        "",
        ask_saved_model,
        {"tensorflow": "tensorflow", "jax": "tensorflow"},
    ),
    "onnx": (
        ".onnx",
        ask_onnx,
        {"tensorflow": "tf2onnx", "torch": "onnx"},
    ),
    "openvino": (
        ".xml",
        ask_openvino,
        {"tensorflow": "openvino", "torch": "openvino"},
    ),
    "litert": (".tflite", ask_litert, {"tensorflow": "tensorflow"}),
    "torch": (".pt2", ask_torch, {"torch": "torch"}),
}


# The first release of Keras that writes them, where older ones are taken too.
SINCE = {"litert": (3, 13), "torch": (3, 15)}


def exported(wrapper, name, folder, **options):
    """The path of an export, as a string; skips what there is no way to."""
    ending, _, packages = FORMATS[name]
    if BACKEND not in packages:
        pytest.skip(f"Keras has no way from {BACKEND} to {name}")
    if tuple(map(int, keras.__version__.split(".")[:2])) < SINCE.get(name, ()):
        pytest.skip(f"Keras {keras.__version__} does not write {name} yet")
    package(packages[BACKEND])
    path = folder / f"model{ending}"
    wrapper.export(path, format=name, verbose=False, **options)
    return str(path)


def assert_answers_as_predict(wrapper, name, x, folder, **options):
    path = exported(wrapper, name, folder, **options)
    expected = wrapper.predict(x, verbose=0)
    assert_equal(FORMATS[name][1](path, x), expected)


def assert_equal(answers, expected):
    if isinstance(expected, dict):
        assert {*answers} == {*expected}
        for output in expected:
            assert_equal(answers[output], expected[output])
        return
    (answer,) = arrays(*keras.tree.flatten(answers))
    np.testing.assert_allclose(answer, expected, atol=1e-6)


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_answers_as_predict(name, tmp_path):
    model = classifier(activation="softmax", dropout=0.5, batch_norm=True)
    loss = "sparse_categorical_crossentropy"
    wrapper = compiled(keras_amp.AdversarialMixup(model, "hidden"), loss)
    wrapper.train_on_batch(X, Y)
    options = {}
    if name == "torch":
        size = package("torch").export.Dim("batch", min=1)
        options = {"dynamic_shapes": {0: size}}
    assert_answers_as_predict(wrapper, name, X, tmp_path, **options)


def two_of_each():
    inputs = {
        "a": keras.Input((4,), name="a"),
        "b": keras.Input((2,), name="b"),
    }
    x = layers.Concatenate(name="middle")([*inputs.values()])
    outputs = {
        name: layers.Dense(size, activation="softmax", name=name)(x)
        for name, size in (("kind", 3), ("sort", 2))
    }
    return keras.Model(inputs, outputs), "middle", {"a": X, "b": X[:, :2]}


def cuts_itself():
    model = CutsItself()
    model(X)
    return model, "below", X


CLASSIFIERS = {
    "of words": lambda: (text_model(), "word", IDS),
    "of two inputs and outputs": two_of_each,
    "that cuts itself": cuts_itself,
}


@pytest.mark.slow
@pytest.mark.tensorflow
@pytest.mark.parametrize("build", CLASSIFIERS)
@pytest.mark.parametrize("name", [*FORMATS][:4])
def test_other_classifiers_do_so_too(name, build, tmp_path):
    model, mix_at, x = CLASSIFIERS[build]()
    wrapper = keras_amp.Mixup(model, mix_at)
    assert_answers_as_predict(wrapper, name, x, tmp_path)


@pytest.mark.slow
@pytest.mark.tensorflow
def test_what_loads_is_exported_as_what_was_saved(tmp_path):
    model, mix_at, x = cuts_itself()
    keras_amp.Mixup(model, mix_at).save(tmp_path / "it.keras")
    loaded = keras.saving.load_model(tmp_path / "it.keras")
    assert_answers_as_predict(loaded, "tf_saved_model", x, tmp_path)
    np.testing.assert_array_equal(*arrays(loaded(x), model(x)))


@pytest.fixture
def recurrent():
    model = keras_amp.BiLSTM(20, 3, embedding_dim=4, units=3)
    return keras_amp.Mixup(model, "word")


@pytest.mark.slow
@pytest.mark.tensorflow
def test_recurrent_layers_in_onnx(recurrent, tmp_path):
    assert_answers_as_predict(recurrent, "onnx", IDS, tmp_path)


@pytest.mark.slow
@pytest.mark.tensorflow
def test_recurrent_layers_in_litert_need_tensorflows_operations(
    recurrent, tmp_path
):
    path = exported(recurrent, "litert", tmp_path)
    with pytest.raises(RuntimeError, match="Select TensorFlow op"):
        ask_litert(path, IDS)


@pytest.mark.slow
@pytest.mark.tensorflow
def test_recurrent_layers_in_openvino_are_refused_in_a_sentence(
    recurrent, tmp_path
):
    with pytest.raises(RuntimeError, match="No conversion rule") as raised:
        exported(recurrent, "openvino", tmp_path)
    message = str(raised.value)
    assert message.startswith(
        f"'{recurrent.model.name}' cannot be exported from tensorflow as "
        "format='openvino': OpConversionFailure: "
    )
    assert len(message.splitlines()) == 1
    assert raised.value.__cause__ is not None


def test_what_a_converter_says_is_one_sentence(tmp_path):
    class Unknown(keras.Model):
        """A classifier for which a converter of its own has no rule."""

        def export(self, filepath, format, *args, **kwargs):
            raise ArithmeticError(f"no rule for {format}\nframe 1\nframe 2")

    inputs = keras.Input((4,))
    model = Unknown(inputs, layers.Dense(3, name="out")(inputs), name="mine")
    with pytest.raises(RuntimeError) as raised:
        keras_amp.Mixup(model, "out").export(tmp_path / "it", "onnx")
    assert str(raised.value) == (
        f"'mine' cannot be exported from {BACKEND} as format='onnx': "
        "ArithmeticError: no rule for onnx frame 1 frame 2"
    )
    assert isinstance(raised.value.__cause__, ArithmeticError)


@pytest.mark.parametrize(
    ("backend", "name"),
    [
        ("tensorflow", "torch"),
        ("jax", "torch"),
        ("jax", "litert"),
        ("jax", "openvino"),
        ("torch", "tf_saved_model"),
    ],
)
def test_what_there_is_no_way_to_is_said_in_a_sentence(backend, name, tmp_path):
    if backend != BACKEND:
        pytest.skip(f"of {backend}")
    if name == "openvino":
        package("openvino")
    wrapper = keras_amp.Mixup(classifier(), "hidden")
    path = tmp_path / f"model{FORMATS[name][0]}"
    with pytest.raises((ValueError, RuntimeError, ImportError)) as raised:
        wrapper.export(path, format=name, verbose=False)
    assert len(str(raised.value).splitlines()) == 1


def test_no_format_and_no_ending_are_keras_own_refusals(tmp_path):
    wrapper = keras_amp.Mixup(classifier(), "hidden")
    with pytest.raises(ValueError, match="Unrecognized format=pdf"):
        wrapper.export(tmp_path / "model", format="pdf")
    if BACKEND == "torch":
        with pytest.raises(ValueError, match=r"end with '\.pt2'"):
            wrapper.export(tmp_path / "model", format="torch")
