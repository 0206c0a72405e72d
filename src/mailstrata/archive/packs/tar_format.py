"""The tar blocks of a pack: making a member's header, and reading one.

POSIX ustar (IEEE 1003.1, pax, "ustar Interchange Format"), with the base-256 form of GNU tar and star for sizes
of 8 GiB and more. Every name in a pack is ASCII and fits into the name field, so that no pax header is needed.
All metadata are fixed: the same content gives the same bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final
from zlib import adler32

from mailstrata.errors import ArchiveError

BLOCK: Final = 512
END_OF_ARCHIVE: Final = bytes(2 * BLOCK)
MAX_NAME: Final = 100
_OCTAL_LIMIT: Final = 8**11
_FORMAT: Final = struct.Struct("100s8s8s8s12s12s8s1s100s6s2s32s32s8s8s155s12x")
_SIZE = slice(124, 136)
_CHECKSUM = slice(148, 156)
_TYPE = 156


def _pack(name: bytes, size: bytes, checksum: bytes) -> bytes:
    zero = b"0000000\0"
    return _FORMAT.pack(
        name, b"0000644\0", zero, zero, size, b"00000000000\0", checksum, b"0",
        b"", b"ustar\0", b"00", b"", b"", zero, zero, b"",
    )  # fmt: skip


# The checksum is the sum of all bytes with its own field read as spaces; only name and size vary.
_CONSTANT_SUM: Final = sum(_pack(b"", b"", b" " * 8))


def header(name: str, size: int) -> bytes:
    """The header block of a regular file of `size` bytes, mode 0644, time 0, owner 0.

    Raises ValueError for a name that is not ASCII or longer than 100 bytes: names are ours, this is a bug.
    """
    encoded = name.encode("ascii")
    if not 0 < len(encoded) <= MAX_NAME:
        raise ValueError(f"a member's name must have 1 to {MAX_NAME} bytes, not {len(encoded)}: {name}")
    if size < _OCTAL_LIMIT:
        size_field = b"%011o\0" % size
    else:
        size_field = b"\x80" + size.to_bytes(11, "big")
    checksum = _CONSTANT_SUM + _sum_of(encoded) + _sum_of(size_field)
    return _pack(encoded, size_field, b"%06o\0 " % checksum)


def padding(size: int) -> int:
    """Bytes of zeros that follow `size` bytes of data, up to the next block."""
    return -size % BLOCK


def read_header(block: bytes) -> tuple[str, int] | None:
    """Name and size of the member that a header block begins; None for a block of zeros.

    Raises `ArchiveError` for what is no header of a regular file.
    """
    if not any(block):
        return None
    field = block[_CHECKSUM]
    try:
        stated = int(field.strip(b" \0"), 8)
    except ValueError:
        stated = -1
    if _sum(block) - sum(field) + 8 * 0x20 != stated or block[_TYPE] not in b"0\0":
        raise ArchiveError("a damaged tar header")
    size_field = block[_SIZE]
    try:
        if size_field[0] & 0x80:
            size = int.from_bytes(size_field, "big") & ~(0x80 << 88)
        else:
            size = int(size_field.strip(b" \0") or b"0", 8)
        return block[:MAX_NAME].rstrip(b"\0").decode("ascii"), size
    except ValueError as error:
        raise ArchiveError("a damaged tar header") from error


def _sum(block: bytes) -> int:
    """The sum of the bytes of a block."""
    return _sum_of(block[:256]) + _sum_of(block[256:])


def _sum_of(data: bytes) -> int:
    """The sum of at most 256 bytes: the lower half of their Adler-32 is that, and 1 (RFC 1950, 9)."""
    return (adler32(data) & 0xFFFF) - 1


def members_in(content: bytes) -> Iterator[tuple[str, int, int]]:
    """Name, offset and size of each member that lies whole in the content of a frame, which begins with a header.

    For who has another proof of what lies there: checksums are not looked at. Ends where something is no such header.
    """
    position = 0
    end = len(content)
    while position + BLOCK <= end:
        try:
            name = content[position : position + MAX_NAME].rstrip(b"\0").decode("ascii")
            size = int(content[position + 124 : position + 135], 8)
        except ValueError:
            return
        position += BLOCK
        if not name or size < 0 or position + size > end:
            return
        yield name, position, size
        position += size + padding(size)
