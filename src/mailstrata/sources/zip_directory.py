"""The directory of a zip archive, read entry by entry (PKWARE's APPNOTE.TXT 6.3, 4.3 to 4.5).

`zipfile` builds an object for each entry before the first one can be read; an archive of a million messages costs
constant memory here, and names stay the bytes they are.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from mailstrata.errors import DamagedSourceError, NotAMailboxError
from mailstrata.sources.chunks import CHUNK_BYTES, ChunkReader
from mailstrata.sources.files import FileReader

_END = struct.Struct("<4s4H2LH")
_END_MAGIC = b"PK\x05\x06"
_LONGEST_COMMENT = 0xFFFF
_LOCATOR = struct.Struct("<4sLQL")
_END64 = struct.Struct("<4sQ2H2L4Q")
_ENTRY = struct.Struct("<4sBB5H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_FULL_32 = 0xFFFFFFFF
_UNIX = 3


@dataclass(frozen=True, slots=True)
class ZipMember:
    """One entry of the directory. `header_offset` is where its own header stands in the file; sizes are in bytes."""

    name: bytes
    is_encrypted: bool
    has_end_marker: bool
    method: int
    crc32: int
    compressed_size: int
    size: int
    header_offset: int
    mode: int | None
    mtime_ns: int | None


@dataclass(frozen=True, slots=True)
class _Directory:
    start: int
    size: int
    entries: int
    shift: int  # what stands before the archive in the file (a program that unpacks it), in bytes


def zip_members(file: FileReader, label: str) -> Iterator[ZipMember]:
    """The entries of the directory in its order.

    Raises `NotAMailboxError` where the file has no directory or is one of several parts, `DamagedSourceError` where the
    directory is damaged.
    """
    directory = _find_directory(file, label)
    reader = ChunkReader(data_of(file, directory.start, directory.size))
    for _ in range(directory.entries):
        start = reader.offset
        fixed = reader.read(_ENTRY.size)
        if len(fixed) < _ENTRY.size or not fixed.startswith(b"PK\x01\x02"):
            raise _damaged(label, f"its directory ends too early or is corrupt, {start} bytes after its start")
        (_, _, system, _, flags, method, _, _, crc32, compressed_size, size, *lengths, _, _, attributes, offset) = (
            _ENTRY.unpack(fixed)
        )
        name_length, extra_length, comment_length = lengths
        variable = reader.read(name_length + extra_length + comment_length)
        if len(variable) < name_length + extra_length + comment_length:
            raise _damaged(label, f"its directory ends too early, {start} bytes after its start")
        extra = _extra_fields(variable[name_length : name_length + extra_length])
        size, compressed_size, offset = _long_numbers(extra.get(1, b""), size, compressed_size, offset)
        yield ZipMember(
            name=variable[:name_length],
            is_encrypted=bool(flags & 1),
            has_end_marker=bool(flags & 2),
            method=method,
            crc32=crc32,
            compressed_size=compressed_size,
            size=size,
            header_offset=offset + directory.shift,
            mode=attributes >> 16 & 0xFFFF or None if system == _UNIX else None,
            mtime_ns=_modified(extra.get(0x5455, b"")),
        )


def _find_directory(file: FileReader, label: str) -> _Directory:
    file_size = file.status.st_size
    tail_start = max(file_size - _END.size - _LONGEST_COMMENT, 0)
    tail = file.read_at(tail_start, file_size - tail_start)
    position = tail.rfind(_END_MAGIC)
    # The magic number may stand in the comment: the real one has a comment that reaches to the end.
    while position >= 0:
        if len(tail) >= position + _END.size:
            comment_length = int.from_bytes(tail[position + _END.size - 2 : position + _END.size], "little")
            if position + _END.size + comment_length == len(tail):
                break
        position = tail.rfind(_END_MAGIC, 0, position)
    if position < 0:
        raise _damaged(label, "the directory at the end of a zip archive is missing; it may be cut off")
    _, disk, _, _, entries, size, start, _ = _END.unpack_from(tail, position)
    end = tail_start + position
    locator = file.read_at(max(end - _LOCATOR.size, 0), _LOCATOR.size)
    if locator.startswith(b"PK\x06\x07"):  # the numbers that do not fit stand in a larger record before that (4.3.14)
        offset = _LOCATOR.unpack(locator)[2]
        # Where something was put before the archive, the record still stands right before its locator.
        for where in (end - _LOCATOR.size - _END64.size, offset):
            record = file.read_at(where, _END64.size) if 0 <= where < file_size else b""
            if len(record) == _END64.size and record.startswith(b"PK\x06\x06"):
                _, _, _, _, disk, _, _, entries, size, start = _END64.unpack(record)
                end = where
                break
        else:
            raise _damaged(label, "the large form of its directory is missing")
    if disk:
        raise NotAMailboxError(f"{label} is one of several parts of a zip archive; join them with `zip -s 0` first")
    shift = end - size - start
    if shift < 0:
        raise _damaged(label, "its directory lies outside of the file; it may be cut off")
    return _Directory(start + shift, size, entries, shift)


def _extra_fields(data: bytes) -> dict[int, bytes]:
    """The extra fields of an entry by their number (4.5)."""
    fields = {}
    position = 0
    while position + 4 <= len(data):
        number, length = struct.unpack_from("<2H", data, position)
        fields[number] = data[position + 4 : position + 4 + length]
        position += 4 + length
    return fields


def _long_numbers(extra: bytes, *numbers: int) -> list[int]:
    """Size, compressed size and offset; those that do not fit stand in an extra field, in that order (4.5.3)."""
    found = []
    for number in numbers:
        if number == _FULL_32 and len(extra) >= 8:
            found.append(int.from_bytes(extra[:8], "little"))
            extra = extra[8:]
        else:
            found.append(number)
    return found


def _modified(extra: bytes) -> int | None:
    """The time of Info-ZIP's extended timestamp, in nanoseconds since 1970, UTC. The time that every entry has says no
    time zone and is not taken."""
    if len(extra) >= 5 and extra[0] & 1:
        return int.from_bytes(extra[1:5], "little", signed=True) * 10**9
    return None


def data_of(file: FileReader, start: int, size: int) -> Iterator[bytes]:
    """`size` bytes of the file from `start`, in chunks; fewer where the file ends."""
    end = start + size
    while start < end:
        data = file.read_at(start, min(CHUNK_BYTES, end - start))
        if not data:
            return
        start += len(data)
        yield data


def member_start(file: FileReader, member: ZipMember) -> int | None:
    """Where in the file the data of a member begin; None where no header of a member stands before them."""
    if member.header_offset > file.status.st_size:
        return None
    header = file.read_at(member.header_offset, _LOCAL.size)
    if len(header) < _LOCAL.size or not header.startswith(b"PK\x03\x04"):
        return None
    *_, name_length, extra_length = _LOCAL.unpack(header)
    return int(member.header_offset + _LOCAL.size + name_length + extra_length)


def _damaged(label: str, what: str) -> DamagedSourceError:
    return DamagedSourceError(f"{label} is damaged: {what}; get the file again")
