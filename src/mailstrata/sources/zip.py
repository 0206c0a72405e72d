"""A zip archive, as Google Takeout makes them, read without unpacking it.

The directory stands at the end of the file, so that a zip archive must be a file, and cannot come from a pipe. Every
member that is mail is a file of the source, as in a tar.
"""

from __future__ import annotations

import bz2
import lzma
import stat
import zlib
from collections.abc import Callable, Iterator
from itertools import chain

from mailstrata.message.origin import FolderInfo, MboxVariant, SkippedFile, SourceFile, SourceInfo
from mailstrata.sources.chunks import ChunkReader
from mailstrata.sources.compression import (
    MEMORY_LIMIT,
    DamagedDataError,
    TruncatedDataError,
    decode_streams,
    gather,
    inflate,
    unzstd,
)
from mailstrata.sources.files import FileReader, join_label
from mailstrata.sources.members import Member, open_member
from mailstrata.sources.one_file import absolute, size_on_disk, stamp_on_disk
from mailstrata.sources.zip_directory import ZipMember, data_of, member_start, zip_members

_AES = 99


class ZipSource:
    """A `Source` that is a zip archive on disk."""

    __slots__ = ("_path", "_variant", "info")

    def __init__(self, path: bytes, label: str, *, variant: MboxVariant | None = None) -> None:
        self.info = SourceInfo(label, absolute(path), "zip")
        self._path = path
        self._variant = variant

    @property
    def size(self) -> int | None:
        """The archive's size in bytes."""
        return size_on_disk(self._path)

    @property
    def stamp(self) -> tuple[int, int] | None:
        """The archive's size and time of change; None where they cannot be told."""
        return stamp_on_disk(self._path)

    def files(self) -> Iterator[SourceFile | SkippedFile | FolderInfo]:
        """The members as they stand in the archive's directory. Raises `SourceError` where it cannot be read on."""
        label = self.info.label
        with FileReader(self._path, label) as file:
            for member in zip_members(file, label):
                if member.name.endswith(b"/"):
                    yield FolderInfo(member.name.rstrip(b"/"), _permissions(member), member.mtime_ns)
                    continue
                yield self._file(file, member)
            file.check_unchanged(0)

    def _file(self, file: FileReader, member: ZipMember) -> SourceFile | SkippedFile:
        if member.mode is not None and stat.S_IFMT(member.mode) not in (0, stat.S_IFREG):
            return SkippedFile(member.name, "a link or other special file")
        if member.is_encrypted or member.method == _AES:
            reason = "encrypted; unpack the archive with its password to read it"
            return SkippedFile(member.name, reason, is_error=True)
        decoder = _DECODERS.get(member.method)
        if decoder is None:
            reason = f"compressed in a way (method {member.method}) that cannot be read; unpack the archive to read it"
            return SkippedFile(member.name, reason, is_error=True)
        label = join_label(self.info.label, member.name)
        header = Member(member.name, member.compressed_size, _permissions(member), member.mtime_ns)
        chunks = gather(_checked(decoder(_raw_data(file, member), member), member), "zip", label)
        return open_member(header, chunks, label, variant=self._variant)


def _permissions(member: ZipMember) -> int | None:
    return None if member.mode is None else stat.S_IMODE(member.mode)


def _raw_data(file: FileReader, member: ZipMember) -> Iterator[bytes]:
    start = member_start(file, member)
    if start is None:
        raise DamagedDataError("no member begins where the directory says")
    yield from data_of(file, start, member.compressed_size)


def _checked(pieces: Iterator[bytes], member: ZipMember) -> Iterator[bytes]:
    """The member's bytes, held against the size and checksum that the directory says. Raises `DamagedDataError`."""
    checksum = size = 0
    for piece in pieces:
        checksum = zlib.crc32(piece, checksum)
        size += len(piece)
        yield piece
    if size < member.size:
        raise TruncatedDataError
    if size != member.size or checksum != member.crc32:
        raise DamagedDataError("size or checksum is not what the directory says")


def _stored(chunks: Iterator[bytes], _member: ZipMember) -> Iterator[bytes]:
    return chunks


def _inflated(chunks: Iterator[bytes], _member: ZipMember) -> Iterator[bytes]:
    return inflate(chunks)


def _bunzipped(chunks: Iterator[bytes], _member: ZipMember) -> Iterator[bytes]:
    return decode_streams(chunks, bz2.BZ2Decompressor, single=True)


def _unzstd(chunks: Iterator[bytes], _member: ZipMember) -> Iterator[bytes]:
    return unzstd(chunks)


def _unlzma(chunks: Iterator[bytes], member: ZipMember) -> Iterator[bytes]:
    """LZMA in zip (APPNOTE, 5.8): version, length of the properties, properties. The standard library reads
    the .lzma form, whose header is the properties and the size. A generator, so that nothing is read, and nothing found
    damaged, before the member is."""
    reader = ChunkReader(chunks)
    header = reader.read(4)
    properties = reader.read(int.from_bytes(header[2:4], "little"))
    size = b"\xff" * 8 if member.has_end_marker else member.size.to_bytes(8, "little")
    yield from decode_streams(
        chain([properties + size], reader.rest()),
        lambda: lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=MEMORY_LIMIT),
        single=True,
    )


_DECODERS: dict[int, Callable[[Iterator[bytes], ZipMember], Iterator[bytes]]] = {
    0: _stored,
    8: _inflated,
    12: _bunzipped,
    14: _unlzma,
    20: _unzstd,
    93: _unzstd,
}
