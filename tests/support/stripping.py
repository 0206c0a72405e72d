"""Stripping and unstripping in tests, with blobs in memory, and messages to try it on."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import repeat
from typing import Any

from hypothesis import strategies as st

from mailstrata.stripping import StrippedMessage, StrippedPart, StripPolicy, strip_message, unstrip_message
from support.decoding import split

EVERYTHING = StripPolicy(minimum_bytes=1, attachments_only=False)
"""Takes out whatever a placeholder can stand for."""


class MemoryBlob:
    """A blob that remembers what became of it."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.is_discarded = False

    def write(self, data: bytes) -> None:
        assert data
        assert not self.is_discarded
        self.pieces.append(data)

    def read(self) -> Iterator[bytes]:
        assert not self.is_discarded
        yield from self.pieces

    def discard(self) -> None:
        assert not self.is_discarded
        self.is_discarded = True

    @property
    def content(self) -> bytes:
        return b"".join(self.pieces)


@dataclass
class Stripped:
    """What stripping came to."""

    skeleton: bytes
    blobs: dict[str, bytes]
    parts: list[StrippedPart[MemoryBlob]]
    message: StrippedMessage
    made: list[MemoryBlob]

    def unstrip(self, pieces: Iterable[int] = ()) -> bytes:
        """The message again, the skeleton fed in pieces of these sizes (the last one to the end)."""
        return b"".join(unstrip_message(split(self.skeleton, pieces), lambda digest: [self.blobs[digest]]))


def strip(data: bytes, pieces: Iterable[int] = (), policy: StripPolicy = EVERYTHING, **options: Any) -> Stripped:
    """Strip a message that is fed in pieces of these sizes, and check that each blob made was dropped or kept."""
    skeleton: list[bytes] = []
    parts: list[StrippedPart[MemoryBlob]] = []
    made: list[MemoryBlob] = []

    def new_blob() -> MemoryBlob:
        made.append(MemoryBlob())
        return made[-1]

    message = strip_message(split(data, pieces), skeleton.append, new_blob, parts.append, policy=policy, **options)
    kept = [part.blob for part in parts]
    for blob in made:
        assert blob.is_discarded != any(blob is other for other in kept)
    assert message.size == len(data)
    assert message.stripped == len(parts)
    return Stripped(b"".join(skeleton), {part.sha256: part.blob.content for part in parts}, parts, message, made)


def round_trip(data: bytes, policy: StripPolicy = EVERYTHING, **options: Any) -> Stripped:
    """Strip and unstrip whole and byte by byte: the message comes back, and the split changes nothing."""
    whole = strip(data, policy=policy, **options)
    assert whole.unstrip() == data
    assert whole.unstrip(repeat(1)) == data
    assert whole.message.is_changed == (whole.skeleton != data)
    in_bytes = strip(data, repeat(1), policy, **options)
    assert (in_bytes.skeleton, in_bytes.blobs) == (whole.skeleton, whole.blobs)
    assert in_bytes.message == whole.message
    return whole


def leaf(
    content: bytes,
    content_type: bytes = b"application/octet-stream",
    *,
    encoding: bytes = b"base64",
    fields: bytes = b"",
    line_break: bytes = b"\n",
) -> bytes:
    """A leaf with its header; in base64 the content is encoded with lines of 76."""
    header = b"Content-Type: %b\n%bContent-Transfer-Encoding: %b\n\n" % (content_type, fields, encoding)
    body = base64.encodebytes(content) if encoding == b"base64" else content
    return header.replace(b"\n", line_break) + (body.replace(b"\n", line_break) if encoding == b"base64" else body)


def multipart(*parts: bytes, kind: bytes = b"mixed", boundary: bytes = b"bb", line_break: bytes = b"\n") -> bytes:
    """A multipart with its header."""
    lines = [b"Content-Type: multipart/%b; boundary=%b" % (kind, boundary), b""]
    for part in parts:
        lines += [b"--" + boundary, part]
    return line_break.join([*lines, b"--" + boundary + b"--", b""])


def _leaves(line_break: bytes) -> st.SearchStrategy[bytes]:
    content = st.binary(max_size=300)
    fields = st.sampled_from(
        [
            b"",
            b"Content-ID: <x@example.org>\n",
            b'Content-Disposition: attachment; filename="r\xc3\xa9sum\xc3\xa9 (1).pdf"\n',
            b"X-Folded: a\n b\n\tc\n",
            b"Content-Description: access-type=x-mailstrata\n",
        ]
    )
    types = st.sampled_from([b"text/plain", b"application/pdf; name=a.pdf", b"image/png", b"message/rfc822"])
    encodings = st.sampled_from([b"base64", b"base64", b"7bit", b"quoted-printable", b"x-unknown"])
    return st.builds(
        lambda content, kind, encoding, fields: leaf(
            content, kind, encoding=encoding, fields=fields, line_break=line_break
        ),
        content,
        types,
        encodings,
        fields,
    )


def _entities(line_break: bytes) -> st.SearchStrategy[bytes]:
    # Boundaries differ, or an inner delimiter would end the outer multipart.
    boundaries = st.integers(0, 999).map(lambda number: b"b%03d" % number)
    return st.recursive(
        _leaves(line_break),
        lambda inner: st.one_of(
            st.builds(
                lambda parts, kind, boundary: multipart(*parts, kind=kind, boundary=boundary, line_break=line_break),
                st.lists(inner, max_size=3),
                st.sampled_from([b"mixed", b"signed", b"digest"]),
                boundaries,
            ),
            inner.map(
                lambda entity: b"Content-Type: message/rfc822" + line_break * 2 + b"Subject: x" + line_break + entity
            ),
        ),
        max_leaves=6,
    )


generated_messages = st.sampled_from([b"\n", b"\r\n"]).flatmap(
    lambda line_break: _entities(line_break).map(
        lambda entity: b"From: a@example.org" + line_break + b"Subject: y" + line_break + entity
    )
)
"""Messages that are well formed, of any structure."""

_TOKENS = [
    b"\n",
    b"\r\n",
    b"\r",
    b"\n\n",
    b"--b\n",
    b"\n--b\n",
    b"\n--b--\n",
    b"\r\n--b\r\n",
    b"From a@b Mon Jan  5 10:00:00 2004\n",
    b"Subject: x\n",
    b"X-Long: a\n b\r c\n",
    b"Content-Type: multipart/mixed; boundary=b\n\n--b\n",
    b"Content-Type: message/rfc822\n\n",
    b"Content-Type: application/pdf\n",
    b"Content-Transfer-Encoding: base64\n",
    b"Content-Transfer-Encoding: base64\r\n\r\n",
    b"Content-Transfer-Encoding: base64\n\nQUJDREVG\nR0hJ\n",
    b"Content-ID: <x@y>\n",
    b"QUJDREVGR0hJSktM\n",
    b"QUJD\r\n",
    b"QQ==",
    b"=",
    b"access-type=x-mailstrata",
    b"access-type=x-mailstrata-",
    b"access-type=x-mailstrat",
    b"ccess-type=x-mailstrata",
    b"access-type",
    b"=x-mailstrata;",
    b"Content-Type: message/external-body; access-type=x-mailstrata;",
    b"Content-Type: message/external-body; access-type=x-mailstrata; size=3; header=1;\n sha256="
    + b"0" * 64
    + b';\n recipe="identity"\n\n\n',
    b"Content-Type: message/external-body; ",
    b"\xef\xbb\xbf",
    b"\0",
    b"-",
    b";",
]
hostile_messages = st.one_of(
    st.lists(st.sampled_from(_TOKENS), max_size=25).map(b"".join),
    st.lists(st.sampled_from(_TOKENS) | st.binary(max_size=3), max_size=12).map(b"".join),
    st.binary(max_size=100),
)
"""What is hardly a message, and holds the words of the marker in many forms."""
