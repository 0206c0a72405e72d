"""The pipeline: every source through the parser and the decoders to the sinks, with a commit at every checkpoint.

What no sink asked for is not done: without `DECODED` and `DIGESTS` nothing is decoded, without `DIGESTS` and
`FILE_DIGESTS` nothing is hashed. A source that cannot be read, or not to its end, does not stop the others; a sink
that fails stops the run.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field

from mailstrata.errors import SourceError
from mailstrata.message.origin import Failure, FolderInfo, Region, SkippedFile, Source, SourceFile, SourceInfo
from mailstrata.message.quoting import EventStream
from mailstrata.parser.limits import Limits
from mailstrata.parser.machine import Parser, Profile
from mailstrata.sinks.delivery import Delivery
from mailstrata.sinks.file_chunks import FileChunks
from mailstrata.sinks.file_digest import FileDigest
from mailstrata.sinks.progress import Progress
from mailstrata.sinks.protocol import (
    Checkpoint,
    FileOutcome,
    KnownFiles,
    OutsideKind,
    Seen,
    Sink,
    SourceOutcome,
    Wants,
)
from mailstrata.sinks.target_errors import target_error

DEFAULT_CHECKPOINT_BYTES = 1 << 30
"""Bytes of input after which what was delivered is committed, at the next end of a message or source."""

MOST_REASONS = 100
"""Reasons kept for one source; a folder can hold a million unreadable files."""

MOST_FAILURES = 10_000
"""Failures kept for a report."""


@dataclass(slots=True)
class Report:
    """What a run came to. Bytes are those of the sources after decompression; `decoded_bytes` those of all
    decoded leaves, 0 where nobody asked for content. `failed` counts all failures; `failures`
    holds the first ten thousand.

    `sources_unchanged` counts the sources that were not read because nothing in them has changed, which are not
    among `sources`, and `files_unchanged` such files of the sources that were. Everything else counts what was read.
    """

    sources: int = 0
    sources_unchanged: int = 0
    files_unchanged: int = 0
    messages: int = 0
    parts: int = 0
    attachments: int = 0
    bytes_read: int = 0
    decoded_bytes: int = 0
    skipped_files: int = 0
    defects: Counter[str] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)
    failed: int = 0
    seconds: float = 0.0


class Pipeline:
    """Drives sinks with everything that sources hold; the contract is that of `sinks.protocol.Sink`.

    `progress` is called about once a chunk (1 MiB) with the same object every time. `checkpoint_bytes` is how much
    input may pass before what was delivered is committed. `known` is asked what need not be read again; it belongs to
    the one sink that has kept it, and all others see only what is read. A pipeline is run once.
    """

    def __init__(
        self,
        sinks: Sequence[Sink],
        *,
        limits: Limits | None = None,
        profile: Profile = "default",
        progress: Callable[[Progress], None] | None = None,
        checkpoint_bytes: int = DEFAULT_CHECKPOINT_BYTES,
        known: KnownFiles | None = None,
    ) -> None:
        self._sinks = list(sinks)
        self._known = known
        self._folder_sinks = [sink for sink in self._sinks if Wants.FOLDERS in sink.wants]
        self._file_digests = any(Wants.FILE_DIGESTS in sink.wants for sink in self._sinks)
        self._limits = limits or Limits()
        self._profile: Profile = profile
        self._on_progress = progress
        self._checkpoint_bytes = checkpoint_bytes
        self._progress = Progress()
        self._bytes_read = 0
        self._report = Report()
        self._delivery = Delivery(self._sinks, self._limits)
        self._checkpoint_at = checkpoint_bytes

    def run(self, sources: Iterable[Source | Failure]) -> Report:
        """Go through all sources once, and commit.

        Returns the report, whose `failures` name what could not be read. Raises `TargetError`, or what else a sink
        raised, after aborting all sinks: what was committed before stays. Whatever ends the run early, an
        interrupt included, aborts them.
        """
        began = time.monotonic()
        opened: list[Sink] = []
        try:
            for sink in self._sinks:
                sink.open()
                opened.append(sink)
            for source in sources:
                if isinstance(source, Failure):
                    self._add_failure(source)
                else:
                    self._source(source)
            self._commit(Checkpoint(final=True))
            while opened:
                opened[0].close()
                del opened[0]
        except OSError as error:
            # Sources wrap their own errors, so this one comes from a sink.
            wrapped = target_error(failed_place(error), error)
            abort_sinks(opened, wrapped)
            raise wrapped from error
        except BaseException as error:
            abort_sinks(opened, error)
            raise
        return self._finish_report(time.monotonic() - began)

    def _finish_report(self, seconds: float) -> Report:
        report, delivery = self._report, self._delivery
        report.messages = delivery.messages
        report.parts = delivery.parts
        report.attachments = delivery.attachments
        report.decoded_bytes = delivery.decoded_bytes
        report.defects = delivery.defects
        report.bytes_read = self._bytes_read
        report.seconds = seconds
        return report

    # Sources and files ---------------------------------------------------------------------------------------

    def _source(self, source: Source) -> None:
        info = source.info
        size = source.size
        self._progress.begin_source(info.label, size)
        if self._known is not None and self._known.source_unchanged(source):
            self._report.sources_unchanged += 1
            self._note_unread(size or 0)
            return
        outcome = SourceOutcome()
        bytes_before, messages_before = self._bytes_read, self._delivery.messages
        index = 0
        for sink in self._sinks:
            sink.begin_source(info)
        try:
            for file in source.files():
                if isinstance(file, SkippedFile):
                    self._skipped_file(info, file, outcome)
                elif isinstance(file, FolderInfo):
                    for sink in self._folder_sinks:
                        sink.found_folder(info, file)
                else:
                    index = self._file(info, file, outcome, index)
        except SourceError as error:
            self._fail(outcome, Failure(info.label, error))
        outcome.bytes_read = self._bytes_read - bytes_before
        outcome.messages = self._delivery.messages - messages_before
        self._report.sources += 1
        for sink in self._sinks:
            sink.end_source(info, outcome)
        # A folder of a thousand small mailboxes is not worth a thousand commits.
        if self._bytes_read >= self._checkpoint_at:
            self._commit(Checkpoint())

    def _skipped_file(self, source: SourceInfo, file: SkippedFile, outcome: SourceOutcome) -> None:
        self._report.skipped_files += 1
        if file.is_error:
            name = file.name.decode("utf-8", "replace")
            error = SourceError(f"{source.label}: {name}: {file.reason}")
            self._fail(outcome, Failure(source.label, error, file.name))
        for sink in self._sinks:
            sink.skipped_file(source, file)

    def _fail(self, outcome: SourceOutcome, failure: Failure) -> None:
        outcome.complete = False
        if len(outcome.reasons) < MOST_REASONS:
            outcome.reasons.append(str(failure.error))
        self._add_failure(failure)

    def _add_failure(self, failure: Failure) -> None:
        failures = self._report.failures
        if len(failures) < MOST_FAILURES:
            failures.append(failure)
        self._report.failed += 1

    def _file(self, source: SourceInfo, file: SourceFile, outcome: SourceOutcome, index: int) -> int:
        """Deliver what of the file is not known. Returns the index of the source's next message."""
        info = file.info
        seen = Seen()
        error: SourceError | None = None
        if self._known is not None:
            try:
                seen = self._known.look(source, file) or seen
            except SourceError as found:
                error = found
        if seen.unchanged:
            self._report.files_unchanged += 1
            self._note_unread(info.size or 0)
            return index + seen.messages
        for sink in self._sinks:
            sink.begin_file(source, info)
        if error is not None:
            ended = FileOutcome(complete=False)
        else:
            self._note_unread(seen.offset)
            chunks = FileChunks(seen.offset, self._file_digest(seen), self._note_chunk)
            index = self._regions(source, file, seen.offset, chunks, index + seen.messages)
            error, ended = chunks.error, chunks.outcome()
        if error is not None:
            self._fail(outcome, Failure(source.label, error, info.name))
        for sink in self._sinks:
            sink.end_file(source, info, ended)
        return index

    def _file_digest(self, seen: Seen) -> FileDigest | None:
        if not self._file_digests or (seen.offset and seen.digest is None):
            return None
        return FileDigest(seen.offset, seen.digest)

    def _regions(self, source: SourceInfo, file: SourceFile, start: int, chunks: FileChunks, index: int) -> int:
        with closing(file.regions(start)) as regions:
            for region in chunks.regions(regions):
                if region.kind == "gap":
                    offset = chunks.offset
                    for chunk in chunks:
                        self._delivery.outside(OutsideKind.GAP, offset, chunk)
                        offset = chunks.offset
                else:
                    index = self._region(source, file, region, chunks, index)
        return index

    def _region(self, source: SourceInfo, file: SourceFile, region: Region, chunks: FileChunks, index: int) -> int:
        is_mbox = region.kind == "mbox"
        parser = Parser(
            "mbox" if is_mbox else "message",
            limits=self._limits,
            profile=self._profile,
            offset=chunks.offset,
            length_check=file.length_check if is_mbox else None,
        )
        stream = EventStream(parser, file.info.quoting if is_mbox else None)
        # A file that is one message has the digest of its message.
        of_file = chunks.digest if not is_mbox and chunks.offset == 0 else None
        for offset in self._delivery.deliver(stream, chunks, source, file.info, index, of_file):
            index += 1
            # What was read of the next chunk comes again in the progress, not in the checkpoint.
            if self._bytes_read >= self._checkpoint_at:
                self._commit(Checkpoint(source, file.info, offset, sha256=chunks.sha256_at(offset)))
        return index

    def _note_chunk(self, size: int) -> None:
        self._bytes_read += size
        self._note_progress(size)

    def _note_unread(self, size: int) -> None:
        if size:
            self._note_progress(size)

    def _note_progress(self, size: int) -> None:
        progress = self._progress
        progress.bytes_read += size
        if self._on_progress is not None:
            progress.messages = self._delivery.messages
            progress.parts = self._delivery.parts
            self._on_progress(progress)

    def _commit(self, checkpoint: Checkpoint) -> None:
        self._checkpoint_at = self._bytes_read + self._checkpoint_bytes
        for sink in self._sinks:
            sink.checkpoint(checkpoint)
        for sink in self._sinks:
            sink.commit()


def abort_sinks(sinks: Iterable[Sink], cause: BaseException) -> None:
    """Abort every sink, whatever one of them does. What went wrong first is raised; the rest is noted on it."""
    for sink in sinks:
        try:
            sink.abort()
        except Exception as error:
            cause.add_note(f"while the sink {sink.name!r} was aborted: {type(error).__name__}: {error}")


def failed_place(error: OSError) -> str:
    """Where a sink failed, for people."""
    name = error.filename
    return "to the target" if name is None else os.fsdecode(name).encode("utf-8", "replace").decode("utf-8")
