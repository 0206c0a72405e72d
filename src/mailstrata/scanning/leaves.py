"""The leaves of messages as contents to scan: a sink that keeps each one until its digest is known."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from typing import IO, ClassVar

from mailstrata.message.info import MessageInfo, PartInfo
from mailstrata.scanning.clamd import SMALL
from mailstrata.scanning.content import Content
from mailstrata.sinks.protocol import Sink, Wants
from mailstrata.sinks.target_errors import target_error

_PIECE = 1 << 20


class LeafSink(Sink):
    """Hands on the leaves that are `wanted`, asked by digest when the leaf has ended. A content is good until the next
    message begins, if it is small for good.

    Keeps `SMALL` bytes of a leaf in memory, more in a temporary file.
    """

    name: ClassVar[str] = "leaves"
    wants = Wants.DECODED | Wants.DIGESTS

    def __init__(self, wanted: Callable[[str], bool], found: Callable[[Content], None]) -> None:
        self._wanted = wanted
        self._found = found
        self._pieces: list[bytes] = []
        self._held = 0
        self._file: IO[bytes] | None = None

    def begin_part(self, message: MessageInfo, part: PartInfo) -> None:  # noqa: ARG002 - as in Sink
        """Nothing of it is there yet."""
        self._drop()

    def decoded(self, message: MessageInfo, part: PartInfo, data: bytes) -> None:  # noqa: ARG002 - as in Sink
        """Keep it."""
        self._held += len(data)
        if self._file is None:
            self._pieces.append(data)
            if self._held <= SMALL:
                return
            data = b"".join(self._pieces)
            self._pieces = []
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by _drop
            self._file.write(data)
        except OSError as error:
            raise target_error(tempfile.gettempdir(), error) from error

    def end_part(self, message: MessageInfo, part: PartInfo) -> None:  # noqa: ARG002 - as in Sink
        """Hand it on, if it is wanted."""
        if part.sha256 is not None and self._wanted(part.sha256):
            file, pieces = self._file, self._pieces
            if file is None:
                self._found(Content(part.sha256, self._held, lambda: pieces))
            else:
                self._found(Content(part.sha256, self._held, lambda: _pieces_of(file)))
        self._drop()

    def abort(self) -> None:
        """Let go of the temporary file."""
        self._drop()

    def close(self) -> None:
        """Let go of the temporary file."""
        self._drop()

    def _drop(self) -> None:
        self._pieces = []
        self._held = 0
        if self._file is not None:
            self._file.close()
            self._file = None


def _pieces_of(file: IO[bytes]) -> Iterator[bytes]:
    file.seek(0)
    while piece := file.read(_PIECE):
        yield piece
