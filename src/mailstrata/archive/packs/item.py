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
_SMALL = 32 << 10


class Item:
    """Takes bytes, and holds at most 4 MiB and one chunk of them.

    `size` is the number of bytes written so far. After `finish`, the content is either in `buffer` (and `spool`
    is None) or, compressed, in the file `spool` of `spool_length` bytes. `discard` must be called in any case.

    Large pieces are kept as they come until there are 4 MiB of them; small ones, of which there may be millions, are
    put together first.
    """

    __slots__ = (
        "_compressor",
        "_file",
        "_folder",
        "_held",
        "_pieces",
        "_small",
        "buffer",
        "size",
        "spool",
        "spool_length",
    )

    def __init__(self, folder: Path, compressor: FrameCompressor) -> None:
        self._folder = folder
        self._compressor = compressor
        self._file: BinaryIO | None = None
        self._pieces: list[bytes] = []
        self._small = bytearray()  # what stands behind the pieces
        self._held = 0
        self.buffer = b""
        self.size = 0
        self.spool: Path | None = None
        self.spool_length = 0

    def write(self, data: bytes) -> None:
        """Add bytes. Raises `TargetError` where the spool file cannot be written."""
        size = len(data)
        self.size += size
        self._held += size
        if size < _SMALL:
            self._small += data
            if len(self._small) >= _SMALL:
                self._end_small()
        else:
            self._end_small()
            self._pieces.append(data)
        while self._held > LARGE_FRAME:
            content = self._take()
            with memoryview(content) as view:
                self._write_frame(view[:LARGE_FRAME])
                rest = bytes(view[LARGE_FRAME:])
            self._pieces.append(rest)
            self._held = len(rest)

    def _end_small(self) -> None:
        if self._small:
            self._pieces.append(bytes(self._small))
            self._small = bytearray()

    def _take(self) -> bytes:
        """All that is held, which then is not any more."""
        self._end_small()
        content = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        self._pieces = []
        self._held = 0
        return content

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
        if self._held:
            self._end_small()
            yield b"".join(self._pieces)
        elif self.buffer:
            yield self.buffer

    def finish(self) -> None:
        """The item has ended. Raises `TargetError` where the spool file cannot be written."""
        content = self._take()
        if self._file is None:
            self.buffer = content
            return
        if content:
            with memoryview(content) as view:
                self._write_frame(view)
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
            frame = self._compressor.compress(content, looks_compressed=self._compressor.is_compressed(content))
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
        self._pieces = []
        self._small = bytearray()
        self._held = 0
        self.buffer = b""
        if self.spool is not None:
            with writing(self.spool):
                remove(self.spool)
            self.spool = None
