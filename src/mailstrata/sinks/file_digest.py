"""The SHA-256 of a file while it is read: of all of it, and of what stands before an offset that was just passed."""

from __future__ import annotations

import hashlib
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hashlib import _Hash

REACH_BYTES = 2 << 20
"""How far before the last chunk an offset may lie. The parser holds back a header block (1 MiB) and a line."""

_PIECE_BYTES = 64 << 10


class _Piece:
    """Some bytes of the file, where they begin, and the digest of all that stands before them."""

    __slots__ = ("before", "data", "start")

    def __init__(self, start: int, before: _Hash, data: bytes) -> None:
        self.start = start
        self.before = before
        self.data: bytes | bytearray = data


class FileDigest:
    """Fed with a file from its first byte on, or from `offset` on where `digest` has taken what stands before that.

    Holds the last 2 MiB, and one chunk.
    """

    __slots__ = ("_digest", "_held", "_length", "_pieces")

    def __init__(self, offset: int = 0, digest: _Hash | None = None) -> None:
        self._digest = hashlib.sha256() if digest is None else digest.copy()
        self._length = offset
        self._pieces: deque[_Piece] = deque()
        self._held = 0

    def update(self, data: bytes) -> None:
        """Take the next bytes."""
        pieces = self._pieces
        last = pieces[-1] if pieces else None
        if last is not None and len(last.data) + len(data) <= _PIECE_BYTES:
            # Small chunks share a state, so that their number costs nothing.
            if not isinstance(last.data, bytearray):
                last.data = bytearray(last.data)
            last.data += data
        else:
            pieces.append(_Piece(self._length, self._digest.copy(), data))
        self._digest.update(data)
        self._length += len(data)
        self._held += len(data)
        while self._held - len(pieces[0].data) >= REACH_BYTES + len(data):
            self._held -= len(pieces.popleft().data)

    def hexdigest(self) -> str:
        """That of all that was taken."""
        return self._digest.hexdigest()

    def hexdigest_at(self, offset: int) -> str | None:
        """That of the bytes before `offset`; None where that is too far back."""
        if offset == self._length:
            return self.hexdigest()
        digest = self.digest_at(offset)
        return None if digest is None else digest.hexdigest()

    def digest_at(self, offset: int) -> _Hash | None:
        """The SHA-256 object fed with the bytes before `offset`, to go on with; None where that is too far back."""
        for piece in reversed(self._pieces):
            if piece.start <= offset:
                digest = piece.before.copy()
                digest.update(memoryview(piece.data)[: offset - piece.start])
                return digest
        return self._digest.copy() if offset == self._length else None
