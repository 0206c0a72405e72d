"""What a worker keeps, and for whom: a session that commits nothing, a store that asks before it keeps anything.

Everything lies in the archive under names that no commit has yet. Only the coordinator has the lock, commits, and
sweeps.
"""

from __future__ import annotations

import secrets
import sqlite3
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from mailstrata.archive.catalogue.catalogue import CACHE_BYTES
from mailstrata.archive.catalogue.catalogue_writer import WritableCatalogue
from mailstrata.archive.commits.chain import CommitLog
from mailstrata.archive.commits.records import FileEntry
from mailstrata.archive.folder.files import TEMPORARY_PREFIX, remove
from mailstrata.archive.folder.layout import Layout
from mailstrata.archive.jobs.claims import ClaimTable
from mailstrata.archive.jobs.occurrences import WaitingOccurrences
from mailstrata.archive.jobs.results import WorkerFiles
from mailstrata.archive.packs.members import MemberKind
from mailstrata.archive.packs.pack_table import Place
from mailstrata.archive.writing.session import WriterSession
from mailstrata.archive.writing.store import ContentStore, Placed
from mailstrata.archive.writing.sweep import worker_staging
from mailstrata.errors import TargetError
from mailstrata.index.files import writing
from mailstrata.index.rows import Row
from mailstrata.index.schema import TABLES
from mailstrata.index.writer import IndexWriter

_MEMBERS = """
    CREATE TABLE members (
        kind INTEGER NOT NULL, key BLOB NOT NULL, pack INTEGER NOT NULL,
        frame_offset INTEGER NOT NULL, frame_length INTEGER NOT NULL, offset INTEGER NOT NULL, size INTEGER NOT NULL
    )
"""
_IS_KNOWN = "SELECT 1 FROM members WHERE kind IN (?2, ?3) AND key = ?1 LIMIT 1"


class WorkerCatalogue(WritableCatalogue):
    """What is committed, to be asked; and where the members of this worker's new packs lie, to be handed over."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._packs: dict[str, int] = {}
        self._names: dict[int, str] = {}
        self._path = layout.root / f"{TEMPORARY_PREFIX}{secrets.token_hex(8)}.sqlite"
        try:
            self._committed = sqlite3.connect(
                layout.catalogue.absolute().as_uri() + "?mode=ro", uri=True, isolation_level=None
            )
            self._committed.execute(f"PRAGMA cache_size = {-(CACHE_BYTES >> 10)}")
        except sqlite3.Error as error:
            raise _unusable(layout.catalogue, error) from error
        self._database = self._staged()
        self._is_empty = True

    def _staged(self) -> sqlite3.Connection:
        try:
            database = sqlite3.connect(self._path, isolation_level=None)
            for setting in ("journal_mode = OFF", "synchronous = OFF", "locking_mode = EXCLUSIVE"):
                database.execute(f"PRAGMA {setting}")
            database.execute(_MEMBERS)
        except sqlite3.Error as error:
            raise _unusable(self._path, error) from error
        return database

    def begin(self) -> None:
        """Look at what is committed now; it stays so until `hand_over`. Raises `TargetError`."""
        try:
            # One lock for all questions, not one each.
            self._committed.execute("BEGIN")
            self._is_empty = self._committed.execute("SELECT 1 FROM members LIMIT 1").fetchone() is None
        except sqlite3.Error as error:
            raise _unusable(self._layout.catalogue, error) from error

    def is_known(self, key: bytes, kind: MemberKind, other: MemberKind | None = None) -> bool:
        """Whether a commit has a member of that key and of one of these kinds."""
        if self._is_empty:
            return False
        try:
            found = self._committed.execute(_IS_KNOWN, (key, int(kind), int(kind if other is None else other)))
            return found.fetchone() is not None
        except sqlite3.Error as error:
            raise _unusable(self._layout.catalogue, error) from error

    def stage_places(self, pack: str, places: list[tuple[MemberKind, bytes, Place]]) -> None:
        """Note where members lie."""
        number = self._packs.setdefault(pack, len(self._packs) + 1)
        try:
            self._database.execute("BEGIN")
            self._database.executemany(
                "INSERT INTO members VALUES (?,?,?,?,?,?,?)",
                [(int(kind), key, number, *place) for kind, key, place in places],
            )
            self._database.execute("COMMIT")
        except sqlite3.Error as error:
            raise _unusable(self._path, error) from error

    def hand_over(self) -> tuple[str, dict[int, str]]:
        """The path of the database with what was noted, which is whoever's who asks, and the packs by their numbers."""
        self._database.close()
        packs = {number: pack for pack, number in self._packs.items()}
        self._packs.clear()
        path = self._path
        self._path = self._layout.root / f"{TEMPORARY_PREFIX}{secrets.token_hex(8)}.sqlite"
        self._database = self._staged()
        if self._committed.in_transaction:
            self._committed.execute("COMMIT")
        return str(path), packs

    def close(self) -> None:
        """Let go of everything."""
        self._committed.close()
        self._database.close()
        with writing(self._path):
            remove(self._path)


def _unusable(path: Path, error: sqlite3.Error) -> TargetError:
    return TargetError(
        f"cannot use {path}: {error}; what was committed is safe: make room there, or check the disk, and run the same "
        "command again"
    )


class WorkerStore(ContentStore):
    """Keeps what no commit has and no other worker: of several that meet the same content, one is told it is new."""

    def __init__(
        self, layout: Layout, catalogue: WorkerCatalogue, claims: ClaimTable, *, level: int, number: int, placed: Placed
    ) -> None:
        super().__init__(layout, catalogue, level=level, number=number, placed=placed)
        self._claims = claims
        self._committed = catalogue
        self.run = 0
        """The number of the run under way."""
        self.overtaken = 0
        """The number of the later run that keeps what `is_known` was asked about last; 0 where there is none."""

    def is_known(self, sha256: str, kind: MemberKind, other: MemberKind | None = None) -> bool:
        """Whether the content is kept already. Who is told no has to keep it: nobody else is told so again."""
        self.overtaken = 0
        key = bytes.fromhex(sha256)
        if self._committed.is_known(key, kind, other):
            return True
        owner = self._claims.claim(
            int(MemberKind.BLOB if kind is MemberKind.BLOB else MemberKind.MESSAGE), key, self.run
        )
        if owner > self.run:
            self.overtaken = owner
        return owner != 0


class WorkerIndex(IndexWriter):
    """Rows of the index; those of occurrences wait until their indexes are known."""

    def __init__(self, directory: Path, staging: Path) -> None:
        super().__init__(directory, staging)
        self.waiting = WaitingOccurrences()
        self._columns = TABLES["occurrences"].names

    def add(self, table: str, row: Row) -> None:
        """As in `IndexWriter`."""
        if table == "occurrences":
            self.waiting.add([row[name] for name in self._columns])
        else:
            super().add(table, row)

    def add_values(self, table: str, values: tuple[Any, ...], weight: int) -> None:
        """As in `IndexWriter`."""
        if table == "occurrences":
            self.waiting.add(values)
        else:
            super().add_values(table, values, weight)


class WorkerSession(WriterSession):
    """What a worker has in place of a `WriterSession`: it neither locks nor sweeps nor commits."""

    def __init__(self, directory: Path, claims: ClaimTable, name: str, *, level: int, placed: Placed) -> None:
        self.layout = Layout(directory)
        self.claims = claims
        self.log = CommitLog(self.layout.commits)
        with ExitStack() as stack:
            self.worker_catalogue = WorkerCatalogue(self.layout)
            self.catalogue = self.worker_catalogue
            stack.callback(self.catalogue.close)
            self.worker_index = WorkerIndex(self.layout.index, worker_staging(self.layout, name))
            self.index = self.worker_index
            stack.callback(self.index.abort)
            stack.callback(self.worker_index.waiting.discard)
            self.worker_store = WorkerStore(
                self.layout, self.worker_catalogue, claims, level=level, number=0, placed=placed
            )
            self.store = self.worker_store
            self._opened = stack.pop_all()

    def begin(self, first_run: int) -> None:
        """Begin after the commit that was just written, or the first time."""
        self.log.load()
        self.claims.begin(first_run)
        self.worker_catalogue.begin()
        self.store.committed(self.state.number + 1)

    def hand_over(self, bases: list[int]) -> WorkerFiles:
        """Finish packs and index files: durable, under names that no commit has yet. Raises `TargetError`."""
        files = self.store.checkpoint()
        self.worker_index.waiting.hand_over(bases, self.index)
        name = f"{self.state.number + 1:08d}-{secrets.token_hex(4)}"
        files += [
            FileEntry(f"index/{each.path}", each.size, each.sha256, each.rows) for each in self.index.checkpoint(name)
        ]
        self.index.commit()
        return WorkerFiles(files, *self.worker_catalogue.hand_over())

    def abort(self) -> None:
        """Let go of everything; whatever is left is swept."""
        self._opened.callback(self.store.discard)
        self._opened.close()
