"""Uuencode (POSIX.1-2017, uuencode), incrementally; in mail it is declared as `x-uuencode` or `x-uue`.

The decoder looks for the `begin` line, decodes lines, and stops at the `end` line. Lines as every encoder writes them
are turned into base64 and decoded many at a time; all others go to `binascii.a2b_uu`, also without a Python
loop. What is good and what is not is told by regular expressions that take as many lines as they can.
"""

from __future__ import annotations

import re
from binascii import Error, a2b_uu
from enum import Enum
from struct import unpack_from

from pybase64 import b64decode

from mailstrata.parser.defects import Defect, DefectCode
from mailstrata.transfer.base import MAX_DEFECTS, add_defect

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

BEGIN_SEARCH_BYTES = 1 << 16
"""The `begin` line must begin within this many bytes. If it does not, the body is taken as it stands: what was
held back until then comes out, and nothing more is held."""

LINE_BYTES = 128
"""How much of a line is looked at. The longest good line is shorter; the rest of a longer one is passed over."""

_SLICE = 1 << 16
"""Bytes that are taken apart into lines at a time: it bounds the number of lines held as objects."""

# Lengths of a line are those of its content in bytes: its first character, less 32, of which six bits count.
_LENGTHS = range(1, 64)


def _least_characters(length: int) -> int:
    """The characters that hold `length` bytes; encoders round them up to a multiple of four."""
    return -(-length * 4 // 3)


def _any_of(lengths: range) -> bytes:
    return b"|".join(
        rb"%b[ -`]{%d,%d}" % (re.escape(bytes([length + 32])), _least_characters(length), -(-length // 3) * 4)
        for length in lengths
    )


_BEGIN: Final = re.compile(rb"\nbegin[ \t]{1,8}[0-7]{3,4}[ \t]{1,8}[^ \t\r\n]")

# A good line may end with one checksum character and with white space. An empty one is a line of no bytes whose
# length character was a space. None is longer than LINE_BYTES.
_GOOD_LINE = rb"(?:[ `]?|(?:%b)[^\n]?)[ \t`]{0,16}\r?\n" % _any_of(_LENGTHS)
_END_LINE = rb"end[ \t]{0,64}\r?\n"
_GOOD_LINES: Final = re.compile(rb"(?:\n+|%b)+" % _GOOD_LINE)
_BAD_LINES: Final = re.compile(rb"(?:[^ -`\t\r\ne][^\n]*\n|(?!%b|%b)[^\n]*\n)+" % (_END_LINE, _GOOD_LINE))
_END: Final = re.compile(_END_LINE)
_ANY_END: Final = re.compile(rb"^" + _END_LINE, re.MULTILINE)

# What `a2b_uu` is to see of a line: it raises at characters outside the encoding and at anything beyond the length.
_LINE: Final = re.compile(rb"^[!-_][ -`]*", re.MULTILINE)
_MEANT = [slice(0, 1 + _least_characters((first - 32) & 63)) for first in range(256)]

# Full lines, of 45 bytes: `M` and 60 characters. For each kind of line break the expression, how `struct` takes the
# characters out of a line, and the length of a line.
_FULL_LINES = (
    (re.compile(rb"(?:M.{60}\n)+"), "x60sx", 62),
    (re.compile(rb"(?:M.{60}\r\n)+"), "x60sxx", 63),
)
_TO_BASE64 = bytes(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[(byte - 32) & 63]
    if 32 <= byte <= 96
    else ord("!")
    for byte in range(256)
)


class _State(Enum):
    SEARCHING = "searching"
    """Before the `begin` line."""
    IN_BEGIN_LINE = "in-begin-line"
    DATA = "data"
    ENDED = "ended"
    """After the `end` line."""
    UNENCODED = "unencoded"
    """There is no `begin` line: the bytes are taken as they stand."""


class UuencodeDecoder:
    """Decodes the first uuencoded file of a body.

    - Text before `begin` and after `end` is left out, and recorded unless it is white space. So is a second file.
    - Without a `begin` line in the first `BEGIN_SEARCH_BYTES` the bytes are taken as they stand.
    - Backquote and space both mean zero. White space lost or added at the end of a line, and one more character (some
      encoders write a checksum), are no matter; a line that is shorter by more than the fill of its last group is
      a defect.
    - A line always gives as many bytes as it says, so that what follows stays in its place: what is missing, and what
      stands at and behind a character outside the encoding, is zero. (A line of zeros that lost its spaces is two bytes
      long; content can thus be up to 32 times as large as its encoded form.) A line whose first character is no
      length is passed over. So is all of a line behind its first `LINE_BYTES`, with a defect.

    Holds back `BEGIN_SEARCH_BYTES` before the `begin` line, and `LINE_BYTES` after it.
    """

    __slots__ = ("_held", "_line_start", "_position", "_state", "_text_after", "defects")

    def __init__(self) -> None:
        self.defects: list[Defect] = []
        self._state = _State.SEARCHING
        self._position = 0  # the offset of the next byte to be fed
        self._line_start = 0  # in DATA, the offset of the line that `_held` begins
        # While searching: a line feed, so that the first line is like any other, and all that was fed.
        self._held = bytearray(b"\n")
        self._text_after: Defect | None = None

    def feed(self, data: bytes) -> bytes:
        """Decode the next bytes."""
        start = self._position
        self._position += len(data)
        if self._state is _State.UNENCODED:
            return data
        if self._state is _State.SEARCHING:
            return self._search(data)
        return self._advance(data, start)

    def close(self) -> bytes:
        """The last line, which may lack its line break, or all bytes if no `begin` line came."""
        if self._state is _State.SEARCHING:
            return self._give_up_search()
        if self._state is _State.UNENCODED:
            return b""
        decoded = b""
        if self._state is _State.DATA and self._held:
            decoded = self._take_lines(b"\n", self._position)
            if self.defects:
                # The line break was not in the body.
                self.defects[-1].end = min(self.defects[-1].end, self._position)
        if self._state is not _State.ENDED:
            add_defect(self.defects, DefectCode.UUENCODE_MISSING_END, self._position, self._position)
        return decoded

    def _search(self, data: bytes) -> bytes:
        held = self._held
        before = len(held)
        room = BEGIN_SEARCH_BYTES + 1 - before
        held += data[:room]
        # No `begin` that `_BEGIN` finds is longer than 32 bytes.
        found = _BEGIN.search(held, max(before - 32, 0))
        if found is None:
            return self._give_up_search() + data[room:] if len(data) >= room else b""
        text = bytes(held[1 : found.start() + 1])
        self._held = bytearray()
        self._state = _State.IN_BEGIN_LINE
        if text.strip():
            first = len(text) - len(text.lstrip())
            add_defect(self.defects, DefectCode.UUENCODE_TEXT_AROUND, first, len(text.rstrip()))
        rest = data[found.end() - before :]
        return self._advance(rest, self._position - len(rest))

    def _give_up_search(self) -> bytes:
        self._state = _State.UNENCODED
        add_defect(self.defects, DefectCode.UUENCODE_MISSING_BEGIN, 0, 0)
        body = bytes(self._held[1:])
        self._held.clear()
        return body

    def _advance(self, data: bytes, start: int) -> bytes:
        """Take data at offset `start`, in any state after the search."""
        if self._state is _State.IN_BEGIN_LINE:
            line_end = data.find(b"\n") + 1
            if not line_end:
                return b""
            self._state = _State.DATA
            data = data[line_end:]
            start += line_end
            self._line_start = start
        if self._state is _State.DATA:
            return self._take_lines(data, start)
        self._note_text_after(data, start)
        return b""

    def _take_lines(self, data: bytes, start: int) -> bytes:
        """Decode the lines that end in `data`, and hold the beginning of the one that does not."""
        decoded: list[bytes] = []
        at = 0
        if self._held:
            at = data.find(b"\n") + 1
            if at:
                self._end_held_line(data[:at], start, decoded)
        stop = data.rfind(b"\n") + 1
        while at < stop and self._state is _State.DATA:
            cut = data.rfind(b"\n", at, at + _SLICE) + 1 or data.find(b"\n", at + _SLICE) + 1
            at += self._decode_lines(data[at:cut], start + at, decoded)
        if self._state is _State.ENDED:
            self._note_text_after(data[at:], start + at)
        else:
            if stop:
                self._line_start = start + stop
            self._held += data[stop : stop + LINE_BYTES - len(self._held)]
        return b"".join(decoded)

    def _end_held_line(self, rest: bytes, start: int, decoded: list[bytes]) -> None:
        """Decode the line whose beginning is held and whose rest has come."""
        line = bytes(self._held)
        self._held.clear()
        if start - self._line_start > len(line):
            add_defect(self.defects, DefectCode.UUENCODE_INVALID_LINE, self._line_start, start + len(rest))
            decoded.append(_decode_any_lines(line))
        else:
            self._decode_lines(line + rest, self._line_start, decoded)

    def _decode_lines(self, lines: bytes, start: int, decoded: list[bytes]) -> int:
        """Decode whole lines up to the `end` line; returns the number of bytes taken."""
        at = 0
        while at < len(lines):
            if len(self.defects) >= MAX_DEFECTS:
                end = _ANY_END.search(lines, at)
                decoded.append(_decode_any_lines(lines[at : end.start() if end else len(lines)]))
                if end is None:
                    break
                self._state = _State.ENDED
                return end.end()
            content, at = _decode_full_lines(lines, at)
            decoded.append(content)
            if good := _GOOD_LINES.match(lines, at):
                decoded.append(_decode_any_lines(good.group()))
                at = good.end()
            if end := _END.match(lines, at):
                self._state = _State.ENDED
                return end.end()
            if bad := _BAD_LINES.match(lines, at):
                add_defect(self.defects, DefectCode.UUENCODE_INVALID_LINE, start + at, start + bad.end())
                decoded.append(_decode_any_lines(bad.group()))
                at = bad.end()
        return len(lines)

    def _note_text_after(self, data: bytes, start: int) -> None:
        """Record what stands after the `end` line as one defect, from its first to its last word."""
        text = data.strip()
        if not text:
            return
        stop = start + len(data.rstrip())
        if self._text_after is not None:
            self._text_after.end = stop
            return
        first = start + len(data) - len(data.lstrip())
        self._text_after = Defect(DefectCode.UUENCODE_TEXT_AROUND, first, stop)
        # Kept at hand, because its end moves as long as text follows; in a full list it has no place.
        if len(self.defects) < MAX_DEFECTS - 1:
            self.defects.append(self._text_after)
        else:
            add_defect(self.defects, DefectCode.UUENCODE_TEXT_AROUND, first, stop)


def _decode_full_lines(lines: bytes, at: int) -> tuple[bytes, int]:
    """Decode full lines from `at`; returns their content and where they end, which is `at` where none are good."""
    for expression, layout, line_bytes in _FULL_LINES:
        found = expression.match(lines, at)
        if found:
            count = (found.end() - at) // line_bytes
            text = b"".join(unpack_from(layout * count, lines, at))
            try:
                return b64decode(text.translate(_TO_BASE64), validate=True), found.end()
            except Error:
                break
    return b"", at


def _decode_any_lines(lines: bytes) -> bytes:
    """Decode lines of any kind; those that begin with no length say nothing."""
    return b"".join([a2b_uu(line[_MEANT[line[0]]]) for line in _LINE.findall(lines)])
