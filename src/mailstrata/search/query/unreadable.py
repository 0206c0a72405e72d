"""What is wrong with a piece of a query, before its place is known."""

from __future__ import annotations

_MOST_SHOWN = 40


class UnreadableError(Exception):
    """A value that cannot be read; the message says what is wrong and what to write. The parser, which knows the place,
    makes a `QueryError` of it."""


def shown(text: str) -> str:
    """A piece of a query as a message names it: in quotes, on one line, and its beginning only where it is long."""
    text = " ".join(text[: _MOST_SHOWN + 1].split())
    return f"'{text}'" if len(text) <= _MOST_SHOWN else f"'{text[: _MOST_SHOWN - 1]}…'"
