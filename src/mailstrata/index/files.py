"""Writing files that are either whole or not there, and saying in one line why that did not work."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mailstrata.sinks.target_errors import target_error


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn an `OSError` of the block into a `TargetError` that names `path` and says what to do."""
    try:
        yield
    except OSError as error:
        raise target_error(str(path), error) from error


def sync_directory(path: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class HashedFile(io.RawIOBase):
    """A new file, written from front to end, whose `size` (bytes) and SHA-256 are known when it is done.

    `discard` lets go of it for good: what is written afterwards goes nowhere, which lets a library close its
    own layer on top without touching the disk.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0
        self._digest = hashlib.sha256()
        # Closed by `finish` or `discard`, whichever ends it.
        self._file: io.BufferedWriter | None = path.open("wb")

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.size

    def write(self, data: bytes | memoryview) -> int:  # type: ignore[override]
        """Append; returns the number of bytes, which is always that of all of them."""
        if self._file is not None:
            self._file.write(data)
            self._digest.update(data)
        length = memoryview(data).nbytes
        self.size += length
        return length

    def finish(self) -> str:
        """Make it durable and close it; returns its SHA-256 in hexadecimal."""
        assert self._file is not None
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._file = None
        return self._digest.hexdigest()

    def discard(self) -> None:
        """Close it without a promise, and remove it. May be called again."""
        if self._file is not None:
            # Closing the raw file leaves out the flush, which could fail again on a full disk.
            self._file.raw.close()
            self._file = None
        self.path.unlink(missing_ok=True)
