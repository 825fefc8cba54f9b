"""What a person reads before and after a training."""

import shlex
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from training.data.dataset import Dataset, repeated
from training.models.backbones import BACKBONES
from training.options.train_options import TrainOptions
from training.run.regression import Compared
from training.terminal import duration, shown

_WIDTH = 60  # letters of a text to ask about


def why_no_encoder(options: TrainOptions) -> str:
    """What is trained on someone's own texts who did not say what.

    Args:
        options: `TrainOptions`, resolved.
    """
    name = options.model.backbone
    about = BACKBONES[name].about
    told = f"Trained is --backbone {name}, {about}."
    is_asked = options.model.embeddings != "random" or options.model.max_words
    if is_asked:  # What is for words is; no encoder was looked for.
        return told
    return (
        f"{told} No pretrained encoder is at hand, which errs less on most "
        "texts: docs/small_data.md says how to get one."
    )


def why_this_model(options: TrainOptions, errors: Compared | None) -> str:
    """Which of two is trained on someone's own texts who did not say.

    Args:
        options: `TrainOptions`, resolved.
        errors: What `compare_words` returns.
    """
    encoder = shown(options.model.bert, 40)
    found = ""
    if errors:
        found = (
            "In cross-validation on the training texts a regression on words "
            f"errs {errors.words:.1f} %, one on what {encoder} makes of them "
            f"{errors.features:.1f} %. "
        )
    if errors and errors.words_tell_more:
        return (
            f"{found}Trained is --backbone linear, on the words; --backbone "
            "bert fine-tunes the encoder all the same."
        )
    return (
        f"{found}{encoder}, a pretrained encoder that is on this machine, is "
        "fine-tuned; --backbone linear takes seconds."
    )


def report_errors(
    console: Console, options: TrainOptions, results: dict, dataset: Dataset
) -> None:
    """Prints the test error beside what is had without this training.

    Args:
        console: What `training.terminal.console` makes.
        options: `TrainOptions`, resolved.
        results: What `Experiment.run` returns.
        dataset: The `Dataset`.
    """
    # Not before it is used: it takes a second to load.
    from scipy.stats import binomtest

    test = dataset.test
    known = repeated(test, dataset.given)
    counts = np.bincount(test.labels)
    rows = {
        "always the most frequent class": 100 * (1 - counts.max() / len(test))
    }
    if "words_regression_test_error" in results:
        rows["logistic regression on words"] = results[
            "words_regression_test_error"
        ]
    is_beside = (
        options.where.baselines
        and not BACKBONES[options.model.backbone].reads_words
    )
    if is_beside and "regression_test_error" in results:
        name = f"logistic regression on {shown(options.model.bert, 30)}"
        rows[name] = results["regression_test_error"]
    error = results["test_error"]
    rows["this classifier"] = error
    table = Table(
        title=f"Errors on {len(test)} test texts"
        + (
            f", {known} of which were trained on"
            if known
            else " that nothing was trained on"
        ),
        title_justify="left",
        show_header=False,
    )
    for name, value in rows.items():
        table.add_row(name, f"{value:.1f} %")
    console.print()
    console.print(table)
    wrong = round(error * len(test) / 100)
    low, high = binomtest(wrong, len(test)).proportion_ci(method="wilson")
    console.print(
        f"So many texts place its error between {100 * low:.1f} and "
        f"{100 * high:.1f} % (95 %). Kept is step {results['best_step']}, dev "
        f"error {results['dev_error']:.1f} %; trained in "
        f"{duration(results['seconds'])}.\n"
    )


def report_calibration(
    console: Console, options: TrainOptions, results: dict, path: Path
) -> None:
    """Prints how far the probabilities are to be trusted.

    Args:
        console: What `training.terminal.console` makes.
        options: `TrainOptions`, resolved.
        results: What `Experiment.run` returns.
        path: Path of the reliability diagram.
    """
    error = results["test_calibration_error"]
    told = [
        "How sure it is and how often it is right differ by "
        f"{error:.1f} points on average (expected calibration error)."
    ]
    if "temperature" in results:
        told.append(
            f"At temperature {results['temperature']:.3g}, which fits dev, by "
            f"{results['tempered_test_calibration_error']:.1f}, and the "
            f"loss {results['tempered_test_loss']:.3f} instead of "
            f"{results['test_loss']:.3f}."
        )
        told.append(
            "The export answers so."
            if options.optimisation.calibrate
            else "--calibrate exports it so."
        )
    elif options.optimisation.calibrate:
        told.append(
            "No temperature follows from dev, where all answers are right, or "
            "no better than chance: the export answers as trained."
        )
    if "out_of_domain_area" in results:
        data = options.data
        others = data.out_of_domain_file or data.out_of_domain_dataset
        told.append(
            f"It is surer of a test text than of one in {shown(others)} in "
            f"{results['out_of_domain_area']:.1f} % of pairs (50 is chance)."
        )
    console.print(f"{' '.join(told)}\nDiagram: {shown(path)}\n")


def report_paths(
    console: Console,
    options: TrainOptions,
    paths: tuple[Path, Path, Path],
    texts: Sequence[str],
) -> None:
    """Prints where model, record and card are, and how to ask the model.

    Args:
        console: What `training.terminal.console` makes.
        options: `TrainOptions`, resolved.
        paths: Those of the model, the record and the card.
        texts: Some of the test set, of which one is asked.
    """
    text = _short(texts)
    model, record, card = map(shown, paths)
    console.print(f"\nModel:  {model}\nRecord: {record}\nCard:   {card}")
    if options.where.tensorboard:
        folder = shlex.quote(shown(options.where.tensorboard))
        console.print(f"Curves: tensorboard --logdir {folder}")
    modules = ["tensorflow as tf"]
    if not BACKBONES[options.model.backbone].reads_words:
        modules.append("tensorflow_text")
    imports = "".join(f"    import {module}\n" for module in modules)
    console.print(
        "Ask it with\n\n"
        f'    python -m training predict {shlex.quote(model)} "{text}"\n\n'
        f"or, in Python,\n\n{imports}"
        f'    model = tf.saved_model.load("{model}")\n'
        f"    texts = tf.constant([{text!r}])\n"
        '    model.signatures["serve"](sentences=texts)["label"]'
    )


def _short(texts: Sequence[str]) -> str:
    """One of the texts, in one line of a screen and easy to type."""
    plain = [shown(" ".join(text.split())) for text in texts]
    fitting = [
        text
        for text in plain
        if 0 < len(text) <= _WIDTH and not {*text} & {*"\"'\\$`!"}
    ]
    if fitting:
        return max(fitting, key=len)
    return "".join(x for x in shown(plain[0], _WIDTH) if x not in "\"'\\$`!")
