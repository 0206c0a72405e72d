"""Where the decoded content of a part goes while it is not yet known whether the part can be taken out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Protocol

_READ_BYTES = 1 << 20


class BlobUnderWay(Protocol):
    """Decoded content that is still being written. Its owner is the `Stripper` until `end_part` hands it out in a
    `StrippedPart`; from then on it is the caller's."""

    def write(self, data: bytes, /) -> object:
        """Take the next bytes of the content, all of them; never called with none."""
        ...

    def read(self) -> Iterator[bytes]:
        """What was written so far, in pieces. Nothing is written after it: the part is kept as it is, and its bytes
        come back out of the blob."""
        ...

    def discard(self) -> None:
        """The content is not wanted: let go of what it takes up. Called once, and nothing after it."""
        ...


class FileBlob:
    """A blob in a file that is open for reading and writing, such as `tempfile.TemporaryFile()`.

    The file belongs to the blob: `discard` closes it. One that was handed out is closed by whoever got it.
    """

    __slots__ = ("file",)

    def __init__(self, file: BinaryIO) -> None:
        self.file = file

    def write(self, data: bytes) -> None:
        """Append the next bytes."""
        self.file.write(data)

    def read(self) -> Iterator[bytes]:
        """The content from its beginning, in pieces of at most 1 MiB."""
        self.file.seek(0)
        while data := self.file.read(_READ_BYTES):
            yield data

    def discard(self) -> None:
        """Close the file."""
        self.file.close()
