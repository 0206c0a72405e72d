"""One hostile message (or mbox) of any size: how it is made, and how it is cut into blocks."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

BLOCK = 1 << 16
"""Bytes of the blocks that a case comes in, but for the last one."""

Make = Callable[[int, random.Random], Iterator[bytes]]
"""What makes a message of so many items, in pieces of any size."""


@dataclass(frozen=True, slots=True)
class Case:
    """A kind of hostile mail.

    `count` is its size in `unit`s when it is measured. `items` says how many parts, fields, lines or list entries that
    are handled one by one a unit makes; 0 where only bytes count. `most` bounds the count where a limit (that of
    header bytes) keeps what is larger from being hostile.
    """

    name: str
    meaning: str
    unit: str
    count: int
    make: Make
    items: float = 0
    is_mbox: bool = False

    def pieces(self, count: int, seed: int = 0) -> Iterator[bytes]:
        """The message in blocks of `BLOCK` bytes: the same for the same `count` and `seed`."""
        return blocks(self.make(count, random.Random(f"{self.name} {seed}")))

    def write(self, path: Path, count: int, seed: int = 0) -> int:
        """Write the message to a file; returns its size in bytes."""
        size = 0
        with path.open("wb") as file:
            for piece in self.pieces(count, seed):
                size += file.write(piece)
        return size


def blocks(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes in blocks of `BLOCK`, however small or large the pieces."""
    held: list[bytes] = []
    size = 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size >= BLOCK:
            text = b"".join(held)
            whole = size - size % BLOCK
            for at in range(0, whole, BLOCK):
                yield text[at : at + BLOCK]
            held = [text[whole:]]
            size -= whole
    if size:
        yield b"".join(held)


def repeated(unit: bytes, count: int) -> Iterator[bytes]:
    """A unit so many times, in pieces of about a block."""
    each = max(1, BLOCK // max(1, len(unit)))
    block = unit * each
    for _ in range(count // each):
        yield block
    yield unit * (count % each)


def filled(unit: bytes, size: int) -> Iterator[bytes]:
    """Exactly `size` bytes of a unit over and over."""
    yield from repeated(unit, size // len(unit))
    yield unit[: size % len(unit)]


def around(before: bytes, middle: Iterator[bytes], after: bytes = b"") -> Iterator[bytes]:
    """Pieces with something before and after them."""
    return chain((before,), middle, (after,))


def token(source: random.Random, length: int) -> bytes:
    """A boundary: so many letters and digits, of which the first is a letter."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    return (source.choice(letters) + "".join(source.choices(letters + "0123456789", k=length - 1))).encode()


HEAD = b"From: a@example.org\nDate: Mon, 1 Jan 2024 10:00:00 +0000\nSubject: x\nMIME-Version: 1.0\n"
"""Fields of a message that is otherwise good."""


def multipart(boundary: bytes, subtype: bytes = b"mixed") -> bytes:
    """The last field of a multipart's header, and the blank line."""
    return b"Content-Type: multipart/" + subtype + b'; boundary="' + boundary + b'"\n\n'
