"""Raw header fields: a header block split into names and values, bytes as they stand (RFC 5322, 2.2)."""

from __future__ import annotations

import re
from functools import cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final


class RawField:
    """One header field. `name` has no colon and no white space around it; `value` is every byte after the colon,
    folding included, without the line break that ends the field. `start` and `end` are the offsets in the block of the
    first byte of the name and behind the last one of the value."""

    __slots__ = ("end", "name", "start", "value")

    def __init__(self, name: bytes, value: bytes, start: int, end: int) -> None:
        self.name = name
        self.value = value
        self.start = start
        self.end = end

    def __repr__(self) -> str:
        return f"RawField({self.name!r}, {self.value!r})"


MOST_CARRIAGE_RETURNS = 64
"""Carriage returns that one line feed can end. The bound keeps a megabyte of them from costing its square."""

LINE_BREAK = rb"(?:\r{0,%d}+\n|\r)" % MOST_CARRIAGE_RETURNS
"""A line break in a header block: LF with the CRs before it, or a CR that leads to no LF."""

_LINE = rb"[^\r\n]*+(?:" + LINE_BREAK + rb"|\Z)"


@cache
def _field() -> re.Pattern[bytes]:
    return re.compile(rb"(?P<name>[!-9;-~]++)[ \t]*+:(?P<value>" + _LINE + rb"(?>(?:[ \t]" + _LINE + rb")*))")


@cache
def _other_line() -> re.Pattern[bytes]:
    return re.compile(_LINE)


def split_fields(block: bytes) -> list[RawField]:
    """Split a header block into its fields. Linear in its size; never raises.

    Lines that are no field (a `From ` line, the blank line at the end) are passed over.
    """
    fields = []
    position = 0
    end = len(block)
    while position < end:
        match = _field().match(block, position)
        if match is None:
            match = _other_line().match(block, position)
            assert match is not None  # _LINE matches anything
            position = match.end()
            continue
        value = match["value"].rstrip(b"\r\n")
        fields.append(RawField(match["name"], value, position, match.start("value") + len(value)))
        position = match.end()
    return fields


def field_span(block: bytes, name: bytes, offset: int) -> tuple[int, int]:
    """Where the first field of that name, in lower case, begins and ends; `offset` is added. The whole block where
    there is none."""
    for field in split_fields(block):
        if field.name.lower() == name:
            return offset + field.start, offset + field.end
    return offset, offset + len(block)


# To ask whether bytes hold a number takes a fifth of the time of asking for a bytes object of length one.
_LINE_FEED: Final = ord("\n")
_CARRIAGE_RETURN: Final = ord("\r")


@cache
def _line_breaks() -> re.Pattern[bytes]:
    return re.compile(LINE_BREAK)


def unfold(value: bytes) -> bytes:
    """A field value without its line breaks (RFC 5322, 2.2.3) and without white space at either end."""
    if _LINE_FEED in value or _CARRIAGE_RETURN in value:
        value = _line_breaks().sub(b"", value)
    return value.strip(b" \t")
