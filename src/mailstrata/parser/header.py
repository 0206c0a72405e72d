"""Finding the end of a header block, and reading from it what the machine needs: type, boundary, encoding.

A header block is a run of lines that are header fields or their continuations, up to and with an empty line. What
else can end it stands in `HeaderScanner.scan`. Bytes may arrive one at a time: the scanner keeps how far it has looked,
so that each byte is looked at a fixed number of times.
"""

from __future__ import annotations

import re
from enum import Enum

from mailstrata.parser.defects import DefectCode
from mailstrata.parser.entity import Entity
from mailstrata.parser.fields import MOST_CARRIAGE_RETURNS, split_fields, unfold
from mailstrata.parser.limits import Limits
from mailstrata.parser.parameters import split_parameters

IDENTITY_ENCODINGS = frozenset({"7bit", "8bit", "binary"})
KNOWN_ENCODINGS = IDENTITY_ENCODINGS | {
    "base64",
    "quoted-printable",
    "uuencode",
    "x-uuencode",
    "uue",
    "x-uue",
}

# Complete lines that are beyond doubt part of a header block. A name that begins with a dash is left out, because
# the line may be a delimiter, and so is any carriage return that is not part of CRLF.
_REGULAR_LINES = re.compile(rb"(?>(?:(?:[ \t]|[!-,.-9;-~][!-9;-~]*+[ \t]*+:)[^\r\n]*+\r?\n)*)")
FIELD_START = re.compile(rb"[!-9;-~]++[ \t]*+:")
# The beginning of a field among lines that are either fields or continuations.
_FIELD_LINE = re.compile(rb"\n[^ \t]")
# What may still become the beginning of a field when more bytes come.
FIELD_START_PARTIAL = re.compile(rb"[!-9;-~]*+[ \t]*+\Z")
_NAME = re.compile(rb"[!-9;-~]*+")
_SPACE = re.compile(rb"[ \t]*+")
_LINE_BREAK_BYTE = re.compile(rb"[\r\n]")
_CARRIAGE_RETURNS = re.compile(rb"\r{1,%d}+" % MOST_CARRIAGE_RETURNS)


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
        if is_from and self.from_line < 0 and FIELD_START.match(data, line, before) is None:
            self.from_line = line - start
        self.scanned = after - start
        self._is_header_line = False

    def _line_end(self, data: bytes | bytearray, start: int, final: bool) -> tuple[int, int] | None:
        """Where the line at `scanned` ends: before and after its line break; see `fields.LINE_BREAK`."""
        line = start + self.scanned
        size = len(data)
        match = _LINE_BREAK_BYTE.search(data, max(line, start + self._searched))
        if match is None:
            self._searched = size - start
            return (size, size) if final else None
        place = match.start()
        if data[place] == 10:
            return place, place + 1
        run = _CARRIAGE_RETURNS.match(data, place)
        assert run is not None
        behind = run.end()
        if behind < size and data[behind] == 10:
            return place, behind + 1
        if behind == size and behind - place < MOST_CARRIAGE_RETURNS and not final:
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
                match = _REGULAR_LINES.match(data, line, stop)
                if match is not None and match.end() > line:
                    if self.scanned == 0 and data[start] in b" \t":
                        self.leading_space = True
                    if self.leading_space and not self.has_field:
                        is_field = data[line] not in b" \t"
                        self.has_field = is_field or _FIELD_LINE.search(data, line, match.end()) is not None
                    line = match.end()
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
            position = _match_end(_NAME, data, position, size)
            self._name_ended = position < size
        if self._name_ended:
            position = _match_end(_SPACE, data, position, size)
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
            if self.bare_cr < 0 and data[after - 1] == 13:
                self.bare_cr = line - start
            return HeaderEnd.BLANK_LINE, after
        self._take_line(data, start, line, found)
        if self.leading_space and not self.has_field:
            # Not known before: the beginning of `>From x:` does not tell a field.
            self.has_field = FIELD_START.match(data, line, before) is not None
        return True


def _match_end(expression: re.Pattern[bytes], data: bytes | bytearray, start: int, stop: int) -> int:
    """Where an expression ends that matches anywhere, if only nothing."""
    match = expression.match(data, start, stop)
    assert match is not None
    return match.end()


_CONTENT_FIELDS = re.compile(
    rb"\n[Cc][Oo][Nn][Tt][Ee][Nn][Tt]-"
    rb"(?:([Tt][Yy][Pp][Ee])|[Tt][Rr][Aa][Nn][Ss][Ff][Ee][Rr]-[Ee][Nn][Cc][Oo][Dd][Ii][Nn][Gg])"
    rb"[ \t]*+:([^\n]*+(?>(?:\n[ \t][^\n]*+)*))"
)
_TYPE = re.compile(rb"([!#-'*+.0-9A-Z^-~-]{1,127}+)[ \t]*+/[ \t]*+([!#-'*+.0-9A-Z^-~-]{1,127}+)")
_PERCENT_ENCODED = re.compile(rb"%([0-9A-Fa-f]{2})")
_ENCODING = re.compile(rb"[\s\"']*+([A-Za-z0-9_.-]{1,40}+)")


def describe(entity: Entity, block: bytes, default_type: str, limits: Limits, bare_cr: bool) -> None:
    """Set the type, boundary and transfer encoding of an entity from its header block, with their defects."""
    types: list[bytes] = []
    encodings: list[bytes] = []
    if bare_cr:
        for field in split_fields(block):
            name = field.name.lower()
            if name == b"content-type":
                types.append(field.value)
            elif name == b"content-transfer-encoding":
                encodings.append(field.value)
    else:
        for is_type, value in _CONTENT_FIELDS.findall(b"\n" + block):
            (types if is_type else encodings).append(value)

    start, end, most = entity.start, entity.body_start, limits.defects
    entity.content_type = default_type
    if types:
        if len(types) > 1:
            entity.add_defect(DefectCode.DUPLICATE_CONTENT_TYPE, start, end, most)
        _set_type(entity, unfold(types[0]), limits)
    if encodings:
        if len(encodings) > 1:
            entity.add_defect(DefectCode.DUPLICATE_TRANSFER_ENCODING, start, end, most)
        value = encodings[0]
        match = _ENCODING.match(value)
        if match is None and b"(" in value:
            match = _ENCODING.match(split_parameters(value)[0])
        entity.encoding = match[1].decode("ascii").lower() if match else "7bit"
        is_readable = match is not None or not value.strip()
        if not is_readable or entity.encoding not in KNOWN_ENCODINGS:
            entity.add_defect(DefectCode.UNKNOWN_TRANSFER_ENCODING, start, end, most)

    if entity.boundary is not None:
        if entity.encoding not in IDENTITY_ENCODINGS:
            entity.add_defect(DefectCode.ENCODED_CONTAINER, start, end, most)
    elif entity.content_type in ("message/rfc822", "message/global"):
        if entity.encoding in KNOWN_ENCODINGS and entity.encoding not in IDENTITY_ENCODINGS:
            entity.add_defect(DefectCode.ENCODED_MESSAGE, start, end, most)
        else:
            entity.is_message_container = True


def _set_type(entity: Entity, value: bytes, limits: Limits) -> None:
    start, end, most = entity.start, entity.body_start, limits.defects
    match = _TYPE.match(value)
    if match is None and b"(" in value:
        match = _TYPE.match(split_parameters(value)[0])
    if match is None:
        entity.add_defect(DefectCode.INVALID_CONTENT_TYPE, start, end, most)
        entity.content_type = "text/plain"
        return
    entity.content_type = f"{match[1].decode('ascii')}/{match[2].decode('ascii')}".lower()
    if not entity.content_type.startswith("multipart/"):
        return
    boundary = _boundary(value)
    # A delimiter line must have room for two dashes before the boundary and two behind it.
    if not boundary.rstrip(b" \t") or len(boundary) > limits.delimiter_line_bytes - 4:
        entity.add_defect(DefectCode.MISSING_BOUNDARY_PARAMETER, start, end, most)
        return
    if len(boundary) > 70:
        entity.add_defect(DefectCode.BOUNDARY_TOO_LONG, start, end, most)
    entity.boundary = boundary


def _boundary(value: bytes) -> bytes:
    """The boundary parameter: the plain one, or else `boundary*`, or else `boundary*0`, `boundary*1`... joined, with
    the charset and language left out and the percent-encoding undone (RFC 2231, 3 and 4). It may end in white space,
    which RFC 2046, 5.1.1 forbids and which gateways add and remove: it does not tell delimiters apart."""
    segments: dict[int, tuple[bytes, bool]] = {}
    for name, content in split_parameters(value)[1]:
        if name == b"boundary":
            return content
        if name == b"boundary*":
            segments.setdefault(-1, (content, True))
        elif name.startswith(b"boundary*"):
            number = name[9:].removesuffix(b"*")
            if number.isdigit() and len(number) < 6:
                segments.setdefault(int(number), (content, name.endswith(b"*")))
    if -1 in segments:
        segments = {-1: segments[-1]}
    pieces: list[bytes] = []
    for place in sorted(segments):
        content, is_encoded = segments[place]
        if is_encoded:
            if not pieces and content.count(b"'") >= 2:
                content = content.split(b"'", 2)[2]
            content = _PERCENT_ENCODED.sub(_percent_decoded, content)
        pieces.append(content)
    return b"".join(pieces)


def _percent_decoded(octet: re.Match[bytes]) -> bytes:
    return bytes.fromhex(octet[1].decode("ascii"))
