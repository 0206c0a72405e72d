"""Stripping and unstripping: the message comes back, byte for byte, and skeletons of any kind raise nothing else."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator

from fuzz.given import Given
from mailstrata.errors import StrippedMailError
from mailstrata.stripping import StrippedMessage, StrippedPart, StripPolicy, strip_message, unstrip_message
from mailstrata.stripping.skeleton import placeholders

_POLICIES = (StripPolicy(minimum_bytes=1, attachments_only=False), StripPolicy(minimum_bytes=20), StripPolicy())
_MOST_BYTES = 1 << 20


class _Blob:
    """A blob in memory."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.discarded = False

    def write(self, data: bytes) -> None:
        assert not self.discarded
        self.pieces.append(data)

    def read(self) -> Iterator[bytes]:
        assert not self.discarded
        yield from self.pieces

    def discard(self) -> None:
        assert not self.discarded
        self.discarded = True


def strip(pieces: Iterable[bytes], policy: StripPolicy) -> tuple[bytes, dict[str, bytes], StrippedMessage]:
    """Strip a message that comes in pieces; its skeleton, the blobs by digest, and what is said of it."""
    skeleton: list[bytes] = []
    parts: list[StrippedPart[_Blob]] = []
    message = strip_message(pieces, skeleton.append, _Blob, parts.append, policy=policy)
    blobs = {part.sha256: b"".join(part.blob.read()) for part in parts}
    return b"".join(skeleton), blobs, message


def stripping(data: bytes) -> None:
    """A message, whole and in pieces: the same skeleton and blobs, and the message out of them."""
    given = Given(data)
    policy = given.choose(_POLICIES)
    stripped = strip([given.content], policy)
    assert strip(given.pieces(given.content), policy) == stripped, "the split matters"
    skeleton, blobs, message = stripped
    assert message.size == len(given.content)
    again = unstrip_message(given.pieces(skeleton), lambda digest: [blobs[digest]])
    assert b"".join(again) == given.content, "the message does not come back"


def skeletons(data: bytes) -> None:
    """Anything as a skeleton, with a blob for every digest: bytes come out, or a StrippedMailError."""
    given = Given(data)
    blob = b"content of the blob\n" * given.choose((0, 1, 50))
    size = 0
    with contextlib.suppress(StrippedMailError):
        for piece in unstrip_message(given.pieces(given.content), lambda _digest: [blob]):
            size += len(piece)
            # A recipe may well say that a byte stands there a billion times; it comes in pieces.
            assert len(piece) <= _MOST_BYTES + 2 * len(given.content) + 2 * len(blob)
            if size > _MOST_BYTES:
                break
    with contextlib.suppress(StrippedMailError):
        for placeholder in placeholders(given.pieces(given.content)):
            assert placeholder.size >= 0
            assert len(placeholder.sha256) == 64
