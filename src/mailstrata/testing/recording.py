"""A sink that keeps in memory all that it is given, for tests."""

# ruff: noqa: ARG002 - the methods have the parameters of `Sink`, whatever they use of them

from __future__ import annotations

from dataclasses import dataclass, field

from mailstrata.message.info import MessageInfo, PartInfo
from mailstrata.message.origin import FileInfo, FolderInfo, SkippedFile, SourceInfo
from mailstrata.sinks.protocol import Checkpoint, FileOutcome, OutsideKind, RawKind, Sink, SourceOutcome, Wants


@dataclass(slots=True)
class RecordedPart:
    """A part, the raw bytes that are its own, by kind, and its decoded content."""

    info: PartInfo
    raw: list[tuple[RawKind, bytes]] = field(default_factory=list)
    decoded: bytes = b""
    ended: bool = False


@dataclass(slots=True)
class RecordedMessage:
    """A message, its raw bytes, and its parts in document order."""

    info: MessageInfo
    raw: bytes = b""
    parts: list[RecordedPart] = field(default_factory=list)
    ended: bool = False


class RecordingSink(Sink):
    """Keeps everything: `calls` are the names of the methods called, in order; `committed` counts the
    messages that a commit made visible. It holds whole messages, so it is for small ones."""

    name = "recording"

    def __init__(self, wants: Wants = ~Wants.NOTHING) -> None:
        self.wants = wants
        self.calls: list[str] = []
        self.messages: list[RecordedMessage] = []
        self.outside_bytes: list[tuple[OutsideKind, int, bytes]] = []
        self.skipped: list[SkippedFile] = []
        self.folders: list[FolderInfo] = []
        self.outcomes: list[SourceOutcome] = []
        self.file_outcomes: list[FileOutcome] = []
        self.checkpoints: list[Checkpoint] = []
        self.committed = 0
        self._open_parts: list[RecordedPart] = []

    def open(self) -> None:
        """Noted."""
        self.calls.append("open")

    def begin_source(self, source: SourceInfo) -> None:
        """Noted."""
        self.calls.append("begin_source")

    def begin_file(self, source: SourceInfo, file: FileInfo) -> None:
        """Noted."""
        self.calls.append("begin_file")

    def outside(self, kind: OutsideKind, start: int, data: bytes) -> None:
        """Kept in `outside_bytes`."""
        self.calls.append("outside")
        self.outside_bytes.append((kind, start, data))

    def begin_message(self, message: MessageInfo) -> None:
        """Kept in `messages`."""
        self.calls.append("begin_message")
        self.messages.append(RecordedMessage(message))

    def begin_part(self, message: MessageInfo, part: PartInfo) -> None:
        """Kept in the message's `parts`."""
        self.calls.append("begin_part")
        recorded = RecordedPart(part)
        self.messages[-1].parts.append(recorded)
        self._open_parts.append(recorded)

    def raw(self, message: MessageInfo, part: PartInfo, kind: RawKind, data: bytes) -> None:
        """Kept in the message's and the part's `raw`."""
        self.calls.append("raw")
        self.messages[-1].raw += data
        recorded = next(open_part for open_part in reversed(self._open_parts) if open_part.info is part)
        recorded.raw.append((kind, data))

    def decoded(self, message: MessageInfo, part: PartInfo, data: bytes) -> None:
        """Kept in the part's `decoded`."""
        self.calls.append("decoded")
        self._open_parts[-1].decoded += data

    def end_part(self, message: MessageInfo, part: PartInfo) -> None:
        """Noted."""
        self.calls.append("end_part")
        self._open_parts.pop().ended = True

    def end_message(self, message: MessageInfo) -> None:
        """Noted."""
        self.calls.append("end_message")
        self.messages[-1].ended = True

    def end_file(self, source: SourceInfo, file: FileInfo, outcome: FileOutcome) -> None:
        """Kept in `file_outcomes`."""
        self.calls.append("end_file")
        self.file_outcomes.append(outcome)

    def skipped_file(self, source: SourceInfo, file: SkippedFile) -> None:
        """Kept in `skipped`."""
        self.calls.append("skipped_file")
        self.skipped.append(file)

    def found_folder(self, source: SourceInfo, folder: FolderInfo) -> None:
        """Kept in `folders`."""
        self.calls.append("found_folder")
        self.folders.append(folder)

    def end_source(self, source: SourceInfo, outcome: SourceOutcome) -> None:
        """Kept in `outcomes`."""
        self.calls.append("end_source")
        self.outcomes.append(outcome)

    def checkpoint(self, checkpoint: Checkpoint) -> None:
        """Kept in `checkpoints`."""
        self.calls.append("checkpoint")
        self.checkpoints.append(checkpoint)

    def commit(self) -> None:
        """Counted in `committed`."""
        self.calls.append("commit")
        self.committed = len(self.messages)

    def abort(self) -> None:
        """What was not committed is forgotten."""
        self.calls.append("abort")
        del self.messages[self.committed :]

    def close(self) -> None:
        """Noted."""
        self.calls.append("close")
