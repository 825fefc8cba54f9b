"""Support tickets that nobody wrote, as messy as such files are.

    python -m benchmarks.tickets tickets.csv

Six kinds; short ones and long ones, with quotes, line ends and an id, some of
them about two things and some under the wrong kind.
"""

import csv
import dataclasses
import random
from collections.abc import Iterator
from pathlib import Path

import tyro

from keras_amp.whole import written_whole

COLUMNS = ("id", "kind", "body")
# Of each kind: what tickets are about, and how they say it.
_KINDS = {
    "billing": (
        "invoice|refund|VAT number|credit card|receipt|payment|price|fee",
        "I was billed for the {} and never got the {}.|"
        "Please correct the {} on my last {}.|"
        "Why does the {} show up with my {}?|"
        "My accountant asks for the {}; the {} is wrong.",
    ),
    "login": (
        "password|two-factor code|account|reset link|user name|session|token",
        "The {} does not work and my {} is gone.|"
        "I can't get in: {}, then {}, nothing helps.|"
        "Since the update the page keeps asking for the {} and the {}.|"
        "The {} expired before the {} came.",
    ),
    "bug": (
        "crash|error 500|blank page|export|search|upload|stack trace|button",
        "When I press {} there is a {}.|"
        "{} since yesterday, see the {} below.|"
        "The {} fails with {} on Windows.|"
        "Steps: open, click {}, then {}.",
    ),
    "delivery": (
        "parcel|tracking number|courier|address|warehouse|box|customs|van",
        "The {} has not moved and the {} says nothing.|"
        "My {} went to the wrong {}.|"
        "Where is my {}? The {} was promised for Monday.|"
        "The {} arrived with a broken {}.",
    ),
    "feature": (
        "dark mode|API|calendar sync|bulk edit|shortcut|integration|filter",
        "It would be great to have {} beside {}.|"
        "Could you add {}? We already use {}.|"
        "Is {} planned, maybe with {}?|"
        "We would pay more for {} and {}.",
    ),
    "cancel": (
        "contract|subscription|trial|plan|data deletion|renewal|downgrade",
        "I want to end my {} before the {}.|"
        "Please stop the {}; I no longer need the {}.|"
        "How do I get out of the {} and the {}?|"
        "Do not renew the {}, delete my {}.",
    ),
}
_ANYTHING = (
    "I have been a customer for years.",
    "This is urgent!",
    "Thanks in advance.",
    "Hello team,",
    "My colleague had the same last week.",
    "Sent from my phone",
    'The agent said "it will be fixed", but it was not.',
    "Regards, J.",
    "I already wrote about my account, the invoice and the app.",
    "We are a team of 12; the renewal is in May.",
    "See the screenshot.",
    "I paid with my card.",
    "The page loads slowly today.",
    "Can someone call me?",
)
_ABOUT_OTHERS = 0.2  # of the things that are named
_SAID_AS_OTHERS = 0.12  # of the sentences
_WRONG = 0.03  # of the labels


@dataclasses.dataclass
class Options:
    """Writes support tickets that nobody wrote, as a CSV file."""

    path: tyro.conf.Positional[Path]
    """CSV file to write."""
    rows: int = 800
    """How many."""
    seed: int = 0
    """The same seed gives the same tickets."""


def tickets(rows: int, seed: int = 0) -> Iterator[tuple[int, str, str]]:
    """Ids, kinds and texts.

    Args:
        rows: Int, how many.
        seed: Int; the same seed gives the same tickets.
    """
    rng = random.Random(seed)
    names = list(_KINDS)
    for number in range(1000, 1000 + rows):
        kind = rng.choice(names)
        long = rng.choice((0, 0, 1, 2, 6))
        parts = [rng.choice(_ANYTHING) for _ in range(long)]
        for _ in range(rng.choice((1, 1, 2))):
            parts.insert(rng.randint(0, len(parts)), _sentence(rng, kind))
        body = rng.choice((" ", " ", "\n")).join(parts)
        is_wrong = rng.random() < _WRONG
        yield number, rng.choice(names) if is_wrong else kind, body


def _sentence(rng: random.Random, kind: str) -> str:
    names = list(_KINDS)
    said = rng.choice(names) if rng.random() < _SAID_AS_OTHERS else kind
    things = [
        rng.choice(
            _KINDS[rng.choice(names) if rng.random() < _ABOUT_OTHERS else kind][
                0
            ].split("|")
        )
        for _ in range(2)
    ]
    return rng.choice(_KINDS[said][1].split("|")).format(*things)


def main() -> None:
    """Writes the file that the command line asks for."""
    options = tyro.cli(Options)
    with (
        written_whole(options.path) as unfinished,
        unfinished.open("w", encoding="utf-8", newline="") as file,
    ):
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(tickets(options.rows, options.seed))
    print(options.path)


if __name__ == "__main__":
    main()
