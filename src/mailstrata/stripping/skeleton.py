"""Reading a skeleton: what stands in it as it is, and the placeholders between."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from enum import Enum

from mailstrata.errors import StrippedMailError
from mailstrata.stripping.escape import ESCAPED_WORDS, WORDS, unfinished
from mailstrata.stripping.placeholder import (
    MARKER,
    MAX_OUTER_HEADER_BYTES,
    OUTER_HEADER_END,
    Placeholder,
    parse_placeholder,
)

_NOT_ESCAPED = re.compile(re.escape(WORDS) + b"(?!-)")


class _State(Enum):
    TEXT = "what stands as it is"
    OUTER_HEADER = "behind a marker"
    ADDED = "a Content-ID of ours"
    HEADER = "a part's own header"


class SkeletonReader:
    """Goes through one skeleton, in pieces of any size.

    It gives the message's bytes, and a `Placeholder` in each place where a body was. Holds back less than the length
    of a marker, or an outer header up to `MAX_OUTER_HEADER_BYTES`.
    """

    __slots__ = ("_held", "_left", "_marker_offset", "_offset", "_outer_header", "_placeholder", "_state")

    def __init__(self) -> None:
        self._state = _State.TEXT
        self._held = b""
        self._offset = 0  # in the skeleton, of the first byte of what is fed next
        self._marker_offset = 0
        self._outer_header = bytearray()
        self._left = 0
        self._placeholder: Placeholder | None = None

    def feed(self, data: bytes) -> list[bytes | Placeholder]:
        """Take the next bytes; returns what has become certain, in order, no piece of it empty.

        Raises `StrippedMailError` where this is no skeleton of ours: a placeholder is malformed, or the words of the
        marker stand where none is.
        """
        found: list[bytes | Placeholder] = []
        if self._held:
            data = self._held + data
            self._offset -= len(self._held)
            self._held = b""
        # All handlers work at a position of the same bytes: copying the rest for each placeholder would add up.
        position = 0
        while position < len(data):
            if self._state is _State.TEXT:
                position = self._text(data, position, found)
            elif self._state is _State.OUTER_HEADER:
                position = self._in_outer_header(data, position)
            else:
                position = self._counted(data, position, found)
        self._offset += len(data)
        return found

    def close(self) -> list[bytes | Placeholder]:
        """The skeleton has ended; returns the last bytes. Raises `StrippedMailError` where it ends within a
        placeholder."""
        if self._state is not _State.TEXT:
            raise StrippedMailError(
                f"a stripped message ends within the placeholder at its byte {self._marker_offset}; the rest is missing"
            )
        held = self._held
        self._held = b""
        if not held:
            return []
        self._check(held, self._offset - len(held))
        return [held]

    def _text(self, data: bytes, position: int, found: list[bytes | Placeholder]) -> int:
        """Take bytes that stand as they are, up to a marker or the end; returns the position behind them."""
        end = len(data)
        words = data.find(WORDS, position)
        marker = data.find(MARKER, position) if words >= 0 else -1
        if marker >= 0:
            end = marker
            self._state = _State.OUTER_HEADER
            self._marker_offset = self._offset + marker
            self._outer_header = bytearray()
        else:
            window = data[max(position, end - len(MARKER)) : end]
            held = max(unfinished(window, MARKER), unfinished(window, ESCAPED_WORDS))
            if held:
                end -= held
                self._held = data[end:]
        if end > position:
            text = data[position:end]
            if 0 <= words < end:
                self._check(text, self._offset + position)
                text = text.replace(ESCAPED_WORDS, WORDS)
            found.append(text)
        return marker + len(MARKER) if marker >= 0 else len(data)

    @staticmethod
    def _check(data: bytes, offset: int) -> None:
        match = _NOT_ESCAPED.search(data)
        if match is not None:
            raise StrippedMailError(
                f"byte {offset + match.start()} of a stripped message is in the middle of no placeholder, though it "
                "looks like one; the message was changed or damaged"
            )

    def _in_outer_header(self, data: bytes, position: int) -> int:
        """Collect an outer header; returns the position behind the empty line that ends it."""
        collected = self._outer_header
        # The empty line may have begun in what was fed before.
        border = OUTER_HEADER_END.search(bytes(collected[-2:]) + data[position : position + 2])
        if border is not None and border.start() < len(collected[-2:]):
            line = len(collected) - len(collected[-2:]) + border.start() + 1
            behind = position + border.end() - len(collected[-2:])
            self._end_outer_header(bytes(collected[:line]))
            return behind
        end = OUTER_HEADER_END.search(data, position)
        stop = len(data) if end is None else end.start() + 1
        if len(collected) + stop - position > MAX_OUTER_HEADER_BYTES:
            raise StrippedMailError(
                f"the placeholder at byte {self._marker_offset} of a stripped message has no end; "
                "the message was changed or damaged"
            )
        collected += data[position:stop]
        if end is None:
            return stop
        self._end_outer_header(bytes(collected))
        return end.end()

    def _end_outer_header(self, outer_header: bytes) -> None:
        placeholder = parse_placeholder(outer_header, self._marker_offset)
        self._placeholder = placeholder
        self._outer_header = bytearray()
        self._state = _State.ADDED if placeholder.added_bytes else _State.HEADER
        self._left = placeholder.added_bytes or placeholder.header_bytes

    def _counted(self, data: bytes, position: int, found: list[bytes | Placeholder]) -> int:
        """Take the bytes whose number is known: drop those that were added, pass on the part's header."""
        placeholder = self._placeholder
        assert placeholder is not None
        end = min(position + self._left, len(data))
        self._left -= end - position
        if self._state is _State.HEADER:
            found.append(data[position:end])
        if not self._left:
            if self._state is _State.ADDED:
                self._state = _State.HEADER
                self._left = placeholder.header_bytes
            else:
                found.append(placeholder)
                self._state = _State.TEXT
        return end


def placeholders(skeleton: Iterable[bytes]) -> Iterator[Placeholder]:
    """The placeholders of a skeleton, in order: which blobs it needs, without reading them.

    `skeleton` is its bytes in pieces of any size. Raises `StrippedMailError` where it is no skeleton of ours.
    """
    reader = SkeletonReader()
    for data in skeleton:
        for found in reader.feed(data):
            if isinstance(found, Placeholder):
                yield found
    reader.close()


def read_skeleton(skeleton: bytes) -> list[bytes | Placeholder]:
    """What all of a skeleton comes to: bytes of the message, and a `Placeholder` in each place where a body was.

    Raises `StrippedMailError` where it is no skeleton of ours.
    """
    reader = SkeletonReader()
    return reader.feed(skeleton) + reader.close()
