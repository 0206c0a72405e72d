"""The archive as a sink: messages as skeletons and blobs, each content once, and where it all stood.

The skeleton of a message streams into one item and the part under way into another; both are in memory up to 4 MiB and
in a compressed spool file beyond. When they end their digests are known: what the archive has is dropped, the rest goes
into a pack. What stood between the messages goes into the segments of its source, what people search for into the
index. The sink also tells the pipeline which files it knows from an earlier run (`KnownFiles`).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from mailstrata.archive.commits.totals import Totals
from mailstrata.archive.recording.sink_run import ArchiveRun
from mailstrata.errors import UsageError
from mailstrata.message.info import MessageInfo, PartInfo
from mailstrata.message.origin import FileInfo, FolderInfo, SkippedFile, Source, SourceFile, SourceInfo
from mailstrata.sinks.protocol import (
    Checkpoint,
    FileOutcome,
    OutsideKind,
    RawKind,
    Seen,
    SourceOutcome,
    Wants,
)
from mailstrata.sinks.whole import WholeMessage
from mailstrata.sinks.whole_sink import WholeSink

MAX_LEVEL = 19


class ArchiveSink(WholeSink):
    """Writes an archive (`docs/archive-format.md`) in a folder: a new or empty one, or an archive to be added to.

    `level` is zstd's, 1 to 19. `options` are the words of the command, kept in each commit record for people. Every
    checkpoint is one commit. Memory is bounded whatever is read: a message of 512 KiB (`WholeSink`), two items of
    4 MiB, the members that wait for their frame (`PackWriter`), the page caches of the catalogue (64 MiB at most), and
    the row groups of the index (20 MiB).

    Give the sink to the `Pipeline` as `known` as well, and files that have not changed since the last run are not read
    again; with `reread` they are.

    `commits` are the numbers of the commits made so far, `totals` their sums.
    """

    name: ClassVar[str] = "archive"
    wants = Wants.RAW | Wants.DECODED | Wants.DIGESTS | Wants.FILE_DIGESTS | Wants.FOLDERS

    def __init__(
        self,
        directory: str | Path,
        *,
        level: int = 3,
        options: Mapping[str, str] | None = None,
        reread: bool = False,
    ) -> None:
        if not 1 <= level <= MAX_LEVEL:
            raise UsageError(f"compression level {level} is not from 1 to {MAX_LEVEL}")
        self.directory = Path(directory)
        self.level = level
        self.reread = reread
        self._options = dict(options or {})
        self._run: ArchiveRun | None = None
        self._stamp: tuple[int, int] | None = None
        self.commits: list[int] = []
        self.totals = Totals()

    @property
    def _running(self) -> ArchiveRun:
        assert self._run is not None, "the sink is not open"
        return self._run

    def open(self) -> None:
        """Take the lock, open the archive or make it, and sweep what an interrupted run left.

        Raises `LockedError`, `TargetError`, `NotAnArchiveError`, `UnsupportedFormatError` or `ArchiveError`.
        """
        self._run = ArchiveRun(self.directory, self.level, self._options)

    def source_unchanged(self, source: Source) -> bool:
        """Whether the source is one file that is the same as when its last snapshot was made (`KnownFiles`)."""
        self._stamp = source.stamp
        return not self.reread and self._running.is_unchanged(source.info, self._stamp)

    def look(self, source: SourceInfo, file: SourceFile) -> Seen | None:  # noqa: ARG002 - as in KnownFiles
        """What of the file is known from the snapshot before (`KnownFiles`). Raises `SourceError`."""
        return None if self.reread else self._running.source.look(file)

    def begin_source(self, source: SourceInfo) -> None:
        """Begin a snapshot of the source."""
        self._running.begin_source(source, self._stamp)
        self._stamp = None

    def begin_file(self, source: SourceInfo, file: FileInfo) -> None:  # noqa: ARG002 - as in Sink
        """Note the file."""
        self._running.source.begin_file(file)

    def outside(self, kind: OutsideKind, start: int, data: bytes) -> None:
        """Keep bytes that belong to no message."""
        self._running.source.segments.outside(kind, start, data)

    def begin_message(self, message: MessageInfo) -> None:
        """Begin an item for the message."""
        self._running.begin_message(message)

    def begin_part(self, message: MessageInfo, part: PartInfo) -> None:
        """Begin an item for an attachment."""
        self._running.begin_part(message, part)

    def raw(self, message: MessageInfo, part: PartInfo, kind: RawKind, data: bytes) -> None:
        """Keep the message's bytes."""
        self._running.raw(message, part, kind, data)

    def decoded(self, message: MessageInfo, part: PartInfo, data: bytes) -> None:
        """Keep the attachment's bytes."""
        self._running.decoded(message, part, data)

    def end_part(self, message: MessageInfo, part: PartInfo) -> None:
        """Keep the attachment, if it is new."""
        self._running.end_part(message, part)

    def end_message(self, message: MessageInfo) -> None:
        """Keep the message, if it is new."""
        self._running.end_message(message)

    def takes_whole(self, message: WholeMessage) -> bool:
        """Take nearly all messages as a whole."""
        return self._running.takes_whole(message)

    def whole_message(self, message: WholeMessage) -> None:
        """Keep the message, if it is new."""
        self._running.whole_message(message)

    def end_file(self, source: SourceInfo, file: FileInfo, outcome: FileOutcome) -> None:  # noqa: ARG002
        """Note how long the file was, and its digest."""
        self._running.source.segments.end_file(outcome)

    def skipped_file(self, source: SourceInfo, file: SkippedFile) -> None:  # noqa: ARG002
        """Note the file and why it was passed over."""
        self._running.source.skipped_file(file)

    def found_folder(self, source: SourceInfo, folder: FolderInfo) -> None:  # noqa: ARG002
        """Note the folder."""
        self._running.source.found_folder(folder)

    def end_source(self, source: SourceInfo, outcome: SourceOutcome) -> None:  # noqa: ARG002
        """Close the snapshot. Raises `ArchiveError` where its ledger does not add up."""
        self._running.end_source(outcome)

    def checkpoint(self, checkpoint: Checkpoint) -> None:
        """Close and sync packs and index files."""
        self._running.checkpoint(checkpoint)

    def commit(self) -> None:
        """Write the commit record, if there is anything new."""
        run = self._running
        before = run.session.state.number
        totals = run.staged_totals
        run.session.commit()
        if run.session.state.number != before:
            self.commits.append(run.session.state.number)
            self.totals.add(totals)

    def abort(self) -> None:
        """Remove what was not committed, and let go of the archive."""
        run, self._run = self._run, None
        if run is not None:
            run.abort()

    def close(self) -> None:
        """Let go of the archive."""
        run, self._run = self._run, None
        if run is not None:
            run.close()
