"""The digests of a message, those that are taken from its file as well."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mailstrata.message.origin import FileInfo, SourceInfo
from mailstrata.message.quoting import EventStream
from mailstrata.parser.limits import Limits
from mailstrata.parser.machine import Parser
from mailstrata.sinks import delivery
from mailstrata.sinks.delivery import Delivery
from mailstrata.sinks.file_digest import FileDigest
from mailstrata.sinks.protocol import Sink, Wants
from mailstrata.sinks.whole_sink import WholeSink


class _Digests(Sink):
    wants = Wants.RAW | Wants.DECODED | Wants.DIGESTS

    def __init__(self) -> None:
        self.messages: list[tuple[str | None, str | None]] = []
        self.data = bytearray()

    def raw(self, message, part, kind, data):
        self.data += data

    def end_message(self, message):
        self.messages.append((message.sha256, message.canonical_sha256))


class _WholeDigests(_Digests, WholeSink):
    def takes_whole(self, message):
        return True

    def whole_message(self, message):
        self.data += message.data
        self.end_message(message.info)


_pieces = st.lists(
    st.sampled_from(
        [b"From: a@b\n", b"Content-Type: multipart/mixed; boundary=x\n", b"\n", b"--x\n", b"--x--\n", b"\r"]
    )
    | st.binary(max_size=6),
    max_size=12,
).map(b"".join)


@settings(max_examples=300, deadline=None)
@given(_pieces, st.integers(1, 20), st.sampled_from([b"", b"\xef\xbb\xbf", b"From a@b Mon Jan  1 10:00:00 2024\n"]))
@example(b"\n" + b"x" * 50 + b"\r\ny", 3, b"")
@pytest.mark.parametrize("kind", [_Digests, _WholeDigests])
@pytest.mark.parametrize("held_bytes", [20, 1 << 19])
def test_a_message_that_is_its_file(kind, held_bytes, message, size, before):
    """Taken from the digest of the file or made of the message alone, they are those of its bytes: as they stand and
    with LF for CRLF, whatever stands before it and however it is cut."""
    data = before + message
    found = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delivery, "HELD_BYTES", held_bytes)
        for of_file in (FileDigest(), None):
            sink = kind()
            run = Delivery([sink], Limits())
            stream = EventStream(Parser("message"), None)
            for _ in run.deliver(
                stream, _chunks(data, size, of_file), SourceInfo("", b"", "eml"), FileInfo(), 0, of_file
            ):
                pass
            found.append(sink.messages)
            kept = bytes(sink.data)
            assert data.endswith(kept)
            assert sink.messages == [(_hex(kept), _hex(kept.replace(b"\r\n", b"\n")))] or not sink.messages
    assert found[0] == found[1]


def _hex(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _chunks(data: bytes, size: int, of_file: FileDigest | None):
    for at in range(0, len(data), size):
        if of_file is not None:
            of_file.update(data[at : at + size])
        yield data[at : at + size]
