"""An item: the bytes of one member while they stream in, before name and size are known.

Tar wants a member's name and size before its data, and both are known only after it. An item of up to 4 MiB is held
in memory. A larger one is compressed, 4 MiB a frame, to a spool file beside the packs; once it has ended it is
dropped, if the archive has its content already, or its finished frames are copied into a pack. A very large spool
becomes a pack itself (`own_pack`): room for the frame with the tar header is left before the others.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO

from mailstrata.archive.folder.files import remove
from mailstrata.archive.packs import tar_format
from mailstrata.archive.packs.frames import LARGE_FRAME, STORED_EXTRA, FrameCompressor, gains, read_frame
from mailstrata.index.files import writing
from mailstrata.sinks.background_thread import BackgroundThread
from mailstrata.sinks.stream_digest import LARGE_STREAM, usable_processors

SPOOL_PREFIX = ".spool-"
SPOOL_START = tar_format.BLOCK + STORED_EXTRA
"""Where the frames of the content begin in a spool file. What stands before them is nothing yet."""

_SMALL = 32 << 10


class Item:
    """Takes bytes, and holds at most 4 MiB and one chunk of them.

    `size` is the number of bytes written so far. After `finish`, the content is either in `buffer` (and `spool` is
    None) or, compressed, in the file `spool`: `spool_length` bytes from `SPOOL_START` on. `discard` must be called in
    any case.

    Up to 4 MiB, large pieces are kept as they come; small ones, of which there may be millions, are put together first.
    Beyond, all are copied into one buffer that is used for every frame: fresh memory for each, and for what is joined
    on the way, took the kernel longer to provide than the copying. From 8 MiB on there are two, where there is a second
    processor: a thread compresses and writes one while the other is filled.
    """

    __slots__ = (
        "_background",
        "_compressor",
        "_file",
        "_folder",
        "_frame",
        "_held",
        "_looks_compressed",
        "_other_frame",
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
        self._frame: memoryview | None = None  # what is held, once there is more of the content
        self._other_frame: memoryview | None = None  # the one that is being written in the background
        self._background: BackgroundThread | None = None
        self._held = 0
        self._looks_compressed = False  # whether the frame before did
        self.buffer = b""
        self.size = 0
        self.spool: Path | None = None
        self.spool_length = 0

    def write(self, data: bytes) -> None:
        """Add bytes. Raises `TargetError` where the spool file cannot be written."""
        size = len(data)
        self.size += size
        if self._frame is not None:
            self._fill(self._frame, data)
            return
        self._held += size
        if size < _SMALL:
            self._small += data
            if len(self._small) >= _SMALL:
                self._end_small()
        else:
            self._end_small()
            self._pieces.append(data)
        if self._held > LARGE_FRAME:
            content = self._take()
            self._frame = memoryview(bytearray(LARGE_FRAME))
            self._fill(self._frame, content)

    def _fill(self, frame: memoryview, data: bytes) -> None:
        """Copy bytes behind what is held; a frame is written when it is full and more follows."""
        end = self._held + len(data)
        if end <= LARGE_FRAME:
            frame[self._held : end] = data
            self._held = end
            return
        at = 0
        with memoryview(data) as view:
            while at < len(data):
                if self._held == LARGE_FRAME:
                    frame = self._full(frame)
                step = min(len(data) - at, LARGE_FRAME - self._held)
                frame[self._held : self._held + step] = view[at : at + step]
                self._held += step
                at += step

    def _full(self, frame: memoryview) -> memoryview:
        """Have a full frame written; returns the one to be filled next."""
        background = self._background
        if background is None and self.size >= LARGE_STREAM and usable_processors() > 1:
            background = self._background = BackgroundThread(LARGE_FRAME)
            self._other_frame = memoryview(bytearray(LARGE_FRAME))
        self._held = 0
        if background is None:
            self._write_frame(frame)
            return frame
        # Returns when the other one is written.
        background.put(partial(self._write_frame, frame), LARGE_FRAME)
        following = self._other_frame
        assert following is not None
        self._frame, self._other_frame = following, frame
        return following

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
        if self._background is not None:
            self._background.wait()
        if self.spool is not None:
            with writing(self.spool):
                if self._file is not None:
                    self._file.flush()
                with self.spool.open("rb") as file:
                    offset = file.seek(SPOOL_START)
                    while frame := read_frame(file, offset):
                        offset += frame.length
                        yield frame.content()
        if self._frame is not None:
            yield bytes(self._frame[: self._held])
        elif self._held:
            self._end_small()
            yield b"".join(self._pieces)
        elif self.buffer:
            yield self.buffer

    def finish(self) -> None:
        """The item has ended. Raises `TargetError` where the spool file cannot be written."""
        if self._frame is None:
            self.buffer = self._take()
            return
        if self._background is not None:
            self._background.wait()
        with self._frame[: self._held] as content:
            self._write_frame(content)
        self._let_go_of_memory()
        assert self._file is not None
        assert self.spool is not None
        with writing(self.spool):
            self._file.flush()
        self._close()

    def _write_frame(self, content: memoryview) -> None:
        if self._file is None:
            self.spool = self._folder / f"{SPOOL_PREFIX}{secrets.token_hex(8)}"
            with writing(self.spool):
                self._file = self.spool.open("xb")
                self._file.write(bytes(SPOOL_START))
        assert self.spool is not None
        frame = self._compressed(content)
        with writing(self.spool):
            self._file.write(frame)
        self.spool_length += len(frame)

    def _compressed(self, content: memoryview) -> bytes:
        """The frame of that content. Behind content that is compressed already more of it is expected, so that the
        quick way is tried at once, and its result tells more than a sample."""
        compressor = self._compressor
        if self._looks_compressed:
            frame = compressor.compress(content, looks_compressed=True)
            if not gains(len(content), len(frame)):
                return frame
        self._looks_compressed = compressor.is_compressed(content)
        return compressor.compress(content, looks_compressed=self._looks_compressed)

    def _let_go_of_memory(self) -> None:
        self._pieces = []
        self._small = bytearray()
        self._frame = None
        self._other_frame = None
        self._held = 0

    def _close(self) -> None:
        if self._file is not None:
            file, self._file = self._file, None
            with contextlib.suppress(OSError):
                # Only a file that is about to be removed still has bytes to be written; they no longer matter.
                file.close()

    def hand_over(self) -> None:
        """The spool file of the finished item is somebody else's now."""
        self.spool = None

    def discard(self) -> None:
        """Let go of everything, the spool file included."""
        if self._background is not None:
            self._background.settle()
        self._close()
        self._let_go_of_memory()
        self.buffer = b""
        if self.spool is not None:
            with writing(self.spool):
                remove(self.spool)
            self.spool = None
