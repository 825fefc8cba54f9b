"""A model card: what a classifier is, on what it was trained, how far it errs.

After Mitchell et al., 2019, "Model Cards for Model Reporting"; the head is
what the Hugging Face hub reads.
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from keras_amp.serving import tokenizer_path
from keras_amp.whole import written_whole
from training.methods.methods import METHODS
from training.models.backbones import BACKBONES
from training.run.experiment import Experiment
from training.run.record import write_text
from training.terminal import shown

_MOST_CLASSES = 20  # that are listed


def write_card(
    experiment: Experiment,
    record: Mapping[str, Any],
    splits: Sequence[Mapping[str, Any]] = (),
) -> Path:
    """Writes NUMBER.md beside the export and, with `--hub`, NUMBER-hub.

    The latter is a folder that `hf upload` takes and
    `keras.saving.load_model` reads, with `README.md`, `labels.json` and, where
    it can be written down, `tokenizer.json`.

    Args:
        experiment: `Experiment`, whose classifier was exported.
        record: Its record, which names the export as `model`.
        splits: As of `card`.

    Returns:
        The path of the card, whole as the folder is, or not there.

    Raises:
        OSError: If it can't be written.
    """
    classes = len(experiment.dataset.label_names)
    counts = np.bincount(experiment.dataset.train.labels, minlength=classes)
    text = card(record, counts.tolist(), splits)
    model = Path(record["model"])
    path = model.with_name(f"{model.name}.md")
    write_text(path, text)
    if experiment.options.where.hub:
        with written_whole(model.with_name(f"{model.name}-hub")) as unfinished:
            experiment.classifier.save(unfinished, zipped=False)
            (unfinished / "README.md").write_text(text, "utf-8")
            labels = json.dumps(experiment.dataset.label_names)
            (unfinished / "labels.json").write_text(labels, "utf-8")
            if tokenizer_path(model).is_file():
                shutil.copy(tokenizer_path(model), unfinished)
    return path


def card(
    record: Mapping[str, Any],
    counts: Sequence[int],
    splits: Sequence[Mapping[str, Any]] = (),
) -> str:
    """Markdown with a head, from what is known of a training.

    Args:
        record: The record of the run.
        counts: Sequence of ints, the texts of each class it was trained on.
        splits: The `results` of runs on splits of the same texts, where the
            run itself has trained on all and has nothing to be measured on.

    Returns:
        String.
    """
    configuration, dataset = record["configuration"], record["dataset"]
    name = Path(record["model"]).parent.name
    parts = [
        _head(name, dataset, record["results"], splits),
        f"# {shown(name)}\n",
        _what(configuration, dataset, record["served_temperature"]),
        "## Data\n",
        _data(dataset, counts, _of_dev(configuration, dataset, splits)),
        "## Measured\n",
        _of_splits(splits) if splits else _of_test(record, dataset["test"]),
        "## Limits\n",
        _limits(configuration, dataset),
        "## How it was made\n",
        _how(record),
    ]
    return "\n".join(parts)


def _head(
    name: str,
    dataset: Mapping[str, Any],
    results: Mapping[str, Any],
    splits: Sequence[Mapping[str, Any]],
) -> str:
    """What a hub reads: YAML, of which JSON's strings are a part."""
    error = _mean(splits, "test_error") if splits else results["test_error"]
    return (
        "---\n"
        "library_name: keras\n"
        "pipeline_tag: text-classification\n"
        "tags: [keras, text-classification]\n"
        "model-index:\n"
        f"- name: {json.dumps(name)}\n"
        "  results:\n"
        "  - task: {type: text-classification}\n"
        f"    dataset: {{name: {json.dumps(dataset['name'])}, "
        f"type: {json.dumps(dataset['name'])}}}\n"
        f"    metrics: [{{type: accuracy, value: {1 - error / 100:.4f}}}]\n"
        "---\n"
    )


def _what(
    configuration: Mapping[str, Any],
    dataset: Mapping[str, Any],
    temperature: float,
) -> str:
    method = METHODS[configuration["method"]]
    about = BACKBONES[configuration["backbone"]].about
    begins = ""
    if configuration["backbone"] == "bert":
        begins = f", beginning with `{shown(configuration['bert'], 60)}`"
    elif configuration["embeddings"] != "random":
        vectors = Path(configuration["embeddings"]).name
        begins = f", beginning with the word vectors `{shown(vectors, 60)}`"
    names = dataset["label_names"]
    some = ", ".join(f"`{shown(one, 40)}`" for one in names[:_MOST_CLASSES])
    more = len(names) - _MOST_CLASSES
    return (
        f"Tells {len(names)} classes of text apart: {some}"
        f"{f' and {more} more' if more > 0 else ''}. It is {about}{begins}; "
        f"trained with {method.title}. The export's probabilities are "
        f"{_served_at(temperature)}.\n"
    )


def _served_at(temperature: float) -> str:
    if temperature == 1:
        return "those of its logits, as trained"
    return f"those of its logits, divided by {temperature:.3g}"


def _of_dev(
    configuration: Mapping[str, Any],
    dataset: Mapping[str, Any],
    splits: Sequence[Mapping[str, Any]],
) -> str:
    """What the dev and test texts were for."""
    if splits:
        return "dev and test texts, of which splits were measured, among them"
    dev, folds = f"{dataset['dev']} dev texts", configuration.get("refit", 0)
    if folds > 1:
        dev += f" among them, after {folds} folds chose the number of steps"
    elif folds:
        dev += " among them, which before that chose the number of steps"
    elif configuration.get("keep") == "last":
        dev += " chose no checkpoint, as the last was kept"
    else:
        dev += " chose the checkpoint"
    return f"{dev}, {dataset['test']} test texts were kept for the measurement"


def _data(dataset: Mapping[str, Any], counts: Sequence[int], dev: str) -> str:
    total = sum(counts)
    shares = [100 * count / total for count in counts]
    lines = [
        f"`{shown(dataset['name'])}`: {total} texts to train on, {dev}. Of the "
        f"classes, the smallest has {min(shares):.1f} %, the largest "
        f"{max(shares):.1f} %.\n"
    ]
    if covered := dataset.get("coverage"):
        lines.append(
            f"Of its different words, {covered['types']:.0%} have a pretrained "
            f"vector, of all its words {covered['tokens']:.0%}.\n"
        )
    return "\n".join(lines)


def _of_test(record: Mapping[str, Any], size: int) -> str:
    # Not before it is used: it takes a second to load.
    from scipy.stats import binomtest

    results = record["results"]
    error = results["test_error"]
    wrong = round(error * size / 100)
    low, high = binomtest(wrong, size).proportion_ci(method="wilson")
    rows = {
        "error": f"{error:.1f} % (95 %: {100 * low:.1f} to {100 * high:.1f})"
    }
    beside = "words_regression_test_error"
    if beside in results:
        rows["error of a logistic regression on words"] = (
            f"{results[beside]:.1f} %"
        )
    rows |= _probabilities(results)
    if "out_of_domain_area" in results:
        rows["surer of a test text than of one of another kind"] = (
            f"{results['out_of_domain_area']:.1f} % of pairs (50 is chance)"
        )
    return _table(f"on {size} test texts", rows)


def _of_splits(splits: Sequence[Mapping[str, Any]]) -> str:
    errors = [one["test_error"] for one in splits]
    spread = f" ± {np.std(errors, ddof=1):.1f}" if len(errors) > 1 else ""
    rows = {"error": f"{np.mean(errors):.1f}{spread} %"}
    shared = set.intersection(*(set(one) for one in splits))
    means = {
        key: _mean(splits, key)
        for key in shared
        if isinstance(splits[0][key], float)
    }
    table = _table(
        f"mean of {len(splits)} splits", rows | _probabilities(means)
    )
    return (
        "It was trained on all texts, so that none is left to measure it on; "
        "these are of models like it, each on texts it was not trained on.\n\n"
        f"{table}"
    )


def _probabilities(results: Mapping[str, Any]) -> dict[str, str]:
    """Rows on probabilities, as trained and at the temperature of dev."""
    named = {
        "negative log-likelihood": ("test_loss", "{:.3f}"),
        "expected calibration error": ("test_calibration_error", "{:.1f} %"),
    }
    rows = {}
    for title, (key, form) in named.items():
        if key in results:
            rows[title] = form.format(results[key])
        if f"tempered_{key}" in results:
            at = f"{title} at the temperature that fits dev"
            rows[at] = form.format(results[f"tempered_{key}"])
    if "test_macro_f1" in results:
        rows["macro F1"] = f"{results['test_macro_f1']:.1f} %"
    return rows


def _limits(
    configuration: Mapping[str, Any], dataset: Mapping[str, Any]
) -> str:
    unit = "words"
    if not BACKBONES[configuration["backbone"]].reads_words:
        unit = "word pieces"
    return (
        "- Nothing is known of texts unlike these, of another language or "
        "kind: each text is given one of the classes, also one that belongs "
        "to none.\n"
        f"- Of a text, {configuration['max_length']} {unit} are read, and "
        f"{dataset['word_ids']} {unit} are known.\n"
        "- Labels were taken as they are; where they are wrong, so are the "
        "numbers above.\n"
        "- No group of people or kind of text was measured apart.\n"
    )


def _how(record: Mapping[str, Any]) -> str:
    versions = ", ".join(
        f"{name} {version}"
        for name, version in record["environment"]["versions"].items()
    )
    settings = json.dumps(
        {
            # Of files the names: no reader has the folders.
            key: Path(value).name if key.endswith("_file") else value
            for key, value in record["configuration"].items()
        },
        ensure_ascii=False,
        default=str,
    )
    return (
        f"With {versions}, from these settings:\n\n```json\n{settings}\n```\n"
    )


def _table(title: str, rows: Mapping[str, str]) -> str:
    lines = [f"| | {title} |", "|---|---|"]
    lines += [f"| {name} | {value} |" for name, value in rows.items()]
    return "\n".join(lines) + "\n"


def _mean(splits: Sequence[Mapping[str, Any]], key: str) -> float:
    return float(np.mean([one[key] for one in splits]))
