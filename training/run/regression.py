"""Logistic regressions: what a classifier must be better than.

The one on an encoder's features is also what fine-tuning begins at (Kumar et
al., 2022, "Fine-Tuning can Distort Pretrained Features and Underperform
Out-of-Distribution"): an encoder whose last layer fits already keeps more of
what it knows.
"""

import warnings
from typing import Any, NamedTuple

import keras
import numpy as np
import scipy.sparse
import scipy.sparse.linalg

import keras_amp
from keras_amp.extras import WhenUsed
from training.data.dataset import Examples
from training.run.batches import batches, order_by_length

tf = WhenUsed("tensorflow", "The regressions", "tensorflow")

# Nothing that takes longer than a minute: more texts change little.
MOST_TEXTS = 2000
MOST_TEXTS_OF_WORDS = 20000
FOLDS = 5
_BATCH_SIZE = 64
# The inverse of the penalty's strength, on features of norm 1; on 100 to 1000
# texts of TREC, SUBJ and tickets, of words as of an encoder, neither a tenth
# nor ten times of it errs less by more than two points.
_C = 10.0


class Features(NamedTuple):
    """What a classifier's last layer receives of some texts.

    Attributes:
        examples: `Examples`, the texts.
        values: Sparse float array `(examples, units)`, divided by `scale`.
        scale: Float, their mean norm: the penalty is made for norm 1.
    """

    examples: Examples
    values: scipy.sparse.csr_matrix
    scale: float


class Compared(NamedTuple):
    """Errors of two regressions in cross-validation, in %.

    Attributes:
        words, features: Floats, of that on words and that on an encoder's
            features.
        words_tell_more: Bool, whether the first is lower by more than two
            standard errors of their difference: of few texts, one is not
            enough to leave fine-tuning for, which mends the second.
    """

    words: float
    features: float
    words_tell_more: bool


def error_of_words(train: Examples, test: Examples) -> float:
    """The test error of a regression on words and pairs of words, in %.

    Args:
        train: `Examples`, of which `MOST_TEXTS_OF_WORDS` are taken at most.
        test: `Examples`.
    """
    train = _some(train, MOST_TEXTS_OF_WORDS)
    regression = _of_words()
    regression.fit(train.texts, train.labels)
    return 100 * float(np.mean(regression.predict(test.texts) != test.labels))


def features_of(
    classifier: keras.Model, tokenizer: Any, examples: Examples
) -> Features:
    """What the last layer receives of some texts, as the classifier is now.

    Args:
        classifier: A `keras.Model` from ids to logits with layers `sentence`
            and `logits`.
        tokenizer: Layer from strings to ids.
        examples: `Examples`, of which `MOST_TEXTS` are taken at most.
    """
    examples = _some(examples, MOST_TEXTS)
    features = keras.Model(
        classifier.inputs, classifier.get_layer("sentence").output
    )
    ask = features.predict_on_batch
    if keras.backend.backend() == "tensorflow":
        # One trace for all lengths of texts.
        ask = tf.function(
            lambda ids: features(ids, training=False),
            input_signature=[tf.TensorSpec([None, None], tf.int32)],
        )
    order = order_by_length(examples, tokenizer)
    rows = [
        scipy.sparse.csr_matrix(np.asarray(ask(ids)))
        for ids, _ in batches(examples[order], tokenizer, _BATCH_SIZE)
    ]
    values = scipy.sparse.vstack(rows).tocsr()[np.argsort(order)]
    scale = float(scipy.sparse.linalg.norm(values, axis=1).mean()) or 1.0
    return Features(examples, values / scale, scale)


def begin_at_regression(classifier: keras.Model, features: Features) -> None:
    """Gives the last layer the weights of a regression on what it receives.

    Args:
        classifier: As of `features_of`.
        features: What that returned for the training texts.
    """
    regression = _regression()
    regression.fit(features.values, features.examples.labels)
    kernel = regression.coef_.T / features.scale
    bias = regression.intercept_
    if len(regression.classes_) == 2:  # One logit, the difference of the two.
        kernel = np.concatenate([-kernel, kernel], axis=1) / 2
        bias = np.concatenate([-bias, bias]) / 2
    last = classifier.get_layer("logits")
    all_kernels, all_biases = (np.zeros(one.shape) for one in last.weights)
    # A class without a training text has no column, and is never the answer.
    all_biases[:] = bias.min() - 10
    all_kernels[:, regression.classes_] = kernel
    all_biases[regression.classes_] = bias
    last.set_weights([all_kernels, all_biases])


def compare_words(features: Features) -> Compared | None:
    """Whether words tell the classes better than what an encoder makes of them.

    Two regressions meet the same texts in `FOLDS`-fold cross-validation.

    Args:
        features: What `features_of` returned for the training texts.

    Returns:
        A `Compared`; `None` if not even two classes have a text per fold.
    """
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    texts, labels = features.examples.texts, features.examples.labels
    if np.sum(np.bincount(labels) >= FOLDS) < 2:
        return None
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    with warnings.catch_warnings():
        # A class of fewer texts than folds is not in each; so be it.
        warnings.filterwarnings("ignore", "The least populated class")
        of_words, of_features = (
            cross_val_predict(model, x, labels, cv=folds) != labels
            for model, x in (
                # The words that the linear classifier would see, no others.
                (_of_words(r"\S+"), _standardized(texts)),
                (_regression(), features.values),
            )
        )
    gain = of_features.astype(float) - of_words
    return Compared(
        words=100 * float(of_words.mean()),
        features=100 * float(of_features.mean()),
        words_tell_more=bool(gain.mean() > 2 * gain.std() / np.sqrt(len(gain))),
    )


def _regression() -> Any:
    # Not before it is used: it takes a second to load.
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=_C, max_iter=1000)


def _of_words(pattern: str = r"\w+|[^\w\s]") -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline

    # By default all letters that are no space are words: most texts have one.
    words = TfidfVectorizer(
        ngram_range=(1, 2), sublinear_tf=True, token_pattern=pattern
    )
    return make_pipeline(words, _regression())


def _standardized(texts: list[str]) -> list[str]:
    words = keras_amp.text.standardize(tf.constant(texts)).numpy()
    return [one.decode("utf-8") for one in words]


def _some(examples: Examples, most: int) -> Examples:
    """All examples, or so many at random."""
    if len(examples) <= most:
        return examples
    rng = np.random.default_rng(0)
    return examples[np.sort(rng.choice(len(examples), most, replace=False))]
