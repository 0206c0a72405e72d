"""A message of an archive in the pull form, read from its packs as it is gone through."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mailstrata.message.origin import FileInfo, Region, SourceInfo
from mailstrata.message.reader import Message, Reader

if TYPE_CHECKING:
    from mailstrata.archive.reading.reader import Archive
    from mailstrata.message.origin import LengthCheck


class _ArchivedFile:
    """A message of an archive, as a file that the reader takes for one message whatever its first line is."""

    def __init__(self, archive: Archive, digest: str) -> None:
        self._archive = archive
        self._digest = digest
        self.info = FileInfo()
        self.length_check: LengthCheck | None = None
        self.can_start = False

    def prefix_digest(self, length: int, at: int) -> None:
        """None: this is no file on disk."""

    def regions(self, start: int = 0) -> Generator[Region, None, None]:  # noqa: ARG002
        """The message is all there is."""
        yield Region("message", iter(self._archive.read_message(self._digest)))


@contextmanager
def archived_message(archive: Archive, digest: str) -> Iterator[Message]:
    """The message of that SHA-256, to be gone through once. Raises as `Archive.read_message`."""
    source = SourceInfo(label=digest, path=digest.encode(), kind="eml")
    with Reader([(source, _ArchivedFile(archive, digest))], digests=False) as reader:
        yield next(reader)
