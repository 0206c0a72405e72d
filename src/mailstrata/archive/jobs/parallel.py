"""The pipeline of an archive that is written by several processes: what `sinks.pipeline` is to one.

This process, the coordinator, finds files, reads and hashes those that are cut into pieces, hands everything out in
runs, and puts together in the order of the sources what comes back. `docs/jobs.md` tells the whole story.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from functools import partial

from mailstrata.archive.jobs.coordinator_run import CoordinatorSink
from mailstrata.archive.jobs.cutting import Cutter
from mailstrata.archive.jobs.fleet import Fleet, Worker
from mailstrata.archive.jobs.held_files import HeldFile, held_file
from mailstrata.archive.jobs.results import KnownPlace, Piece, RunResult, SourceOrder
from mailstrata.archive.recording.open_source import OpenSource
from mailstrata.errors import ArchiveError, SourceError
from mailstrata.message.origin import Failure, FolderInfo, Region, RegionKind, SkippedFile, Source, SourceFile
from mailstrata.parser.limits import Limits
from mailstrata.parser.machine import Parser
from mailstrata.sinks.file_chunks import FileChunks
from mailstrata.sinks.file_digest import FileDigest
from mailstrata.sinks.pipeline import (
    DEFAULT_CHECKPOINT_BYTES,
    MOST_FAILURES,
    MOST_REASONS,
    Report,
    abort_sinks,
    failed_place,
)
from mailstrata.sinks.progress import Progress
from mailstrata.sinks.protocol import Checkpoint, FileOutcome, Seen, SourceOutcome
from mailstrata.sinks.target_errors import target_error
from mailstrata.sources.content import DiskFile

PIECE_BYTES = 4 << 20
"""About how many bytes of a large mbox, or of small files, a worker gets at a time."""

_WHOLE_BYTES = 8 << 20
_WHOLE_COMPRESSED_BYTES = 2 << 20
_MOST_FILES = 256
_LEAST_BYTES = 1 << 10
_MOST_LINED_UP = 20_000
_MOST_HELD = 64 << 20


class ParallelPipeline:
    """Archives sources with a fleet of workers; the other arguments are those of `sinks.pipeline.Pipeline`. It is run
    once, and the caller closes the fleet.

    Memory: that of as many single processes as there are workers, and what waits for its turn, at most 64 MiB and
    20,000 lines of snapshots.
    """

    def __init__(
        self,
        sink: CoordinatorSink,
        fleet: Fleet,
        *,
        limits: Limits | None = None,
        progress: Callable[[Progress], None] | None = None,
        checkpoint_bytes: int = DEFAULT_CHECKPOINT_BYTES,
    ) -> None:
        self._sink = sink
        self._fleet = fleet
        self._limits = limits or Limits()
        self._on_progress = progress
        self._checkpoint_bytes = checkpoint_bytes
        self._checkpoint_at = checkpoint_bytes
        self._progress = Progress()
        self._report = Report()
        self._bytes_read = 0
        self._handed_out = 0
        self._next_run = 1
        # Whole files that wait to be ordered, by runs.
        self._files: list[tuple[int, SourceOrder, list[tuple[SourceFile, KnownPlace | None]]]] = []
        self._held_bytes = 0
        self._held_files = 0
        # Of each run since the last commit, how many messages of its source stand before it.
        self._messages_before: dict[int, int] = {}

    def run(self, sources: Iterable[Source | Failure]) -> Report:
        """Go through all sources once, and commit; as `Pipeline.run`. Raises what a worker has raised as well."""
        began = time.monotonic()
        sink = self._sink
        sink.open()
        try:
            run = sink.coordinator
            run.in_order.most = _MOST_LINED_UP
            run.in_order.relieve = self._keep_short
            self._fleet.open(sink.directory, level=sink.level, limits=self._limits, on_result=run.in_order.answer)
            for source in sources:
                if isinstance(source, Failure):
                    run.in_order.do(partial(self._add_failure, source))
                else:
                    self._source(source)
            self._commit(Checkpoint(final=True))
            self._fleet.end()
            sink.close()
        except BaseException as error:
            # First of all, so that nothing is written behind the back of the sweep.
            self._fleet.kill()
            wrapped = target_error(failed_place(error), error) if isinstance(error, OSError) else error
            abort_sinks([sink], wrapped)
            if wrapped is not error:
                raise wrapped from error
            raise
        report = self._report
        report.bytes_read = self._bytes_read
        report.seconds = time.monotonic() - began
        return report

    # Sources and files ---------------------------------------------------------------------------------------

    def _source(self, source: Source) -> None:
        info = source.info
        size = source.size
        self._progress.begin_source(info.label, size)
        stamp = source.stamp
        run = self._sink.coordinator
        if not self._sink.reread and run.is_unchanged(info, stamp):
            self._report.sources_unchanged += 1
            self._note_progress(size or 0)
            return
        opened = run.open_source(info, stamp)
        under_way = _UnderWay(opened, SourceOrder(info, opened.snapshot.snapshot))
        try:
            for file in source.files():
                if isinstance(file, SkippedFile):
                    self._skipped_file(under_way, file)
                elif isinstance(file, FolderInfo):
                    opened.found_folder(file)
                else:
                    self._file(under_way, file)
        except SourceError as error:
            self._fail_in_order(under_way, Failure(info.label, error))
        run.in_order.do(self._count_source)
        run.close_source(under_way.outcome)
        if self._handed_out >= self._checkpoint_at:
            self._commit(Checkpoint())

    def _count_source(self) -> None:
        self._report.sources += 1

    def _skipped_file(self, source: _UnderWay, file: SkippedFile) -> None:
        self._report.skipped_files += 1
        if file.is_error:
            label = source.order.info.label
            name = file.name.decode("utf-8", "replace")
            error = SourceError(f"{label}: {name}: {file.reason}")
            self._fail_in_order(source, Failure(label, error, file.name))
        source.opened.skipped_file(file)

    def _fail_in_order(self, source: _UnderWay, failure: Failure) -> None:
        self._sink.coordinator.in_order.do(partial(self._fail, source.outcome, failure))

    def _fail(self, outcome: SourceOutcome, failure: Failure) -> None:
        outcome.complete = False
        if len(outcome.reasons) < MOST_REASONS:
            outcome.reasons.append(str(failure.error))
        self._add_failure(failure)

    def _add_failure(self, failure: Failure) -> None:
        if len(self._report.failures) < MOST_FAILURES:
            self._report.failures.append(failure)
        self._report.failed += 1

    def _file(self, source: _UnderWay, file: SourceFile) -> None:
        """Hand out what of the file is not known."""
        opened, info = source.opened, file.info
        seen = Seen()
        error: SourceError | None = None
        if not self._sink.reread:
            try:
                seen = opened.look(file) or seen
            except SourceError as found:
                error = found
        in_order = self._sink.coordinator.in_order
        if seen.messages:
            in_order.do(partial(source.pass_over, seen.messages))
        if seen.unchanged:
            self._report.files_unchanged += 1
            self._note_progress(info.size or 0)
            return
        if error is not None:
            opened.begin_file(info)
            self._fail_in_order(source, Failure(source.order.info.label, error, info.name))
            opened.segments.end_file(FileOutcome(complete=False))
        elif seen.offset:
            self._note_progress(seen.offset)
            self._parts(source, file, seen, file.regions(seen.offset))
        elif _is_for_one(file):
            self._whole_file(source, file, info.size or 0)
        else:
            held = held_file(file)
            if isinstance(held, HeldFile):
                self._whole_file(source, held, held.size)
            else:
                self._parts(source, file, seen, held)

    def _whole_file(self, source: _UnderWay, file: SourceFile, size: int) -> None:
        in_order = self._sink.coordinator.in_order
        last = self._files[-1] if self._files else None
        if last is None or last[1] is not source.order or in_order.last_expected != last[0]:
            last = (self._expect(source, None), source.order, [])
            self._files.append(last)
        last[2].append((file, source.opened.known_place))
        self._handed_out += max(size, _LEAST_BYTES)
        self._held_bytes += size
        self._held_files += 1
        if self._held_bytes >= PIECE_BYTES or self._held_files >= _MOST_FILES:
            self._flush()
            # Between two sources is soon enough, unless one is a folder of a million files.
            if self._handed_out >= self._checkpoint_at:
                self._commit(Checkpoint())

    def _parts(self, source: _UnderWay, file: SourceFile, seen: Seen, regions: Generator[Region, None, None]) -> None:
        """Read a file here, and hand out its regions, whole or in pieces."""
        opened, info = source.opened, file.info
        opened.begin_file(info)
        digest = None if seen.offset and seen.digest is None else FileDigest(seen.offset, seen.digest)
        chunks = FileChunks(seen.offset, digest, self._note_handed_out)
        with closing(regions):
            for region in chunks.regions(regions):
                self._region(source, file, region.kind, chunks)
        if chunks.error is not None:
            self._fail_in_order(source, Failure(source.order.info.label, chunks.error, info.name))
        opened.segments.end_file(chunks.outcome())

    def _region(self, source: _UnderWay, file: SourceFile, kind: RegionKind, chunks: FileChunks) -> None:
        cutter = self._cutter(file, chunks.offset) if kind == "mbox" else None
        worker: Worker | None = None
        size = 0
        for chunk in chunks:
            start = chunks.offset - len(chunk)
            if worker is None:
                worker = self._begin_piece(source, file, kind, start)
            rest = memoryview(chunk)
            cut = None if cutter is None else cutter.look(chunk, is_wanted=size >= PIECE_BYTES)
            if cut is not None:
                self._fleet.send_data(worker, rest[: cut.start])
                end = start + cut.start
                self._fleet.end_data(worker, ("cut", end, cut.blank, cut.line))
                if self._handed_out >= self._checkpoint_at:
                    self._commit(Checkpoint(source.order.info, file.info, end, sha256=chunks.sha256_at(end)))
                worker = self._begin_piece(source, file, kind, end)
                rest = rest[cut.start :]
                size = 0
            self._fleet.send_data(worker, rest)
            size += len(rest)
        if worker is not None:
            self._fleet.end_data(worker, ("end",))

    def _cutter(self, file: SourceFile, offset: int) -> Cutter:
        check = file.length_check
        return Cutter(
            offset,
            None if check is None else Parser("mbox", limits=self._limits, offset=offset, length_check=check),
        )

    def _begin_piece(self, source: _UnderWay, file: SourceFile, kind: RegionKind, start: int) -> Worker:
        lengths = file if kind == "mbox" and file.length_check is not None else None
        number = self._expect(source, start)
        piece = Piece(number, source.order, source.opened.known_place, file.info, kind, start, lengths)
        worker = self._fleet.choose()
        self._fleet.send(worker, ("piece", piece), (number,))
        return worker

    # Runs ----------------------------------------------------------------------------------------------------

    def _expect(self, source: _UnderWay, start: int | None) -> int:
        """The number of a run whose result comes next in order; `start` as in `CoordinatorRun.add_result`."""
        self._keep_short()
        number = self._next_run
        self._next_run += 1
        self._sink.coordinator.in_order.expect(number, partial(self._add_result, source, start))
        return number

    def _add_result(self, source: _UnderWay, start: int | None, result: RunResult) -> None:
        if not result.is_confirmed:
            raise ArchiveError(
                f"{source.order.info.label}: no message begins where it was cut before the one at byte {result.end}; "
                "this is a bug of mailstrata; run the command again with --jobs 1"
            )
        self._messages_before[result.number] = source.messages
        source.messages += result.messages
        source.outcome.messages += result.messages
        source.outcome.bytes_read += result.bytes_read
        self._sink.coordinator.add_result(result, start)
        report = self._report
        report.messages += result.messages
        report.parts += result.parts
        report.attachments += result.attachments
        report.decoded_bytes += result.decoded_bytes
        report.defects.update(result.defects)
        for failure in result.failures:
            self._fail(source.outcome, failure)
        self._bytes_read += result.bytes_read
        self._note_progress(result.bytes_read)

    def _flush(self) -> None:
        """Give what is held to a worker."""
        files, self._files = self._files, []
        self._held_bytes = self._held_files = 0
        if files:
            worker = self._fleet.choose()
            self._fleet.send(worker, ("files", files), tuple(number for number, _, _ in files))

    def _keep_short(self) -> None:
        """Do not let much line up behind a run that takes long."""
        in_order = self._sink.coordinator.in_order
        if len(in_order) > _MOST_LINED_UP or in_order.held > _MOST_HELD:
            self._flush()
            while len(in_order) > _MOST_LINED_UP // 2 or in_order.held > _MOST_HELD // 2:
                self._fleet.listen()

    def _commit(self, checkpoint: Checkpoint) -> None:
        """Wait until everything handed out has come back, and commit it."""
        self._checkpoint_at = self._handed_out + self._checkpoint_bytes
        self._flush()
        run = self._sink.coordinator
        while len(run.in_order):
            self._fleet.listen()
        parts = self._fleet.finish(self._messages_before, self._next_run, is_last=checkpoint.final)
        self._messages_before.clear()
        run.stage_with(checkpoint, parts)
        self._sink.commit()

    def _note_handed_out(self, size: int) -> None:
        self._handed_out += size

    def _note_progress(self, size: int) -> None:
        progress = self._progress
        progress.bytes_read += size
        if self._on_progress is not None:
            progress.messages = self._report.messages
            progress.parts = self._report.parts
            self._on_progress(progress)


class _UnderWay:
    """A source of which something is handed out. `messages` counts those that stand before what comes next in order."""

    __slots__ = ("messages", "opened", "order", "outcome")

    def __init__(self, opened: OpenSource, order: SourceOrder) -> None:
        self.opened = opened
        self.order = order
        self.outcome = SourceOutcome()
        self.messages = 0

    def pass_over(self, messages: int) -> None:
        """So many messages are known already."""
        self.messages += messages


def _is_for_one(file: SourceFile) -> bool:
    """Whether one worker reads the file, since it is small or a single message. What stands inside of something else is
    read here, and so is what is cut."""
    if not isinstance(file, DiskFile) or file.info.size is None:
        return False
    if file.info.quoting is None:
        return True
    return file.info.size <= (_WHOLE_BYTES if file.info.compression is None else _WHOLE_COMPRESSED_BYTES)
