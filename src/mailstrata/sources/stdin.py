"""Standard input, and named pipes and devices that were named: read once, from front to end."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import closing

from mailstrata.errors import NotAMailboxError, SourceError
from mailstrata.message.origin import FileInfo, FolderInfo, MboxVariant, SkippedFile, SourceFile, SourceInfo
from mailstrata.sources.chunks import CHUNK_BYTES, ChunkReader
from mailstrata.sources.content import StreamedFile
from mailstrata.sources.files import access_error, read_error
from mailstrata.sources.one_file import absolute
from mailstrata.sources.probe import identify, identify_compressed, not_a_mailbox

STDIN_LABEL = "standard input"
STDIN_PATH = b"-"


class StreamSource:
    """A `Source` that is a stream of bytes: an mbox, a message or a tar, compressed or not, as its first bytes say.

    `open_chunks` is called once, by `files`. With `any_content`, what is nothing else is a message: the stream was
    handed over as mail by a program.
    """

    __slots__ = ("_any_content", "_open_chunks", "_variant", "info")

    def __init__(
        self,
        info: SourceInfo,
        open_chunks: Callable[[], Generator[bytes, None, None]],
        *,
        variant: MboxVariant | None = None,
        any_content: bool = False,
    ) -> None:
        self._any_content = any_content
        self.info = info
        self._open_chunks = open_chunks
        self._variant = variant

    @property
    def size(self) -> int | None:
        """None: a stream does not say."""
        return None

    @property
    def stamp(self) -> tuple[int, int] | None:
        """None: a stream has none."""
        return None

    def files(self) -> Iterator[SourceFile | SkippedFile | FolderInfo]:
        """The one file that the stream is, or the members of the tar. Raises `SourceError` where it is no mail."""
        label = self.info.label
        with closing(self._open_chunks()) as chunks:
            stream = ChunkReader(chunks)
            found = identify(stream.peek, b"", explicit=True, variant=self._variant)
            compression = found.compression
            if compression is not None:
                from mailstrata.sources.compression import decompress  # noqa: PLC0415 - for what is compressed

                stream = ChunkReader(decompress(stream.rest(), compression, label))
                found = identify_compressed(stream, b"", found.sniffed, explicit=True, variant=self._variant)
            if found.kind == "tar":
                from mailstrata.sources.tar import tar_files  # noqa: PLC0415 - its reader is large

                yield from tar_files(stream, label, variant=self._variant)
                return
            content = found.content
            if content is None and self._any_content and found.kind != "zip":
                content = "message"
            if content is None:
                if stream.failed is not None:
                    raise stream.failed
                if found.kind == "zip":
                    raise NotAMailboxError(
                        f"{label} is a zip archive, which cannot be read as a stream; name the file instead"
                    )
                if found.kind == "empty":
                    raise NotAMailboxError(f"{label} is empty; a mailbox was expected there")
                raise not_a_mailbox(label, found.sniffed)
            yield StreamedFile(content, stream.rest(), FileInfo(compression=compression, quoting=found.quoting))


def stdin_source(variant: MboxVariant | None = None) -> StreamSource:
    """Standard input as a source."""
    return StreamSource(SourceInfo(STDIN_LABEL, STDIN_PATH, "stdin"), _stdin_chunks, variant=variant)


def pipe_source(path: bytes, label: str, variant: MboxVariant | None = None) -> StreamSource:
    """A named pipe or a device (`/dev/stdin`, `<(command)` of a shell) as a source."""
    info = SourceInfo(label, absolute(path), "stdin")
    return StreamSource(info, lambda: _pipe_chunks(path, label), variant=variant)


def _stdin_chunks() -> Generator[bytes, None, None]:
    # It stays open: it is not ours.
    if sys.stdin is None or sys.stdin.closed:
        raise SourceError(f"{STDIN_LABEL} is closed; redirect a mailbox into it, or name a file")
    offset = 0
    while True:
        try:
            data = sys.stdin.buffer.read(CHUNK_BYTES)
        except OSError as error:
            raise read_error(STDIN_LABEL, error, offset) from error
        if not data:
            return
        offset += len(data)
        yield data


def _pipe_chunks(path: bytes, label: str) -> Generator[bytes, None, None]:
    try:
        # Unlike a file's, the opening of a pipe waits for its writer.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
    except OSError as error:
        raise access_error(label, error) from error
    offset = 0
    try:
        while True:
            try:
                data = os.read(descriptor, CHUNK_BYTES)
            except OSError as error:
                raise read_error(label, error, offset) from error
            if not data:
                return
            offset += len(data)
            yield data
    finally:
        os.close(descriptor)
