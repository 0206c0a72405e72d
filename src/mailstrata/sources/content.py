"""Files with mail in them: one on disk that can be opened, and one that streams by in something else."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from typing import Literal

from mailstrata.errors import SourceError
from mailstrata.message.origin import FileInfo, LengthCheck, Region
from mailstrata.sources.compression import decompress
from mailstrata.sources.emlx import emlx_regions
from mailstrata.sources.files import FileReader
from mailstrata.sources.mbox_variant import LOOK_BYTES, begins_message

Content = Literal["mbox", "message", "emlx"]
"""What a file with mail holds: messages with `From ` lines, one message, or one as Apple Mail keeps it."""


def regions_of(content: Content, chunks: Iterator[bytes]) -> Generator[Region, None, None]:
    """The regions of a file of that content; they tile it."""
    if content == "emlx":
        yield from emlx_regions(chunks)
    else:
        yield Region(content, chunks)


class DiskFile:
    """A `SourceFile` that is a file of the file system.

    `check_lengths` says that it is an mbox whose Content-Length fields may be asked about (see `length_check`).
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

    def regions(self) -> Generator[Region, None, None]:
        """See `SourceFile.regions`. Raises `SourceError`."""
        with FileReader(self._path, self._label) as reader:
            self._reader = reader
            try:
                with closing(self._chunks(reader)) as chunks:
                    yield from regions_of(self._content, chunks)
            finally:
                self._reader = None

    def _chunks(self, reader: FileReader) -> Generator[bytes, None, None]:
        if self.info.compression is None:
            return reader.chunks()
        return decompress(reader.chunks(), self.info.compression, self._label)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._label}>"


def leads_to_message(reader: FileReader, offset: int) -> bool:
    """Whether at `offset`, after at most two line breaks, a `From ` line begins or the file ends."""
    try:
        data = reader.read_at(offset, LOOK_BYTES)
    except SourceError:  # a failing disk is for the reader of the content to report
        return False
    if not data:
        return offset == reader.status.st_size
    return begins_message(data, complete=len(data) < LOOK_BYTES)


class StreamedFile:
    """A `SourceFile` that streams by: a member of an archive, or standard input. Its regions can be read once."""

    __slots__ = ("_chunks", "_content", "info")

    def __init__(self, content: Content, chunks: Iterator[bytes], info: FileInfo) -> None:
        self._content = content
        self._chunks = chunks
        self.info = info

    @property
    def length_check(self) -> LengthCheck | None:
        """None: a stream cannot be looked into."""
        return None

    def regions(self) -> Generator[Region, None, None]:
        """See `SourceFile.regions`. Raises `SourceError`."""
        return regions_of(self._content, self._chunks)
