"""The lines of a snapshot that a worker writes: a stretch of them, which the coordinator puts where it belongs."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from mailstrata.archive.folder.files import remove
from mailstrata.archive.packs.item import SPOOL_PREFIX
from mailstrata.archive.snapshots.segments import INLINE_BYTES, SegmentWriter
from mailstrata.archive.writing.store import ContentStore
from mailstrata.errors import TargetError
from mailstrata.index.files import writing
from mailstrata.message.origin import FileInfo, SourceInfo

_IN_MEMORY = 1 << 20
_PIECE = 1 << 20


class Fragment(SegmentWriter):
    """Writes lines as a `SegmentWriter` does, without the first line of a segment.

    Beyond 1 MiB they go to a file in `folder`, which the reader removes. `kept` is called with the size of each gap
    that was too large for a line, once the store was asked to keep it.
    """

    def __init__(
        self, store: ContentStore, source: SourceInfo, snapshot: str, folder: Path, kept: Callable[[int], None]
    ) -> None:
        super().__init__(store, source, snapshot)
        self._folder = folder
        self._kept = kept
        self._text = bytearray()
        self._spool: BinaryIO | None = None
        self.spooled = ""
        self.own_lines = 0

    def go_on(self, file: FileInfo, offset: int) -> None:
        """What follows is of a file whose line stands before this fragment, from `offset` on."""
        self._file = file
        self._position = offset

    @property
    def position(self) -> int:
        """Up to which offset of the file all has been written."""
        return self._position

    def _end_run(self) -> None:
        run = self._run
        super()._end_run()
        if run is not None and run.end - run.start > INLINE_BYTES:
            self._kept(run.end - run.start)

    def _append(self, data: bytes) -> None:
        self._text += data
        if len(self._text) > _IN_MEMORY:
            self._write_out()

    def _write_out(self) -> None:
        if self._spool is None:
            self.spooled = str(self._folder / f"{SPOOL_PREFIX}{secrets.token_hex(8)}")
        with writing(Path(self.spooled)):
            if self._spool is None:
                self._spool = Path(self.spooled).open("xb")  # noqa: SIM115 - closed by take or discard
            self._spool.write(self._text)
        self._text.clear()

    def take(self) -> bytes:
        """The fragment has ended: its lines, unless they are in the file `spooled`. Raises `TargetError`."""
        self._end_run()
        self._write_held()
        self.own_lines = self._own_lines
        if self._spool is None:
            return bytes(self._text)
        self._write_out()
        with writing(Path(self.spooled)):
            self._spool.close()
        return b""

    def discard(self) -> None:
        """Let go of what was not taken. The file itself goes with what else the run has left."""
        super().discard()
        if self._spool is not None:
            # What it could not write no longer matters.
            with suppress(OSError):
                self._spool.close()


def spooled_lines(path: str) -> Iterator[bytes]:
    """The lines in such a file, in pieces; it is removed at the end. Raises `TargetError`."""
    try:
        with Path(path).open("rb") as file:
            while data := file.read(_PIECE):
                yield data
        remove(Path(path))
    except OSError as error:
        raise TargetError(f"cannot read {path}: {error.strerror}; check the disk") from error
