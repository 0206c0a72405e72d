"""The table of members at the end of a pack: which member lies where.

The table is derived: a pack whose table is lost is read from the front (`pack_reader.rebuild_table`). It is a
skippable frame whose payload is one zstd frame of JSON lines followed by a trailer of 64 bytes, which thereby are
the last bytes of the file::

    offset  size  content
    0       8     "MSTABLE1"
    8       8     offset of the skippable frame in the file    (little-endian, like the next two)
    16      8     length of the zstd frame with the lines
    24      8     number of members
    32      32    SHA-256 of that zstd frame followed by the first 32 bytes of the trailer

Each line is an array: name, frame offset, frame length, offset, size. To read a member, decompress the frames in
`[frame offset, frame offset + frame length)` of the file and take `size` bytes from `offset` on.
"""

from __future__ import annotations

import hashlib
import io
import json
import struct
from collections.abc import Iterable, Iterator
from typing import BinaryIO, NamedTuple

import zstandard

from mailstrata.archive.packs.frames import TABLE_MAGIC, skippable_frame
from mailstrata.errors import ArchiveError

_MAGIC = b"MSTABLE1"
_TRAILER = struct.Struct("<8sQQQ32s")
_PROLOGUE = struct.Struct("<8sQQQ")
_SKIPPABLE_HEADER = 8
_CHUNK = 1 << 18
_MAX_LINE = 1024


class Place(NamedTuple):
    """Where a member's bytes lie in a pack; all numbers are bytes."""

    frame_offset: int
    frame_length: int
    offset: int
    size: int


class Member(NamedTuple):
    """A member of a pack: its name and its place."""

    name: str
    place: Place


class TableBuilder:
    """Collects the table while a pack is written; only its compressed form is held."""

    __slots__ = ("_compressor", "_data", "members")

    def __init__(self) -> None:
        self._compressor = zstandard.ZstdCompressor(level=3, write_checksum=True).compressobj()
        self._data = bytearray()
        self.members = 0

    def add(self, members: Iterable[Member]) -> None:
        """Add members, in the order in which they lie in the pack."""
        lines = []
        for name, place in members:
            # Names are plain ASCII without quotes and backslashes (tar_format.header), so they need no escapes.
            lines.append(f'["{name}",{place.frame_offset},{place.frame_length},{place.offset},{place.size}]\n')
        self.members += len(lines)
        self._data += self._compressor.compress("".join(lines).encode("ascii"))

    def finish(self, offset: int) -> bytes:
        """The skippable frame with the whole table, to be written at that offset of the pack."""
        self._data += self._compressor.flush()
        table = bytes(self._data)
        prologue = _PROLOGUE.pack(_MAGIC, offset, len(table), self.members)
        return skippable_frame(table + prologue + hashlib.sha256(table + prologue).digest())


def read_table(file: BinaryIO) -> Iterator[Member]:
    """The members of a pack by its table, in the order of the file.

    Raises `ArchiveError`, before the first member is given, where the table is missing, cut off or damaged.
    """
    size = file.seek(0, 2)
    if size < _TRAILER.size + _SKIPPABLE_HEADER:
        raise ArchiveError("the pack has no table of members")
    file.seek(size - _TRAILER.size)
    trailer = file.read(_TRAILER.size)
    magic, offset, length, count, stated = _TRAILER.unpack(trailer)
    payload = length + _TRAILER.size
    if magic != _MAGIC or offset + _SKIPPABLE_HEADER + payload != size:
        raise ArchiveError("the pack has no table of members")
    file.seek(offset)
    if file.read(8) != TABLE_MAGIC.to_bytes(4, "little") + payload.to_bytes(4, "little"):
        raise ArchiveError("the pack's table of members is damaged")
    digest = hashlib.sha256()
    remaining = length
    while remaining and (data := file.read(min(remaining, _CHUNK))):
        digest.update(data)
        remaining -= len(data)
    digest.update(trailer[: _PROLOGUE.size])
    if remaining or digest.digest() != stated:
        raise ArchiveError("the pack's table of members is damaged")
    return _members(file, offset + _SKIPPABLE_HEADER, length, count)


def _members(file: BinaryIO, start: int, length: int, count: int) -> Iterator[Member]:
    seen = 0
    try:
        for lines in _lines(file, start, length):
            # One call for many lines costs a third of one for each.
            rows = json.loads(b"[%s]" % b",".join(lines))
            if len(rows) != len(lines):
                raise ValueError("a line that is no line")
            for name, frame_offset, frame_length, offset, size in rows:
                place = Place(frame_offset, frame_length, offset, size)
                if type(name) is not str or any(type(number) is not int for number in place):
                    raise ValueError("a line that names no place")
                if min(place) < 0 or max(place) >= 1 << 63:
                    raise ValueError("a line that names no place")
                seen += 1
                yield Member(name, place)
    except (ValueError, TypeError, zstandard.ZstdError) as error:
        raise ArchiveError(f"the pack's table of members cannot be read ({error})") from error
    if seen != count:
        raise ArchiveError(f"the pack's table lists {seen} members but states {count}")


def _lines(file: BinaryIO, start: int, length: int) -> Iterator[list[bytes]]:
    """The table's lines, some at a time; read in pieces, each at its own offset, since the caller may move the file
    meanwhile."""
    decompressor = zstandard.ZstdDecompressor()
    rest = b""
    piece = _Slice(file, start, start + length)
    with decompressor.stream_reader(piece, read_size=_CHUNK) as reader:  # type: ignore[arg-type]
        while data := reader.read(_CHUNK):
            lines = (rest + data).split(b"\n")
            rest = lines.pop()
            if len(rest) > _MAX_LINE:
                raise ValueError("a line without end")
            yield lines
    if rest:
        raise ValueError("the last line is cut off")


class _Slice(io.RawIOBase):
    """The bytes `[position, end)` of a file as a file of its own."""

    def __init__(self, file: BinaryIO, position: int, end: int) -> None:
        self._file, self._position, self._end = file, position, end

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        available = self._end - self._position
        self._file.seek(self._position)
        data = self._file.read(available if size < 0 else min(size, available))
        self._position += len(data)
        return data
