"""The archive sink of the coordinator: it is told of sources and files, and of messages only what workers found."""

from __future__ import annotations

import secrets
from pathlib import Path

from mailstrata.archive.commits.totals import Totals
from mailstrata.archive.jobs.lined_up_segments import LinedUpSegments
from mailstrata.archive.jobs.ordering import InOrder
from mailstrata.archive.jobs.results import RunResult, WorkerFiles, add_counts
from mailstrata.archive.recording.open_source import OpenSource
from mailstrata.archive.recording.sink import ArchiveSink
from mailstrata.archive.recording.sink_run import ArchiveRun
from mailstrata.archive.writing.session import Changes
from mailstrata.errors import ArchiveError
from mailstrata.message.origin import SourceInfo
from mailstrata.sinks.protocol import Checkpoint, SourceOutcome


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
        segments = LinedUpSegments(self._store, source, identifier, self.in_order)
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
