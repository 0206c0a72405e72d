"""Where a large mbox is cut: at a `From ` line behind a blank line, which begins a message wherever it stands.

Of all that the parser asks of a `From ` line (`docs/parser.md`) only one thing is not to be seen right there: whether a
Content-Length leads beyond it. In files that have such fields the parser itself is asked, which costs about a tenth of
what the workers do. In every case the worker that reads the part before a cut proves it.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from mailstrata.parser.events import Span, SpanKind
from mailstrata.parser.from_line import has_from_line_shape
from mailstrata.parser.limits import Limits
from mailstrata.parser.machine import Parser

# A line that is longer than a delimiter may be begins no message.
_FROM = re.compile(rb"\n(\r?\n)(From [^\n]{1,%d}\n)" % (Limits().delimiter_line_bytes - 5))

_LEADING = re.compile(rb"\A(?:\xef\xbb\xbf)?(?:\r?\n)?")
_HEAD_BYTES = 2048


class Cut(NamedTuple):
    """A place in a chunk: the `From ` line begins at `start` and is `line`, with its line feed; `blank` is the blank
    line before it."""

    start: int
    blank: bytes
    line: bytes


def find_cut(chunk: bytes, start: int = 0) -> Cut | None:
    """The first place at or behind `start` where the chunk may be cut. None where there is none: the chunk is not
    looked beyond, so that a line that goes on in the next one is passed over."""
    for found in _FROM.finditer(chunk, start):
        if has_from_line_shape(found[2][:-1]):
            return Cut(found.start(2), found[1], found[2])
    return None


class Cutter:
    """Looks for places to cut in the chunks of a region, from its first one on.

    It never cuts before a message has begun: what stands before the first one is of the same piece as that message.
    With a `parser`, which must be new and stand where the region begins, only that is a message which it takes for one:
    where Content-Length fields may be believed, nothing less knows.
    """

    __slots__ = ("_has_begun", "_offset", "_parser")

    def __init__(self, offset: int, parser: Parser | None = None) -> None:
        self._offset = offset
        self._parser = parser
        self._has_begun: bool | None = None

    def look(self, chunk: bytes, *, is_wanted: bool) -> Cut | None:
        """Where to cut the next chunk, if that `is_wanted`."""
        if self._has_begun is None:
            self._has_begun = _begins_message(chunk[:_HEAD_BYTES])
        begins = self._begins(chunk)
        if not is_wanted:
            return None
        found = find_cut(chunk)
        while found is not None:
            is_message = begins is None or self._offset - len(chunk) + found.start in begins
            if is_message and self._has_begun:
                return found
            self._has_begun = self._has_begun or is_message
            found = find_cut(chunk, found.start)
        return None

    def _begins(self, chunk: bytes) -> set[int] | None:
        """Take a chunk; returns the offsets of the `From ` lines of messages that the parser has made out in it."""
        self._offset += len(chunk)
        if self._parser is None:
            return None
        return {
            event.start
            for event in self._parser.feed(chunk)
            if isinstance(event, Span) and event.kind is SpanKind.SEPARATOR
        }


def _begins_message(head: bytes) -> bool:
    """Whether an mbox begins with a message, for certain."""
    line = _LEADING.sub(b"", head, count=1).partition(b"\n")
    return bool(line[1]) and len(line[0]) < Limits().delimiter_line_bytes and has_from_line_shape(line[0])
