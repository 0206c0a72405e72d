"""A sink that interrupts a run on purpose, at a call of its own choice."""

# ruff: noqa: ARG002 - the methods have the parameters of `Sink`, whatever they use of them

from __future__ import annotations

from mailstrata.message.info import MessageInfo, PartInfo
from mailstrata.message.origin import FileInfo, FolderInfo, SkippedFile, SourceInfo
from mailstrata.sinks.protocol import Checkpoint, FileOutcome, OutsideKind, RawKind, Sink, SourceOutcome, Wants


class Interrupted(KeyboardInterrupt):
    """Raised by an `InterruptingSink`. Derived from what Ctrl-C raises, which no `except Exception` may
    keep."""


class InterruptingSink(Sink):
    """Takes everything and raises `Interrupted` at call number `at`, counted from 0; never if that is
    negative.

    `calls` counts the calls so far, `abort` left out.
    """

    name = "interrupting"
    wants = Wants.RAW | Wants.DECODED | Wants.FILE_DIGESTS | Wants.FOLDERS

    def __init__(self, at: int) -> None:
        self._at = at
        self.calls = 0
        self.interrupted = False

    def _called(self) -> None:
        call = self.calls
        self.calls += 1
        if call == self._at:
            self.interrupted = True
            raise Interrupted(f"call {call}")

    def open(self) -> None:
        """Counted."""
        self._called()

    def begin_source(self, source: SourceInfo) -> None:
        """Counted."""
        self._called()

    def begin_file(self, source: SourceInfo, file: FileInfo) -> None:
        """Counted."""
        self._called()

    def outside(self, kind: OutsideKind, start: int, data: bytes) -> None:
        """Counted."""
        self._called()

    def begin_message(self, message: MessageInfo) -> None:
        """Counted."""
        self._called()

    def begin_part(self, message: MessageInfo, part: PartInfo) -> None:
        """Counted."""
        self._called()

    def raw(self, message: MessageInfo, part: PartInfo, kind: RawKind, data: bytes) -> None:
        """Counted."""
        self._called()

    def decoded(self, message: MessageInfo, part: PartInfo, data: bytes) -> None:
        """Counted."""
        self._called()

    def end_part(self, message: MessageInfo, part: PartInfo) -> None:
        """Counted."""
        self._called()

    def end_message(self, message: MessageInfo) -> None:
        """Counted."""
        self._called()

    def end_file(self, source: SourceInfo, file: FileInfo, outcome: FileOutcome) -> None:
        """Counted."""
        self._called()

    def skipped_file(self, source: SourceInfo, file: SkippedFile) -> None:
        """Counted."""
        self._called()

    def found_folder(self, source: SourceInfo, folder: FolderInfo) -> None:
        """Counted."""
        self._called()

    def end_source(self, source: SourceInfo, outcome: SourceOutcome) -> None:
        """Counted."""
        self._called()

    def checkpoint(self, checkpoint: Checkpoint) -> None:
        """Counted."""
        self._called()

    def commit(self) -> None:
        """Counted."""
        self._called()

    def close(self) -> None:
        """Counted."""
        self._called()
