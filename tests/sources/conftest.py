"""What the tests of sources share: made-up mail, reading a source to its end, and counting open files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from mailstrata.errors import SourceError
from mailstrata.message.origin import Failure, FileInfo, FolderInfo, SkippedFile, Source, SourceFile
from mailstrata.sources.discover import find_sources


@dataclass
class ReadFile:
    """One file of a source after it was read: its regions, and what ended it early."""

    info: FileInfo
    regions: list[tuple[str, bytes]] = field(default_factory=list)
    error: SourceError | None = None

    @property
    def data(self) -> bytes:
        return b"".join(data for _, data in self.regions)


@dataclass
class ReadSource:
    """A source after it was read."""

    files: list[ReadFile]
    skipped: list[SkippedFile]
    error: SourceError | None = None
    folders: list[FolderInfo] = field(default_factory=list)

    @property
    def names(self) -> list[bytes]:
        return [file.info.name for file in self.files]


def _read_file(file: SourceFile) -> ReadFile:
    result = ReadFile(file.info)
    try:
        for region in file.regions():
            data = bytearray()
            try:
                for chunk in region.chunks:
                    data += chunk
            finally:
                result.regions.append((region.kind, bytes(data)))
    except SourceError as error:
        result.error = error
    return result


def _read_source(source: Source) -> ReadSource:
    result = ReadSource([], [])
    try:
        for file in source.files():
            if isinstance(file, SkippedFile):
                result.skipped.append(file)
            elif isinstance(file, FolderInfo):
                result.folders.append(file)
            else:
                result.files.append(_read_file(file))
    except SourceError as error:
        result.error = error
    return result


@pytest.fixture
def read_file() -> Callable[[SourceFile], ReadFile]:
    """Reads a source file to its end."""
    return _read_file


@pytest.fixture
def read() -> Callable[[Source], ReadSource]:
    """Reads a source to its end."""
    return _read_source


@pytest.fixture
def read_one() -> Callable[..., ReadSource]:
    """Finds and reads the one source that a path leads to."""

    def find(path: Path, **options: str) -> ReadSource:
        found = list(find_sources([path], **options))
        assert len(found) == 1, found
        assert not isinstance(found[0], Failure), found[0].error
        return _read_source(found[0])

    return find


@pytest.fixture
def message() -> Callable[..., bytes]:
    """Makes a message; the number makes it differ from others."""

    def make(number: int = 1, body: bytes = b"Good morning.\n") -> bytes:
        return b"From: Ada <ada@example.org>\nSubject: Note %d\nDate: Mon, 3 Mar 2025 10:00:00 +0000\n\n%s" % (
            number,
            body,
        )

    return make


@pytest.fixture
def mbox(message: Callable[..., bytes]) -> Callable[..., bytes]:
    """Makes an mbox of some messages."""

    def make(count: int = 2, body: bytes = b"Good morning.\n") -> bytes:
        line = b"From ada@example.org Mon Mar  3 10:00:00 2025\n"
        return b"".join(line + message(number, body) + b"\n" for number in range(count))

    return make


@pytest.fixture(autouse=True)
def no_open_files() -> Iterator[None]:
    """Every test ends with as many open file descriptors as it began with."""
    descriptors = Path("/proc/self/fd")
    if not descriptors.exists():
        yield
        return
    before = sum(1 for _ in descriptors.iterdir())
    yield
    assert sum(1 for _ in descriptors.iterdir()) <= before
