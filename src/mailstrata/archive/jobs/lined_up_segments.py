"""The segments of a source whose lines are written in its order, though some of them come from workers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailstrata.archive.jobs.fragments import spooled_lines
from mailstrata.archive.jobs.results import add_counts
from mailstrata.archive.snapshots.segments import SegmentWriter

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mailstrata.archive.jobs.ordering import InOrder
    from mailstrata.archive.jobs.results import RunResult
    from mailstrata.archive.snapshots.lines import Line
    from mailstrata.archive.writing.store import ContentStore
    from mailstrata.message.origin import FileInfo, FolderInfo, SkippedFile, SourceInfo
    from mailstrata.sinks.protocol import FileOutcome


class LinedUpSegments(SegmentWriter):
    """A `SegmentWriter` whose lines are written in the order of the sources, some of them by workers."""

    def __init__(self, store: ContentStore, source: SourceInfo, snapshot: str, in_order: InOrder) -> None:
        super().__init__(store, source, snapshot)
        self._in_order = in_order

    def begin_file(self, file: FileInfo, offset: int = 0) -> None:
        self._in_order.do(lambda: SegmentWriter.begin_file(self, file, offset))

    def end_file(self, outcome: FileOutcome) -> None:
        self._in_order.do(lambda: SegmentWriter.end_file(self, outcome))

    def skipped_file(self, file: SkippedFile) -> None:
        self._in_order.do(lambda: SegmentWriter.skipped_file(self, file))

    def folder(self, folder: FolderInfo, *, is_known: bool = False) -> None:
        self._in_order.do(lambda: SegmentWriter.folder(self, folder, is_known=is_known))

    def copy(self, snapshot: str, first: int, count: int) -> None:
        self._in_order.do(lambda: SegmentWriter.copy(self, snapshot, first, count))

    def write_copied(self, line: Line) -> None:
        self._in_order.do(lambda: SegmentWriter.write_copied(self, line))

    def add_fragment(self, result: RunResult, start: int | None) -> None:
        """The lines of a run, which are next. `start` is where in the file under way it begins, None where it holds
        whole files. Raises `ArchiveError` where something before it is missing."""
        if start is not None:
            self._advance(start, result.end)
        lines: Iterable[bytes] = spooled_lines(result.spooled) if result.spooled else (result.lines,)
        for data in lines:
            if data:
                self._end_copy()
                self._write_held()
                self._append(data)
        self._own_lines += result.own_lines
        add_counts(self.totals, result.totals)
