"""What the archive sink holds while a run is at work: the items under way, and what the next commit will say."""

from __future__ import annotations

import secrets
from dataclasses import replace
from pathlib import Path

from mailstrata.archive.commits.records import SourceCheckpoint, SourceSnapshot
from mailstrata.archive.commits.totals import Totals
from mailstrata.archive.packs.item import Item
from mailstrata.archive.packs.members import MESSAGE_KINDS, MemberKind
from mailstrata.archive.packs.pack_table import Place
from mailstrata.archive.reading.reader import Archive
from mailstrata.archive.recording.found import FoundMessages
from mailstrata.archive.recording.open_source import OpenSource
from mailstrata.archive.recording.order import grouping_key, order_of_blob
from mailstrata.archive.recording.whole_messages import WholeMessages
from mailstrata.archive.snapshots.segments import source_id
from mailstrata.archive.writing.session import Changes, WriterSession
from mailstrata.errors import ArchiveError
from mailstrata.index.message_rows import MessageRows
from mailstrata.index.rows import (
    Row,
    blob_row,
)
from mailstrata.message.info import MessageInfo, PartInfo
from mailstrata.message.origin import SourceInfo
from mailstrata.sinks.protocol import Checkpoint, RawKind, SourceOutcome
from mailstrata.sinks.whole import WholeMessage
from mailstrata.stripping import ARCHIVE_POLICY, StrippedPart, Stripper


class ArchiveRun:
    """What the sink holds from `open` to `close`. Methods named as those of `Sink` are called as those are.

    `staged_totals` are those of what the last checkpoint staged.
    """

    def __init__(self, directory: Path, level: int, options: dict[str, str]) -> None:
        # New blobs whose place in a pack is not known yet: size and sniffed type, for their rows.
        self._unplaced: dict[bytes, tuple[int, str | None]] = {}
        self.session = self._open_session(directory, level, options)
        self._store = self.session.store
        self._archive = Archive(self.session.layout, self.session.log)
        self._rows = MessageRows(self.session.layout.packs)
        self._found = FoundMessages(self.session)
        self._source: OpenSource | None = None
        # What the next record will say of the sources that it touches.
        self._sources: list[SourceSnapshot] = []
        self._new_totals = Totals()
        self._message: Item | None = None
        self._erased_blobs = {each.sha256 for each in self.session.state.erasures if each.kind == "blob"}
        # Parts of the message under way whose blobs were erased with a message.
        self._erased_before: dict[str, tuple[StrippedPart[Item], Row]] = {}
        self._stripper = Stripper(ARCHIVE_POLICY, self._keep_bytes, self._store.new_item)
        self._whole = WholeMessages(self.session, self._rows, self._found, self._unplaced, self._erased_blobs)
        self.staged_totals = Totals()

    def _open_session(self, directory: Path, level: int, options: dict[str, str]) -> WriterSession:
        return WriterSession(directory, level=level, options=options, placed=self._placed)

    @property
    def source(self) -> OpenSource:
        """The source under way."""
        assert self._source is not None
        return self._source

    def is_unchanged(self, source: SourceInfo, stamp: tuple[int, int] | None) -> bool:
        """Whether the source's last snapshot is whole, and of a file with that size and time of change."""
        before = self._archive.latest(source_id(source.path))
        return before is not None and before.status == "complete" and stamp is not None and before.stamp == stamp

    def begin_source(self, source: SourceInfo, stamp: tuple[int, int] | None) -> None:
        identifier = f"{self.session.state.number + 1:08d}-{secrets.token_hex(4)}"
        self._source = OpenSource(self._store, self._archive, source, identifier, stamp)

    # Messages ------------------------------------------------------------------------------------------------

    def begin_message(self, message: MessageInfo) -> None:
        self.source.segments.begin_message()
        self._rows.begin_message(message)
        self._message = self._store.new_item()
        self._stripper.begin_message(message)

    def begin_part(self, message: MessageInfo, part: PartInfo) -> None:
        self._rows.begin_part(message, part)
        self._stripper.begin_part(message, part)

    def raw(self, message: MessageInfo, part: PartInfo, kind: RawKind, data: bytes) -> None:
        self._rows.raw(message, part, kind, data)
        self._stripper.raw(message, part, kind, data)

    def _keep_bytes(self, data: bytes) -> None:
        assert self._message is not None
        self._message.write(data)

    def decoded(self, message: MessageInfo, part: PartInfo, data: bytes) -> None:
        self._rows.decoded(message, part, data)
        self._stripper.decoded(message, part, data)

    def end_part(self, message: MessageInfo, part: PartInfo) -> None:
        row = self._rows.end_part(message, part)
        totals = self.source.segments.totals
        totals.parts += 1
        if row["defects"]:
            totals.defects.update([defect["code"] for defect in row["defects"]])
        if part.is_attachment:
            totals.attachments += 1
            totals.attachment_bytes += part.size or 0
        stripped = self._stripper.end_part(message, part)
        if stripped is None:
            return
        if stripped.sha256 not in self._erased_blobs:
            self._keep_part(stripped, row, totals)
        elif stripped.sha256 in self._erased_before:
            stripped.blob.discard()
        else:
            # It went with the message that held it. Whether this is that message again, its end will tell.
            self._erased_before[stripped.sha256] = stripped, row

    def _keep_part(self, stripped: StrippedPart[Item], row: Row, totals: Totals) -> None:
        totals.blob_bytes += stripped.size
        totals.encoded_bytes += stripped.encoded_size
        key = bytes.fromhex(stripped.sha256)
        waits = key in self._unplaced
        if not waits:
            self._unplaced[key] = (stripped.size, row["sniffed_type"])
        order = order_of_blob(row["sniffed_type"], row["content_type"], row["filename"])
        if self._store.keep(MemberKind.BLOB, stripped.sha256, stripped.blob, order=order):
            totals.blobs_new += 1
            totals.blob_bytes_new += stripped.size
        elif not waits:
            del self._unplaced[key]

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
            frame_length=place.frame_length,
            offset=place.offset,
            length=place.size,
        )
        self.session.index.add("blobs", row)

    def end_message(self, message: MessageInfo) -> None:
        stripped = self._stripper.end_message()
        item, self._message = self._message, None
        assert item is not None
        assert message.sha256 is not None
        if stripped.size != message.size:
            item.discard()
            raise ArchiveError(
                f"{message.source.label}: of the message at byte {message.start}, {stripped.size} bytes were "
                f"delivered, not {message.size}; this is a bug of mailstrata"
            )
        source = self.source
        totals = source.segments.totals
        totals.add_parts(stripped.counts)
        framing = self._found(message, source)
        if self._keep_message(message, item, is_skeleton=stripped.is_changed, totals=totals):
            row = self._rows.message_row(message)
            add = self.session.index.add
            add("messages", row)
            for part_row in self._rows.part_rows(message):
                add("parts", part_row)
            # The rows have made out the defects already, those of framing and all others.
            totals.defects.update([defect.code.value for defect in framing])
            totals.defects.update([defect["code"] for defect in row["defects"]])
        else:
            totals.defects.update([defect.code.value for defect in message.defects])
        source.segments.message(message)

    def takes_whole(self, message: WholeMessage) -> bool:
        return self._whole.takes(message)

    def whole_message(self, message: WholeMessage) -> None:
        self._whole.keep(message, self.source)

    def _keep_message(self, message: MessageInfo, item: Item, *, is_skeleton: bool, totals: Totals) -> bool:
        """Keep the message, or its skeleton, if the archive has neither; says whether it was new. One that was erased
        is not kept again."""
        digest = message.sha256
        assert digest is not None
        held = list(self._erased_before.values())
        self._erased_before.clear()
        if digest in self.session.state.erased:
            for item_of_part in (item, *(stripped.blob for stripped, _ in held)):
                item_of_part.discard()
            totals.messages_erased += 1
            return False
        for stripped, row in held:
            self._keep_part(stripped, row, totals)
        if self._store.is_known(digest, *MESSAGE_KINDS):
            item.discard()
            totals.messages_duplicate += 1
            return False
        kept = item.size
        kind = MemberKind.SKELETON if is_skeleton else MemberKind.MESSAGE
        self._store.keep_new(kind, digest, item, order=grouping_key(message.headers.raw("Subject")))
        totals.messages_new += 1
        totals.message_bytes_new += message.size or 0
        totals.kept_bytes_new += kept
        return True

    # Sources -------------------------------------------------------------------------------------------------

    def end_source(self, outcome: SourceOutcome) -> None:
        source, self._source = self.source, None
        if source.ends_as_before(outcome):
            source.close()
            return
        snapshot, segments = source.snapshot, source.segments
        totals = snapshot.totals.copy()
        totals.add(segments.totals)
        wrong = totals.check()
        if wrong is None and outcome.bytes_read != totals.source_bytes:
            wrong = f"{outcome.bytes_read} bytes were read, {totals.source_bytes} delivered"
        if wrong is not None:
            raise ArchiveError(
                f"{snapshot.label}: the ledger does not add up: {wrong}; this is a bug of mailstrata, nothing of "
                "this source was committed since its last checkpoint"
            )
        segments.end_source(outcome, totals)
        snapshot.status = "complete" if outcome.complete else "incomplete"
        snapshot.reasons = list(outcome.reasons)
        self._stage_source(source)
        source.close()

    def _stage_source(self, source: OpenSource, reached: SourceCheckpoint | None = None) -> None:
        """Store the source's segment, and note for the next record what it says of the source."""
        entry = source.segments.checkpoint()
        if entry is None:
            return
        snapshot = source.snapshot
        snapshot.depth = source.depth
        delta, source.segments.totals = source.segments.totals, Totals()
        snapshot.totals.add(delta)
        self._new_totals.add(delta)
        self._sources.append(replace(snapshot, segments=[entry], totals=snapshot.totals.copy(), checkpoint=reached))

    def checkpoint(self, checkpoint: Checkpoint, changes: Changes | None = None) -> None:
        source = self._source
        if source is not None:
            reached = None
            if checkpoint.file is not None:
                totals, delta = source.snapshot.totals, source.segments.totals
                messages = (
                    totals.messages_found + totals.messages_unchanged + delta.messages_found + delta.messages_unchanged
                )
                reached = SourceCheckpoint(checkpoint.file.name, checkpoint.offset, messages, checkpoint.sha256)
            self._stage_source(source, reached)
        sources, self._sources = self._sources, []
        self.staged_totals, self._new_totals = self._new_totals, Totals()
        self.session.stage(sources, self.staged_totals, changes)

    def _let_go(self) -> None:
        if self._message is not None:
            self._message.discard()
        self._stripper.discard()
        for stripped, _ in self._erased_before.values():
            stripped.blob.discard()
        if self._source is not None:
            self._source.segments.discard()
            self._source.close()
        self._rows.close()
        self._archive.close()

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
