"""A message that is taken as a whole comes to the same as one that comes call by call."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mailstrata.index.message_rows import MessageRows
from mailstrata.index.rows import MESSAGE_COLUMNS, PART_COLUMNS
from mailstrata.message.origin import FileInfo, SourceInfo
from mailstrata.message.quoting import EventStream
from mailstrata.parser.limits import Limits
from mailstrata.parser.machine import Parser
from mailstrata.sinks import delivery
from mailstrata.sinks.delivery import Delivery
from mailstrata.sinks.protocol import Sink, Wants
from mailstrata.sinks.whole_sink import WholeSink

_HEADERS = (
    b"From: Ann <ann@a.example>\n",
    b"from: =?utf-8?Q?J=C3=BCrgen?= <j@b.example>, c@d.example\n",
    b"To: a@b.example\n",
    b"Cc: a@b.example,\n b@c.example\n",
    b"Delivered-To: X@y.example\nDelivered-To: z@y.example\n",
    b"Date: Mon, 1 Jan 2024 10:00:00 +0100\n",
    b"Date: yesterday\n",
    b"SUBJECT: Re: a b\xfc c\n",
    b"References: <1@a> <2@a>\n\t<3@a>\n",
    b"In-Reply-To: <2@a>\n",
    b"Message-ID: <4@a>\n",
    b"List-Id: L <l.example>\n",
    b"Keywords: a, b\n",
    b"X-Mailer: M\n",
    b"no field at all\n",
    b"Subject: a\rb: c\n",
    b"Content-Length: 7\n",
)
_CONTENT = (
    b"Content-Type: text/plain; charset=utf-8\n",
    b"Content-Type: text/plain; charset=none-such\n",
    b"Content-Type: text/html\nContent-Transfer-Encoding: quoted-printable\n",
    b"Content-Transfer-Encoding: base64\n",
    b"Content-Transfer-Encoding: strange\n",
    b"Content-Type: application/pdf; name=a.pdf\nContent-Disposition: attachment; filename=b.pdf\n",
    b"Content-ID: <c@d>\nContent-Disposition: inline\n",
    b"Content-Type: multipart/mixed; boundary=x\n",
    b"Content-Type: multipart/signed; boundary=y\n",
    b"Content-Type: multipart/digest; boundary=x\n",
    b"Content-Type: message/rfc822\n",
    b"",
)
_LINES = (
    *(b"--x\n", b"--x--\n", b"--y\n", b"--y--\n", b"\n", b"text=\n", b"=C3=BC=\n", b"aGVsbG8=\n", b"<html>\n"),
    *(b">From me\n", b"From me\n", b"\xff\xfe\n", b"%PDF-1.4\n", b"a\r\n", b"a\r", b"access-type=x-mailstrata\n"),
)
_SEPARATOR = b"From a@b.example Mon Jan  1 10:00:00 2024\n"
_pieces = st.lists(st.sampled_from(_LINES + _CONTENT), max_size=14)
_messages = st.builds(
    lambda header, content, body: b"".join((*header, content, b"\n", *body)),
    st.lists(st.sampled_from(_HEADERS), max_size=6),
    st.sampled_from(_CONTENT),
    _pieces,
)
_mailboxes = st.lists(_messages, min_size=1, max_size=3).map(
    lambda messages: b"".join(_SEPARATOR + message + b"\n" for message in messages)
)


class _Recorded:
    """What was said of each message and of its parts."""

    def __init__(self) -> None:
        self.messages: list[Any] = []
        self.whole = 0


class _Rows(Sink):
    """Called one by one."""

    wants = Wants.RAW | Wants.DECODED | Wants.DIGESTS

    def __init__(self) -> None:
        self.rows = MessageRows()
        self.found = _Recorded()
        self.data = bytearray()

    def begin_message(self, message):
        self.rows.begin_message(message)
        self.data.clear()

    def begin_part(self, message, part):
        self.rows.begin_part(message, part)

    def raw(self, message, part, kind, data):
        self.rows.raw(message, part, kind, data)
        self.data += data

    def decoded(self, message, part, data):
        self.rows.decoded(message, part, data)

    def end_part(self, message, part):
        self.rows.end_part(message, part)

    def end_message(self, message):
        parts = list(self.rows.part_rows(message))
        self._add(message, bytes(self.data), self.rows.message_row(message), parts, message.defects)

    def _add(self, message, data, row, parts, defects):
        place = (message.index, message.start, message.end, message.separator, message.unquoted_lines)
        self.found.messages.append((data, row, parts, place, message.quoting_end, defects))


class _WholeRows(_Rows, WholeSink):
    """The same, and messages as a whole; those with a part that is called `a.pdf` one by one."""

    def takes_whole(self, message):
        return not any(part.facts.filename == "a.pdf" for part in message.parts)

    def whole_message(self, message):
        values, rows = self.rows.whole(message)
        parts = [dict(zip(PART_COLUMNS, row, strict=True)) for row in rows]
        row = dict(zip(MESSAGE_COLUMNS, values, strict=True))
        self._add(message.info, message.data, row, parts, message.defects)
        self.found.whole += 1


def delivered(sink: _Rows, mailbox: bytes, chunk: int, limits: Limits) -> tuple[object, ...]:
    """What is delivered to the sink, and what is counted on the way."""
    chunks = [mailbox[at : at + chunk] for at in range(0, len(mailbox), chunk)]
    stream = EventStream(Parser("mbox", limits=limits), "mboxrd")
    run = Delivery([sink], limits)
    ends = list(run.deliver(stream, chunks, SourceInfo("s", b"/s", "mbox"), FileInfo(b"f", quoting="mboxrd"), 5))
    sink.rows.close()
    counts = (run.messages, run.parts, run.attachments, run.decoded_bytes, Counter(run.defects))
    return sink.found.messages, ends, counts


_FEW = Limits(decoded_bytes=9, parts=4, depth=3)


@settings(max_examples=300, deadline=None)
@given(_mailboxes, st.sampled_from([1, 7, 100, 1 << 20]), st.sampled_from([Limits(), _FEW]))
@example(_SEPARATOR + b"Content-Type: multipart/mixed; boundary=x\n\n--x\n\n--x\n\na\n--x--\n\n", 1 << 20, Limits())
@example(_SEPARATOR + b"\n\n" + _SEPARATOR + b"From: a@b\r\n\r\nb\r\n\n", 1, Limits())
def test_a_whole_message_is_what_its_calls_say(mailbox, chunk, limits):
    """Rows, offsets, digests, defects and counts are the same, whatever the message is like."""
    assert delivered(_WholeRows(), mailbox, chunk, limits) == delivered(_Rows(), mailbox, chunk, limits)


@pytest.mark.parametrize(("held_bytes", "held_events", "whole"), [(1 << 17, 1024, 2), (80, 1024, 1), (1 << 17, 2, 0)])
def test_what_is_too_large_or_in_too_many_pieces_comes_call_by_call(monkeypatch, held_bytes, held_events, whole):
    """Beyond either limit what was held is delivered as it would have been, and so is the rest."""
    monkeypatch.setattr(delivery, "HELD_BYTES", held_bytes)
    monkeypatch.setattr(delivery, "HELD_EVENTS", held_events)
    large = _SEPARATOR + b"From: a@b\n\n" + b"x" * 100 + b"\n\n"
    small = _SEPARATOR + b"From: a@b\n\nx\n\n"
    sink = _WholeRows()
    assert delivered(sink, large + small, 1 << 20, Limits()) == delivered(_Rows(), large + small, 1 << 20, Limits())
    assert sink.found.whole == whole


def test_a_sink_that_wants_calls_gets_them_beside_one_that_does_not():
    """With a sink of the ordinary kind in the same run, both get every call."""
    mailbox = _SEPARATOR + b"From: a@b\n\nx\n\n"
    whole, plain = _WholeRows(), _Rows()
    stream = EventStream(Parser("mbox"), "mboxrd")
    run = Delivery([whole, plain], Limits())
    list(run.deliver(stream, [mailbox], SourceInfo("s", b"/s", "mbox"), FileInfo(), 0))
    assert whole.found.messages == plain.found.messages != []
    assert whole.found.whole == 0
