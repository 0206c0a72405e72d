"""Looking for the next line of an mbox that begins with `From `, each byte once."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final


_MOST_MISSES: Final = 16
"""So many letters that begin no such line, and the letter is too frequent to be looked for on its own."""
# Five bytes, since for six CPython makes tables that cost more than most searches.
_LINE_BEGINNING: Final = b"\nFrom"
_LINE_FEED: Final = 10


class FromSearch:
    """Where the next `From ` line is, or up to where there is none. Offsets are absolute.

    What is known is kept, so that no byte is looked at twice, whoever asks from where.
    """

    __slots__ = ("_at", "_found")

    def __init__(self) -> None:
        self._at = 0
        self._found = False

    def next(self, buffer: bytes, start: int, stop: int, base: int) -> int:
        """Index of the line break before the next such line, if it is at `start` or behind it and before `stop`; -1
        for none.

        `base` is the offset in the source of the buffer. A line of which less than `From ` is there is not found.
        """
        at = self._at - base
        if at >= start:
            if self._found:
                return at if at < stop else -1
            if at >= stop:
                return -1
            start = at
        at = _find(buffer, start, stop)
        self._found = at >= 0
        # What stands at the very end of the buffer may go on to be one.
        self._at = base + (at if at >= 0 else max(start, min(stop, len(buffer) - len(_LINE_BEGINNING))))
        return at


def _find(buffer: bytes, start: int, stop: int) -> int:
    """Index of the first `\\nFrom ` from `start` on and before `stop`; -1 for none. Its capital is rare in text, so
    that looking for that one byte takes a fifth of the time."""
    at = start
    for _ in range(_MOST_MISSES):
        at = buffer.find(b"F", at + 1, stop + 1)
        if at < 0:
            return -1
        if buffer[at - 1] == _LINE_FEED and buffer.startswith(b"From ", at):
            return at - 1
    while True:
        at = buffer.find(_LINE_BEGINNING, at, stop + len(_LINE_BEGINNING) - 1)
        if at < 0 or buffer.startswith(b" ", at + len(_LINE_BEGINNING)):
            return at
        at += 1
