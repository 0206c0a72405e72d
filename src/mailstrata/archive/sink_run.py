"""What the archive sink holds while a run is at work: the items under way, and what the next commit will say."""

from __future__ import annotations

import secrets
from dataclasses import replace
from pathlib import Path

from mailstrata.archive.item import Item
from mailstrata.archive.members import MemberKind
from mailstrata.archive.pack_table import Place
from mailstrata.archive.records import SourceCheckpoint, SourceSnapshot
from mailstrata.archive.segments import SegmentWriter
from mailstrata.archive.session import WriterSession
from mailstrata.archive.totals import Totals
from mailstrata.errors import ArchiveError
from mailstrata.index.message_rows import MessageRows
from mailstrata.index.rows import blob_row, occurrence_row
from mailstrata.message.info import MessageInfo, PartInfo
from mailstrata.message.origin import SourceInfo
from mailstrata.sinks.protocol import Checkpoint, RawKind, SourceOutcome


class OpenSource:
    """The source under way: its snapshot as the records tell it, and its segments."""

    __slots__ = ("segments", "snapshot")

    def __init__(self, session: WriterSession, source: SourceInfo) -> None:
        identifier = f"{session.state.number + 1:08d}-{secrets.token_hex(4)}"
        self.segments = SegmentWriter(session.store, source, identifier)
        self.snapshot = SourceSnapshot(self.segments.id, identifier, source.label, source.path, source.kind)


class ArchiveRun:
    """What the sink holds from `open` to `close`. Methods named as those of `Sink` are called as those are.

    `staged_totals` are those of what the last checkpoint staged.
    """

    def __init__(self, directory: Path, level: int, options: dict[str, str]) -> None:
        # New blobs whose place in a pack is not known yet: size and sniffed type, for their rows.
        self._unplaced: dict[bytes, tuple[int, str | None]] = {}
        self.session = WriterSession(directory, level=level, options=options, placed=self._placed)
        self._store = self.session.store
        self._rows = MessageRows(self.session.layout.packs)
        self._source: OpenSource | None = None
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
        self._source = OpenSource(self.session, source)

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

    def _stage_source(self, source: OpenSource, reached: SourceCheckpoint | None = None) -> None:
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
