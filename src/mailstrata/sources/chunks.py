"""Streams of bytes in chunks, and reading them in pieces of other sizes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mailstrata.errors import SourceError

CHUNK_BYTES = 1 << 18
"""About how many bytes are read, and handed on, at a time: few enough to stay in a processor's cache while they are
looked at several times."""


class ChunkReader:
    """Reads an iterator of chunks in pieces of any size; looks ahead without losing anything.

    Holds one chunk, or as much as was looked ahead. An error of the iterator (`SourceError`) is raised only when all
    bytes that came before it have been handed out, and again on every later attempt. `offset` counts the bytes
    handed out or skipped.
    """

    __slots__ = ("_chunks", "_current", "_error", "_position", "offset")

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._current = b""
        self._position = 0
        self._error: SourceError | None = None
        self.offset = 0

    def _advance(self) -> bool:
        """Make the next chunk the current one; False at the end, or where the stream failed."""
        if self._error is not None:
            return False
        try:
            for chunk in self._chunks:
                if chunk:
                    self._current = chunk
                    self._position = 0
                    return True
        except SourceError as error:
            self._error = error
        self._current = b""
        self._position = 0
        return False

    def raise_error(self) -> None:
        """Raise what ended the stream, if it was an error and everything before it has been handed out."""
        if self._error is not None and self._position >= len(self._current):
            raise self._error

    @property
    def failed(self) -> SourceError | None:
        """The error that ends the stream, once it has been met (also while looking ahead)."""
        return self._error

    def peek(self, size: int) -> bytes:
        """The next `size` bytes, without taking them; fewer only at the end, or before an error."""
        held = len(self._current) - self._position
        if held >= size:
            return self._current[self._position : self._position + size]
        pieces = [self._current[self._position :]]
        while held < size and self._advance():
            pieces.append(self._current)
            held += len(self._current)
        self._current = b"".join(pieces)
        self._position = 0
        return self._current[:size]

    def read(self, size: int) -> bytes:
        """The next `size` bytes; fewer only at the end. Raises the stream's error if nothing comes before it."""
        data = self.peek(size)
        self._position += len(data)
        self.offset += len(data)
        if not data and size:
            self.raise_error()
        return data

    def take(self, size: int) -> Iterator[bytes]:
        """The next `size` bytes in chunks, as they come; fewer only at the end, which is for the caller to notice."""
        while size > 0:
            if self._position >= len(self._current) and not self._advance():
                self.raise_error()
                return
            data = self._current
            if self._position or len(data) > size:
                data = data[self._position : self._position + size]
            self._position += len(data)
            self.offset += len(data)
            size -= len(data)
            yield data

    def skip(self, size: int) -> int:
        """Pass over `size` bytes; returns how many there were."""
        start = self.offset
        while size > 0:
            if self._position >= len(self._current) and not self._advance():
                self.raise_error()
                break
            step = min(size, len(self._current) - self._position)
            self._position += step
            self.offset += step
            size -= step
        return self.offset - start

    def rest(self) -> Iterator[bytes]:
        """All that is left, in chunks as they come."""
        while True:
            if self._position >= len(self._current) and not self._advance():
                self.raise_error()
                return
            data = self._current[self._position :]
            self._position = len(self._current)
            self.offset += len(data)
            yield data
