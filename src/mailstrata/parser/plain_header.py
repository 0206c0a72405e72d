"""Header blocks that need no judgement, as nearly all are: found and read by one expression.

A block is plain if each of its lines is a field or a continuation, its line breaks are all LF or CRLF, no line is too
long, it has no NUL, and its content fields are read alike by all. Whatever else is in a block is for `header` and
`content_fields` to say.
"""

from __future__ import annotations

import re
from functools import lru_cache

from mailstrata.parser.body_watch import has_long_line
from mailstrata.parser.content_fields import ContentFields, plain_content_fields

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

_VALUE: Final = rb":([^\n]*+(?>(?:\n[ \t][^\n]*+)*))"
# A field that is noted with its value, or without a group a line that is neither a field nor a continuation. A name
# that begins with a dash is left out, because the line may be a delimiter. Each alternative begins with what it takes:
# at the cost of one look it is then left out where it cannot be, and an assertion would be tried each time.
_LINE: Final = re.compile(
    rb"\n(?:[Cc][Oo][Nn][Tt][Ee][Nn][Tt]-(?:[Tt][Yy][Pp][Ee]" + _VALUE + rb"|"
    rb"[Tt][Rr][Aa][Nn][Ss][Ff][Ee][Rr]-[Ee][Nn][Cc][Oo][Dd][Ii][Nn][Gg]" + _VALUE + rb"|"
    rb"[Dd][Ii][Ss][Pp][Oo][Ss][Ii][Tt][Ii][Oo][Nn]" + _VALUE + rb")|"
    rb"[Ff][Rr][Oo][Mm]" + _VALUE + rb"|[Ss][Uu][Bb][Jj][Ee][Cc][Tt]" + _VALUE + rb"|"
    rb"[!-,.-9;-~][!-9;-~]*+[^:]|[^ \t!-,.-9;-~])"
)

_TYPE, _ENCODING, _DISPOSITION, _FROM = 1, 2, 3, 4
SMALL_BLOCK: Final = 300
"""Bytes up to which the header block of a part is kept to be known again."""
_LARGE_BLOCK: Final = 1 << 14
"""Bytes up to which a block that begins behind no line feed is copied behind one."""


class PlainHeader:
    """A plain header block: the index behind its blank line, what its content fields say, and, as they stand, the
    values of its first From and Subject, which are asked for most (None where there is no such field)."""

    __slots__ = ("content_fields", "end", "from_value", "subject_value")

    def __init__(
        self, end: int, content_fields: ContentFields, from_value: bytes | None, subject_value: bytes | None
    ) -> None:
        self.end = end
        self.content_fields = content_fields
        self.from_value = from_value
        self.subject_value = subject_value


def scan_plain(buffer: bytes, start: int, most: int, is_clean: bool) -> PlainHeader | None:
    """The plain block that begins at `start`.

    None where it is not plain, has more than `most` bytes, or is not whole. `is_clean` says that the buffer is known to
    have no carriage return and no NUL.
    """
    if buffer.startswith((b" ", b"\t"), start):
        return None
    if not start or buffer[start - 1] != 10:
        # To look for its first line takes an expression of its own, and as long to compile as this whole copy and more.
        found = scan_plain(b"\n" + buffer[start : start + _LARGE_BLOCK], 1, most, is_clean)
        if found is not None:
            found.end += start - 1
        return found
    type_value: bytes | None = None
    encoding_value: bytes | None = None
    disposition_value: bytes | None = None
    from_value: bytes | None = None
    subject_value: bytes | None = None
    match = _LINE.search(buffer, start - 1)
    while match is not None:
        kind = match.lastindex
        if kind is None:
            break
        if kind == _TYPE:
            if type_value is not None:
                return None
            type_value = match[1]
        elif kind == _ENCODING:
            if encoding_value is not None:
                return None
            encoding_value = match[2]
        elif kind == _DISPOSITION:
            if disposition_value is not None:
                return None
            disposition_value = match[3]
        elif kind == _FROM:
            if from_value is None:
                from_value = match[4]
        elif subject_value is None:
            subject_value = match[5]
        match = _LINE.search(buffer, match.end())
    if match is None:
        return None
    line = match.start() + 1
    end = line + (1 if buffer.startswith(b"\n", line) else 2)
    if (end == line + 2 and not buffer.startswith(b"\r\n", line)) or end - start > most:
        return None
    if not is_clean:
        if buffer.find(b"\0", start, end) >= 0:
            return None
        if buffer.find(b"\r", start, end) >= 0 and buffer.count(b"\r", start, end) != buffer.count(b"\r\n", start, end):
            return None
    if has_long_line(buffer, start, end):
        return None
    fields = plain_content_fields(type_value, encoding_value, disposition_value)
    return None if fields is None else PlainHeader(end, fields, from_value, subject_value)


@lru_cache(maxsize=1024)
def plain_block(block: bytes) -> ContentFields | None:
    """What the content fields of a block say that is plain and ends with the first blank line in it; or else None.

    The parts of mail have few different header blocks, so most are known already.
    """
    found = scan_plain(block, 0, len(block), False)
    return None if found is None or found.end != len(block) else found.content_fields
