"""The catalogue: which content the archive has, and where it lies.

A SQLite database from digests to places, with a fixed page cache; derived, so that it may be thrown away at any
time: the next writer makes it anew from commits and packs (`catalogue_writer`). It says which commit it stands at.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from mailstrata.archive.commits.chain import ArchiveState, CommitLog
from mailstrata.archive.packs import pack_reader
from mailstrata.archive.packs.members import MemberKind, key_of
from mailstrata.archive.packs.pack_table import Member, Place
from mailstrata.errors import TargetError

CACHE_BYTES = 16 << 20
"""Page cache of an open catalogue, in bytes; what it takes beyond that stays on disk."""

CATALOGUE_FORMAT = 1
BUSY_SECONDS = 10.0
"""How long to wait for another process that is in the middle of a merge."""

_BATCH = 4096

MEMBERS_TABLE = """
    CREATE TABLE {schema}.members (
        kind INTEGER NOT NULL, key BLOB NOT NULL, pack INTEGER NOT NULL,
        frame_offset INTEGER NOT NULL, frame_length INTEGER NOT NULL,
        offset INTEGER NOT NULL, size INTEGER NOT NULL,
        PRIMARY KEY (kind, key)
    ) WITHOUT ROWID
"""
CREATE = (
    'CREATE TABLE main.state ("commit" INTEGER NOT NULL, record_sha256 TEXT NOT NULL)',
    "INSERT INTO main.state VALUES (0, '')",
    "CREATE TABLE main.packs (id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE)",
    MEMBERS_TABLE.format(schema="main"),
    f"PRAGMA main.user_version = {CATALOGUE_FORMAT}",
)
_FIND = """
    SELECT packs.path, frame_offset, frame_length, offset, size
    FROM main.members JOIN main.packs ON packs.id = members.pack WHERE kind = ? AND key = ?
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
        database = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=BUSY_SECONDS)
        try:
            database.execute(f"PRAGMA cache_size = {-(CACHE_BYTES >> 10)}")
            if database.execute("PRAGMA user_version").fetchone()[0] != CATALOGUE_FORMAT:
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
            for statement in CREATE:
                database.execute(statement)
            for number, pack in enumerate(packs, start=1):
                database.execute("INSERT INTO packs VALUES (?, ?)", (number, pack))
                for rows in row_batches(number, pack_reader.members(root / pack)):
                    insert_rows(database, "main", rows)
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


def packs_of(state: ArchiveState) -> list[str]:
    """The packs that count in a state, as paths below the archive's root."""
    return [path for path in state.files if path.startswith("packs/")]


@dataclass(frozen=True, slots=True)
class PackChanges:
    """What a catalogue that is behind lacks (`added`) and has too much of (`removed`), as paths below the root.

    Whatever a removed pack held and was not erased lies in a pack that the same commit added: `docs/archive-format.md`
    rules so, and only therefore are these two lists enough.
    """

    added: list[str]
    removed: list[str]


def changes_since(log: CommitLog, number: int, sha256: str) -> PackChanges | None:
    """How the packs have changed since the commit at which a catalogue stands.

    None where the catalogue is of no use: it is empty, or of another history. Raises `ArchiveError` where a record
    cannot be read.
    """
    if not 0 < number <= log.state.number or log.read(number)[1] != sha256:
        return None
    added: dict[str, None] = {}
    removed: list[str] = []
    for later in range(number + 1, log.state.number + 1):
        record = log.read(later)[0]
        for path in record.removed:
            if path in added:
                del added[path]
            elif path.startswith("packs/"):
                removed.append(path)
        added.update((entry.path, None) for entry in record.added if entry.path.startswith("packs/"))
    return PackChanges(list(added), removed)


def row_batches(pack: int, members: Iterable[Member]) -> Iterator[list[Row]]:
    """Members of a pack with that number as rows of the database, some thousands at a time."""
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


def insert_rows(database: sqlite3.Connection, schema: str, rows: list[Row]) -> None:
    """Insert rows; what is known already stays as it is."""
    database.executemany(f"INSERT OR IGNORE INTO {schema}.members VALUES (?,?,?,?,?,?,?)", rows)  # noqa: S608
