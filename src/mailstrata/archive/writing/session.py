"""A writer at work on an archive: the lock, what was committed, what is staged, and the order of writing.

The order, each step synced before the next: packs, index files, the commit record, and last the catalogue, which can
be made anew. Whatever is interrupted leaves files that no commit names; they are swept when the writer aborts, and
else by the next one.

Files that a commit removes stay until the next writer opens the archive: a reader that has seen the commit before may
need them still. What is erased goes at once, readers or not.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

from mailstrata.archive.catalogue.catalogue_writer import WritableCatalogue
from mailstrata.archive.commits.chain import ArchiveState, CommitLog
from mailstrata.archive.commits.records import Erasure, FileEntry, SourceSnapshot
from mailstrata.archive.commits.totals import Totals
from mailstrata.archive.folder.files import remove
from mailstrata.archive.folder.layout import Layout, utc_now, written_by
from mailstrata.archive.folder.lock import WriterLock
from mailstrata.archive.writing.pack_rewriter import PackRewriter
from mailstrata.archive.writing.store import ContentStore, Placed
from mailstrata.archive.writing.sweep import sweep
from mailstrata.errors import ArchiveError
from mailstrata.index.files import sync_directory, writing
from mailstrata.index.writer import IndexWriter


@dataclass(slots=True)
class Changes:
    """What a commit does besides adding what went through store and index.

    `packs` are more packs (and index files) to add, whole, synced and under their names; members of packs are staged in
    the catalogue.
    `removed` are paths of files that count no longer. Where something is `erased`, they are gone from the disk when the
    commit has ended.
    """

    packs: list[FileEntry] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    erased: list[Erasure] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.packs or self.removed or self.erased)


@dataclass(slots=True)
class _Staged:
    added: list[FileEntry]
    sources: list[SourceSnapshot]
    totals: Totals
    changes: Changes


class WriterSession:
    """One writer from `__init__` to `close` or `abort`.

    Opens the archive, or makes it; raises `LockedError` where another writer is at work, `NotAnArchiveError` and
    `UnsupportedFormatError` where it cannot be used, `ArchiveError` where it is damaged, and `TargetError` where
    it cannot be written. After a failure of any method only `abort` may be called.
    """

    def __init__(self, directory: Path, *, level: int, options: dict[str, str], placed: Placed) -> None:
        self.layout = Layout(directory)
        self._level = level
        self._options = options
        self._staged: _Staged | None = None
        self._made_root = False
        self._made_archive = False
        with ExitStack() as stack:
            self._open_folder(stack)
            self.log = CommitLog(self.layout.commits)
            self.log.load()
            # Files that one of our own commits removes are among them: those are for the next writer to sweep.
            self._not_swept: set[str] = set(self.log.state.files)
            self._check_packs()
            self.catalogue = WritableCatalogue.open(self.layout, self.log)
            stack.callback(self.catalogue.close)
            self.swept = sweep(self.layout, self.log.state.files, durably=True)
            self.index = IndexWriter(self.layout.index)
            stack.callback(self.index.abort)
            number = self.log.state.number + 1
            self.store = ContentStore(self.layout, self.catalogue, level=level, number=number, placed=placed)
            self._opened = stack.pop_all()

    @property
    def state(self) -> ArchiveState:
        """What is committed."""
        return self.log.state

    def _open_folder(self, stack: ExitStack) -> None:
        layout = self.layout
        stack.callback(self._take_back_root)
        if layout.exists():
            layout.check_format()
        else:
            layout.check_creatable()
            self._made_root = not layout.root.is_dir()
            layout.make_folder()
        lock = WriterLock(layout.lock)
        lock.acquire()
        stack.callback(lock.release)
        stack.callback(self._take_back)
        # Another process may have made it since.
        if not layout.exists():
            layout.check_creatable()
            self._made_archive = True
            layout.create()
        layout.check_format()
        with writing(layout.index):
            layout.index.mkdir(exist_ok=True)

    def _check_packs(self) -> None:
        """A pack that is gone must stop the writer: what it held would be taken for known, and dropped."""
        for entry in self.state.files.values():
            if not entry.path.startswith("packs/"):
                continue
            path = self.layout.root / entry.path
            try:
                size = path.stat().st_size
            except FileNotFoundError as error:
                raise ArchiveError(f"{path} is missing; bring it back from a backup") from error
            except OSError as error:
                raise ArchiveError(f"cannot read {path}: {error.strerror}; check the disk") from error
            if size != entry.size:
                raise ArchiveError(
                    f"{path} has {size} bytes, its commit says {entry.size}; bring it back from a backup"
                )

    def rewriter(
        self, keep: Callable[[str], bool] = lambda _: True, *, regroup_small_frames: bool = False
    ) -> PackRewriter:
        """Something to write old packs anew with, for the next commit. `abort` takes back what it has written."""
        rewriter = PackRewriter(
            self.layout,
            self.catalogue,
            number=self.state.number + 1,
            level=self._level,
            keep=keep,
            regroup_small_frames=regroup_small_frames,
        )
        self._opened.callback(rewriter.discard)
        return rewriter

    def stage(self, sources: list[SourceSnapshot], totals: Totals, changes: Changes | None = None) -> None:
        """Make durable all that was added since the last commit; nothing is visible yet."""
        changes = changes or Changes()
        number = self.state.number + 1
        added = self.store.checkpoint()
        name = f"{number:08d}-{secrets.token_hex(4)}"
        # From the first commit on each table has a file: a glob over an empty folder fails in every SQL engine.
        is_first = number == 1 and bool(added or sources)
        for file in self.index.checkpoint(name, every_table=is_first):
            added.append(FileEntry(f"index/{file.path}", file.size, file.sha256, file.rows))
        if added or sources or changes:
            self._staged = _Staged(added + changes.packs, sources, totals, changes)

    def commit(self) -> None:
        """Make visible what was staged, in one step; without anything new, no record is written."""
        if self._staged is None:
            return
        staged, self._staged = self._staged, None
        changes = staged.changes
        if changes.erased:
            # From here on they count as long as no record removes them; `abort` asks the records.
            self._not_swept.difference_update(changes.removed)
        self.index.commit()
        self.log.append(
            created=utc_now(),
            written_by=written_by(),
            options=self._options,
            added=staged.added,
            removed=changes.removed,
            sources=staged.sources,
            totals=staged.totals,
            erased=changes.erased,
        )
        if changes.erased:
            self._remove_at_once(changes.removed)
        self.catalogue.commit(self.state, changes.removed)
        self.store.committed(self.state.number + 1)

    def _remove_at_once(self, paths: list[str]) -> None:
        folders = set()
        for name in paths:
            path = self.layout.root / name
            with writing(path):
                remove(path)
            folders.add(path.parent)
        for folder in sorted(folders):
            with writing(folder):
                sync_directory(folder)

    def abort(self) -> None:
        """Remove what was not committed, and let go of everything."""
        self._opened.callback(self._sweep)
        self._opened.callback(self.store.discard)
        self._opened.close()

    def close(self) -> None:
        """Let go of everything, after the last commit."""
        self._opened.close()

    def _sweep(self) -> None:
        # The record itself says what is committed: an interrupt may have come just after it was written.
        log = CommitLog(self.layout.commits)
        log.load()
        sweep(self.layout, self._not_swept | set(log.state.files))

    def _take_back(self) -> None:
        """Leave no archive behind that this run has made and that holds nothing."""
        layout = self.layout
        if self._made_archive:
            with writing(layout.root):
                if not layout.commits.is_dir() or not any(layout.commits.iterdir()):
                    layout.remove_empty()

    def _take_back_root(self) -> None:
        if self._made_root:
            with suppress(OSError):
                # A folder that is not empty is in use, or holds something that is not ours.
                self.layout.root.rmdir()
