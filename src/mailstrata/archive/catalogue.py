"""The catalogue: which content the archive has, and where it lies.

A SQLite database from digests to places, with a fixed page cache; derived, so that it may be thrown away at any
time (`WritableCatalogue.open` makes it anew from commits and packs). It says which commit it stands at. What a run
has added since is staged in a database of its own, which nobody reads after a crash, and merged in one
transaction after the commit record was written: the catalogue may be behind the commits, never ahead of them.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from mailstrata.archive import pack_reader
from mailstrata.archive.commits import ArchiveState, CommitLog
from mailstrata.archive.files import remove
from mailstrata.archive.layout import Layout
from mailstrata.archive.members import MemberKind, key_of
from mailstrata.archive.pack_table import Member, Place
from mailstrata.errors import ArchiveError, TargetError

CACHE_BYTES = 48 << 20
STAGED_CACHE_BYTES = 16 << 20
_FORMAT = 1
_BATCH = 4096
_BUSY_SECONDS = 10.0

_MEMBERS = """
    CREATE TABLE {schema}.members (
        kind INTEGER NOT NULL, key BLOB NOT NULL, pack INTEGER NOT NULL,
        frame_offset INTEGER NOT NULL, frame_length INTEGER NOT NULL,
        offset INTEGER NOT NULL, size INTEGER NOT NULL,
        PRIMARY KEY (kind, key)
    ) WITHOUT ROWID
"""
_CREATE = (
    'CREATE TABLE main.state ("commit" INTEGER NOT NULL, record_sha256 TEXT NOT NULL)',
    "INSERT INTO main.state VALUES (0, '')",
    "CREATE TABLE main.packs (id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE)",
    _MEMBERS.format(schema="main"),
    f"PRAGMA main.user_version = {_FORMAT}",
)
_FIND = """
    SELECT packs.path, frame_offset, frame_length, offset, size
    FROM main.members JOIN main.packs ON packs.id = members.pack WHERE kind = ? AND key = ?
"""
_IS_KNOWN = """
    SELECT 1 FROM staged.members WHERE kind = ?1 AND key = ?2
    UNION ALL SELECT 1 FROM main.members WHERE kind = ?1 AND key = ?2 LIMIT 1
"""

Row = tuple[int, bytes, int, int, int, int, int]


class Catalogue:
    """A catalogue to look things up in. Methods let `sqlite3.Error` through where the file is damaged or busy."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    @classmethod
    def open(cls, path: Path) -> Catalogue:
        """Open the file for reading only; nothing in its folder is written. Raises `sqlite3.Error`."""
        uri = path.absolute().as_uri() + "?mode=ro"
        database = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=_BUSY_SECONDS)
        try:
            database.execute(f"PRAGMA cache_size = {-(CACHE_BYTES >> 10)}")
            if database.execute("PRAGMA user_version").fetchone()[0] != _FORMAT:
                raise sqlite3.DatabaseError("not a catalogue of this format")
        except BaseException:
            database.close()
            raise
        return cls(database)

    @classmethod
    def temporary(cls, root: Path, packs: Iterable[str]) -> Catalogue:
        """A catalogue of the packs given (paths below `root`), in a temporary file that vanishes when it is closed.

        Raises `ArchiveError` where a pack cannot be read, `TargetError` where there is no room for the file.
        """
        # An empty name is a private database on disk, of which SQLite holds no more than its page cache.
        database = sqlite3.connect("", isolation_level=None)
        try:
            database.execute(f"PRAGMA cache_size = {-(CACHE_BYTES >> 10)}")
            database.execute("PRAGMA journal_mode = OFF")
            database.execute("BEGIN")
            for statement in _CREATE:
                database.execute(statement)
            for number, pack in enumerate(packs, start=1):
                database.execute("INSERT INTO packs VALUES (?, ?)", (number, pack))
                for rows in _batches(number, pack_reader.members(root / pack)):
                    _insert(database, "main", rows)
            database.execute("COMMIT")
        except sqlite3.Error as error:
            database.close()
            raise TargetError(
                f"cannot write a temporary catalogue of {root}: {error}; make room in the folder for temporary files"
            ) from error
        except BaseException:
            database.close()
            raise
        return cls(database)

    def state(self) -> tuple[int, str]:
        """Number and SHA-256 of the commit record that the catalogue stands at."""
        number, sha256 = self._database.execute('SELECT "commit", record_sha256 FROM main.state').fetchone()
        return int(number), str(sha256)

    def find(self, kind: MemberKind, key: bytes) -> tuple[str, Place] | None:
        """The pack (path below the archive's root) and the place of a member; None where it is not known."""
        row = self._database.execute(_FIND, (int(kind), key)).fetchone()
        return None if row is None else (row[0], Place(*row[1:]))

    def digests(self, kind: MemberKind, low: bytes, high: bytes, most: int) -> list[bytes]:
        """At most `most` keys of a kind with `low <= key <= high`, in order."""
        rows = self._database.execute(
            "SELECT key FROM main.members WHERE kind = ? AND key BETWEEN ? AND ? ORDER BY key LIMIT ?",
            (int(kind), low, high, most),
        )
        return [row[0] for row in rows]

    def close(self) -> None:
        """Let go of the file. May be called again."""
        self._database.close()


class WritableCatalogue:
    """The catalogue of the one writer, brought up to the last commit. Methods raise `TargetError`."""

    def __init__(self, layout: Layout, database: sqlite3.Connection) -> None:
        self._layout = layout
        self._database = database
        self._packs: dict[str, int] = {}

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
            remove(layout.catalogue)
            with _writing(layout.catalogue):
                catalogue = cls._connect(layout)
        try:
            catalogue._catch_up(log)
        except BaseException:
            catalogue.close()
            raise
        return catalogue

    @classmethod
    def _connect(cls, layout: Layout) -> WritableCatalogue:
        remove(layout.staged_catalogue)
        database = sqlite3.connect(layout.catalogue, isolation_level=None, timeout=_BUSY_SECONDS)
        try:
            execute = database.execute
            execute(f"PRAGMA cache_size = {-(CACHE_BYTES >> 10)}")
            version = execute("PRAGMA user_version").fetchone()[0]
            execute("PRAGMA synchronous = FULL")
            if version != _FORMAT:
                if execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                    raise sqlite3.DatabaseError("not a catalogue of this format")
                execute("BEGIN IMMEDIATE")
                for statement in _CREATE:
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
            execute(_MEMBERS.format(schema="staged"))
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
        packs = packs_since(log, number, sha256)
        if packs is None:
            packs = packs_of(state)
            with _writing(self._layout.catalogue):
                self._database.execute("BEGIN IMMEDIATE")
                self._database.execute("DELETE FROM main.members")
                self._database.execute("DELETE FROM main.packs")
                self._database.execute("UPDATE main.state SET \"commit\" = 0, record_sha256 = ''")
                self._database.execute("COMMIT")
        for pack in packs:
            with _writing(self._layout.catalogue):
                for rows in _batches(self._pack_number(pack), pack_reader.members(self._layout.root / pack)):
                    self._stage(rows)
        self.commit(state)

    def is_known(self, kind: MemberKind, key: bytes) -> bool:
        """Whether the archive has the member, committed or staged."""
        with _writing(self._layout.catalogue):
            return self._database.execute(_IS_KNOWN, (int(kind), key)).fetchone() is not None

    def stage(self, pack: str, members: list[Member]) -> None:
        """Add members of a pack (path below the archive's root) that is being written."""
        with _writing(self._layout.staged_catalogue):
            for rows in _batches(self._pack_number(pack), members):
                self._stage(rows)

    def _stage(self, rows: list[Row]) -> None:
        self._database.execute("BEGIN")
        _insert(self._database, "staged", rows)
        self._database.execute("COMMIT")

    def _pack_number(self, pack: str) -> int:
        number = self._packs.get(pack)
        if number is None:
            highest = self._database.execute("SELECT coalesce(max(id), 0) FROM main.packs").fetchone()[0]
            number = self._packs[pack] = int(highest) + len(self._packs) + 1
        return number

    def commit(self, state: ArchiveState) -> None:
        """Merge what is staged, in one transaction that also says at which commit the catalogue now stands."""
        with _writing(self._layout.catalogue):
            execute = self._database.execute
            execute("BEGIN IMMEDIATE")
            try:
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
            execute("DELETE FROM staged.members")

    def close(self) -> None:
        """Let go of the files; what is staged is dropped. May be called again."""
        self._database.close()
        remove(self._layout.staged_catalogue)


def packs_of(state: ArchiveState) -> list[str]:
    """The packs that count in a state, as paths below the archive's root."""
    return [path for path in state.files if path.startswith("packs/")]


def packs_since(log: CommitLog, number: int, sha256: str) -> list[str] | None:
    """The packs that were added after the commit at which a catalogue stands.

    None where the catalogue is of no use: it is empty, of another history, or knows packs that were removed. Raises
    `ArchiveError` where a record cannot be read.
    """
    if not 0 < number <= log.state.number or log.read(number)[1] != sha256:
        return None
    packs: list[str] = []
    for later in range(number + 1, log.state.number + 1):
        record = log.read(later)[0]
        if record.removed:
            return None
        packs.extend(entry.path for entry in record.added if entry.path.startswith("packs/"))
    return packs


def _batches(pack: int, members: Iterable[Member]) -> Iterator[list[Row]]:
    rows: list[Row] = []
    for name, place in members:
        known = key_of(name)
        if known is None:
            continue
        rows.append((int(known[0]), known[1], pack, *place))
        if len(rows) >= _BATCH:
            yield rows
            rows = []
    if rows:
        yield rows


def _insert(database: sqlite3.Connection, schema: str, rows: list[Row]) -> None:
    database.executemany(f"INSERT OR IGNORE INTO {schema}.members VALUES (?,?,?,?,?,?,?)", rows)  # noqa: S608


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
