"""Finding the end of a header block.

A header block is a run of lines that are header fields or their continuations, up to and with an empty line. What
else can end it stands in `HeaderScanner.scan`. Bytes may arrive one at a time: the scanner keeps how far it has looked,
so that each byte is looked at a fixed number of times.
"""

from __future__ import annotations

import re
from enum import Enum
from functools import cache

from mailstrata.parser.fields import MOST_CARRIAGE_RETURNS


# Complete lines that are beyond doubt part of a header block. A name that begins with a dash is left out, because
# the line may be a delimiter, and so is, of the second, any carriage return that is not part of CRLF. The first takes
# half the time; whether it has met one is asked afterwards.
@cache
def _lines() -> re.Pattern[bytes]:
    return re.compile(rb"(?>(?:[!-,.-9;-~][!-9;-~]*+[ \t]*+:.*\n(?>(?:[ \t].*\n)*))*)")


@cache
def _regular_lines() -> re.Pattern[bytes]:
    return re.compile(rb"(?>(?:(?:[ \t]|[!-,.-9;-~][!-9;-~]*+[ \t]*+:)[^\r\n]*+\r?\n)*)")


@cache
def field_start() -> re.Pattern[bytes]:
    return re.compile(rb"[!-9;-~]++[ \t]*+:")


# The beginning of a field among lines that are either fields or continuations.
@cache
def _field_line() -> re.Pattern[bytes]:
    return re.compile(rb"\n[^ \t]")


# What may still become the beginning of a field when more bytes come.
@cache
def field_start_partial() -> re.Pattern[bytes]:
    return re.compile(rb"[!-9;-~]*+[ \t]*+\Z")


@cache
def _name() -> re.Pattern[bytes]:
    return re.compile(rb"[!-9;-~]*+")


@cache
def _space() -> re.Pattern[bytes]:
    return re.compile(rb"[ \t]*+")


@cache
def _line_break_byte() -> re.Pattern[bytes]:
    return re.compile(rb"[\r\n]")


@cache
def _carriage_returns() -> re.Pattern[bytes]:
    return re.compile(rb"\r{1,%d}+" % MOST_CARRIAGE_RETURNS)


class HeaderEnd(Enum):
    """What ended a header block."""

    BLANK_LINE = "blank line"
    NO_FIELD = "a line that is no header field"
    DELIMITER = "a line that may be a boundary delimiter"
    FROM_LINE = "a line that begins with `From `"
    TOO_LARGE = "the limit"
    INPUT = "the end of the input"


class HeaderScanner:
    """Looks for the end of one header block. Made anew, or `reset`, for each."""

    __slots__ = (
        "_has_odd_line_breaks",
        "_is_header_line",
        "_name_ended",
        "_named",
        "_searched",
        "bare_cr",
        "from_line",
        "has_field",
        "leading_space",
        "limit",
        "scanned",
    )

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.reset()

    def reset(self) -> None:
        """Begin a new block."""
        self.scanned = 0
        """Bytes of the block known to be header lines."""
        # What is known of the line that begins at `scanned`: up to where it has no line break; whether it is a header
        # line; up to where it may be a field name, and whether that is already the space behind the name.
        self._searched = 0
        self._is_header_line = False
        self._has_odd_line_breaks = False
        self._named = 0
        self._name_ended = False
        self.bare_cr = -1
        """Offset in the block of the first bare CR; -1 for none."""
        self.from_line = -1
        """Offset in the block of the first `From ` or `>From ` line in it; -1 for none."""
        self.leading_space = False
        """Whether the block begins with a line that begins with white space, and so continues no field."""
        self.has_field = False
        """Whether a field has been seen; kept only where the block begins with white space."""

    def accept_line(self, data: bytes | bytearray, start: int, final: bool) -> bool | None:
        """Take the line at which the scan stopped as part of the header, though it is no field.

        None where its end is not there yet; False where the line would exceed the limit.
        """
        line = start + self.scanned
        stop = start + self.limit
        found = self._line_end(data, start, final)
        if found is None:
            return False if self._searched > self.limit else None
        if found[1] > stop:
            return False
        self._take_line(data, start, line, found)
        return True

    def _take_line(self, data: bytes | bytearray, start: int, line: int, found: tuple[int, int]) -> None:
        before, after = found
        if self.bare_cr < 0 and after > before and data[after - 1] == 13:
            self.bare_cr = before - start
        is_from = data.startswith((b"From ", b">From "), line, after)
        if is_from and self.from_line < 0 and field_start().match(data, line, before) is None:
            self.from_line = line - start
        self.scanned = after - start
        self._is_header_line = False

    def _line_end(self, data: bytes | bytearray, start: int, final: bool) -> tuple[int, int] | None:
        """Where the line at `scanned` ends: before and after its line break; see `fields.LINE_BREAK`."""
        line = start + self.scanned
        size = len(data)
        match = _line_break_byte().search(data, max(line, start + self._searched))
        if match is None:
            self._searched = size - start
            return (size, size) if final else None
        place = match.start()
        if data[place] == 10:
            return place, place + 1
        run = _carriage_returns().match(data, place)
        assert run is not None
        behind = run.end()
        if behind < size and data[behind] == 10:
            return place, behind + 1
        if behind == size and not final:
            self._searched = place - start
            return None
        return place, place + 1

    def scan(self, data: bytes | bytearray, start: int, final: bool) -> tuple[HeaderEnd, int] | None:
        """Look for the end of the block that begins at `start`.

        Returns what ended it and the index after its last byte, or None where more bytes are needed. At a
        DELIMITER or FROM_LINE the caller knows whether it is one; if not, it calls `accept_line` and goes on. `final`
        says that no more bytes will come.

        Lines that begin with white space at the start of the block continue no field. They are part of it if a field
        follows them; if not, there is no header.
        """
        found = self._scan(data, start, final)
        if found is not None and self.leading_space and not self.has_field:
            self.bare_cr = self.from_line = -1
            return HeaderEnd.NO_FIELD, start
        return found

    def _scan(self, data: bytes | bytearray, start: int, final: bool) -> tuple[HeaderEnd, int] | None:
        stop = start + self.limit
        while True:
            line = start + self.scanned
            if self._is_header_line:
                result = self._end_header_line(data, start, line, stop, final)
                if not isinstance(result, bool):
                    return result
                continue
            if line < len(data) and self._named <= self.scanned:
                end = self._regular_lines(data, line, stop)
                if end > line:
                    if self.scanned == 0 and data[start] in b" \t":
                        self.leading_space = True
                    if self.leading_space and not self.has_field:
                        is_field = data[line] not in b" \t"
                        self.has_field = is_field or _field_line().search(data, line, end) is not None
                    line = end
                    self.scanned = line - start
            first = data[line : line + 2]
            if first in (b"\n", b"\r\n") or first[:1] == b"\n":
                end = line + (2 if first[0] == 13 else 1)
                return (HeaderEnd.BLANK_LINE, end) if end <= stop else (HeaderEnd.TOO_LARGE, line)
            if not first:
                return (HeaderEnd.INPUT, line) if final else None
            result = self._irregular_line(data, start, line, stop, final)
            if not isinstance(result, bool):
                return result

    def _regular_lines(self, data: bytes | bytearray, line: int, stop: int) -> int:
        """Where the lines that need no judgement end."""
        # Once a block has met one, not again: each line with one would look at all that follow.
        if not self._has_odd_line_breaks and data[line] not in b" \t":
            end = _match_end(_lines(), data, line, stop)
            if data.find(b"\r", line, end) < 0 or data.count(b"\r", line, end) == data.count(b"\r\n", line, end):
                return end
            self._has_odd_line_breaks = True
        return _match_end(_regular_lines(), data, line, stop)

    def _irregular_line(
        self, data: bytes | bytearray, start: int, line: int, stop: int, final: bool
    ) -> tuple[HeaderEnd, int] | bool | None:
        """Judge a line that the fast expression did not take; True to go on behind it."""
        head = data[line : line + 6]
        if head.startswith(b"--"):
            return HeaderEnd.DELIMITER, line
        is_short = not final and len(data) - line < 6
        if is_short and (b"From ".startswith(head) or b">From ".startswith(head) or head == b"-"):
            return None
        is_field = self._begins_field(data, start, line, stop)
        may_be_field = is_field is None
        is_whole = final or len(data) >= stop
        if head.startswith(b"From ") and not is_field:
            return (HeaderEnd.FROM_LINE, line) if is_whole or not may_be_field else None
        is_continuation = head[0] in b" \t"
        if is_continuation and line == start:
            self.leading_space = True
        is_header_line = is_field or is_continuation or head == b">From " or head[0] == 13
        if not is_header_line:
            if not may_be_field or (final and len(data) <= stop):
                return HeaderEnd.NO_FIELD, line
            return (HeaderEnd.TOO_LARGE, line) if is_whole else None
        self._is_header_line = True
        return self._end_header_line(data, start, line, stop, final)

    def _begins_field(self, data: bytes | bytearray, start: int, line: int, stop: int) -> bool | None:
        """Whether the line begins like a header field; None where more bytes decide. What was seen to be a name, or the
        space behind one, is not looked at again."""
        position = max(line, start + self._named)
        size = min(len(data), stop)
        if position == line:
            self._name_ended = False
        if not self._name_ended:
            position = _match_end(_name(), data, position, size)
            self._name_ended = position < size
        if self._name_ended:
            position = _match_end(_space(), data, position, size)
        self._named = position - start
        if position >= size:
            return None
        return data[position] == 58 and data[line] not in b": \t"

    def _end_header_line(
        self, data: bytes | bytearray, start: int, line: int, stop: int, final: bool
    ) -> tuple[HeaderEnd, int] | bool | None:
        """Look for the end of a line that is part of the header; True to go on behind it."""
        found = self._line_end(data, start, final)
        if found is None:
            # Not by the size of the data: CRs at its end may still turn out to be a line break within the limit.
            return (HeaderEnd.TOO_LARGE, line) if self._searched > self.limit else None
        before, after = found
        if after > stop:
            return HeaderEnd.TOO_LARGE, line
        if before == line:
            if after == line:
                return HeaderEnd.INPUT, line
            # Readers differ about CR CR LF, too: a line break, or a bare CR and a line break.
            if self.bare_cr < 0 and (data[after - 1] == 13 or after - before > 2):
                self.bare_cr = line - start
            return HeaderEnd.BLANK_LINE, after
        self._take_line(data, start, line, found)
        if self.leading_space and not self.has_field:
            # Not known before: the beginning of `>From x:` does not tell a field.
            self.has_field = field_start().match(data, line, before) is not None
        return True


def _match_end(expression: re.Pattern[bytes], data: bytes | bytearray, start: int, stop: int) -> int:
    """Where an expression ends that matches anywhere, if only nothing."""
    match = expression.match(data, start, stop)
    assert match is not None
    return match.end()
