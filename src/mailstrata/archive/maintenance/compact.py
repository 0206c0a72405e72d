"""Compaction: the many small files that many small commits leave become few large ones, and the mail stays the same.

One commit adds the new files and removes the old ones. These stay on disk until the next writer opens the archive, so
that whoever is reading can go on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from mailstrata.archive.catalogue.catalogue import packs_of
from mailstrata.archive.commits.records import FileEntry
from mailstrata.archive.commits.totals import Totals
from mailstrata.archive.folder.layout import TABLE_NAMES, Layout
from mailstrata.archive.maintenance import index_rewriter
from mailstrata.archive.packs import pack_reader
from mailstrata.archive.packs.members import MemberKind, key_of
from mailstrata.archive.writing.session import Changes, WriterSession
from mailstrata.archive.writing.store import PACK_MEMBERS
from mailstrata.sinks.progress import Progress

SMALL_PACK = 64 << 20
"""A pack of fewer bytes, and of fewer members than `SMALL_PACK_MEMBERS`, is merged with others."""

SMALL_PACK_MEMBERS = PACK_MEMBERS // 8
"""A pack with as many members is not small, however few bytes they take: it may be as large as packs get."""

SMALL_INDEX_FILE = 16 << 20
"""An index file of fewer bytes is merged with others."""

LEVEL = 3
"""The zstd level at which members of small frames are compressed again."""


@dataclass(slots=True)
class Sizes:
    """How many packs and index files an archive has, and their bytes."""

    packs: int = 0
    pack_bytes: int = 0
    index_files: int = 0
    index_bytes: int = 0

    @classmethod
    def of(cls, files: Iterable[FileEntry]) -> Sizes:
        """Of the files that count."""
        sizes = cls()
        for entry in files:
            if entry.path.startswith("packs/"):
                sizes.packs += 1
                sizes.pack_bytes += entry.size
            else:
                sizes.index_files += 1
                sizes.index_bytes += entry.size
        return sizes


@dataclass(slots=True)
class Compaction:
    """What a compaction came to: the archive's files before and after it.

    `commit` is the number of the commit that it made, None where there was nothing to merge. `removed_bytes` are those
    of files that count no longer and go when the next writer opens the archive; `swept` is the number of files that
    earlier writers had left so. `duplicates` counts members that the archive held twice.
    """

    before: Sizes
    after: Sizes
    commit: int | None = None
    duplicates: int = 0
    removed_bytes: int = 0
    swept: int = 0


def compact(
    directory: Path,
    *,
    small_pack: int = SMALL_PACK,
    small_index_file: int = SMALL_INDEX_FILE,
    progress: Callable[[Progress], None] | None = None,
) -> Compaction:
    """Merge packs and index files of fewer bytes than `small_pack` and `small_index_file`, each in one commit.

    Frames are copied as they are, except for small ones; content that the archive holds twice is kept once. Messages,
    blobs, snapshots and rows of the index are the same before and after, and so is what is restored; only the places
    of blobs in the index change. Memory does not depend on the size of the archive; on disk it needs as much room as it
    merges.

    Raises `NotAnArchiveError`, `LockedError`, `ArchiveError` where a file to be merged is missing or damaged, and
    `TargetError` where the archive cannot be written. Whatever is raised, nothing has changed.
    """
    Layout(directory).check_format()
    session = WriterSession(directory, level=LEVEL, options={"command": "compact"}, placed=_nothing_else)
    try:
        result = _Run(session, small_pack, small_index_file, progress).compact()
    except BaseException:
        session.abort()
        raise
    session.close()
    return result


def _nothing_else(kind: MemberKind, key: bytes, pack: str, place: object) -> None:
    raise AssertionError(f"compaction stores nothing new, but {kind.name} {key.hex()} was placed in {pack} at {place}")


class _Run:
    def __init__(
        self,
        session: WriterSession,
        small_pack: int,
        small_index_file: int,
        progress: Callable[[Progress], None] | None,
    ) -> None:
        self._session = session
        self._small_pack = small_pack
        self._small_index_file = small_index_file
        self._progress = progress
        self._before = session.state.files
        self._packs = session.rewriter(regroup_small_frames=True)

    def compact(self) -> Compaction:
        session = self._session
        sizes = Sizes.of(self._before.values())
        result = Compaction(before=sizes, after=sizes, swept=session.swept)
        packs = self._packs_to_merge()
        self._merge_packs(packs)
        removed = [entry.path for entry in packs]
        for table in TABLE_NAMES:
            removed += self._merge_index_files(table, packs)
        if removed:
            session.stage([], Totals(), Changes(packs=self._packs.finish(), removed=removed))
            session.commit()
            result.commit = session.state.number
            result.after = Sizes.of(session.state.files.values())
        result.removed_bytes = sum(self._before[path].size for path in removed)
        result.duplicates = self._packs.duplicates
        return result

    # Packs ---------------------------------------------------------------------------------------------------

    def _packs_to_merge(self) -> list[FileEntry]:
        entries = [self._before[path] for path in packs_of(self._session.state)]
        chosen = {e.path for e in entries if e.size < self._small_pack and e.rows < SMALL_PACK_MEMBERS}
        if len(chosen) < 2:
            chosen.clear()
        # Each member counts once in the catalogue, and as often as it is there in the packs' own numbers.
        if sum(entry.rows for entry in entries) > self._session.catalogue.count():
            for entry in entries:
                chosen.update(self._packs_that_share(entry))
        return [entry for entry in entries if entry.path in chosen]

    def _packs_that_share(self, entry: FileEntry) -> set[str]:
        """This pack and others that hold a member of it as well, by what the catalogue knows; none where none does."""
        found: set[str] = set()
        for name, place in pack_reader.members(self._session.layout.root / entry.path):
            known = key_of(name)
            elsewhere = known and self._session.catalogue.find(*known)
            if elsewhere and elsewhere != (entry.path, place):
                found.update((entry.path, elsewhere[0]))
        return found

    def _merge_packs(self, packs: list[FileEntry]) -> None:
        total = sum(entry.size for entry in packs)
        done = 0
        for entry in packs:
            self._packs.take_over(entry)
            done += entry.size
            if self._progress is not None:
                self._progress(Progress(done, total, messages=self._packs.messages, source="packs"))
        self._packs.finish()

    # The index -----------------------------------------------------------------------------------------------

    def _merge_index_files(self, table: str, packs: list[FileEntry]) -> list[str]:
        """Add the rows of the files of a table that have to be written anew to the session's index; their paths."""
        session = self._session
        root = session.layout.root
        every = [entry for path, entry in self._before.items() if path.startswith(f"index/{table}/")]
        small = (entry.path for entry in every if entry.size < self._small_index_file)
        chosen = {path for path in small if not index_rewriter.is_full(root / path)}
        if len(chosen) < 2:
            chosen.clear()
        change: index_rewriter.Change = index_rewriter.unchanged
        if table == "blobs" and packs:
            names = [entry.path.removeprefix("packs/") for entry in packs]
            chosen.update(e.path for e in every if index_rewriter.has_any(root / e.path, "pack", names))
            change = index_rewriter.MovedBlobs(session.catalogue, names)
        entries = [entry for entry in every if entry.path in chosen]
        if len(entries) == len(every) and entries:
            session.index.require_file(table)
        index_rewriter.rewrite(root, table, entries, session.index, change)
        return [entry.path for entry in entries]
