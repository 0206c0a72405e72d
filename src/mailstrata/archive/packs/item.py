"""An item: the bytes of one member while they stream in, before name and size are known.

Tar wants a member's name and size before its data, and both are known only after it. An item of up to 4 MiB is held
in memory. A larger one is compressed, 4 MiB a frame, to a spool file beside the packs; once it has ended it is
dropped, if the archive has its content already, or its finished frames are copied into a pack.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from mailstrata.archive.folder.files import remove
from mailstrata.archive.packs.frames import LARGE_FRAME, FrameCompressor, read_frame
from mailstrata.index.files import writing

SPOOL_PREFIX = ".spool-"


class Item:
    """Takes bytes, and holds at most 4 MiB and one chunk of them.

    `size` is the number of bytes written so far. After `finish`, the content is either in `buffer` (and `spool`
    is None) or, compressed, in the file `spool` of `spool_length` bytes. `discard` must be called in any case.
    """

    __slots__ = ("_compressor", "_file", "_folder", "buffer", "size", "spool", "spool_length")

    def __init__(self, folder: Path, compressor: FrameCompressor) -> None:
        self._folder = folder
        self._compressor = compressor
        self._file: BinaryIO | None = None
        self.buffer = bytearray()
        self.size = 0
        self.spool: Path | None = None
        self.spool_length = 0

    def write(self, data: bytes) -> None:
        """Add bytes. Raises `TargetError` where the spool file cannot be written."""
        self.size += len(data)
        self.buffer += data
        while len(self.buffer) > LARGE_FRAME:
            with memoryview(self.buffer) as view:
                self._write_frame(view[:LARGE_FRAME])
            del self.buffer[:LARGE_FRAME]

    def read(self) -> Iterator[bytes]:
        """All that was written so far, in pieces of at most 4 MiB, as often as one likes; writing may go on after it.

        The item must be left alone until the last piece is out. Raises `TargetError` where the spool file cannot be
        read, and `ArchiveError` where it is damaged.
        """
        if self.spool is not None:
            with writing(self.spool):
                if self._file is not None:
                    self._file.flush()
                with self.spool.open("rb") as file:
                    offset = 0
                    while frame := read_frame(file, offset):
                        offset += frame.length
                        yield frame.content()
        if self.buffer:
            yield bytes(self.buffer)

    def finish(self) -> None:
        """The item has ended. Raises `TargetError` where the spool file cannot be written."""
        if self._file is None:
            return
        if self.buffer:
            with memoryview(self.buffer) as view:
                self._write_frame(view)
            self.buffer = bytearray()
        assert self.spool is not None
        with writing(self.spool):
            self._file.flush()
        self._close()

    def _write_frame(self, content: memoryview) -> None:
        if self._file is None:
            self.spool = self._folder / f"{SPOOL_PREFIX}{secrets.token_hex(8)}"
            with writing(self.spool):
                self._file = self.spool.open("xb")
        assert self.spool is not None
        with content:
            frame = self._compressor.compress(content)
        with writing(self.spool):
            self._file.write(frame)
        self.spool_length += len(frame)

    def _close(self) -> None:
        if self._file is not None:
            file, self._file = self._file, None
            with contextlib.suppress(OSError):
                # Only a file that is about to be removed still has bytes to be written; they no longer matter.
                file.close()

    def discard(self) -> None:
        """Let go of everything, the spool file included."""
        self._close()
        self.buffer = bytearray()
        if self.spool is not None:
            with writing(self.spool):
                remove(self.spool)
            self.spool = None
