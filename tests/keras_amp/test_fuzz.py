"""Whatever comes: no NaN, no crash, and the policy's invariants hold."""

import concurrent.futures

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from keras import layers, ops

import keras_amp
from keras_amp import policy
from tests.helpers import text_model

QUICK = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
DTYPES = ["float32", "float16", "bfloat16", "float64"]


def numbers(rng, *shape):
    """Numbers of every size that training meets."""
    return rng.normal(size=shape) * 10.0 ** rng.integers(-6, 3)


@QUICK
@given(
    size=st.integers(1, 9),
    shape=st.lists(st.integers(1, 4), max_size=3),
    dtype=st.sampled_from(DTYPES),
    seed=st.integers(0, 2**31 - 1),
)
def test_a_mixture_lies_between_its_parts(size, shape, dtype, seed):
    rng = np.random.default_rng(seed)
    x = ops.cast(numbers(rng, size, *shape), dtype)
    partner = policy.sample_partner(size, seed)
    assert sorted(np.array(partner)) == list(range(size))
    lam = policy.sample_lam(size, float(10 ** rng.uniform(-2, 2)), seed)
    assert np.all((np.array(lam) >= 0) & (np.array(lam) <= 1))
    mixed = policy.interpolate(x, partner, lam)
    assert mixed.dtype == x.dtype
    assert mixed.shape == x.shape
    x, mixed = (np.array(ops.cast(one, "float64")) for one in (x, mixed))
    other = x[np.array(partner)]
    room = 1e-6 + 0.02 * np.maximum(np.abs(x), np.abs(other))
    assert np.all(mixed >= np.minimum(x, other) - room)
    assert np.all(mixed <= np.maximum(x, other) + room)


@QUICK
@given(
    grads=st.lists(st.floats(width=32), min_size=1, max_size=8),
    epsilon=st.floats(0, 100),
    seed=st.integers(0, 2**31 - 1),
)
def test_a_step_is_short_upwards_and_inside(grads, epsilon, seed):
    grads = np.array(grads, "float32")
    lam = np.random.default_rng(seed).uniform(size=len(grads))
    lam = lam.astype("float32")
    lam_adv = np.array(policy.ascend(ops.array(lam), ops.array(grads), epsilon))
    assert np.all((lam_adv >= 0) & (lam_adv <= 1))
    assert np.all(np.abs(lam_adv - lam) <= epsilon + 1e-6)
    moved = lam_adv != lam
    signs = np.sign(lam_adv - lam)[moved]
    np.testing.assert_array_equal(signs, np.sign(grads)[moved])
    assert not np.any(moved & ~np.isfinite(grads))


def losses_and_labels(kind, rng, size, num_classes):
    labels = rng.integers(0, num_classes, size)
    if kind == "sparse":
        return "sparse_categorical_crossentropy", labels
    if kind == "sparse column":
        return "sparse_categorical_crossentropy", labels[:, None]
    if kind == "soft":
        soft = rng.dirichlet(np.ones(num_classes), size).astype("float32")
        return keras.losses.CategoricalCrossentropy(label_smoothing=0.1), soft
    one_hot = np.eye(num_classes, dtype="int64")[labels]
    return "categorical_crossentropy", one_hot


@pytest.mark.filterwarnings("ignore:.*dtype policy.*")
@settings(QUICK, max_examples=25)
@given(
    size=st.integers(1, 7),
    num_classes=st.integers(2, 5),
    kind=st.sampled_from(["sparse", "sparse column", "soft", "one hot"]),
    dtype=st.sampled_from(["float32", "mixed_bfloat16", "mixed_float16"]),
    mix_at=st.sampled_from(["inputs", "hidden", ["hidden", "inputs"]]),
    method=st.sampled_from(["Mixup", "AdversarialMixup", "NonlinearMixup"]),
    weighted=st.booleans(),
    alpha=st.floats(0.01, 50),
    epsilon=st.floats(0, 2),
    seed=st.integers(0, 2**31 - 1),
)
def test_every_combination_trains(
    size,
    num_classes,
    kind,
    dtype,
    mix_at,
    method,
    weighted,
    alpha,
    epsilon,
    seed,
):
    rng = np.random.default_rng(seed)
    model = keras.Sequential(
        [
            keras.Input((3,), name="inputs"),
            layers.Dense(4, activation="tanh", dtype=dtype, name="hidden"),
            layers.Dropout(0.3, dtype=dtype),
            layers.Dense(num_classes, activation="softmax", dtype="float32"),
        ]
    )
    model = keras.Model(model.inputs, model.outputs)
    options = {"epsilon": epsilon} if method == "AdversarialMixup" else {}
    wrapper = getattr(keras_amp, method)(
        model, mix_at, alpha=alpha, seed=seed, **options
    )
    loss, labels = losses_and_labels(kind, rng, size, num_classes)
    wrapper.compile(
        keras.optimizers.Adam(0.01),
        loss,
        metrics=["accuracy"],
        run_eagerly=True,
    )
    weights = rng.uniform(0, 3, size) if weighted else None
    logs = wrapper.train_on_batch(
        numbers(rng, size, 3),
        labels,
        sample_weight=weights,
        return_dict=True,
    )
    assert np.all(np.isfinite(list(logs.values()))), logs
    assert 0 <= logs["accuracy"] <= 1
    assert logs.get("lam_shift", 0) <= epsilon + 1e-6
    for weight in wrapper.get_weights():
        assert np.all(np.isfinite(weight))


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    tokenizer = keras_amp.text.word_tokenizer(["to be or not to be", "Größe"])
    model = text_model(tokenizer.vocabulary_size())
    path = keras_amp.export_text_classifier(
        model, tokenizer, ["a", "b", "c"], tmp_path_factory.mktemp("e") / "1"
    )
    loaded = tf.saved_model.load(path)

    def ask(texts):
        # A signature keeps nothing alive, this function does.
        sentences = tf.constant(texts, tf.string, [len(texts)])
        return loaded.signatures["serve"](sentences=sentences)

    return ask


ODD = [
    "",
    " " * 1000,
    "to be " * 20_000,
    "😀👩‍🔬🇩🇪",
    "مرحبا بالعالم",
    "\x00\x01to\x00be\x7f",
    b"\xff\xfe\x80 to \xc3",
    "\ufeff\u200bto",
    "'" * 500,
    "日本語",
    "\n\r\t\v\f",
    "%s{}\\n$(rm)",
]


def is_answer(probabilities):
    probabilities = np.asarray(probabilities)
    return np.all(np.isfinite(probabilities)) and np.allclose(
        probabilities.sum(axis=1), 1, atol=1e-5
    )


def test_strings_of_every_kind_are_answered_alone_and_together(exported):
    together = exported(ODD)["probabilities"]
    assert is_answer(together)
    for text, expected in zip(ODD, together, strict=True):
        alone = exported([text])["probabilities"]
        np.testing.assert_allclose(alone[0], expected, atol=1e-5)


@QUICK
@given(st.lists(st.one_of(st.binary(max_size=60), st.text(max_size=60))))
def test_any_bytes_are_answered(exported, texts):
    texts = [t if isinstance(t, bytes) else t.encode("utf-8") for t in texts]
    answer = exported(texts)
    assert answer["probabilities"].shape == (len(texts), 3)
    assert answer["label"].shape == (len(texts),)
    assert answer["label_names"].shape == (len(texts), 3)
    assert is_answer(answer["probabilities"])


def test_many_threads_get_the_answers_of_one(exported):
    requests = [[f"to be {n}", "or " * (n % 7)] for n in range(32 * 4)]

    def ask(texts):
        return np.array(exported(texts)["probabilities"])

    expected = [ask(texts) for texts in requests]
    with concurrent.futures.ThreadPoolExecutor(32) as threads:
        got = list(threads.map(ask, requests))
    assert len(got) == len(expected)
    for one, other in zip(got, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


CORRUPT = {
    "empty.tsv": b"",
    "bom.tsv": b"\xef\xbb\xbf",
    "label_only.tsv": b"spam\n",
    "no_text.tsv": b"spam\t\n",
    "nul.tsv": b"\x00\x00\x00",
    "binary.csv": bytes(range(256)),
    "latin.tsv": b"spam\tcaf\xe9\nham\tb\n",
    "header_only.csv": b"text,label\n",
    "other_header.csv": b"a,b\nc,d\n",
    "ragged.csv": b"text,label\na\nb,c,d\n",
    "quote.csv": b'text,label\n"never closed,x\n',
    "array.jsonl": b"[1, 2]\n",
    "half.jsonl": b'{"text": "a", "lab',
    "null.jsonl": b'{"text": null, "label": "x"}\n',
    "number.jsonl": b"3\n",
    "one_class.tsv": b"a\tx\na\ty\n",
    "folder.tsv": None,
}


@pytest.mark.parametrize("name", CORRUPT)
def test_malformed_files_are_one_sentence(tmp_path, name):
    from training.data.files import load_files

    path = tmp_path / name
    content = CORRUPT[name]
    path.mkdir() if content is None else path.write_bytes(content)
    with pytest.raises((ValueError, OSError)) as raised:
        load_files(path)
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)


@QUICK
@given(
    content=st.binary(max_size=200),
    end=st.sampled_from(["tsv", "csv", "jsonl"]),
)
def test_any_file_is_read_or_refused(tmp_path, content, end):
    from training.data.files import load_files

    path = tmp_path / f"file.{end}"
    path.write_bytes(content)
    try:
        load_files(path)
    except (ValueError, OSError) as error:
        assert "\n" not in str(error)
