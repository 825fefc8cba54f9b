"""Exports a text classifier as a SavedModel: sentences in, labels out."""

import json
import re
from pathlib import Path

import keras

from keras_amp.calibration import LEAST_PROBABILITY, check_temperature
from keras_amp.extras import WhenUsed, needed
from keras_amp.mixup import Mixup
from keras_amp.portable import without_cudnn
from keras_amp.serving_checks import (
    check_length,
    check_number_of_ids,
    check_outputs,
    outputs_for_two,
)
from keras_amp.text import count_unknown, tokenizer_json
from keras_amp.whole import remove_abandoned, written_whole

tf = WhenUsed("tensorflow", "export_text_classifier", "tensorflow")


def export_text_classifier(
    model,
    tokenizer,
    label_names,
    filepath,
    from_logits=True,
    temperature=1.0,
    group_size=16,
):
    """Writes a SavedModel that answers raw sentences.

    It loads wherever TensorFlow is, without `keras_amp` or Keras; the word
    pieces of BERT need `import tensorflow_text` first. Signatures:

    - `serve` (also `serving_default`): `sentences`, strings of shape
      `(batch,)`. Any string is answered, the empty one too.
    - `serve_ids`: `ids`, int32 of shape `(batch, time)`, 0 is padding.

    Both return a dict: `probabilities`, float32 of shape `(batch, classes)`;
    `label`, strings of shape `(batch,)`, the most probable one; `label_names`,
    strings of shape `(batch, classes)`, the names in the probabilities' order,
    once per row because TensorFlow Serving wants all outputs of one length;
    `unknown_share`, float32 of shape `(batch,)`, the part of a sentence's words
    or word pieces that are unknown, if the tokenizer has a vocabulary; and
    `temperature`, float32 of shape `(batch,)`, if it is not 1.

    A tokenizer of words or word pieces also lies there as a file,
    `assets.extra/tokenizer.json`, that `tokenizers` reads: for who asks
    `serve_ids`, or for `convert_text_classifier`.

    Where Keras runs on JAX or PyTorch, a Python of its own writes it on
    TensorFlow; layers of your own must be in a module that it can import.

    Ask by `signatures["serve"]`, not by `exported.serve(…)`: of that,
    TensorFlow keeps a lock when it is given the wrong rank or type, and all
    other threads wait for ever.

    Args:
        model: The classifier, from int ids to one number per class; a `Mixup`
            wrapper is exported as the classifier inside it.
        tokenizer: Layer from strings `(batch,)` to ids `(batch, time)`. If it
            has a `max_length` or a `vocabulary_size()`, the model is asked
            whether it takes so many.
        label_names: Sequence of strings, one per class.
        filepath: Path of a folder that does not exist yet. It appears whole
            or not at all.
        from_logits: Bool, whether the model's outputs are logits, rather than
            probabilities that sum to 1. It is asked whether they are.
        temperature: Float above 0, such as `fit_temperature` finds: answered
            are `softmax(logits / temperature)`, with the same labels.
        group_size: Int above 0: of more sentences than that, `serve` computes
            those of about one length at a time, so many at most, as if each
            group was asked alone. Else all are padded to the longest. `None`
            computes all at once, which a GPU may prefer.

    Returns:
        The `pathlib.Path` of the SavedModel.

    Raises:
        FileExistsError: If something is at `filepath` already.
        OSError: If it can't be written, such as to a full disc.
        ValueError: If there are not as many labels as the model has classes,
            its outputs are not what `from_logits` says, it does not take texts
            of any length, or shorter ones or fewer ids than the tokenizer
            makes, TensorFlow could not load from
            such a path, the temperature is not above 0 and finite, or the
            group size is not above 0. On JAX or PyTorch, if the tokenizer's
            configuration lacks its vocabulary.

    Examples:
        >>> import tempfile
        >>> tokenizer = keras_amp.text.word_tokenizer(["good", "bad"])
        >>> model = keras_amp.TextCNN(tokenizer.vocabulary_size(), 2)
        >>> path = export_text_classifier(
        ...     model, tokenizer, ["+", "-"], tempfile.mkdtemp() + "/1"
        ... )
        >>> exported = tf.saved_model.load(path)
        >>> texts = tf.constant(["so bad it is good", ""])
        >>> answer = exported.signatures["serve"](sentences=texts)
        >>> tuple(answer["probabilities"].shape)
        (2, 2)
    """
    needed("tensorflow", "export_text_classifier", "tensorflow")
    filepath = Path(filepath)
    check_loadable(filepath)
    check_temperature(temperature)
    if group_size is not None and group_size < 1:
        raise ValueError(
            "`group_size` must be above 0, or `None` to compute all sentences "
            f"at once. Received: {group_size}"
        )
    model = model.model if isinstance(model, Mixup) else model
    label_names = [str(name) for name in label_names]
    outputs = outputs_for_two(model)
    num_classes = outputs.shape[-1]
    if len(label_names) != num_classes:
        raise ValueError(
            f"`label_names` must name the model's {num_classes} classes. "
            f"Received {len(label_names)}: {label_names}"
        )
    check_outputs(outputs, from_logits)
    if filepath.exists():
        raise FileExistsError(
            f"'{filepath}' exists already and is not overwritten. "
            "Export to another path, such as the next number."
        )
    if keras.backend.backend() != "tensorflow":
        # Here, as it is also a program, which nothing is to have imported.
        from keras_amp.on_tensorflow import (
            export_text_classifier_on_tensorflow,
        )

        export_text_classifier_on_tensorflow(
            model,
            tokenizer,
            label_names,
            filepath,
            from_logits=from_logits,
            temperature=temperature,
            group_size=group_size,
        )
        return filepath

    check_length(model, getattr(tokenizer, "max_length", None))
    if hasattr(tokenizer, "vocabulary_size"):
        check_number_of_ids(model, tokenizer.vocabulary_size())
    names = tf.constant(label_names)
    vocabulary = getattr(tokenizer, "get_vocabulary", list)()

    def probabilities_of(outputs):
        if temperature == 1:
            return tf.nn.softmax(outputs) if from_logits else outputs
        logits = outputs
        if not from_logits:
            logits = tf.math.log(tf.maximum(outputs, LEAST_PROBABILITY))
        return tf.nn.softmax(logits / temperature)

    def outputs_of(ids):
        # A model needs a sentence and a position, and "" has no position.
        missing = tf.maximum(0, 1 - tf.shape(ids))
        padded = tf.pad(ids, [[0, missing[0]], [0, missing[1]]])
        outputs = tf.cast(model(padded, training=False), tf.float32)
        return outputs[: tf.shape(ids)[0]]

    def answer_of(ids, outputs):
        size = tf.shape(outputs)[0]
        answer = {
            "probabilities": probabilities_of(outputs),
            "label": tf.gather(names, tf.argmax(outputs, axis=-1)),
            "label_names": tf.tile(names[None], [size, 1]),
        }
        if "[UNK]" in vocabulary:
            unknown, words = count_unknown(ids, vocabulary)
            share = tf.math.divide_no_nan(unknown, words)
            answer["unknown_share"] = share
        if temperature != 1:
            answer["temperature"] = tf.fill([size], float(temperature))
        return answer

    def serve_ids(ids):
        return answer_of(ids, outputs_of(ids))

    def ids_of(sentences):
        return tf.cast(tokenizer(sentences), tf.int32)

    def serve(sentences):
        ids = ids_of(sentences)
        if group_size is None:
            return serve_ids(ids)
        outputs = _in_groups(
            lambda some: outputs_of(ids_of(some)),
            sentences,
            tf.math.count_nonzero(ids, axis=1),
            group_size,
        )
        return answer_of(ids, tf.ensure_shape(outputs, [None, num_classes]))

    tokenizer(tf.constant([""]))  # Keras exports layers that are built.
    archive = keras.export.ExportArchive()
    # Keras writes each variable that an endpoint uses. Of a layer that is
    # tracked it lists them again, as its own `keras.Variable`s around those of
    # TensorFlow, and TensorFlow writes both. So the layers are not tracked but
    # what holds them, for the lookup tables that no endpoint says it uses.
    archive.track(tf.train.Checkpoint(model=model, tokenizer=tokenizer))
    sentences = tf.TensorSpec([None], tf.string, name="sentences")
    ids = tf.TensorSpec([None, None], tf.int32, name="ids")
    with without_cudnn(model):
        archive.add_endpoint("serve", serve, input_signature=[sentences])
        archive.add_endpoint("serve_ids", serve_ids, input_signature=[ids])
        _write(archive, tokenizer, filepath)
    return filepath


def tokenizer_path(filepath):
    """Where an export has its tokenizer as JSON, if that can be written.

    Args:
        filepath: Path of the export.
    """
    return Path(filepath) / "assets.extra" / "tokenizer.json"


def _in_groups(function, sentences, lengths, group_size):
    """A function of sentences, of those of about one length at a time.

    Padded to the longest of all, most of a batch is padding. Each group is
    what would be computed if it had been asked alone.

    Args:
        function: Function of strings `(group,)` to floats `(group, classes)`.
        sentences: String tensor of shape `(batch,)`.
        lengths: Int tensor of shape `(batch,)`.
        group_size: Int, sentences of a group at most.

    Returns:
        Float tensor of shape `(batch, classes)`, in the sentences' order.
    """
    size = tf.size(sentences)
    order = tf.argsort(lengths)
    by_length = tf.gather(sentences, order)
    # Groups of one size, rather than one of few sentences at the end.
    groups = tf.maximum(1, -(-size // group_size))
    step = tf.maximum(1, -(-size // groups))
    found = tf.TensorArray(tf.float32, groups, infer_shape=False)

    def is_left(group, _):
        return group < groups

    def next_group(group, found):
        some = by_length[group * step : (group + 1) * step]
        return group + 1, found.write(group, function(some))

    _, found = tf.while_loop(is_left, next_group, [0, found])
    return tf.gather(found.concat(), tf.argsort(order))


def _write(archive, tokenizer, filepath):
    try:
        as_json = json.dumps(tokenizer_json(tokenizer), ensure_ascii=False)
    except ValueError:  # a layer that only TensorFlow has
        as_json = None
    remove_abandoned(filepath.parent)
    try:
        with written_whole(filepath) as unfinished:
            archive.write_out(unfinished, verbose=False)
            if as_json is not None:
                path = tokenizer_path(unfinished)
                path.parent.mkdir()
                path.write_text(as_json, "utf-8")
    except tf.errors.OpError as error:
        raise os_error(error, filepath) from error
    except OSError as error:
        if filepath.exists():  # Another process was faster.
            raise FileExistsError(f"'{filepath}' exists") from error
        raise


def check_loadable(filepath):
    r"""Raises `ValueError` if TensorFlow could not load from a path.

    It takes a path for a pattern, in which `[1]` is a 1, and `\b` is a b.
    """
    if re.search(r"\[.*\]|\\", Path(filepath).as_posix()):
        raise ValueError(
            f"TensorFlow can't load a model from '{filepath}': it takes [ ] "
            "and \\ for parts of a pattern. Export to a path without them."
        )


def os_error(error, path):
    """What TensorFlow raises of a full disc, as the `OSError` that it is.

    Args:
        error: `tf.errors.OpError`.
        path: Path of what was being written.
    """
    first, *_ = error.message.splitlines()
    return OSError(f"'{path}' can't be written: {first.rpartition('; ')[2]}")
