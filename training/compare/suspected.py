"""Texts whose labels may be wrong: what decides more than any method."""

import collections
from collections.abc import Mapping

from training.compare.compare_options import CompareOptions
from training.compare.systems import split
from training.data.rows import read_rows
from training.run.experiment import load_dataset

MOST = 20
LEAST_MODELS = 2  # one that contradicts is no reason to look


def suspected_labels(
    options: CompareOptions, records: Mapping[str, list[dict | None]]
) -> list[dict]:
    """Labels that models contradict which were not trained on them.

    A text is suspected if more than half of the models of splits that held it
    back, for dev or test, gave it another label; the surest come first.

    Args:
        options: `CompareOptions`, checked.
        records: Dict from a system to its records, split by split.

    Returns:
        List of at most `MOST` dicts: `line` of --train-file, where there is
        one, `label`, `answer`, `confidence` (how sure of another label all
        are on average), `models` that contradict, `of` how many, and `text`.
    """
    votes: dict[tuple, list] = collections.defaultdict(list)
    names: tuple[str, ...] = ()
    for repeat in range(max(map(len, records.values()))):
        dataset = load_dataset(split(options, repeat))
        names = dataset.label_names
        for of_one in records.values():
            record = of_one[repeat]
            if record is None or "answers" not in record:
                continue
            for part in ("dev", "test"):
                examples = getattr(dataset, part)
                given = record["answers"][part]
                for text, label, answer, sure in zip(
                    examples.texts,
                    examples.labels.tolist(),
                    given["class"],
                    given["confidence"],
                    strict=True,
                ):
                    votes[text, label].append((answer, sure))
    found = []
    for (text, label), cast in votes.items():
        against = [(answer, sure) for answer, sure in cast if answer != label]
        if len(against) < LEAST_MODELS or 2 * len(against) <= len(cast):
            continue
        answer = collections.Counter(one for one, _ in against).most_common(1)
        sure = sum(sure for _, sure in against) / len(cast)
        found.append(
            {
                "label": names[label],
                "answer": names[answer[0][0]],
                "confidence": sure,
                "models": len(against),
                "of": len(cast),
                "text": text,
            }
        )
    found.sort(key=lambda one: -one["confidence"])
    lines = _lines(options)
    return [
        {"line": lines.get((one["label"], one["text"]), ""), **one}
        for one in found[:MOST]
    ]


def _lines(options: CompareOptions) -> dict[tuple[str, str], int]:
    """Dict from label and text to the line of --train-file, if there is one."""
    path = options.data.train_file
    if path is None:
        return {}
    rows = read_rows(path, options.data.layout()).rows
    return {(row.label, row.text): row.line for row in reversed(rows)}
