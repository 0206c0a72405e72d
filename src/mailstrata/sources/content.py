"""Files with mail in them: one on disk that can be opened, and one that streams by in something else."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing

from mailstrata.errors import DamagedSourceError, SourceError, UsageError
from mailstrata.message.origin import FileInfo, LengthCheck, PrefixDigest, Region
from mailstrata.sources.chunks import CHUNK_BYTES
from mailstrata.sources.files import FileReader, display
from mailstrata.sources.mbox_variant import LOOK_BYTES, begins_message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal, TypeAlias

    from mailstrata.sources.compression import Compression

Content: TypeAlias = "Literal['mbox', 'message', 'emlx']"
"""What a file with mail holds: messages with `From ` lines, one message, or one as Apple Mail keeps it."""


def regions_of(content: Content, chunks: Iterator[bytes]) -> Generator[Region, None, None]:
    """The regions of a file of that content; they tile it."""
    if content == "emlx":
        from mailstrata.sources.emlx import emlx_regions  # noqa: PLC0415 - for what only Apple Mail keeps

        yield from emlx_regions(chunks)
    else:
        yield Region(content, chunks)


class DiskFile:
    """A `SourceFile` that is a file of the file system.

    `check_lengths` says that it is an mbox whose Content-Length fields may be asked about (see `length_check`).

    The file is read as it was when `info` was made, by its size and the time of its last change: what was added since
    is left for another run, and any change is noticed, also one between two readings of the same object.
    """

    __slots__ = ("_check_lengths", "_content", "_label", "_path", "_reader", "info")

    def __init__(
        self, path: bytes, label: str, content: Content, info: FileInfo, *, check_lengths: bool = False
    ) -> None:
        self._path = path
        self._label = label
        self._content = content
        self._check_lengths = check_lengths
        self._reader: FileReader | None = None
        self.info = info

    @property
    def length_check(self) -> LengthCheck | None:
        """For a plain mbox that carries Content-Length fields; a compressed one cannot be looked into."""
        return self._leads_to_message if self._check_lengths and self.info.compression is None else None

    def _leads_to_message(self, offset: int) -> bool:
        # Without the open file of `regions` it cannot be told.
        return self._reader is not None and leads_to_message(self._reader, offset)

    @property
    def can_start(self) -> bool:
        """Whether it is an uncompressed mbox."""
        return self._content == "mbox" and self.info.compression is None

    def regions(self, start: int = 0) -> Generator[Region, None, None]:
        """See `SourceFile.regions`. Raises `SourceError`."""
        if start and not self.can_start:
            raise cannot_start(self._label)
        return self._regions(start)

    def _regions(self, start: int) -> Generator[Region, None, None]:
        with self._open() as reader:
            self._reader = reader
            try:
                with closing(self._chunks(reader, start)) as chunks:
                    yield from regions_of(self._content, chunks)
            finally:
                self._reader = None

    def _open(self) -> FileReader:
        size, mtime_ns = self.info.size, self.info.mtime_ns
        return FileReader(self._path, self._label, None if size is None or mtime_ns is None else (size, mtime_ns))

    def _chunks(self, reader: FileReader, start: int) -> Generator[bytes, None, None]:
        if self.info.compression is None:
            return reader.chunks(start)
        return decompressed(reader, self.info.compression, self._label)

    def prefix_digest(self, length: int, at: int) -> PrefixDigest | None:
        """See `SourceFile.prefix_digest`. Raises `SourceError`."""
        if not 0 <= at <= length:
            raise UsageError(f"a digest of {length} bytes has no state at byte {at}")
        if self.info.compression is not None:
            return None
        with self._open() as reader:
            return None if reader.size < length else _prefix_digest(reader, length, at)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._label}>"


def decompressed(reader: FileReader, compression: Compression, label: str) -> Generator[bytes, None, None]:
    """What a compressed file holds. Raises `SourceError`, after what could be read."""
    from mailstrata.sources.compression import decompress  # noqa: PLC0415 - for what is compressed

    with closing(decompress(reader.chunks(), compression, label)) as chunks:
        try:
            yield from chunks
        except DamagedSourceError as error:
            # A file that is being written ends anywhere: that it changed says more than that it is cut off.
            reader.check_unchanged(error.offset or 0)
            raise


def leads_to_message(reader: FileReader, offset: int) -> bool:
    """Whether at `offset`, after at most two line breaks, a `From ` line begins or the file ends."""
    try:
        data = reader.read_at(offset, LOOK_BYTES)
    except SourceError:  # a failing disk is for the reader of the content to report
        return False
    if not data:
        return offset == reader.size
    return begins_message(data, complete=len(data) < LOOK_BYTES)


def _prefix_digest(reader: FileReader, length: int, at: int) -> PrefixDigest | None:
    from hashlib import sha256  # noqa: PLC0415 - slow to import

    digest = sha256()
    state = digest.copy()
    offset = 0
    while offset < length:
        end = at if offset < at else length
        data = reader.read_at(offset, min(CHUNK_BYTES, end - offset))
        if not data:
            return None
        digest.update(data)
        offset += len(data)
        if offset == at:
            state = digest.copy()
    return None if reader.has_changed() else PrefixDigest(state, digest.hexdigest())


def cannot_start(label: str) -> UsageError:
    """What to raise where a file that can only be read from its first byte is to be read from another one."""
    return UsageError(f"{label} can only be read from its first byte; ask `can_start` first")


class StreamedFile:
    """A `SourceFile` that streams by: a member of an archive, or standard input. Its regions can be read once."""

    __slots__ = ("_chunks", "_content", "info")

    can_start = False

    def __init__(self, content: Content, chunks: Iterator[bytes], info: FileInfo) -> None:
        self._content = content
        self._chunks = chunks
        self.info = info

    @property
    def length_check(self) -> LengthCheck | None:
        """None: a stream cannot be looked into."""
        return None

    def regions(self, start: int = 0) -> Generator[Region, None, None]:
        """See `SourceFile.regions`. Raises `SourceError`."""
        if start:
            raise cannot_start(display(self.info.name) or "a stream")
        return regions_of(self._content, self._chunks)

    def prefix_digest(self, length: int, at: int) -> PrefixDigest | None:  # noqa: ARG002 - as in SourceFile
        """None: what has streamed by is gone."""
        return None
