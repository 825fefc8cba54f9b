"""From an exported text classifier to the formats of other runtimes.

Their programs take no strings, so what they are given are ids, and the
tokenizer lies beside them, as the file that `tokenizers` reads.
"""

import contextlib
import json
import shutil
from pathlib import Path

import numpy as np

from keras_amp.errors import one_line
from keras_amp.extras import WhenUsed, needed
from keras_amp.formats import FORMATS
from keras_amp.serving import check_loadable, os_error, tokenizer_path
from keras_amp.whole import remove_abandoned, written_whole

tf = WhenUsed("tensorflow", "convert_text_classifier", "tensorflow")
constants = WhenUsed(
    "tensorflow.python.framework.convert_to_constants",
    "convert_text_classifier",
    "tensorflow",
)

TOLERANCE = 1e-4  # of a probability, as other programs sum in other orders


def convert_text_classifier(path, filepath, format):
    """Writes a folder that a runtime without TensorFlow answers from.

    It holds the model, from `ids`, int32 of shape `(batch, time)`, 0 is
    padding, to `probabilities`, float32 of shape `(batch, classes)`, at the
    export's temperature; `tokenizer.json`, which `tokenizers` reads, from
    texts to these ids; and `labels.json`, a list of the classes' names. Before
    it appears, the runtime has been asked, and answered as the export does.

    The model is `model.onnx` (`"onnx"`), `model.tflite` (`"litert"`),
    `model.xml` with `model.bin` (`"openvino"`), or the folder `model`, a
    SavedModel that needs no TensorFlow Text (`"saved_model"`). LiteRT has no
    loops over lists, and so no recurrent layers.

    Args:
        path: Path of a SavedModel of `export_text_classifier`.
        filepath: Path of the folder to write. It appears whole or not at all.
        format: `"onnx"`, `"litert"`, `"openvino"` or `"saved_model"`.

    Returns:
        The `pathlib.Path` of the folder.

    Raises:
        FileNotFoundError: If there is no SavedModel.
        FileExistsError: If something is at `filepath` already.
        OSError: If it can't be written, such as to a full disc.
        ImportError: If what the format needs is not installed.
        ValueError: If there is no such format, it can't hold this classifier,
            its runtime answers otherwise, the export has no tokenizer that
            can be written down, or TensorFlow could not load from such a path.

    Examples:
        >>> import tempfile
        >>> tokenizer = keras_amp.text.word_tokenizer(["good", "bad"])
        >>> model = keras_amp.TextCNN(tokenizer.vocabulary_size(), 2)
        >>> folder = tempfile.mkdtemp()
        >>> exported = keras_amp.export_text_classifier(
        ...     model, tokenizer, ["+", "-"], folder + "/1"
        ... )
        >>> made = convert_text_classifier(
        ...     exported, folder + "/ids", "saved_model"
        ... )
        >>> sorted(one.name for one in made.iterdir())
        ['labels.json', 'model', 'tokenizer.json']
    """
    path, filepath = Path(path), Path(filepath)
    if format not in FORMATS:
        raise ValueError(
            f"`format` must be one of {', '.join(FORMATS)}. "
            f"Received: {format!r}"
        )
    if filepath.exists():
        raise FileExistsError(
            f"'{filepath}' exists already and is not overwritten. "
            "Write to another path."
        )
    check_loadable(filepath)
    tokenizer = tokenizer_path(path)
    exported = _load(path)
    if not tokenizer.is_file():
        raise ValueError(
            f"'{path}' holds no tokenizer that other programs can read: it is "
            "none of words or word pieces, or was exported before version 0.3"
        )
    made = FORMATS[format]
    for module, install in made.modules.items():
        needed(module, f"The format {format}", install)
    remove_abandoned(filepath.parent)
    with written_whole(filepath) as unfinished:
        unfinished.mkdir()
        model = unfinished / made.file
        try:
            with _only_errors():
                made.write(_frozen(exported), model)
            answer = made.load(model)
            labels, off = _asked(exported, answer, tokenizer)
        except OSError:
            raise
        except tf.errors.OutOfRangeError as error:  # TensorFlow's full disc
            raise os_error(error, filepath) from error
        except Exception as error:  # Each converter and runtime has its own.
            raise ValueError(
                f"{format} can't hold this classifier ({one_line(error)}); "
                f"{_instead(format)}"
            ) from error
        if not off <= TOLERANCE:
            raise ValueError(
                f"the model in {format} answers otherwise, by {off:.1g}; "
                f"{_instead(format)}"
            )
        shutil.copyfile(tokenizer, unfinished / "tokenizer.json")
        text = json.dumps(labels, ensure_ascii=False)
        (unfinished / "labels.json").write_text(text, "utf-8")
    return filepath


def _load(path):
    if not (path / "saved_model.pb").is_file():
        raise FileNotFoundError(f"there is no SavedModel at '{path}'")
    try:
        return tf.saved_model.load(path)
    except (tf.errors.NotFoundError, RuntimeError) as error:
        if "not registered" not in str(error):
            raise
    # Its tokenizer's operations, which nothing else here uses.
    needed("tensorflow_text", f"'{path}'", '"keras_amp[bert]"')
    return tf.saved_model.load(path)


def _frozen(exported):
    """The function from ids to probabilities, its weights constants in it.

    Of what else an export answers and what it makes of strings, nothing is
    left: no other program has that.
    """
    ask = exported.signatures["serve_ids"]

    @tf.function(input_signature=[tf.TensorSpec([None, None], "int32", "ids")])
    def probabilities(ids):
        return {"probabilities": ask(ids=ids)["probabilities"]}

    return constants.convert_variables_to_constants_v2(
        probabilities.get_concrete_function(),
        lower_control_flow=False,
        aggressive_inlining=True,
    )


@contextlib.contextmanager
def _only_errors():
    """Keeps what converters warn of, such as their own old age, off a user."""
    logger = tf.get_logger()
    before = logger.level
    try:
        logger.setLevel("ERROR")
        yield
    finally:
        logger.setLevel(before)


def _asked(exported, answer, tokenizer):
    """The labels' names, and how far two answers are apart at most."""
    written = json.loads(tokenizer.read_text("utf-8"))
    truncation, number = written["truncation"], len(written["model"]["vocab"])
    longest = min(40, truncation["max_length"] if truncation else 40)
    rng = np.random.default_rng(0)
    apart = []
    for shape in ((1, min(5, longest)), (3, longest)):
        ids = rng.integers(0, number, shape, "int32")
        expected = exported.signatures["serve_ids"](ids=tf.constant(ids))
        probabilities = expected["probabilities"].numpy()
        apart.append(np.abs(answer(ids) - probabilities).max())
    names = [
        name.decode("utf-8") for name in expected["label_names"][0].numpy()
    ]
    # Not `max`, which may pass over what is no number.
    return names, float(np.max(apart))


def _instead(format):
    others = [name for name in FORMATS if name != format]
    return f"another format may: {', '.join(others)}"
