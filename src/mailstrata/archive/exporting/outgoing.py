"""A message on its way out of an archive: what its header says that a file name or a `From ` line needs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import chain
from typing import Self

from mailstrata.message.addresses import parse_addresses
from mailstrata.message.dates import parse_date
from mailstrata.message.headers import Headers
from mailstrata.parser.events import Span, SpanKind
from mailstrata.parser.from_line import has_from_line_shape
from mailstrata.parser.machine import Parser

_EMPTY_LINE = re.compile(rb"\n\r?\n")
_PART_BYTES = 4096
_UNKNOWN_SENDER = b"MAILER-DAEMON"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST_SECONDS = 1 << 40
# An address is 254 bytes at most (RFC 5321, 4.5.3.1.3); a `From ` line is no place for anything longer.
_MOST_SENDER_BYTES = 320


class OutgoingMessage:
    """A message whose header was read and whose bytes are still to come: `pieces`, once, from the first one on.

    `flags` are Maildir flags.
    """

    __slots__ = ("flags", "headers", "pieces", "sha256")

    def __init__(self, sha256: str, flags: str, headers: Headers, pieces: Iterator[bytes]) -> None:
        self.sha256 = sha256
        self.flags = flags
        self.headers = headers
        self.pieces = pieces

    @classmethod
    def begin(cls, sha256: str, flags: str, pieces: Iterator[bytes]) -> Self:
        """Read the header from the first pieces. Raises what `pieces` raises."""
        taken: list[bytes] = []
        return cls(sha256, flags, Headers(_header_block(pieces, taken)), chain(taken, pieces))

    @property
    def subject(self) -> str:
        """The decoded subject, empty where there is none."""
        return self.headers["Subject"] or ""

    @property
    def date(self) -> datetime | None:
        """The Date field, with its own offset from UTC."""
        value = self.headers.raw("Date")
        return None if value is None else parse_date(value)

    @property
    def mtime_ns(self) -> int | None:
        """The date in nanoseconds since 1970, as the time of a file; None where it cannot be one."""
        date = self.date
        if date is None:
            return None
        seconds = int((date - _EPOCH).total_seconds())
        return seconds * 10**9 if 0 <= seconds < _LATEST_SECONDS else None

    def from_line(self) -> bytes:
        """The line that begins the message in an mbox: its sender (Return-Path, else From) and its date in UTC.

        `MAILER-DAEMON` and 1970 stand for what the header does not say.
        """
        date = (self.date or _EPOCH).astimezone(UTC).ctime().encode("ascii")
        line = b"From %s %s" % (self._sender(), date)
        return (line if has_from_line_shape(line) else b"From %s %s" % (_UNKNOWN_SENDER, date)) + b"\n"

    def _sender(self) -> bytes:
        for name in ("Return-Path", "From"):
            for address in parse_addresses(self.headers.raw(name) or b""):
                sender = address.address.encode("utf-8", "replace")
                if sender and len(sender) <= _MOST_SENDER_BYTES and not address.address.split()[1:]:
                    return sender
        return _UNKNOWN_SENDER


def _header_block(pieces: Iterator[bytes], taken: list[bytes]) -> bytes:
    """The header block of a message, whose pieces are taken as far as that needs; no more than the parser's limit."""
    parser = Parser("message")
    for piece in pieces:
        taken.append(piece)
        for part in _up_to_header_end(piece):
            for event in parser.feed(part):
                if type(event) is Span:
                    return event.data if event.kind is SpanKind.HEADER else b""
    for event in parser.close():
        if type(event) is Span:
            return event.data if event.kind is SpanKind.HEADER else b""
    return b""


def _up_to_header_end(piece: bytes) -> Iterator[bytes]:
    """A piece in parts, the first of which ends where the header block should: the parser need not go through more."""
    start = 0
    empty_line = _EMPTY_LINE.search(piece)
    if empty_line is not None:
        start = empty_line.end()
        yield piece[:start]
    while start < len(piece):
        yield piece[start : start + _PART_BYTES]
        start += _PART_BYTES
