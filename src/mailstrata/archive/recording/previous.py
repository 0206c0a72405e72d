"""The snapshot before the one under way: what need not be read again, and how its lines are taken over."""

from __future__ import annotations

from collections.abc import Iterator

from mailstrata.archive.commits.records import SourceSnapshot
from mailstrata.archive.reading.reader import Archive
from mailstrata.archive.recording.file_table import FileTable, KnownFile
from mailstrata.archive.snapshots.lines import Line
from mailstrata.archive.snapshots.segments import SegmentWriter
from mailstrata.archive.snapshots.snapshot_lines import SnapshotLines
from mailstrata.message.origin import FolderInfo, SkippedFile

MOST_COPIES = 16
"""Snapshots that one may have to read behind each other; after so many, a snapshot holds its lines itself again."""


class PreviousSnapshot:
    """The last snapshot of a source, for the one that follows it; its lines can be taken over in their own order.

    They are named, not repeated, until there are `MOST_COPIES` snapshots that name lines of one another. Nothing of
    the snapshot is read before something is asked. `is_referred_to` says whether any line was taken over by naming it.
    """

    def __init__(self, archive: Archive, snapshot: SourceSnapshot) -> None:
        self.snapshot = snapshot
        self.is_referred_to = False
        self._archive = archive
        self._table: FileTable | None = None
        self._lines: Iterator[Line] | None = None
        self._next_line = 0
        self._copied = 0

    def _files(self) -> FileTable:
        if self._table is None:
            self._table = FileTable.of(self.snapshot, SnapshotLines(self._archive, self.snapshot))
        return self._table

    def find(self, name: bytes) -> KnownFile | None:
        """The file of that name, if its lines can still be taken over."""
        known = self._files().find(name)
        return known if known is not None and known.first >= self._next_line else None

    def find_skipped(self, file: SkippedFile) -> int | None:
        """The number of the line that says the same of a file that was passed over, if it can be taken over."""
        line = self._files().find_skipped(file)
        return line if line is not None and line >= self._next_line else None

    def find_folder(self, folder: FolderInfo) -> tuple[int, int | None] | None:
        """The number of the line that tells of the same folder with the same mode, if it can be taken over, and the
        time of change that it says."""
        found = self._files().find_folder(folder)
        return found if found is not None and found[0] >= self._next_line else None

    def replace(self, first: int) -> None:
        """The line with number `first` is written anew, with nothing changed that needs a new snapshot."""
        self._copied += 1
        self._next_line = first + 1

    def copy(self, first: int, count: int, segments: SegmentWriter) -> None:
        """Take over `count` lines from number `first` on."""
        self._copied += count
        self._next_line = first + count
        if self.snapshot.depth < MOST_COPIES:
            self.is_referred_to = True
            segments.copy(self.snapshot.snapshot, first, count)
            return
        if self._lines is None:
            self._lines = iter(SnapshotLines(self._archive, self.snapshot))
        for line in self._lines:
            if line.number >= first:
                segments.write_copied(line)
            if line.number == first + count - 1:
                return

    @property
    def is_all_copied(self) -> bool:
        """Whether every line was taken over, or replaced by one that says the same."""
        return self._copied == self._files().lines

    def close(self) -> None:
        """Let go of the list of files. May be called again."""
        if self._table is not None:
            self._table.close()
            self._table = None
