"""Feeds a file to the bare parser in pieces of one size (or of 1 to 7 bytes), and prints what that took, as JSON.

Every span must begin where the one before ended, and all of them together must be the file (by length and CRC-32):
if not, the program fails. The time includes this check.
"""

from __future__ import annotations

import json
import sys
import time
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from mailstrata.parser.events import EntityBegin, Span
from mailstrata.parser.limits import Limits
from mailstrata.parser.machine import Parser

_READ = 1 << 16


class LostBytesError(Exception):
    """The spans do not tile the input."""


class Account:
    """What came out of a parser: how many bytes and parts, how deep, and whether the spans join."""

    def __init__(self) -> None:
        self.end = 0
        self.crc = 0
        self.parts = 0
        self.depth = 0

    def take(self, events: Iterable[object]) -> None:
        """Count events. Raises `LostBytesError` where a span does not begin where the one before ended."""
        for event in events:
            if type(event) is Span:
                if event.start != self.end or event.end - event.start != len(event.data):
                    raise LostBytesError(f"a span at {event.start} follows one that ended at {self.end}")
                self.end = event.end
                self.crc = zlib.crc32(event.data, self.crc)
            elif type(event) is EntityBegin:
                self.parts += 1
                self.depth = max(self.depth, event.entity.depth + 1)


def parse(chunks: Iterable[bytes], *, is_mbox: bool, limits: Limits | None = None) -> Account:
    """Parse chunks and check that every byte comes out once, in order. Raises `LostBytesError` where not."""
    parser = Parser("mbox" if is_mbox else "message", limits=limits)
    account = Account()
    size = crc = 0
    for chunk in chunks:
        size += len(chunk)
        crc = zlib.crc32(chunk, crc)
        account.take(parser.feed(chunk))
    account.take(parser.close())
    if (account.end, account.crc) != (size, crc):
        raise LostBytesError(f"{account.end} bytes came out of {size}, or they are not the same")
    return account


def pieces(blocks: Iterable[bytes], size: int) -> Iterator[bytes]:
    """Blocks cut into pieces of `size` bytes; with 0, into pieces of 1 to 7 bytes in turn."""
    for block in blocks:
        if size >= len(block):
            yield block
        elif size:
            for at in range(0, len(block), size):
                yield block[at : at + size]
        else:
            at = number = 0
            while at < len(block):
                length = number % 7 + 1
                yield block[at : at + length]
                at += length
                number += 1


def _read(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(_READ):
            yield block


def main() -> None:
    """`python -m benchmarks.hostile.parse_file PATH KIND PIECE`: KIND is mbox or message, PIECE as in `pieces`."""
    path, kind, piece = sys.argv[1:]
    started = time.perf_counter()
    account = parse(pieces(_read(Path(path)), int(piece)), is_mbox=kind == "mbox")
    seconds = time.perf_counter() - started
    sys.stdout.write(json.dumps({"seconds": seconds, "parts": account.parts, "depth": account.depth}) + "\n")


if __name__ == "__main__":
    main()
