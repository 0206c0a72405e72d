"""Writing the catalogue: staged while a run is at work, merged after its commit record was written.

What a run has added is staged in a database of its own, which nobody reads after a crash, and merged in one
transaction: the catalogue may be behind the commits, never ahead of them.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from mailstrata.archive.catalogue.catalogue import (
    BUSY_SECONDS,
    CACHE_BYTES,
    CATALOGUE_FORMAT,
    CREATE,
    MEMBERS_TABLE,
    Catalogue,
    PackChanges,
    Row,
    changes_since,
    insert_rows,
    packs_of,
    row_batches,
)
from mailstrata.archive.catalogue.key_filter import KeyFilter
from mailstrata.archive.commits.chain import ArchiveState, CommitLog
from mailstrata.archive.folder.files import remove
from mailstrata.archive.folder.layout import Layout
from mailstrata.archive.packs import pack_reader
from mailstrata.archive.packs.members import MemberKind
from mailstrata.archive.packs.pack_table import Member, Place
from mailstrata.errors import ArchiveError, TargetError
from mailstrata.index.files import writing

STAGED_CACHE_BYTES = 16 << 20
"""Page cache of what is staged, in bytes."""
_IS_KNOWN = """
    SELECT 1 FROM staged.members WHERE kind IN (?2, ?3) AND key = ?1
    UNION ALL SELECT 1 FROM main.members WHERE kind IN (?2, ?3) AND key = ?1 LIMIT 1
"""
_DUPLICATES_TABLE = """
    CREATE TABLE staged.duplicates (
        kind INTEGER NOT NULL, key BLOB NOT NULL, is_taken INTEGER NOT NULL, PRIMARY KEY (kind, key)
    ) WITHOUT ROWID
"""
_FIND_STAGED = """
    SELECT pack, frame_offset, frame_length, offset, size FROM staged.members WHERE kind = ? AND key = ?
"""


class WritableCatalogue:
    """The catalogue of the one writer, brought up to the last commit. Methods raise `TargetError`."""

    def __init__(self, layout: Layout, database: sqlite3.Connection) -> None:
        self._layout = layout
        self._database = database
        # The packs that are staged, and the numbers that the database will know them by; and the other way round.
        self._packs: dict[str, int] = {}
        self._names: dict[int, str] = {}
        # Of an archive that was empty when it was opened all keys went through `_stage`, and are in here.
        self._filter: KeyFilter | None = None

    @classmethod
    def open(cls, layout: Layout, log: CommitLog) -> WritableCatalogue:
        """Open the catalogue; bring it up to the log's state where it is behind, make it anew where it cannot be used.

        The caller holds the writer's lock. Raises `ArchiveError` where a pack cannot be read, or the catalogue knows a
        commit whose record is gone; `TargetError` where it cannot be written.
        """
        try:
            catalogue = cls._connect(layout)
        except sqlite3.OperationalError as error:
            raise _wrapped(layout.catalogue, error) from error
        except sqlite3.DatabaseError:
            # A journal that is left would be rolled back into the new file.
            for path in (layout.catalogue, layout.catalogue_journal):
                with writing(path):
                    remove(path)
            with _writing(layout.catalogue):
                catalogue = cls._connect(layout)
        try:
            with _writing(layout.catalogue):
                if catalogue._database.execute("SELECT 1 FROM main.members LIMIT 1").fetchone() is None:
                    catalogue._filter = KeyFilter()
            catalogue._catch_up(log)
        except BaseException:
            catalogue.close()
            raise
        return catalogue

    @classmethod
    def _connect(cls, layout: Layout) -> WritableCatalogue:
        with writing(layout.staged_catalogue):
            remove(layout.staged_catalogue)
        database = sqlite3.connect(layout.catalogue, isolation_level=None, timeout=BUSY_SECONDS)
        try:
            execute = database.execute
            execute(f"PRAGMA cache_size = {-(CACHE_BYTES >> 10)}")
            version = execute("PRAGMA user_version").fetchone()[0]
            execute("PRAGMA synchronous = FULL")
            # Entries that go are overwritten. (SQLite may have left a copy where it has moved one to another page; the
            # digests of what was erased stand in the commits anyway.)
            execute("PRAGMA secure_delete = ON")
            if version != CATALOGUE_FORMAT:
                if execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                    raise sqlite3.DatabaseError("not a catalogue of this format")
                execute("BEGIN IMMEDIATE")
                for statement in CREATE:
                    execute(statement)
                execute("COMMIT")
            execute('SELECT "commit", record_sha256 FROM main.state').fetchone()
            execute("ATTACH DATABASE ? AS staged", (os.fsencode(layout.staged_catalogue),))
            for setting in (
                "journal_mode = OFF",
                "synchronous = OFF",
                "locking_mode = EXCLUSIVE",
                f"cache_size = {-(STAGED_CACHE_BYTES >> 10)}",
            ):
                execute(f"PRAGMA staged.{setting}")
            execute(MEMBERS_TABLE.format(schema="staged"))
            execute(_DUPLICATES_TABLE)
        except BaseException:
            database.close()
            raise
        return cls(layout, database)

    def _catch_up(self, log: CommitLog) -> None:
        state = log.state
        number, sha256 = Catalogue(self._database).state()
        if number > state.number:
            raise ArchiveError(
                f"{self._layout.catalogue} knows commit {number}, but {log.path(state.number + 1)} is missing; bring "
                f"it back from a backup, or delete {self._layout.catalogue.name} to go on without what it held"
            )
        if (number, sha256) == (state.number, state.sha256):
            return
        changes = changes_since(log, number, sha256)
        if changes is None:
            changes = PackChanges(added=packs_of(state), removed=[])
            with _writing(self._layout.catalogue):
                self._database.execute("BEGIN IMMEDIATE")
                self._database.execute("DELETE FROM main.members")
                self._database.execute("DELETE FROM main.packs")
                self._database.execute("UPDATE main.state SET \"commit\" = 0, record_sha256 = ''")
                self._database.execute("COMMIT")
        for pack in changes.added:
            with _writing(self._layout.catalogue):
                for rows in row_batches(self._pack_number(pack), pack_reader.members(self._layout.root / pack)):
                    self._stage(rows)
        self.commit(state, changes.removed)

    def is_known(self, key: bytes, kind: MemberKind, other: MemberKind | None = None) -> bool:
        """Whether the archive has a member of that key and of one of these kinds, committed or staged."""
        if self._filter is not None and not self._filter.may_have(key):
            return False
        kinds = int(kind), int(kind if other is None else other)
        try:
            self._begin()
            return self._database.execute(_IS_KNOWN, (key, *kinds)).fetchone() is not None
        except sqlite3.Error as error:
            raise _wrapped(self._layout.catalogue, error) from error

    def stage(self, pack: str, members: list[Member]) -> None:
        """Add members of a pack (path below the archive's root) that is being written."""
        with _writing(self._layout.staged_catalogue):
            for rows in row_batches(self._pack_number(pack), members):
                self._stage(rows)

    def stage_places(self, pack: str, places: list[tuple[MemberKind, bytes, Place]]) -> None:
        """The same of members whose kinds and keys are known: at most as many as a frame has."""
        with _writing(self._layout.staged_catalogue):
            number = self._pack_number(pack)
            self._stage([(int(kind), key, number, *place) for kind, key, place in places])

    def stage_from(self, path: str, packs: dict[int, str]) -> None:
        """Add what another process has noted of its packs, in a table `members` of the database `path`, which is
        removed. `packs` are theirs by the numbers that the rows have, which count up from 1."""
        with _writing(self._layout.staged_catalogue):
            execute = self._database.execute
            if self._database.in_transaction:
                execute("COMMIT")
            # It has not seen these keys.
            self._filter = None
            execute("ATTACH DATABASE ? AS noted", (os.fsencode(path),))
            try:
                numbers = [self._pack_number(packs[number]) for number in sorted(packs)]
                shift = numbers[0] - min(packs) if packs else 0
                execute("BEGIN")
                execute(
                    "INSERT OR IGNORE INTO staged.members SELECT kind, key, pack + ?, frame_offset, frame_length, "
                    "offset, size FROM noted.members ORDER BY kind, key",
                    (shift,),
                )
                execute("COMMIT")
            finally:
                if self._database.in_transaction:
                    execute("ROLLBACK")
                execute("DETACH DATABASE noted")
        with writing(Path(path)):
            remove(Path(path))

    def _stage(self, rows: list[Row]) -> None:
        self._begin()
        insert_rows(self._database, "staged", rows)
        if self._filter is not None:
            add = self._filter.add
            for row in rows:
                add(row[1])

    def _begin(self) -> None:
        """Begin a transaction if none is open: outside of one, each question takes locks of its own, and four times as
        long. It reads the catalogue and writes what is staged; nobody else writes either while this writer is at work.
        """
        if not self._database.in_transaction:
            self._database.execute("BEGIN")

    def _pack_number(self, pack: str) -> int:
        number = self._packs.get(pack)
        if number is None:
            highest = self._database.execute("SELECT coalesce(max(id), 0) FROM main.packs").fetchone()[0]
            number = self._packs[pack] = int(highest) + len(self._packs) + 1
            self._names[number] = pack
        return number

    def find_staged(self, kind: MemberKind, key: bytes) -> tuple[str, Place] | None:
        """The pack (path below the archive's root) and the place of a member that is staged; None where it is not."""
        with _writing(self._layout.staged_catalogue):
            row = self._database.execute(_FIND_STAGED, (int(kind), key)).fetchone()
        return None if row is None else (self._names[row[0]], Place(*row[1:]))

    def stage_duplicate(self, kind: MemberKind, key: bytes) -> None:
        """Note that a staged member was found once more where it came from. May be called again for the same one."""
        with _writing(self._layout.staged_catalogue):
            self._database.execute("INSERT OR IGNORE INTO staged.duplicates VALUES (?, ?, 0)", (int(kind), key))

    def take_duplicate(self, kind: MemberKind, key: bytes) -> bool:
        """Whether the member was noted as a duplicate, and this was asked about it before. They are noted here so that
        an archive that holds everything twice takes no memory."""
        with _writing(self._layout.staged_catalogue):
            row = self._database.execute(
                "SELECT is_taken FROM staged.duplicates WHERE kind = ? AND key = ?", (int(kind), key)
            ).fetchone()
            if row is None:
                return False
            self._database.execute(
                "UPDATE staged.duplicates SET is_taken = 1 WHERE kind = ? AND key = ?", (int(kind), key)
            )
            return bool(row[0])

    def find(self, kind: MemberKind, key: bytes) -> tuple[str, Place] | None:
        """The pack (path below the archive's root) and the place of a committed member; None where it is not known."""
        with _writing(self._layout.catalogue):
            return Catalogue(self._database).find(kind, key)

    def count(self) -> int:
        """How many different members are committed."""
        with _writing(self._layout.catalogue):
            return int(self._database.execute("SELECT count(*) FROM main.members").fetchone()[0])

    def commit(self, state: ArchiveState, removed: Iterable[str] = ()) -> None:
        """Merge what is staged, in one transaction that also says at which commit the catalogue now stands.

        `removed` are the packs that count no longer; what they held is forgotten, unless it is staged. That costs one
        pass over the catalogue: an index by pack would make it faster, and every other commit slower.
        """
        with _writing(self._layout.catalogue):
            execute = self._database.execute
            if self._database.in_transaction:
                execute("COMMIT")
            execute("BEGIN IMMEDIATE")
            try:
                self._forget(removed)
                self._database.executemany(
                    "INSERT INTO main.packs VALUES (?, ?)",
                    [(number, pack) for pack, number in self._packs.items()],
                )
                execute("INSERT OR IGNORE INTO main.members SELECT * FROM staged.members ORDER BY kind, key")
                execute('UPDATE main.state SET "commit" = ?, record_sha256 = ?', (state.number, state.sha256))
                execute("COMMIT")
            except BaseException:
                if self._database.in_transaction:
                    execute("ROLLBACK")
                raise
            self._packs.clear()
            self._names.clear()
            execute("DELETE FROM staged.members")
            execute("DELETE FROM staged.duplicates")

    def _forget(self, packs: Iterable[str]) -> None:
        execute = self._database.execute
        forgotten = [(path,) for path in packs]
        if not forgotten:
            return
        # In the database of what is staged: a table of its own in memory would grow with the number of packs.
        execute("CREATE TABLE staged.forgotten (id INTEGER PRIMARY KEY)")
        self._database.executemany(
            "INSERT OR IGNORE INTO staged.forgotten SELECT id FROM main.packs WHERE path = ?", forgotten
        )
        execute("DELETE FROM main.members WHERE pack IN (SELECT id FROM staged.forgotten)")
        execute("DELETE FROM main.packs WHERE id IN (SELECT id FROM staged.forgotten)")
        execute("DROP TABLE staged.forgotten")

    def close(self) -> None:
        """Let go of the files; what is staged is dropped. May be called again."""
        self._database.close()
        with writing(self._layout.staged_catalogue):
            remove(self._layout.staged_catalogue)


def _wrapped(path: Path, error: sqlite3.Error) -> TargetError:
    if isinstance(error, sqlite3.OperationalError):
        advice = "what was committed is safe: make room there, or check the disk, and run the same command again"
    else:
        advice = "delete it and run the same command again: it is made anew from commits and packs"
    return TargetError(f"cannot write {path}: {error}; {advice}")


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise _wrapped(path, error) from error
