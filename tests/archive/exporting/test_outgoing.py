from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailstrata.archive.exporting import outgoing as outgoing_module
from mailstrata.archive.exporting.outgoing import OutgoingMessage
from mailstrata.parser.events import Event
from mailstrata.parser.from_line import has_from_line_shape
from mailstrata.parser.machine import Parser


def outgoing(data: bytes, piece: int = 1 << 20) -> OutgoingMessage:
    pieces = (data[start : start + piece] for start in range(0, len(data), piece))
    return OutgoingMessage.begin("ab" * 32, "", pieces)


HEADER = (
    b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nDate: Mon, 10 Nov 2025 11:00:00 +0100\r\nFrom: Ada <ada@example.org>\r\n"
)
TOKENS = [b"From:", b"Return-Path:", b"Date:", b"\n", b"<", b">", b"@", b"a", b" ", b"\xff", b'"']


@given(
    piece=st.integers(1, 200), body=st.sampled_from([b"", b"\r\n", b"\r\nFrom: body\r\n", b"no field\r\nFrom: b\r\n"])
)
@settings(max_examples=50, deadline=None)
def test_the_header_is_read_and_no_byte_is_lost(piece: int, body: bytes) -> None:
    """However the message is cut into pieces, and whatever its body looks like."""
    message = outgoing(HEADER + body, piece)
    assert message.subject == "Gr\u00fc\u00dfe"
    assert message.from_line() == b"From ada@example.org Mon Nov 10 10:00:00 2025\n"
    assert message.mtime_ns == 1762768800 * 10**9
    assert message.date is not None
    assert message.date.date().isoformat() == "2025-11-10"
    assert b"".join(message.pieces) == HEADER + body


def test_only_what_the_header_needs_is_read_before() -> None:
    """The rest of a large message is still to come."""
    taken = []

    def pieces() -> Iterator[bytes]:
        for piece in (HEADER, b"\r\n", b"body", b"more"):
            taken.append(piece)
            yield piece

    message = OutgoingMessage.begin("ab" * 32, "", pieces())
    assert len(taken) == 2
    assert b"".join(message.pieces) == HEADER + b"\r\nbodymore"


@pytest.mark.parametrize("line_break", [b"\n", b"\r\n"])
def test_the_body_is_not_parsed(line_break: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a message in one piece no more than its header block, or a little, goes through the parser."""
    fed = []

    class Noted:
        def __init__(self, mode: Any) -> None:
            self._parser = Parser(mode)
            self.close = self._parser.close

        def feed(self, data: bytes) -> list[Event]:
            fed.append(len(data))
            return self._parser.feed(data)

    monkeypatch.setattr(outgoing_module, "Parser", Noted)
    for header in (HEADER.replace(b"\r\n", line_break), b"", b"no field" + line_break):
        fed.clear()
        data = header + line_break + b"x" * 1_000_000
        message = outgoing(data)
        assert sum(fed) < len(header) + 10_000
        assert b"".join(message.pieces) == data
        assert (message.subject == "Gr\u00fc\u00dfe") == (len(header) > 10)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (b"", b"MAILER-DAEMON Thu Jan  1 00:00:00 1970"),
        (b"Return-Path: <bounce@example.org>\nFrom: a@b\n", b"bounce@example.org Thu Jan  1 00:00:00 1970"),
        (b"Return-Path: <>\nFrom: a@b\n", b"a@b Thu Jan  1 00:00:00 1970"),
        (b"From: undisclosed recipients\n", b"MAILER-DAEMON Thu Jan  1 00:00:00 1970"),
        (b'From: "two words"@example.org\n', b"MAILER-DAEMON Thu Jan  1 00:00:00 1970"),
        (b"From: " + b"n" * 1000 + b"@example.org\n", b"MAILER-DAEMON Thu Jan  1 00:00:00 1970"),
        ("From: j\u00f6rg@example.org\n".encode(), "j\u00f6rg@example.org Thu Jan  1 00:00:00 1970".encode()),
        (b"Date: 1 Jan 2024 00:30:00 +0100\n", b"MAILER-DAEMON Sun Dec 31 23:30:00 2023"),
        (b"Date: never\n", b"MAILER-DAEMON Thu Jan  1 00:00:00 1970"),
    ],
)
def test_from_lines(header: bytes, expected: bytes) -> None:
    """Sender and date by the header; where it says nothing that can stand there, what stands for it."""
    assert outgoing(header + b"\n").from_line() == b"From " + expected + b"\n"


@given(st.lists(st.sampled_from(TOKENS)))
@settings(max_examples=200, deadline=None)
def test_a_from_line_is_one_whatever_the_header_says(tokens: list[bytes]) -> None:
    """Any reader of mboxes takes it for one, and it is one line."""
    line = outgoing(b"".join(tokens)).from_line()
    assert line.endswith(b"\n")
    assert has_from_line_shape(line[:-1])
    assert line.count(b"\n") == 1


@pytest.mark.parametrize("date", [b"1 Jan 1960 00:00:00 +0000", b"never"])
def test_a_date_that_is_no_time_of_a_file(date: bytes) -> None:
    """Before 1970, or none: the file keeps the time at which it was written."""
    assert outgoing(b"Date: " + date + b"\n\n").mtime_ns is None
