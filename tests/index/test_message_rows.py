from __future__ import annotations

import base64
import hashlib
import tempfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mailstrata
from mailstrata.errors import TargetError
from mailstrata.index import message_rows as message_rows_module
from mailstrata.index.message_rows import MessageRows
from mailstrata.parser.limits import Limits
from mailstrata.sinks.protocol import Sink, Wants

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(200)


class Collector(Sink):
    """A sink that does what the archive does with `MessageRows`, and keeps what it gets."""

    wants = Wants.RAW | Wants.DECODED | Wants.DIGESTS

    def __init__(self, directory=None):
        self.rows = MessageRows(directory)
        self.raw_bytes = b""
        self.messages = []
        self.begin_message = self.rows.begin_message
        self.begin_part = self.rows.begin_part
        self.decoded = self.rows.decoded
        self.end_part = self.rows.end_part

    def raw(self, message, part, kind, data):
        self.rows.raw(message, part, kind, data)
        self.raw_bytes += data

    def end_message(self, message):
        parts = sorted(self.rows.part_rows(message), key=lambda row: row["position"])
        self.messages.append((self.rows.message_row(message), parts, self.raw_bytes))
        self.raw_bytes = b""


def multipart(*parts: bytes) -> bytes:
    body = b"".join(b"\n--b\n" + part for part in parts)
    return b"From: a@b.example\nContent-Type: multipart/mixed; boundary=b\n\npreamble" + body + b"\n--b--\nepilogue\n"


def attachment(content: bytes, name: bytes = b"a.bin") -> bytes:
    return (
        b"Content-Type: application/octet-stream\nContent-Transfer-Encoding: base64\n"
        b"Content-Disposition: attachment; filename=" + name + b"\n\n" + base64.encodebytes(content).rstrip()
    )


def test_parts_stand_where_their_rows_say(deliver):
    """The bytes of the message at each row's offsets are the part's header and body."""
    embedded = b"Content-Type: message/rfc822\n\nSubject: inner\n\ninner body"
    collector = Collector()
    deliver(collector, multipart(b"Content-Type: text/plain\n\nHello", embedded, attachment(PNG), b"\nno header"))
    ((message, parts, data),) = collector.messages
    assert [row["path"] for row in parts] == ["1", "1.1", "1.2", "1.2.1", "1.3", "1.4"]
    assert [row["position"] for row in parts] == list(range(6))
    assert [data[row["start"] : row["end"]] for row in parts[:4]] == [
        data,
        b"Content-Type: text/plain\n\nHello",
        embedded,
        b"Subject: inner\n\ninner body",
    ]
    assert data[parts[4]["body_start"] : parts[4]["end"]] == base64.encodebytes(PNG).rstrip()
    assert data[parts[5]["start"] : parts[5]["end"]] == b"\nno header"
    assert (message["size"], message["header_size"]) == (len(data), parts[0]["body_start"])
    assert (message["part_count"], message["attachment_count"], message["attachment_bytes"]) == (6, 1, len(PNG))
    assert {row["message"] for row in parts} == {hashlib.sha256(data).hexdigest()}


LINES = st.lists(st.sampled_from([b"From here", b">From there", b">>From", b"text", b"", b"--x"]), max_size=8)


@given(bodies=st.lists(LINES, min_size=1, max_size=4), preamble=LINES, variant=st.sampled_from(["mboxo", "mboxrd"]))
def test_offsets_survive_mbox_quoting(deliver, bodies, preamble, variant):
    """Offsets count in the message as its digest names it, however many lines its mbox has quoted."""
    parts = b"".join(b"\n--b\nContent-Type: text/plain\n\n" + b"\n".join(lines) for lines in bodies)
    header = b"From: a@b.example\nContent-Type: multipart/mixed; boundary=b\n\n"
    mbox = header + b"\n".join([b"", *preamble]) + parts + b"\n--b--\n"
    quoted = mbox.replace(b"\nFrom ", b"\n>From ")
    collector = Collector()
    deliver(collector, b"From a@b.example Mon Jan  1 00:00:00 2024\n" + quoted + b"\n", quoting=variant)
    ((message, rows, data),) = collector.messages
    assert hashlib.sha256(data).hexdigest() == message["sha256"]
    assert len(rows) == 1 + len(bodies)
    for row in rows[1:]:
        body = data[row["body_start"] : row["end"]]
        assert hashlib.sha256(body).hexdigest() == row["blob"]
        assert data[row["start"] : row["body_start"]] == b"Content-Type: text/plain\n\n"


def test_leaves_are_sniffed_by_their_decoded_head(deliver):
    """The type is that of the content, whatever its encoding and declared type; containers have none."""
    collector = Collector()
    deliver(collector, multipart(b"\njust text", attachment(PNG), attachment(b"")))
    ((_, parts, _),) = collector.messages
    assert [row["sniffed_type"] for row in parts] == [None, "text/plain", "image/png", None]
    assert [row["size"] for row in parts] == [None, 9, len(PNG), 0]


def test_the_same_content_is_sniffed_once(deliver, monkeypatch):
    """A logo in every message does not cost a look each time, and what is remembered is bounded."""
    heads = []
    monkeypatch.setattr(message_rows_module, "sniff_type", lambda head: heads.append(head) or "image/png")
    monkeypatch.setattr(message_rows_module, "_SNIFFED_TYPES", 3)
    collector = Collector()
    deliver(collector, *[multipart(attachment(PNG))] * 5)
    assert heads == [PNG]
    deliver(collector, multipart(*(attachment(b"%d" % number) for number in range(10))))
    assert len(collector.rows._sniffed) <= 3


def test_the_head_does_not_depend_on_chunks():
    """Content that comes byte by byte is sniffed like content that comes at once."""
    rows = MessageRows()
    rows._head = b""
    (message,) = mailstrata.open(b"a: b\n\nx")
    for byte in b"x" * 5000:
        rows.decoded(message, message.root, bytes([byte]))
    assert rows._head == b"x" * 4096


def test_many_parts_wait_in_a_file(deliver, tmp_path, monkeypatch):
    """Beyond a fixed number of rows and bytes they go to disk, and come back complete and in order."""
    monkeypatch.setattr(message_rows_module, "_PACKED_BYTES_IN_MEMORY", 10_000)
    monkeypatch.setattr(tempfile, "tempdir", "/nonexistent")  # the given folder is used, and no other
    collector = Collector(tmp_path)
    most = 0
    real = collector.rows.end_part

    def end_part(message, part):
        nonlocal most
        row = real(message, part)
        most = max(most, len(collector.rows._rows))
        return row

    collector.end_part = end_part
    deliver(collector, multipart(*(b"\n%d" % number for number in range(2000))), b"\nafter")
    assert most < 256
    (message, parts, _), (_, after, _) = collector.messages
    assert message["part_count"] == len(parts) == 2001
    assert [row["path"] for row in parts[1:]] == [f"1.{number}" for number in range(1, 2001)]
    assert [row["blob"] for row in parts[1:]] == [hashlib.sha256(b"%d" % number).hexdigest() for number in range(2000)]
    assert len(after) == 1
    collector.rows.close()
    assert list(tmp_path.iterdir()) == []


def test_deep_messages_are_collected(deliver):
    """Places are kept for open parts only, as deep as the limit allows."""
    depth = 300
    collector = Collector()
    deliver(collector, b"Content-Type: message/rfc822\n\n" * depth + b"Subject: x\n\nx", limits=Limits(depth=400))
    ((_, parts, data),) = collector.messages
    assert [row["depth"] for row in parts] == list(range(depth + 1))
    assert all(row["end"] == len(data) for row in parts)
    assert collector.rows._open_parts == []
    collector.rows.close()


def test_a_message_that_did_not_end_is_forgotten(deliver):
    """After a message that an error cut short the next one starts clean."""
    collector = Collector()

    class StopError(Exception):
        pass

    real_end = collector.end_message

    def fail(message):
        raise StopError

    collector.end_message = fail
    with pytest.raises(StopError):
        deliver(collector, multipart(b"\n1", b"\n2"))
    collector.end_message = real_end
    collector.raw_bytes = b""
    deliver(collector, b"\nwhole")
    ((message, parts, _),) = collector.messages
    assert (message["part_count"], len(parts), parts[0]["start"]) == (1, 1, 0)


def test_a_full_disk_is_one_line(deliver, tmp_path, monkeypatch):
    """Rows that cannot be put aside are a TargetError, and letting go still works."""
    monkeypatch.setattr(message_rows_module, "_PACKED_BYTES_IN_MEMORY", 1)
    collector = Collector(tmp_path / "missing")
    with pytest.raises(TargetError, match=r"cannot write .*missing: No such file"):
        deliver(collector, multipart(*[b"\nx"] * 600))
    collector.rows.close()
