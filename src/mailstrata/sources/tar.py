"""A tar archive, plain or compressed, read as a stream without unpacking it.

Every member that is mail is a file of the source: an mbox, a message, an .emlx, a file of a Maildir; each may be
compressed by itself. Archives inside the archive are passed over.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

from mailstrata.errors import DamagedSourceError, SourceError
from mailstrata.message.origin import FolderInfo, MboxVariant, SkippedFile, SourceFile, SourceInfo
from mailstrata.sources.chunks import ChunkReader
from mailstrata.sources.compression import Compression
from mailstrata.sources.content import decompressed
from mailstrata.sources.files import FileReader, join_label
from mailstrata.sources.members import Member, open_member
from mailstrata.sources.one_file import absolute, size_on_disk, stamp_on_disk
from mailstrata.sources.tar_headers import TarMember, tar_members

_REASONS = {
    "sparse": "a sparse file; unpack the archive to read it",
    "link": "a link to another member",
    "other": "a device or other special file",
}


class TarSource:
    """A `Source` that is a tar archive on disk."""

    __slots__ = ("_compression", "_path", "_variant", "info")

    def __init__(
        self, path: bytes, label: str, compression: Compression | None, *, variant: MboxVariant | None = None
    ) -> None:
        self.info = SourceInfo(label, absolute(path), "tar")
        self._path = path
        self._compression = compression
        self._variant = variant

    @property
    def size(self) -> int | None:
        """The archive's size in bytes, compressed if it is."""
        return size_on_disk(self._path)

    @property
    def stamp(self) -> tuple[int, int] | None:
        """The archive's size and time of change; None where they cannot be told."""
        return stamp_on_disk(self._path)

    def files(self) -> Iterator[SourceFile | SkippedFile | FolderInfo]:
        """The members as they stand in the archive. Raises `SourceError` where it cannot be read on."""
        label = self.info.label
        with FileReader(self._path, label) as file:
            compression = self._compression
            chunks = file.chunks() if compression is None else decompressed(file, compression, label)
            with closing(chunks):
                yield from tar_files(ChunkReader(chunks), label, variant=self._variant)


def tar_files(
    reader: ChunkReader, label: str, *, variant: MboxVariant | None = None
) -> Iterator[SourceFile | SkippedFile | FolderInfo]:
    """The members of the tar archive that `reader` is. Raises `SourceError` where it cannot be read on."""
    for member in tar_members(reader, label):
        if member.kind == "folder":
            yield FolderInfo(member.name.rstrip(b"/"), member.mode, member.mtime_ns)
            continue
        if member.kind != "file":
            yield SkippedFile(member.name, _REASONS[member.kind])
            continue
        member_label = join_label(label, member.name)
        header = Member(member.name, member.size, member.mode, member.mtime_ns)
        yield open_member(header, _data(reader, member, member_label), member_label, variant=variant)


def _data(reader: ChunkReader, member: TarMember, label: str) -> Iterator[bytes]:
    """The bytes of a member. The offset of an error counts them, and not those of the archive."""
    try:
        yield from reader.take(member.size)
    except SourceError as error:
        raise type(error)(str(error), offset=reader.offset - member.start) from error
    delivered = reader.offset - member.start
    if delivered < member.size:
        raise DamagedSourceError(
            f"{label} ends too early: the archive is cut off after {delivered} of its {member.size} bytes, which were "
            "kept; get the file again",
            offset=delivered,
        )
