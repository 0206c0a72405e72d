"""The members of a tar archive, as headers in a stream of bytes: ustar, pax, GNU and the old V7 form.

The header block itself is read by the standard library. Walking over the members is done here, because `tarfile`
keeps an object for each member it has seen, reads long names of any size, and decodes names into text: a stream
of a million members is read here in constant memory, and names stay the bytes they are.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from mailstrata.errors import DamagedSourceError
from mailstrata.sources.chunks import ChunkReader

BLOCK_BYTES = 512
LONG_HEADER_BYTES = 1 << 20
"""Up to what size a long name or a pax header is read; no file system has names that long."""

MemberKind = Literal["file", "folder", "sparse", "link", "other"]

_KINDS: dict[bytes, MemberKind] = {
    tarfile.REGTYPE: "file",
    tarfile.AREGTYPE: "file",
    tarfile.CONTTYPE: "file",
    tarfile.DIRTYPE: "folder",
    b"D": "folder",  # GNU incremental backup: the names of a directory's files
    tarfile.GNUTYPE_SPARSE: "sparse",
    tarfile.LNKTYPE: "link",
    tarfile.SYMTYPE: "link",
}
_PAX_KEYWORDS = frozenset({b"path", b"size", b"mtime"})
_SPARSE = b"GNU.sparse."
# Members that have no data, whatever their header says of a size.
_DATALESS = frozenset(
    {tarfile.LNKTYPE, tarfile.SYMTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE}
)


@dataclass(frozen=True, slots=True)
class TarMember:
    """One member. `start` and `size` are where its data stand in the (decompressed) archive, in bytes."""

    name: bytes
    kind: MemberKind
    start: int
    size: int
    mode: int
    mtime_ns: int | None

    @property
    def end(self) -> int:
        """Where the next header begins: data are padded to whole blocks."""
        return self.start + -(-self.size // BLOCK_BYTES) * BLOCK_BYTES


def tar_members(reader: ChunkReader, label: str) -> Iterator[TarMember]:
    """The members of a tar archive, each to be read before the next one is taken; what is left of it is skipped.

    Blocks of zeros are passed over, so that archives that were joined with `cat` are read to their end. Raises
    `DamagedSourceError` where the archive ends inside a member or without its end mark, or where no header
    stands where one should.
    """
    ended = False
    pax: dict[bytes, bytes] = {}
    defaults: dict[bytes, bytes] = {}
    long_name: bytes | None = None
    while True:
        start = reader.offset
        block = _read(reader, BLOCK_BYTES)
        if not block:
            break
        if not block.strip(b"\0"):
            ended = True
            continue
        try:
            header = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        except tarfile.HeaderError as error:
            if ended:  # something else follows the archive; its compression may still turn out to be damaged
                for _ in reader.rest():
                    pass
                return
            if len(block) < BLOCK_BYTES:
                raise _cut_off(label, reader) from error
            raise DamagedSourceError(
                f"{label} is damaged: no member's header stands at byte {start} of the archive ({error}); what came "
                "before was kept; get the file again",
                offset=start,
            ) from error
        ended = False
        if header.type in (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE, tarfile.XGLTYPE):
            fields = _pax_fields(_long_header(reader, header.size, label))
            if header.type == tarfile.XGLTYPE:
                defaults |= fields
            else:
                pax = fields
            continue
        if header.type in (tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK):
            value = _long_header(reader, header.size, label)
            if header.type == tarfile.GNUTYPE_LONGNAME:
                long_name = value.split(b"\0", 1)[0]
            continue
        if header.type == tarfile.GNUTYPE_SPARSE and block[482]:
            _skip_sparse_map(reader)
        name = (defaults | pax).get(b"path") or long_name or _short_name(block)
        member = _member(name, header, defaults | pax, reader.offset)
        pax, long_name = {}, None
        yield member
        left = member.end - reader.offset
        # Some programs leave out the padding of the last member.
        if left > 0 and reader.skip(left) < left and reader.offset < member.start + member.size:
            raise _cut_off(label, reader)
    if not ended:
        raise DamagedSourceError(
            f"{label} ends without the mark at the end of a tar archive; members may be missing; get the file again",
            offset=reader.offset,
        )


def _short_name(block: bytes) -> bytes:
    """The name in a header block. GNU tar uses the field of the prefix for something else."""
    name = block[:100].split(b"\0", 1)[0]
    prefix = block[345:500].split(b"\0", 1)[0] if block[257:263] == b"ustar\0" else b""
    return prefix + b"/" + name if prefix else name


def _skip_sparse_map(reader: ChunkReader) -> None:
    """Pass over the blocks that continue the map of a sparse file; a byte of each says whether another follows."""
    while (block := _read(reader, BLOCK_BYTES)) and len(block) == BLOCK_BYTES and block[504]:
        pass


def _member(name: bytes, header: tarfile.TarInfo, fields: dict[bytes, bytes], start: int) -> TarMember:
    size = _number(fields.get(b"size"), header.size)
    if header.type in _DATALESS:
        size = 0
    kind = _KINDS.get(header.type, "other")
    if kind == "file" and _SPARSE in fields:
        kind = "sparse"
    elif kind == "file" and header.type == tarfile.AREGTYPE and name.endswith(b"/"):
        kind = "folder"
    mtime_ns = _nanoseconds(fields.get(b"mtime"), int(header.mtime))
    return TarMember(name, kind, start, max(size, 0), header.mode & 0o7777, mtime_ns)


def _number(text: bytes | None, default: int) -> int:
    return int(text) if text is not None and text.isdigit() and len(text) < 20 else default


def _nanoseconds(text: bytes | None, default: int) -> int | None:
    """The time of a pax header (`1700000000.123456789`), or else that of the block, in seconds; None where neither
    can be a file's time."""
    if text is not None:
        seconds, _, fraction = text.partition(b".")
        if seconds.isdigit() and len(seconds) < 11 and (not fraction or fraction.isdigit()):
            exact = int(seconds) * 10**9 + int(fraction[:9].ljust(9, b"0"))
            # What tables and databases hold.
            return exact if exact < 2**63 else None
    return default * 10**9 if abs(default) < 2**33 else None


def _long_header(reader: ChunkReader, size: int, label: str) -> bytes:
    """The data of a header that describes the next member."""
    if not 0 <= size <= LONG_HEADER_BYTES:
        raise DamagedSourceError(
            f"{label} is damaged: a member's header claims {size} bytes for its name; what came before was kept; get "
            "the file again",
            offset=reader.offset,
        )
    padded = -(-size // BLOCK_BYTES) * BLOCK_BYTES
    data = _read(reader, padded)
    if len(data) < size:
        raise _cut_off(label, reader)
    return data[:size]


def _read(reader: ChunkReader, size: int) -> bytes:
    data = reader.read(size)
    if len(data) < size:
        reader.raise_error()
    return data


def _pax_fields(data: bytes) -> dict[bytes, bytes]:
    """The records `LENGTH KEYWORD=VALUE\\n` of a pax header; what is malformed ends them."""
    fields = {}
    position = 0
    while position < len(data):
        space = data.find(b" ", position, position + 20)
        length = data[position:space] if space > 0 else b""
        if not length.isdigit() or not space - position < int(length) <= len(data) - position:
            break
        keyword, equals, value = data[space + 1 : position + int(length) - 1].partition(b"=")
        if equals and (keyword in _PAX_KEYWORDS or keyword.startswith(_SPARSE)):
            fields[keyword if keyword in _PAX_KEYWORDS else _SPARSE] = value
        position += int(length)
    return fields


def _cut_off(label: str, reader: ChunkReader) -> DamagedSourceError:
    return DamagedSourceError(
        f"{label} ends too early: the archive is cut off after {reader.offset} bytes; what came before was kept; get "
        "the file again",
        offset=reader.offset,
    )
