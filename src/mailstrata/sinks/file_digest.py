"""The SHA-256 of a file while it is read: of all of it, and of what stands before an offset that was just passed."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from mailstrata.sinks.stream_digest import StreamDigest

if TYPE_CHECKING:
    from hashlib import _Hash

REACH_BYTES = 2 << 20
"""How far before the last chunk an offset may lie. The parser holds back a header block (1 MiB) and a line."""

_PIECE_BYTES = 64 << 10


class FileDigest:
    """Fed with a file from its first byte on, or from `offset` on where `digest` has taken what stands before that.

    Holds the last 2 MiB, and one chunk: they are hashed when they go, and when somebody asks, which is seldom.
    """

    __slots__ = ("_before", "_held", "_last", "_length", "_pieces")

    def __init__(self, offset: int = 0, digest: _Hash | None = None) -> None:
        # Fed with all that stands before the pieces.
        self._before = StreamDigest(None if digest is None else digest.copy())
        self._length = offset
        self._pieces: deque[bytes | bytearray] = deque()
        self._held = 0
        # The last answer: of a file that is one message, message and file ask for the same.
        self._last = (-1, "")

    def update(self, data: bytes) -> None:
        """Take the next bytes."""
        pieces = self._pieces
        if pieces and len(pieces[-1]) + len(data) <= _PIECE_BYTES:
            # Small chunks are put together, so that their number costs nothing.
            last = pieces[-1]
            if not isinstance(last, bytearray):
                pieces[-1] = last = bytearray(last)
            last += data
        else:
            pieces.append(data)
        self._length += len(data)
        self._held += len(data)
        while self._held - len(pieces[0]) >= REACH_BYTES + len(data):
            piece = pieces.popleft()
            self._held -= len(piece)
            self._before.update(piece)

    def hexdigest(self) -> str:
        """That of all that was taken."""
        known = self.hexdigest_at(self._length)
        assert known is not None
        return known

    def hexdigest_at(self, offset: int) -> str | None:
        """That of the bytes before `offset`; None where that is too far back."""
        if offset != self._last[0]:
            digest = self.digest_at(offset)
            if digest is None:
                return None
            self._last = (offset, digest.hexdigest())
        return self._last[1]

    def digest_at(self, offset: int) -> _Hash | None:
        """The SHA-256 object fed with the bytes before `offset`, to go on with; None where that is too far back."""
        left = offset - (self._length - self._held)
        if left < 0:
            return None
        digest = self._before.state()
        for piece in self._pieces:
            if left <= 0:
                break
            digest.update(memoryview(piece)[:left] if left < len(piece) else piece)
            left -= len(piece)
        return digest
