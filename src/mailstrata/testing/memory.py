"""Sources whose bytes lie in memory, for tests."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field, replace

from mailstrata.errors import SourceError
from mailstrata.message.origin import (
    FileInfo,
    LengthCheck,
    MboxVariant,
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

    With `error`, reading ends with that error after the last byte, as a truncated file does.
    """

    contents: tuple[tuple[RegionKind, bytes], ...]
    info: FileInfo = field(default_factory=FileInfo)
    chunk_bytes: int = CHUNK_BYTES
    error: SourceError | None = None
    length_check: LengthCheck | None = None

    def regions(self) -> Generator[Region, None, None]:
        """Go through the file once, as `SourceFile.regions` says."""
        for place, (kind, data) in enumerate(self.contents, 1):
            yield Region(kind, self._chunks(data, is_last=place == len(self.contents)))

    def _chunks(self, data: bytes, *, is_last: bool) -> Iterator[bytes]:
        for start in range(0, len(data), self.chunk_bytes):
            yield data[start : start + self.chunk_bytes]
        if is_last and self.error is not None:
            raise self.error


@dataclass(frozen=True, slots=True)
class MemorySource:
    """A source that can be gone through as often as one likes."""

    info: SourceInfo
    contents: tuple[MemoryFile | SkippedFile, ...]

    @property
    def size(self) -> int:
        """Bytes in all files."""
        return sum(len(data) for file in self.contents if isinstance(file, MemoryFile) for _, data in file.contents)

    def files(self) -> Iterator[MemoryFile | SkippedFile]:
        """The files in the order given."""
        return iter(self.contents)

    def in_chunks(self, chunk_bytes: int) -> MemorySource:
        """The same source, handed out in chunks of that many bytes."""
        contents = tuple(
            replace(file, chunk_bytes=chunk_bytes) if isinstance(file, MemoryFile) else file for file in self.contents
        )
        return replace(self, contents=contents)


def memory_mbox(name: str, data: bytes, quoting: MboxVariant = "mboxrd") -> MemorySource:
    """A source that is one mbox."""
    file = MemoryFile((("mbox", data),), FileInfo(size=len(data), quoting=quoting))
    return _source(name, "mbox", [file])


def memory_message(name: str, data: bytes) -> MemorySource:
    """A source that is one message in a file of its own."""
    return _source(name, "eml", [MemoryFile((("message", data),), FileInfo(size=len(data)))])


def memory_tree(name: str, files: Iterable[MemoryFile | SkippedFile], kind: SourceKind = "eml-tree") -> MemorySource:
    """A source of many files: a tree of messages, a Maildir."""
    return _source(name, kind, files)


def _source(name: str, kind: SourceKind, files: Iterable[MemoryFile | SkippedFile]) -> MemorySource:
    return MemorySource(SourceInfo(name, b"/memory/" + name.encode(), kind), tuple(files))
