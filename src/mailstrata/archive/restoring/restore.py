"""Restoring: the files of sources as they were, in a folder, each proven by its SHA-256 before it gets its name.

What cannot be restored is an error of that file, or of that source, and the others still come.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mailstrata.archive.restoring.checksums import MANIFEST, checksum_line
from mailstrata.archive.restoring.entries import EntryNames, SourceEntry
from mailstrata.archive.restoring.report import Listed
from mailstrata.archive.snapshots.lines import BrokenLine, FolderLine, SkippedLine, SourceEndLine
from mailstrata.archive.snapshots.rebuild import ErasedSpan, RebuiltFile, rebuild_files
from mailstrata.archive.snapshots.snapshot_lines import lines_or_damage
from mailstrata.errors import ArchiveError
from mailstrata.sinks.progress import Progress
from mailstrata.sinks.target_tree import TargetFile, TargetTree

if TYPE_CHECKING:
    from mailstrata.archive.commits.records import SourceSnapshot
    from mailstrata.archive.reading.reader import Archive

_FOLDER_KINDS = frozenset({"maildir", "eml-tree", "apple-mail", "tar", "zip"})


@dataclass(frozen=True, slots=True)
class Renamed:
    """A file that could not have its own name: the path below the target that it should have had, and has."""

    source: str
    wanted: bytes
    name: bytes


@dataclass(frozen=True, slots=True)
class Partial:
    """A file that is restored as far as it was read: `name` below the target, and why there is no more."""

    source: str
    name: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class Erased:
    """A place in a restored file whose message was erased: its bytes are left out."""

    source: str
    file: bytes
    span: ErasedSpan


@dataclass(frozen=True, slots=True)
class NotRestored:
    """A file (empty: a part of the source that no file can be named for) that could not be restored."""

    source: str
    file: bytes
    error: ArchiveError


@dataclass(slots=True)
class RestoredSource:
    """What came of one source: `entries` are its names in the target, `bytes` those of its restored files."""

    snapshot: SourceSnapshot
    entries: list[bytes] = field(default_factory=list)
    files: int = 0
    folders: int = 0
    messages: int = 0
    bytes: int = 0


@dataclass(slots=True)
class RestoreReport:
    """What restoring came to. Of what there may be much of, the first thousand are listed and all are counted."""

    sources: list[RestoredSource] = field(default_factory=list)
    renamed: Listed[Renamed] = field(default_factory=Listed)
    partial: Listed[Partial] = field(default_factory=Listed)
    erased: Listed[Erased] = field(default_factory=Listed)
    failures: Listed[NotRestored] = field(default_factory=Listed)
    seconds: float = 0.0

    @property
    def files(self) -> int:
        """Files that were restored, partial ones included."""
        return sum(source.files for source in self.sources)

    @property
    def folders(self) -> int:
        """Folders of which mode and time were restored."""
        return sum(source.folders for source in self.sources)

    @property
    def messages(self) -> int:
        """Messages in these."""
        return sum(source.messages for source in self.sources)

    @property
    def bytes(self) -> int:
        """Bytes of these."""
        return sum(source.bytes for source in self.sources)


def restore(
    archive: Archive,
    target: bytes,
    snapshots: Sequence[SourceSnapshot],
    *,
    manifest: bool = True,
    progress: Callable[[Progress], None] | None = None,
) -> RestoreReport:
    """Write the files of these snapshots below `target`, a new or empty folder.

    With `manifest` the digests of all files are listed in `SHA256SUMS`. `progress` is called after each piece of some
    MiB and each file. A file appears under its name when it is whole and has the SHA-256 that was noted when it was
    read; nothing is written outside of `target`, whatever a name says. What cannot be restored is in the report.
    Memory: what an archive holds when it is read, and the names of the sources and of their folders.

    Raises `TargetError` where the target cannot be written, or is not empty.
    """
    started = time.monotonic()
    report = RestoreReport()
    state = Progress(bytes_total=sum(_size(snapshot) for snapshot in snapshots))
    names = EntryNames()
    with ExitStack() as stack:
        restorer = _Restorer(archive, target, report, state, progress)
        tree = stack.enter_context(restorer.tree)
        if manifest:
            restorer.manifest = stack.enter_context(tree.create(MANIFEST))
        for snapshot in snapshots:
            restorer.restore(snapshot, SourceEntry(snapshot, names))
        if restorer.manifest is not None:
            restorer.manifest.place()
        tree.finish()
    report.seconds = time.monotonic() - started
    return report


def _size(snapshot: SourceSnapshot) -> int:
    return snapshot.totals.source_bytes + snapshot.totals.bytes_unchanged


class _Restorer:
    """One run of `restore`."""

    def __init__(
        self,
        archive: Archive,
        target: bytes,
        report: RestoreReport,
        state: Progress,
        progress: Callable[[Progress], None] | None,
    ) -> None:
        self._archive = archive
        self._report = report
        self._state = state
        self._progress = progress
        self._label = ""
        self.manifest: TargetFile | None = None
        self.tree = TargetTree(target, on_renamed=self._note_renamed)

    def restore(self, snapshot: SourceSnapshot, entry: SourceEntry) -> None:
        self._label = self._state.source = snapshot.label
        restored = RestoredSource(snapshot)
        self._report.sources.append(restored)
        try:
            for item in rebuild_files(self._archive, lines_or_damage(self._archive, snapshot), snapshot.label):
                match item:
                    case RebuiltFile():
                        self._file(item, entry, restored)
                    case FolderLine():
                        self._folder(item, entry, restored)
                    case BrokenLine():
                        self._fail(b"", item.error)
                    case SkippedLine() | SourceEndLine():
                        pass
        except ArchiveError as error:
            self._fail(b"", error)
        if not entry.names and snapshot.kind in _FOLDER_KINDS:
            # A mailbox without a message is a folder all the same.
            self._make_maildir(entry, b"cur")
            self.tree.make_folder(entry.folder())
        restored.entries = entry.names

    def _folder(self, line: FolderLine, entry: SourceEntry, restored: RestoredSource) -> None:
        restored.folders += 1
        self.tree.make_folder(entry.folder_of(line), mode=line.mode, mtime_ns=line.mtime_ns)

    def _make_maildir(self, entry: SourceEntry, name: bytes) -> None:
        """Make the three folders of a Maildir in a snapshot that says nothing of folders."""
        for folder in entry.new_maildir(name):
            self.tree.make_folder(folder)

    def _file(self, file: RebuiltFile, entry: SourceEntry, restored: RestoredSource) -> None:
        line = file.file
        name = entry.file(line)
        if not restored.folders:
            self._make_maildir(entry, line.name)
        with self.tree.create(name, mode=line.mode) as target:
            try:
                for piece in file.batches():
                    target.write(piece)
                    self._state.bytes_read += len(piece)
                    self._tell()
            except ArchiveError as error:
                self._fail(name, error)
                return
            for span in file.erased:
                self._report.erased.add(Erased(self._label, name, span))
            self._report.erased.count += file.erased_count - len(file.erased)
            if file.erased_count and not file.length:
                # A file that was nothing but the message.
                return
            target.set_metadata(file.file.mode, file.file.mtime_ns)
            place = target.place()
        if self.manifest is not None:
            self.manifest.write(checksum_line(file.sha256, place))
        reason = _why_partial(file)
        if reason is not None:
            self._report.partial.add(Partial(self._label, place, reason))
        restored.files += 1
        restored.messages += file.messages
        restored.bytes += file.length
        self._state.messages += file.messages
        self._tell()

    def _fail(self, name: bytes, error: ArchiveError) -> None:
        self._report.failures.add(NotRestored(self._label, name, error))

    def _note_renamed(self, wanted: bytes, got: bytes) -> None:
        self._report.renamed.add(Renamed(self._label, wanted, got))

    def _tell(self) -> None:
        if self._progress is not None:
            self._progress(self._state)


def _why_partial(file: RebuiltFile) -> str | None:
    end = file.end
    if end is None:
        return "it was still being read"
    if not end.complete:
        return "it could not be read further when it was archived"
    if end.changed:
        return "it was written to while it was archived"
    return None
