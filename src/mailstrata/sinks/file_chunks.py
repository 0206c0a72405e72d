"""The chunks of one file on their way to the parser: counted, hashed, and ended by an error of the source."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from mailstrata.errors import SourceChangedError, SourceError
from mailstrata.message.origin import Region
from mailstrata.sinks.file_digest import FileDigest
from mailstrata.sinks.protocol import FileOutcome


class FileChunks:
    """The chunks of a file's regions, from `offset` on. `digest`, if there is one, takes them, `note` their sizes.

    An error of the source ends them, and is kept: what came before it is delivered like any other input, so that
    the message it cuts short is kept as far as it goes.
    """

    __slots__ = ("_chunks", "_note", "digest", "error", "offset")

    def __init__(self, offset: int, digest: FileDigest | None, note: Callable[[int], None]) -> None:
        self._chunks: Iterator[bytes] = iter(())
        self._note = note
        self.digest = digest
        self.offset = offset
        self.error: SourceError | None = None

    def regions(self, regions: Iterator[Region]) -> Iterator[Region]:
        """The regions one after the other, until one cannot be read on. Iterating this object then gives the chunks of
        the region that was taken last."""
        while self.error is None:
            # Only what the source does may fail as a source; sinks are called outside of this.
            try:
                region = next(regions, None)
            except SourceError as error:
                self.error = error
                return
            if region is None:
                return
            self._chunks = region.chunks
            yield region

    def __iter__(self) -> Iterator[bytes]:
        while True:
            try:
                chunk = next(self._chunks, None)
            except SourceError as error:
                self.error = error
                return
            if chunk is None:
                return
            self.offset += len(chunk)
            if self.digest is not None:
                self.digest.update(chunk)
            self._note(len(chunk))
            yield chunk

    def sha256_at(self, offset: int) -> str | None:
        """The digest of what stands before `offset`; None where it is not known."""
        return None if self.digest is None else self.digest.hexdigest_at(offset)

    def outcome(self) -> FileOutcome:
        """How the file ended."""
        return FileOutcome(
            complete=self.error is None,
            length=self.offset,
            sha256=None if self.digest is None else self.digest.hexdigest(),
            changed=isinstance(self.error, SourceChangedError),
        )
