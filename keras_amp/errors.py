"""Errors of other libraries, for a sentence of our own."""


def one_line(error: BaseException, limit: int = 160) -> str:
    """An error as one line of at most `limit` characters, and "…" if cut.

    Examples:
        >>> one_line(ValueError("first,  second"))
        'ValueError: first, second'
        >>> one_line(ValueError("a long one"), limit=14)
        'ValueError: a …'
    """
    line = " ".join(f"{type(error).__name__}: {error}".split())
    return line if len(line) <= limit else line[:limit] + "…"
