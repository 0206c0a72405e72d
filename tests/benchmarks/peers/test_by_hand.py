"""The limit: every byte of an input comes once, and what is base64 is decoded."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from benchmarks.inputs import encode_base64, make
from benchmarks.peers import by_hand
from benchmarks.peers.by_hand import base64_bodies, delimiter, large_message, mailbox
from benchmarks.peers.mbox import messages
from benchmarks.peers.program import Counts


def taken(through: object, path: Path) -> list[tuple[bytes, bool]]:
    """All that is handed over."""
    pieces: list[tuple[bytes, bool]] = []
    assert callable(through)
    through(path, lambda data, was_encoded: pieces.append((data, was_encoded)), Counts())
    return pieces


def encoded_again(pieces: list[tuple[bytes, bool]]) -> bytes:
    """The input that the pieces came from, but for line breaks of base64."""
    return b"".join(base64.b64encode(data) if was_encoded else data for data, was_encoded in pieces)


def test_no_byte_of_a_mailbox_is_left_out(tmp_path: Path) -> None:
    """With the line breaks taken out of both, they are the same."""
    path = Path(make("mixed", 1_000_000, tmp_path).path)
    pieces = taken(mailbox, path)
    assert encoded_again(pieces).replace(b"\n", b"") == b"".join(messages(path)).replace(b"\n", b"")
    assert any(was_encoded for _, was_encoded in pieces)


@pytest.mark.parametrize("chunk", [1, 75, 76, 77, 78, 1000, 1 << 18])
def test_no_byte_of_a_large_message_is_left_out(chunk: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the chunks end."""
    monkeypatch.setattr(by_hand, "_CHUNK", chunk)
    path = Path(make("huge", 9_000, tmp_path).path)
    pieces = taken(large_message, path)
    assert encoded_again(pieces).replace(b"\n", b"") == path.read_bytes().replace(b"\n", b"")
    assert sum(len(data) for data, was_encoded in pieces if was_encoded) == 9_000


@pytest.mark.parametrize(
    ("header", "line"),
    [
        (b'Content-Type: multipart/mixed;\n boundary="a b"; x=y\n\n', b"\n--a b"),
        (b"Content-Type: multipart/mixed; BOUNDARY=abc; x=y\r\n\r\n", b"\n--abc"),
        (b"Content-Type: text/plain\n\n", b""),
    ],
)
def test_delimiter(header: bytes, line: bytes) -> None:
    """Quoted or not, whatever comes after it."""
    assert delimiter(header) == line


def test_bodies_within_parts_and_messages() -> None:
    """Nested multiparts and attached messages are gone into, with either line break."""
    leaf = b"Content-Transfer-Encoding: BASE64\n\nQUJD"
    inner = b"Content-Type: multipart/mixed; boundary=i\n\n--i\n" + leaf + b"\n--i--"
    attached = b"Content-Type: message/rfc822\n\n" + leaf
    data = b"\n".join([b"Content-Type: multipart/mixed; boundary=o\n", b"--o", inner, b"--o", attached, b"--o--\n"])
    for text in (data, data.replace(b"\n", b"\r\n")):
        found = [text[start:end].strip() for start, end in base64_bodies(text, 0, len(text))]
        assert found == [b"QUJD", b"QUJD"]


def test_what_is_no_base64_is_taken_as_it_stands(tmp_path: Path) -> None:
    """And the next message is decoded."""
    bad = b"Content-Transfer-Encoding: base64\n\n*** not this ***\n"
    good = b"Content-Transfer-Encoding: base64\n\n" + encode_base64(b"x" * 100)
    path = tmp_path / "box"
    path.write_bytes(b"From a\n" + bad + b"\nFrom b\n" + good)
    pieces = taken(mailbox, path)
    assert pieces[0] == (bad, False)
    assert (b"x" * 100, True) in pieces
