"""Names that strangers chose, as files of a `TargetTree` can have them: changed only where they must be.

| what the name holds | what is made of it |
|---|---|
| nothing or `.` between two `/`, a `/` at the beginning or end | left out |
| `..` | `__` |
| a NUL byte | `_` |
| a piece longer than 255 bytes | its beginning, `~`, and 16 digits of its SHA-256 |
| more than 4,000 bytes | a folder `long names`, then `~`, 16 digits of its SHA-256, and the last piece |
| what is there already, or stands where a folder must be | the same with ` (2)`, ` (3)`... before its extension |
| what the file system refuses | as `filenames.safe_filename` makes it |
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator

from mailstrata.sinks.filenames import safe_filename

MAX_PIECE_BYTES = 255
"""What the common file systems allow for one name."""

MAX_NAME_BYTES = 4000
"""A whole path beyond 4,096 bytes cannot be given to most programs (Linux' PATH_MAX)."""

# What encrypted folders (eCryptfs) still hold.
_SAFE_BYTES = 143
_MOST_NUMBERED = 20


def safe_pieces(name: bytes) -> list[bytes]:
    """The folders and the file that `name` leads to, each one a piece that can be created below a folder. At least
    one; the last is the file."""
    pieces = [_safe_piece(piece) for piece in name.split(b"/") if piece not in (b"", b".")]
    if not pieces:
        return [b"unnamed"]
    if sum(map(len, pieces)) + len(pieces) - 1 > MAX_NAME_BYTES:
        return [b"long names", _safe_piece(b"~" + _digits(name) + b" " + pieces[-1])]
    return pieces


def _safe_piece(piece: bytes) -> bytes:
    if piece == b"..":
        return b"__"
    piece = piece.replace(b"\0", b"_")
    if len(piece) > MAX_PIECE_BYTES:
        end = b"~" + _digits(piece)
        return piece[: MAX_PIECE_BYTES - len(end)] + end
    return piece


def _digits(name: bytes) -> bytes:
    return hashlib.sha256(name).hexdigest()[:16].encode()


def candidates(piece: bytes, numbers: Iterable[int | str]) -> Iterator[bytes]:
    """The name itself, then with one of `numbers` behind it."""
    yield piece
    stem, dot, extension = piece.rpartition(b".")
    # No extension: `.profile`, and what follows the last dot of a Maildir's `1.2.host:2,S`.
    if not stem or len(extension) > 10 or not extension.isalnum():
        stem, dot, extension = piece, b"", b""
    for number in numbers:
        end = f" ({number})".encode() + dot + extension
        yield stem[: MAX_PIECE_BYTES - len(end)] + end


def file_numbers() -> Iterator[int | str]:
    """Numbers for files of one name. After some they are drawn by lot: a tar of a million members of one name would
    otherwise be tried against each other."""
    yield from range(2, _MOST_NUMBERED)
    while True:
        yield os.urandom(4).hex()


def accepted_piece(piece: bytes) -> bytes:
    """A name that every file system takes."""
    return safe_filename(piece.decode("utf-8", "replace"), max_bytes=_SAFE_BYTES).encode()
