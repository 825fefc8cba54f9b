"""What a classifier gets wrong, for a person to read."""

from collections.abc import Sequence

import numpy as np
from rich.console import Console
from rich.table import Table

from training.data.dataset import Examples
from training.terminal import shown

NUM_EXAMPLES = 5
WIDTH = 60  # letters of a sentence that are shown


def most_confused(
    predicted: np.ndarray, labels: np.ndarray, num_classes: int
) -> tuple[int, int] | None:
    """The two classes that are taken for each other most often.

    Args:
        predicted, labels: Int arrays of shape `(examples,)`.
        num_classes: Int.

    Returns:
        Two ints, the class that loses more first; `None` if nothing is wrong.

    Examples:
        >>> import numpy as np
        >>> most_confused(np.array([1, 1, 0, 2]), np.array([0, 0, 1, 2]), 3)
        (0, 1)
    """
    counts = np.zeros((num_classes, num_classes), dtype=int)
    np.add.at(counts, (labels, predicted), 1)
    np.fill_diagonal(counts, 0)
    both = counts + counts.T
    if not both.any():
        return None
    one, other = map(int, np.unravel_index(both.argmax(), both.shape))
    if counts[one, other] < counts[other, one]:
        one, other = other, one
    return one, other


def summarize(
    console: Console,
    examples: Examples,
    probabilities: np.ndarray,
    label_names: Sequence[str],
) -> None:
    """Prints the two classes that are confused most, and suspected labels.

    Where a classifier is surest of a wrong answer, the label is what may be
    wrong: a list to look through, and to mend the file by.

    Args:
        console: What `training.terminal.console` makes.
        examples: `Examples` of the test set.
        probabilities: Float array of shape `(examples, classes)`.
        label_names: Tuple of strings.
    """
    labels, predicted = examples.labels, probabilities.argmax(axis=1)
    confused = most_confused(predicted, labels, len(label_names))
    if confused is None:
        console.print("Nothing in the test set is wrong.")
        return
    parts = []
    for one, other in (confused, confused[::-1]):
        is_one = labels == one
        wrong = (predicted[is_one] == other).sum()
        parts.append(
            f"{wrong} of {is_one.sum()} '{shown(label_names[one], WIDTH)}' "
            f"were taken for '{shown(label_names[other], WIDTH)}'"
        )
    console.print(f"Confused most: {', '.join(parts)}.")

    wrong = np.flatnonzero(predicted != labels)
    surest = wrong[np.argsort(-probabilities[wrong].max(axis=1))]
    table = Table(
        "answer",
        "label",
        "text",
        title=f"Wrong labels? {min(NUM_EXAMPLES, len(wrong))} of {len(wrong)} "
        "wrong answers, the surest first",
        title_justify="left",
    )
    for index in surest[:NUM_EXAMPLES]:
        answers = [
            f"{shown(label_names[label], WIDTH)} "
            f"{probabilities[index, label]:.2f}"
            for label in (predicted[index], labels[index])
        ]
        table.add_row(*answers, shown(examples.texts[index], WIDTH))
    console.print(table)
