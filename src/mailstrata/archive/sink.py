"""The archive as a sink: whole messages and their decoded attachments, each content once, and where it all stood.

A message streams into one item and the attachment under way into another; both are in memory up to 4 MiB and in a
compressed spool file beyond. When they end their digests are known: what the archive has is dropped, the rest goes into
a pack. What stood between the messages goes into the segments of its source, what people search for into the index.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from mailstrata.archive.item import Item
from mailstrata.archive.members import MemberKind
from mailstrata.archive.pack_table import Place
from mailstrata.archive.records import SourceCheckpoint, SourceSnapshot
from mailstrata.archive.segments import SegmentWriter
from mailstrata.archive.session import WriterSession
from mailstrata.archive.totals import Totals
from mailstrata.errors import ArchiveError, UsageError
from mailstrata.index.message_rows import MessageRows
from mailstrata.index.rows import blob_row, occurrence_row
from mailstrata.message.info import MessageInfo, PartInfo
from mailstrata.message.origin import FileInfo, SkippedFile, SourceInfo
from mailstrata.sinks.protocol import Checkpoint, OutsideKind, RawKind, Sink, SourceOutcome, Wants

MAX_LEVEL = 19


class ArchiveSink(Sink):
    """Writes an archive (`docs/archive-format.md`) in a folder: a new or empty one, or an archive to be added to.

    `level` is zstd's, 1 to 19. `options` are the words of the command, kept in each commit record for people. Every
    checkpoint is one commit. Memory is bounded whatever is read: two items of 4 MiB, a frame under way for each
    kind of member, the page caches of the catalogue (64 MiB at most), and the row groups of the index (20 MiB).

    `commits` are the numbers of the commits made so far, `totals` their sums.
    """

    name: ClassVar[str] = "archive"
    wants = Wants.RAW | Wants.DECODED | Wants.DIGESTS

    def __init__(self, directory: str | Path, *, level: int = 3, options: Mapping[str, str] | None = None) -> None:
        if not 1 <= level <= MAX_LEVEL:
            raise UsageError(f"compression level {level} is not from 1 to {MAX_LEVEL}")
        self._directory = Path(directory)
        self._level = level
        self._options = dict(options or {})
        self._run: _Run | None = None
        self.commits: list[int] = []
        self.totals = Totals()

    @property
    def _running(self) -> _Run:
        assert self._run is not None, "the sink is not open"
        return self._run

    def open(self) -> None:
        """Take the lock, open the archive or make it, and sweep what an interrupted run left.

        Raises `LockedError`, `TargetError`, `NotAnArchiveError`, `UnsupportedFormatError` or `ArchiveError`.
        """
        self._run = _Run(self._directory, self._level, self._options)

    def begin_source(self, source: SourceInfo) -> None:
        """Begin a snapshot of the source."""
        self._running.begin_source(source)

    def begin_file(self, source: SourceInfo, file: FileInfo) -> None:  # noqa: ARG002 - as in Sink
        """Note the file."""
        self._running.segments.begin_file(file)

    def outside(self, kind: OutsideKind, start: int, data: bytes) -> None:
        """Keep bytes that belong to no message."""
        self._running.segments.outside(kind, start, data)

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

    def end_file(self, source: SourceInfo, file: FileInfo) -> None:  # noqa: ARG002
        """Note how long the file was."""
        self._running.segments.end_file()

    def skipped_file(self, source: SourceInfo, file: SkippedFile) -> None:  # noqa: ARG002
        """Note the file and why it was passed over."""
        self._running.segments.skipped_file(file)

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


class _OpenSource:
    """The source under way: its snapshot as the records tell it, and its segments."""

    __slots__ = ("segments", "snapshot")

    def __init__(self, session: WriterSession, source: SourceInfo) -> None:
        identifier = f"{session.state.number + 1:08d}-{secrets.token_hex(4)}"
        self.segments = SegmentWriter(session.store, source, identifier)
        self.snapshot = SourceSnapshot(self.segments.id, identifier, source.label, source.path, source.kind)


class _Run:
    """What the sink holds from `open` to `close`."""

    def __init__(self, directory: Path, level: int, options: dict[str, str]) -> None:
        # New blobs whose place in a pack is not known yet: size and sniffed type, for their rows.
        self._unplaced: dict[bytes, tuple[int, str | None]] = {}
        self.session = WriterSession(directory, level=level, options=options, placed=self._placed)
        self._store = self.session.store
        self._rows = MessageRows(self.session.layout.packs)
        self._source: _OpenSource | None = None
        # What the next record will say of the sources that it touches.
        self._sources: list[SourceSnapshot] = []
        self._new_totals = Totals()
        self._message: Item | None = None
        self._attachment: Item | None = None
        self.staged_totals = Totals()

    @property
    def segments(self) -> SegmentWriter:
        """The segments of the source under way."""
        assert self._source is not None
        return self._source.segments

    def begin_source(self, source: SourceInfo) -> None:
        self._source = _OpenSource(self.session, source)

    def begin_message(self, message: MessageInfo) -> None:
        self.segments.begin_message()
        self._rows.begin_message(message)
        self._message = self._store.new_item()

    def begin_part(self, message: MessageInfo, part: PartInfo) -> None:
        self._rows.begin_part(message, part)
        if part.is_attachment:
            self._attachment = self._store.new_item()

    def raw(self, message: MessageInfo, part: PartInfo, kind: RawKind, data: bytes) -> None:
        assert self._message is not None
        self._rows.raw(message, part, kind, data)
        self.segments.raw(data)
        self._message.write(data)

    def decoded(self, message: MessageInfo, part: PartInfo, data: bytes) -> None:
        self._rows.decoded(message, part, data)
        if self._attachment is not None:
            self._attachment.write(data)

    def end_part(self, message: MessageInfo, part: PartInfo) -> None:
        row = self._rows.end_part(message, part)
        totals = self.segments.totals
        totals.parts += 1
        totals.defects.update([defect["code"] for defect in row["defects"]])
        item, self._attachment = self._attachment, None
        if item is None:
            return
        assert part.sha256 is not None
        totals.attachments += 1
        totals.attachment_bytes += item.size
        if self._keep_blob(part.sha256, item, row["sniffed_type"]):
            totals.blobs_new += 1
            totals.blob_bytes_new += item.size

    def _keep_blob(self, sha256: str, item: Item, sniffed_type: str | None) -> bool:
        key = bytes.fromhex(sha256)
        waits = key in self._unplaced
        if not waits:
            self._unplaced[key] = (item.size, sniffed_type)
        is_new = self._store.keep(MemberKind.BLOB, sha256, item)
        if not is_new and not waits:
            del self._unplaced[key]
        return is_new

    def _placed(self, kind: MemberKind, key: bytes, pack: str, place: Place) -> None:
        if kind is not MemberKind.BLOB:
            return
        # A large gap is a blob too; nobody has looked at what it is.
        size, sniffed_type = self._unplaced.pop(key, (place.size, None))
        row = blob_row(
            key.hex(),
            size,
            sniffed_type,
            pack=pack,
            frame=place.frame_offset,
            offset=place.offset,
            length=place.size,
        )
        self.session.index.add("blobs", row)

    def end_message(self, message: MessageInfo) -> None:
        item, self._message = self._message, None
        assert item is not None
        assert message.sha256 is not None
        if item.size != message.size:
            item.discard()
            raise ArchiveError(
                f"{message.source.label}: of the message at byte {message.start}, {item.size} bytes were "
                f"delivered, not {message.size}; this is a bug of mailstrata"
            )
        totals = self.segments.totals
        totals.messages_found += 1
        totals.message_bytes += item.size
        add = self.session.index.add
        occurrence = occurrence_row(message)
        add("occurrences", occurrence)
        if self._store.keep(MemberKind.MESSAGE, message.sha256, item):
            totals.messages_new += 1
            totals.message_bytes_new += item.size
            row = self._rows.message_row(message)
            add("messages", row)
            for part_row in self._rows.part_rows(message):
                add("parts", part_row)
            # The rows have made out the defects already, those of framing and all others.
            totals.defects.update([defect["code"] for defect in (*occurrence["defects"], *row["defects"])])
        else:
            totals.messages_duplicate += 1
            totals.defects.update([defect.code.value for defect in message.defects])
        self.segments.message(message)

    def end_source(self, outcome: SourceOutcome) -> None:
        source = self._source
        assert source is not None
        snapshot, segments = source.snapshot, source.segments
        totals = snapshot.totals.copy()
        totals.add(segments.totals)
        if outcome.bytes_read and outcome.bytes_read != totals.source_bytes:
            raise ArchiveError(
                f"{snapshot.label}: the ledger does not add up: {outcome.bytes_read} bytes were read, "
                f"{totals.source_bytes} delivered; this is a bug of mailstrata"
            )
        segments.end_source(outcome, totals)
        snapshot.status = "complete" if outcome.complete else "incomplete"
        snapshot.reasons = list(outcome.reasons)
        self._stage_source(source)
        self._source = None

    def _stage_source(self, source: _OpenSource, reached: SourceCheckpoint | None = None) -> None:
        """Store the source's segment, and note for the next record what it says of the source."""
        entry = source.segments.checkpoint()
        if entry is None:
            return
        snapshot = source.snapshot
        delta, source.segments.totals = source.segments.totals, Totals()
        snapshot.totals.add(delta)
        self._new_totals.add(delta)
        self._sources.append(replace(snapshot, segments=[entry], totals=snapshot.totals.copy(), checkpoint=reached))

    def checkpoint(self, checkpoint: Checkpoint) -> None:
        source = self._source
        if source is not None:
            reached = None
            if checkpoint.file is not None:
                messages = source.snapshot.totals.messages_found + source.segments.totals.messages_found
                reached = SourceCheckpoint(checkpoint.file.name, checkpoint.offset, messages)
            self._stage_source(source, reached)
        sources, self._sources = self._sources, []
        self.staged_totals, self._new_totals = self._new_totals, Totals()
        self.session.stage(sources, self.staged_totals)

    def _let_go(self) -> None:
        for item in (self._message, self._attachment):
            if item is not None:
                item.discard()
        if self._source is not None:
            self._source.segments.discard()
        self._rows.close()

    def abort(self) -> None:
        try:
            self._let_go()
        finally:
            self.session.abort()

    def close(self) -> None:
        try:
            self._let_go()
        finally:
            self.session.close()
