"""Consoles, and how they show what other people wrote.

Texts, labels, names and paths are shown as they are: never as markup, as the
name of an emoji, or as a command to the terminal.
"""

import re
from collections.abc import Iterable
from typing import Any

from rich.console import Console

# Control characters, line ends, marks that turn the direction of what follows
# around, and halves of surrogate pairs, which no stream can write.
_NOT_SHOWN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def console(**options: Any) -> Console:
    """A `rich` console for which strings are nothing but text.

    Args:
        **options: As of `rich.console.Console`.
    """
    return Console(
        soft_wrap=True, markup=False, emoji=False, highlight=False, **options
    )


def shown(text: Any, width: int | None = None) -> str:
    r"""A foreign string in one line, its control characters as escapes.

    Args:
        text: String, or what `str` makes one of.
        width: Int, letters at most; what is longer ends with "…".

    Examples:
        >>> print(shown("red: \x1b[31m, two\nlines"))
        red: \x1b[31m, two\nlines
        >>> shown("a long sentence", width=7)
        'a long…'
    """
    text = str(text)
    if width is not None and len(text) > width:
        text = text[: width - 1] + "…"
    return _NOT_SHOWN.sub(lambda match: repr(match[0])[1:-1], text)


def harmless(line: str) -> str:
    r"""A line of JSON that no terminal obeys, with the same meaning.

    Examples:
        >>> print(harmless('["a", "\u202eb", "ü"]'))
        ["a", "\u202eb", "ü"]
    """
    return _NOT_SHOWN.sub(lambda match: f"\\u{ord(match[0]):04x}", line)


def listed(names: Iterable[Any], most: int = 10) -> str:
    """A list of foreign names for a message, which ends before it is long.

    Examples:
        >>> listed(["cat", "dog"])
        'cat, dog'
        >>> listed(range(1000), most=3)
        '0, 1, 2 and 997 more'
    """
    names = list(names)
    text = ", ".join(shown(name, width=40) for name in names[:most])
    return text + (f" and {len(names) - most} more" * (len(names) > most))


def duration(seconds: float) -> str:
    """A time as a person says it.

    Examples:
        >>> duration(8.2), duration(200), duration(9000)
        ('8 s', '3 min', '2.5 h')
    """
    if seconds < 100:
        return f"{seconds:.0f} s"
    if seconds < 6000:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
