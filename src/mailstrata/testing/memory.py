"""Sources whose bytes lie in memory, for tests."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field, replace

from mailstrata.errors import SourceError, UsageError
from mailstrata.message.origin import (
    FileInfo,
    FolderInfo,
    LengthCheck,
    MboxVariant,
    PrefixDigest,
    Region,
    RegionKind,
    SkippedFile,
    SourceInfo,
    SourceKind,
)

CHUNK_BYTES = 1 << 20
"""What real sources read at a time."""


@dataclass(frozen=True, slots=True)
class MemoryFile:
    """A file made of regions, each a kind and its bytes, handed out in chunks of `chunk_bytes`.

    With `error`, reading ends with that error after the last byte, as a truncated file does. A file that `info` does
    not call compressed is like one on disk: there are digests of its beginning, and an mbox can be read from any byte.
    """

    contents: tuple[tuple[RegionKind, bytes], ...]
    info: FileInfo = field(default_factory=FileInfo)
    chunk_bytes: int = CHUNK_BYTES
    error: SourceError | None = None
    length_check: LengthCheck | None = None

    @property
    def can_start(self) -> bool:
        """Whether it is an uncompressed mbox."""
        return [kind for kind, _ in self.contents] == ["mbox"] and self.info.compression is None

    def regions(self, start: int = 0) -> Generator[Region, None, None]:
        """Go through the file once, as `SourceFile.regions` says."""
        if start and not self.can_start:
            raise UsageError("this file can only be read from its first byte; ask `can_start` first")
        return self._regions(start)

    def _regions(self, start: int) -> Generator[Region, None, None]:
        for place, (kind, data) in enumerate(self.contents, 1):
            yield Region(kind, self._chunks(data, start, is_last=place == len(self.contents)))

    def _chunks(self, data: bytes, start: int, *, is_last: bool) -> Iterator[bytes]:
        for offset in range(start, len(data), self.chunk_bytes):
            yield data[offset : offset + self.chunk_bytes]
        if is_last and self.error is not None:
            raise self.error

    def prefix_digest(self, length: int, at: int) -> PrefixDigest | None:
        """As `SourceFile.prefix_digest` says."""
        data = b"".join(data for _, data in self.contents)
        if self.info.compression is not None or len(data) < length:
            return None
        return PrefixDigest(hashlib.sha256(data[:at]), hashlib.sha256(data[:length]).hexdigest())


@dataclass(frozen=True, slots=True)
class MemorySource:
    """A source that can be gone through as often as one likes. `stamp` is that of `Source`."""

    info: SourceInfo
    contents: tuple[MemoryFile | SkippedFile | FolderInfo, ...]
    stamp: tuple[int, int] | None = None

    @property
    def size(self) -> int:
        """Bytes in all files."""
        return sum(len(data) for file in self.contents if isinstance(file, MemoryFile) for _, data in file.contents)

    def files(self) -> Iterator[MemoryFile | SkippedFile | FolderInfo]:
        """The files in the order given."""
        return iter(self.contents)

    def in_chunks(self, chunk_bytes: int) -> MemorySource:
        """The same source, handed out in chunks of that many bytes."""
        contents = tuple(
            replace(file, chunk_bytes=chunk_bytes) if isinstance(file, MemoryFile) else file for file in self.contents
        )
        return replace(self, contents=contents)


def memory_mbox(
    name: str,
    data: bytes,
    quoting: MboxVariant = "mboxrd",
    *,
    mtime_ns: int | None = None,
    error: SourceError | None = None,
) -> MemorySource:
    """A source that is one mbox.

    With `mtime_ns` it has a stamp, as one on disk has: made again under the same name, with another time and more
    data, it has grown. With `error` reading ends with that.
    """
    info = FileInfo(size=len(data), mtime_ns=mtime_ns, quoting=quoting)
    return _source(name, "mbox", [MemoryFile((("mbox", data),), info, error=error)], _stamp(data, mtime_ns))


def memory_message(name: str, data: bytes, *, mtime_ns: int | None = None) -> MemorySource:
    """A source that is one message in a file of its own; `mtime_ns` as for `memory_mbox`."""
    info = FileInfo(size=len(data), mtime_ns=mtime_ns)
    return _source(name, "eml", [MemoryFile((("message", data),), info)], _stamp(data, mtime_ns))


def memory_tree(
    name: str, files: Iterable[MemoryFile | SkippedFile | FolderInfo], kind: SourceKind = "eml-tree"
) -> MemorySource:
    """A source of many files: a tree of messages, a Maildir."""
    return _source(name, kind, files)


def _stamp(data: bytes, mtime_ns: int | None) -> tuple[int, int] | None:
    return None if mtime_ns is None else (len(data), mtime_ns)


def _source(
    name: str,
    kind: SourceKind,
    files: Iterable[MemoryFile | SkippedFile | FolderInfo],
    stamp: tuple[int, int] | None = None,
) -> MemorySource:
    return MemorySource(SourceInfo(name, b"/memory/" + name.encode(), kind), tuple(files), stamp)
