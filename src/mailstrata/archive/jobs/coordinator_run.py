"""The archive sink of the coordinator: it is told of sources and files, and of messages only what workers found."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from pathlib import Path

from mailstrata.archive.commits.totals import Totals
from mailstrata.archive.jobs.fragments import spooled_lines
from mailstrata.archive.jobs.ordering import InOrder
from mailstrata.archive.jobs.results import RunResult, WorkerFiles, add_counts
from mailstrata.archive.recording.open_source import OpenSource
from mailstrata.archive.recording.sink import ArchiveSink
from mailstrata.archive.recording.sink_run import ArchiveRun
from mailstrata.archive.snapshots.lines import Line
from mailstrata.archive.snapshots.segments import SegmentWriter
from mailstrata.archive.writing.session import Changes
from mailstrata.errors import ArchiveError
from mailstrata.message.origin import FileInfo, FolderInfo, SkippedFile, SourceInfo
from mailstrata.sinks.protocol import Checkpoint, FileOutcome, SourceOutcome


class LinedUpSegments(SegmentWriter):
    """A `SegmentWriter` whose lines are written in the order of the sources, some of them by workers."""

    def __init__(self, run: CoordinatorRun, source: SourceInfo, snapshot: str) -> None:
        super().__init__(run.session.store, source, snapshot)
        self._in_order = run.in_order

    def begin_file(self, file: FileInfo, offset: int = 0) -> None:
        base = super().begin_file
        self._in_order.do(lambda: base(file, offset))

    def end_file(self, outcome: FileOutcome) -> None:
        base = super().end_file
        self._in_order.do(lambda: base(outcome))

    def skipped_file(self, file: SkippedFile) -> None:
        base = super().skipped_file
        self._in_order.do(lambda: base(file))

    def folder(self, folder: FolderInfo, *, is_known: bool = False) -> None:
        base = super().folder
        self._in_order.do(lambda: base(folder, is_known=is_known))

    def copy(self, snapshot: str, first: int, count: int) -> None:
        base = super().copy
        self._in_order.do(lambda: base(snapshot, first, count))

    def write_copied(self, line: Line) -> None:
        base = super().write_copied
        self._in_order.do(lambda: base(line))

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


class CoordinatorRun(ArchiveRun):
    """What the coordinator holds. Sources are opened with `open_source`, and begin and end in order."""

    def __init__(self, directory: Path, level: int, options: dict[str, str]) -> None:
        super().__init__(directory, level, options)
        self.in_order = InOrder()
        # Sources that are opened and have not begun.
        self._to_come: dict[str, OpenSource] = {}
        # Counts that a run before it takes from a later one.
        self._corrections: dict[int, Totals] = {}

    def open_source(self, source: SourceInfo, stamp: tuple[int, int] | None) -> OpenSource:
        """A source that begins when all before it has ended."""
        identifier = f"{self.session.state.number + 1:08d}-{secrets.token_hex(4)}"
        segments = LinedUpSegments(self, source, identifier)
        opened = OpenSource(self._store, self._archive, source, identifier, stamp, segments)
        self._to_come[identifier] = opened
        self.in_order.do(lambda: self._begin(identifier))
        return opened

    def _begin(self, identifier: str) -> None:
        self._source = self._to_come.pop(identifier)

    def _let_go(self) -> None:
        for source in self._to_come.values():
            source.close()
        super()._let_go()

    def close_source(self, outcome: SourceOutcome) -> None:
        """The source that was opened last ends when all before it has."""
        self.in_order.do(lambda: self.end_source(outcome))

    def add_result(self, result: RunResult, start: int | None) -> None:
        """Take what a run came to; it is that of the source under way."""
        source = self.source
        segments = source.segments
        assert isinstance(segments, LinedUpSegments)
        for number, counts in result.corrections:
            if number <= result.number:
                raise ArchiveError("a worker corrects a run that has ended; this is a bug of mailstrata")
            add_counts(self._corrections.setdefault(number, Totals()), counts)
        segments.add_fragment(result, start)
        correction = self._corrections.pop(result.number, None)
        if correction is not None:
            segments.totals.subtract(correction)

    def stage_with(self, checkpoint: Checkpoint, parts: list[WorkerFiles]) -> None:
        """Stage everything, what the workers have finished included."""
        files = []
        for part in parts:
            self.session.catalogue.stage_from(part.catalogue, part.packs)
            files += part.files
        self.checkpoint(checkpoint, Changes(packs=files))


class CoordinatorSink(ArchiveSink):
    """The archive sink on a `CoordinatorRun`. Of its calls, those about the content of files are never made."""

    def open(self) -> None:
        self.coordinator = CoordinatorRun(self.directory, self.level, self._options)
        self._run = self.coordinator
