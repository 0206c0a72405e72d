"""The source under way: its snapshot as the records tell it, its segments, and what the one before gives."""

from __future__ import annotations

from mailstrata.archive.commits.records import SourceSnapshot
from mailstrata.archive.reading.reader import Archive
from mailstrata.archive.recording.previous import PreviousSnapshot
from mailstrata.archive.snapshots.segments import SegmentWriter
from mailstrata.archive.writing.store import ContentStore
from mailstrata.message.info import MessageInfo
from mailstrata.message.origin import FileInfo, FolderInfo, SkippedFile, SourceFile, SourceInfo
from mailstrata.sinks.protocol import Seen, SourceOutcome


class OpenSource:
    """A source from its begin to its end; `look` and `skipped_file` take over what the snapshot before has."""

    __slots__ = ("_last_message", "_offset", "_previous", "segments", "snapshot")

    def __init__(
        self,
        store: ContentStore,
        archive: Archive,
        source: SourceInfo,
        identifier: str,
        stamp: tuple[int, int] | None,
        segments: SegmentWriter | None = None,
    ) -> None:
        self.segments = segments or SegmentWriter(store, source, identifier)
        self.snapshot = SourceSnapshot(
            self.segments.id, identifier, source.label, source.path, source.kind, stamp=stamp
        )
        before = archive.latest(self.segments.id)
        self._previous = None if before is None else PreviousSnapshot(archive, before)
        self._offset = 0
        self._last_message: tuple[int, int, str] | None = None

    @property
    def depth(self) -> int:
        """As in `SourceSnapshot`."""
        previous = self._previous
        return previous.snapshot.depth + 1 if previous is not None and previous.is_referred_to else 0

    def look(self, file: SourceFile) -> Seen | None:
        """What of a file need not be read, see `KnownFiles`; its lines are taken over. Raises `SourceError`."""
        self._offset = 0
        self._last_message = None
        previous = self._previous
        info = file.info
        known = None if previous is None else previous.find(info.name)
        if previous is None or known is None:
            return None
        totals = self.segments.totals
        if known.is_same(info):
            previous.copy(known.first, known.count, self.segments)
            totals.files_unchanged += 1
            totals.bytes_unchanged += known.length
            totals.messages_unchanged += known.messages
            return Seen(known.length, known.messages, None, unchanged=True)
        if not known.complete:
            # An interrupted run had come this far in a file that may have to be read from its beginning again.
            self._last_message = (known.last_start, known.last_end, known.last_sha256)
        offset = known.resume_offset
        if not (file.can_start and offset and known.sha256 and known.is_read_alike(info)):
            return None
        if info.size is None or info.size < known.length:
            return None
        found = file.prefix_digest(known.length, offset)
        if found is None or found.sha256 != known.sha256:
            return None
        previous.copy(known.first, known.resume_line - known.first, self.segments)
        totals.bytes_unchanged += offset
        totals.messages_unchanged += known.resume_messages
        self._offset = offset
        self._last_message = (known.last_start, known.last_end, known.last_sha256)
        return Seen(offset, known.resume_messages, found.at, unchanged=False)

    @property
    def known_place(self) -> tuple[int, int, str] | None:
        """Start, end and SHA-256 of the message that `is_known_place` knows."""
        return self._last_message

    def begin_file(self, file: FileInfo) -> None:
        """The file begins, at the offset that `look` gave."""
        self.segments.begin_file(file, self._offset)

    def is_known_place(self, message: MessageInfo) -> bool:
        """Whether the snapshot before had the same message here, so that the index has a row for the place: the last
        one of a file that has grown is read again."""
        return self._last_message == (message.start, message.end, message.sha256)

    def skipped_file(self, file: SkippedFile) -> None:
        """A file was passed over."""
        previous = self._previous
        line = None if previous is None else previous.find_skipped(file)
        if previous is not None and line is not None:
            self.segments.totals.files_skipped += 1
            previous.copy(line, 1, self.segments)
        else:
            self.segments.skipped_file(file)

    def found_folder(self, folder: FolderInfo) -> None:
        """A folder of the source. Its time changes with whatever is put into it and taken out again, so that no new
        snapshot is made for its sake alone; in one that is made, it is right."""
        previous = self._previous
        known = None if previous is None else previous.find_folder(folder)
        if previous is None or known is None:
            self.segments.folder(folder)
            return
        line, mtime_ns = known
        if mtime_ns == folder.mtime_ns:
            self.segments.totals.folders += 1
            previous.copy(line, 1, self.segments)
        else:
            previous.replace(line)
            self.segments.folder(folder, is_known=True)

    def ends_as_before(self, outcome: SourceOutcome) -> bool:
        """Whether the source is, to the last line, what the snapshot before says: then no other one is needed."""
        previous = self._previous
        if previous is None or previous.snapshot.status == "open":
            return False
        if outcome.complete != (previous.snapshot.status == "complete"):
            return False
        return previous.is_all_copied and self.segments.has_only_copies

    def close(self) -> None:
        """Let go of what was needed to compare."""
        if self._previous is not None:
            self._previous.close()
            self._previous = None
        self.segments.discard()
