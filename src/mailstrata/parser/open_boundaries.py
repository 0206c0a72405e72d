"""The multiparts that are open, and the lines that delimit them.

A dictionary from the delimiter line to whose it is judges a line by one look-up, however deep the nesting. What is
looked for only to say that readers may differ (lines that almost are delimiters) is bounded by `_NEAR_LEVELS`.
"""

from __future__ import annotations

import re

from mailstrata.parser.defects import DefectCode
from mailstrata.parser.entity import Entity

# How many open boundaries, from the innermost on, a line that is no delimiter is held against to say that it
# almost was one. It bounds the work; it decides about a defect only.
_NEAR_LEVELS = 8
# Where more delimiters are open than these, trying each in an expression would take longer than looking lines up.
_MOST_IN_EXPRESSION = 32


_DASHES = b"\n--"


def _beginning(key: bytes) -> bytes:
    # To look for six bytes or more, CPython makes tables that cost more than the search.
    return b"\n" + key[:4]


class OpenBoundary:
    """A multipart whose delimiters are looked for, and what it hides in the dictionary of open boundaries."""

    __slots__ = ("_hidden", "bare_cr", "closed", "entity", "key")

    def __init__(self, entity: Entity, boundary: bytes, lines: dict[bytes, tuple[OpenBoundary, bool]]) -> None:
        self.entity = entity
        self.key = b"--" + boundary.rstrip(b" \t")
        self.closed = False
        self.bare_cr = False
        """Whether its delimiter was seen behind a bare carriage return."""
        close_key = self.key + b"--"
        self._hidden = [(self.key, lines.get(self.key)), (close_key, lines.get(close_key))]
        lines[self.key] = (self, False)
        lines[close_key] = (self, True)
        if boundary[-1] in b" \t":
            # One that was declared with white space at its end has it before the last dashes, too.
            close_key = b"--" + boundary + b"--"
            self._hidden.append((close_key, lines.get(close_key)))
            lines[close_key] = (self, True)

    @property
    def hides_another(self) -> bool:
        """Whether one of its lines was that of another multipart."""
        return any(hidden is not None for _, hidden in self._hidden)

    def close(self, lines: dict[bytes, tuple[OpenBoundary, bool]]) -> None:
        """After the close-delimiter the same line belongs to an outer multipart, if one has the same boundary."""
        self.closed = True
        lines.update((key, hidden) for key, hidden in self._hidden if hidden is not None)

    def withdraw(self, lines: dict[bytes, tuple[OpenBoundary, bool]]) -> None:
        """The multipart has ended: its lines mean what they meant before."""
        for key, hidden in self._hidden:
            current = lines.get(key)
            if current is not None and current[0] is self:
                if hidden is None:
                    del lines[key]
                else:
                    lines[key] = hidden


class OpenBoundaries:
    """All that are open, outermost first. `most` is how many defects an entity keeps."""

    __slots__ = ("_most", "_stack", "common_beginning", "lines")

    def __init__(self, most: int) -> None:
        self._most = most
        self._stack: list[OpenBoundary] = []
        self.lines: dict[bytes, tuple[OpenBoundary, bool]] = {}
        """Whose delimiter a line is, white space at its end left out, and whether it is the close-delimiter."""
        self.common_beginning = _DASHES
        """A line break and what every line begins with that is a delimiter, or is nearly one; five bytes at most."""

    def open(self, entity: Entity, boundary: bytes) -> bool:
        """A multipart begins; returns whether one around it has the same boundary."""
        opened = OpenBoundary(entity, boundary, self.lines)
        self._stack.append(opened)
        self.common_beginning = _beginning(opened.key) if len(self._stack) == 1 else _DASHES
        return opened.hides_another

    def end(self, entity: Entity, offset: int) -> None:
        """An entity ends at `offset`, the innermost first; what is missing of a multipart is recorded on it."""
        if not self._stack or self._stack[-1].entity is not entity:
            return
        boundary = self._stack.pop()
        boundary.withdraw(self.lines)
        self.common_beginning = _beginning(self._stack[0].key) if len(self._stack) == 1 else _DASHES
        if entity.children == 0:
            entity.add_defect(DefectCode.MISSING_OPENING_DELIMITER, entity.body_start, offset, self._most)
        if not boundary.closed:
            entity.add_defect(DefectCode.MISSING_CLOSE_DELIMITER, offset, offset, self._most)

    def forget_lines(self) -> None:
        """No delimiter is looked for any more, though the multiparts are still open."""
        self.lines.clear()

    def near(self, buffer: bytes, line: int) -> Entity | None:
        """The innermost multipart with whose delimiter the line that begins at `line` begins."""
        for boundary in self._stack[-1 : -1 - _NEAR_LEVELS : -1]:
            if buffer.startswith(boundary.key, line):
                return boundary.entity
        return None

    def pattern(self, with_from_lines: bool) -> re.Pattern[bytes] | None:
        """Finds, among whole lines, the open delimiters, what a defect would be recorded for, and `From ` lines; None
        where looking lines up is faster."""
        if not 0 < len(self.lines) <= _MOST_IN_EXPRESSION:
            return None
        near = self._stack[-_NEAR_LEVELS:]
        found = [re.escape(boundary.key) for boundary in near if len(boundary.entity.defects) < self._most]
        found += [re.escape(line) + rb"[ \t\r]*+\n" for line in self.lines]
        if with_from_lines:
            found.append(b"From ")
        return re.compile(rb"\n(?:" + b"|".join(found) + b")")

    def look_for_bare_cr(self, buffer: bytes, start: int, end: int, base: int) -> None:
        """Record, once a multipart, what would be a delimiter in `buffer[start:end]` if a bare CR were a line break.
        `base` is the offset in the source of the buffer."""
        for boundary in self._stack[-1 : -1 - _NEAR_LEVELS : -1]:
            if boundary.bare_cr:
                continue
            key = b"\r" + boundary.key
            found = buffer.find(key, start, end)
            if found >= 0:
                boundary.bare_cr = True
                place = base + found
                boundary.entity.add_defect(DefectCode.BARE_CR_BEFORE_DELIMITER, place, place + len(key), self._most)

    def certain_end(self, buffer: bytes, start: int, end: int) -> int:
        """`end`, or where the bytes before it begin that may become a bare CR and a delimiter when more come."""
        certain = end
        for boundary in self._stack[-1 : -1 - _NEAR_LEVELS : -1]:
            if not boundary.bare_cr:
                key = b"\r" + boundary.key
                tail = buffer.rfind(b"\r", max(start, end - len(key) + 1), end)
                if tail >= 0 and key.startswith(buffer[tail:end]):
                    certain = min(certain, tail)
        return certain
