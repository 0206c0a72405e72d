"""The archive sink of a worker: what one run after the other comes to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from mailstrata.archive.commits.records import SourceSnapshot
from mailstrata.archive.commits.totals import Totals
from mailstrata.archive.jobs.claims import ClaimTable
from mailstrata.archive.jobs.fragments import Fragment
from mailstrata.archive.jobs.results import KnownPlace, RunResult, SourceOrder, WorkerFiles, add_counts, packed
from mailstrata.archive.jobs.worker_store import WorkerSession
from mailstrata.archive.jobs.worker_whole_messages import WorkerWholeMessages
from mailstrata.archive.packs.item import Item
from mailstrata.archive.recording.open_source import OpenSource
from mailstrata.archive.recording.sink import ArchiveSink
from mailstrata.archive.recording.sink_run import ArchiveRun
from mailstrata.archive.snapshots.segments import source_id
from mailstrata.archive.writing.session import WriterSession
from mailstrata.index.rows import Row
from mailstrata.message.info import MessageInfo
from mailstrata.message.origin import FileInfo
from mailstrata.sinks.whole import WholeMessage
from mailstrata.stripping import StrippedPart


class WorkerSource(OpenSource):
    """The source of the run under way, of which this worker sees a stretch."""

    __slots__ = ("fragment",)

    def __init__(self, session: WorkerSession, order: SourceOrder, kept_gap: Callable[[int], None]) -> None:
        info = order.info
        self.fragment = Fragment(session.store, info, order.snapshot, session.layout.packs, kept_gap)
        self.segments = self.fragment
        self.snapshot = SourceSnapshot(source_id(info.path), order.snapshot, info.label, info.path, info.kind)
        self._previous = None
        self._offset = 0
        self._last_message = None

    def set_known_place(self, known: KnownPlace | None) -> None:
        """Where the snapshot before had the last message of the file that comes next."""
        self._last_message = known


class WorkerRun(ArchiveRun):
    """What a worker holds. Between `begin_run` and `end_run` it is called as any `ArchiveRun` is."""

    def __init__(self, directory: Path, level: int, claims: ClaimTable, name: str) -> None:
        self._claims = claims
        self._name = name
        self._number = 0
        self.kept = 0
        self._corrections: list[tuple[int, dict[str, Any]]] = []
        super().__init__(directory, level, {})
        self._whole = WorkerWholeMessages(self)

    def _open_session(self, directory: Path, level: int, options: dict[str, str]) -> WriterSession:  # noqa: ARG002
        self._session = WorkerSession(directory, self._claims, self._name, level=level, placed=self._placed)
        return self._session

    def begin(self, first_run: int) -> None:
        """Begin after a commit, or the first time."""
        self._session.begin(first_run)
        self._erased_blobs.clear()
        self._erased_blobs.update(each.sha256 for each in self.session.state.erasures if each.kind == "blob")

    def begin_run(self, number: int, order: SourceOrder) -> None:
        """A run begins."""
        self._number = number
        self._session.worker_store.run = number
        self._session.worker_index.waiting.begin_run()
        self._source = WorkerSource(self._session, order, self.settle_blob)

    @property
    def _worker_source(self) -> WorkerSource:
        assert isinstance(self._source, WorkerSource)
        return self._source

    def set_known_place(self, known: KnownPlace | None) -> None:
        """Where the snapshot before had the last message of the file that comes next."""
        self._worker_source.set_known_place(known)

    def go_on(self, file: FileInfo, offset: int) -> Fragment:
        """The run is about a file whose line stands elsewhere, from `offset` on; returns what its lines go to."""
        fragment = self._worker_source.fragment
        fragment.go_on(file, offset)
        return fragment

    def end_run(self, result: RunResult) -> None:
        """A run has ended: say what it came to."""
        fragment = self._worker_source.fragment
        self._source = None
        result.lines = fragment.take()
        result.spooled = fragment.spooled
        result.own_lines = fragment.own_lines
        result.end = fragment.position
        result.totals = packed(fragment.totals)
        result.corrections, self._corrections = self._corrections, []

    def hand_over(self, bases: list[int]) -> WorkerFiles:
        """Finish what a commit will name; `bases` are the messages before each run since the last one."""
        return self._session.hand_over(bases)

    # What a later run keeps counts as new here, where it stands first --------------------------------------------

    def _keep_message(self, message: MessageInfo, item: Item, *, is_skeleton: bool, totals: Totals) -> bool:
        self.kept = item.size
        return super()._keep_message(message, item, is_skeleton=is_skeleton, totals=totals)

    def end_message(self, message: MessageInfo) -> None:
        self._session.worker_store.overtaken = 0
        super().end_message(message)
        self._settle_message(message)

    def _settle_message(self, message: MessageInfo) -> None:
        if self._session.worker_store.overtaken:
            counts = {"messages_new": 1, "message_bytes_new": message.size, "kept_bytes_new": self.kept}
            self._settle(counts | {"messages_duplicate": -1})

    def whole_message(self, message: WholeMessage) -> None:
        self._session.worker_store.overtaken = 0
        super().whole_message(message)
        self._settle_message(message.info)

    def _keep_part(self, stripped: StrippedPart[Item], row: Row, totals: Totals) -> None:
        super()._keep_part(stripped, row, totals)
        self.settle_blob(stripped.size)

    def settle_blob(self, size: int) -> None:
        """A blob, which may be a large gap, was kept, or not."""
        if self._session.worker_store.overtaken:
            self._settle({"blobs_new": 1, "blob_bytes_new": size})

    def _settle(self, counts: dict[str, Any]) -> None:
        store = self._session.worker_store
        owner, store.overtaken = store.overtaken, 0
        add_counts(self.source.segments.totals, counts)
        self._corrections.append((owner, counts))


class WorkerSink(ArchiveSink):
    """The archive sink on a `WorkerRun`, which whoever made it has opened."""

    def __init__(self, run: WorkerRun) -> None:
        self._run = run
