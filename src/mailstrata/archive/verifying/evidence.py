"""What the packs were seen to hold: the places of all members that are whole, and what was lost with which damage.

Made anew from the packs themselves, so that nothing derived is trusted. It lies in a temporary database that vanishes
when it is closed: rows are appended, and sorted once when all packs were read. On disk it takes about 120 bytes a
member, in memory a page cache of 16 MiB and one bit a member.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Self

from mailstrata.archive.folder.temporary import temporary_database
from mailstrata.archive.packs.members import MESSAGE_KINDS, MemberKind
from mailstrata.archive.packs.pack_table import Place
from mailstrata.archive.verifying.findings import Affected, Names

CACHE_BYTES = 16 << 20
_BATCH = 4096
# The loss of what is missing though every pack is there.
_ABSENT = -1
_CREATE = (
    "CREATE TABLE packs (id INTEGER PRIMARY KEY, path TEXT NOT NULL)",
    """CREATE TABLE members (id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, key BLOB NOT NULL, pack INTEGER NOT NULL,
        frame_offset INTEGER NOT NULL, frame_length INTEGER NOT NULL, offset INTEGER NOT NULL, size INTEGER NOT NULL)
    """,
    "CREATE TABLE lost (loss INTEGER NOT NULL, kind INTEGER NOT NULL, key BLOB NOT NULL)",
    "CREATE TABLE lost_in (loss INTEGER NOT NULL, source TEXT NOT NULL, PRIMARY KEY (loss, source)) WITHOUT ROWID",
)
_INSERT = """
    INSERT INTO members (kind, key, pack, frame_offset, frame_length, offset, size) VALUES (?, ?, ?, ?, ?, ?, ?)
"""
_FIND = """
    SELECT members.id, packs.path, frame_offset, frame_length, offset, size
    FROM members JOIN packs ON packs.id = members.pack WHERE kind = ? AND key = ? ORDER BY members.id LIMIT 1
"""
_REPEATED = "SELECT 1 FROM members GROUP BY kind, key HAVING count(*) > 1 LIMIT 1"


class Evidence:
    """The members of all packs. First `add_pack`, `add` and `lose`, then `finish`, then everything else.

    A *loss* is one damage by its number; what is lost with it is told by kind and key. Methods raise `TargetError`
    where there is no room for the temporary file.
    """

    def __init__(self) -> None:
        # An empty name is a private database on disk, of which SQLite holds no more than its page cache.
        self._database = sqlite3.connect("", isolation_level=None)
        self._rows: list[tuple[int, bytes, int, int, int, int, int]] = []
        self._proven = bytearray()
        self.has_repeated = False
        """Whether there is a member of which there are several; known after `finish`."""
        with temporary_database():
            for statement in (f"PRAGMA cache_size = {-(CACHE_BYTES >> 10)}", "PRAGMA journal_mode = OFF", *_CREATE):
                self._database.execute(statement)
            self._database.execute("BEGIN")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._database.close()

    # While packs are read --------------------------------------------------------------------------------------

    def add_pack(self, path: str) -> int:
        """A pack follows (path below the archive's root); its number for `add`."""
        with temporary_database():
            number = self._database.execute("INSERT INTO packs (path) VALUES (?)", (path,)).lastrowid
        assert number is not None
        return number

    def add(self, pack: int, kind: MemberKind, key: bytes, place: Place) -> None:
        """A member that is whole."""
        self._rows.append((int(kind), key, pack, *place))
        if len(self._rows) >= _BATCH:
            self._flush()

    def lose(self, loss: int, kind: MemberKind, key: bytes) -> None:
        """A member that is not whole, or not there."""
        with temporary_database():
            self._database.execute("INSERT INTO lost VALUES (?, ?, ?)", (loss, int(kind), key))

    def _flush(self) -> None:
        with temporary_database():
            self._database.executemany(_INSERT, self._rows)
        self._rows.clear()

    def finish(self) -> None:
        """All packs were read: sort, and forget the loss of what is whole somewhere else."""
        self._flush()
        with temporary_database():
            execute = self._database.execute
            execute("CREATE INDEX members_by_key ON members (kind, key)")
            execute(
                "DELETE FROM lost WHERE EXISTS "
                "(SELECT 1 FROM members WHERE members.kind = lost.kind AND members.key = lost.key)"
            )
            execute("CREATE INDEX lost_by_key ON lost (kind, key)")
            last = execute("SELECT coalesce(max(id), 0) FROM members").fetchone()[0]
            self.has_repeated = execute(_REPEATED).fetchone() is not None
        self._proven = bytearray(last // 8 + 1)

    # Afterwards ------------------------------------------------------------------------------------------------

    def find(self, kind: MemberKind, key: bytes) -> tuple[str, Place] | None:
        """The pack and the place of a whole member; None where there is none."""
        row = self._database.execute(_FIND, (int(kind), key)).fetchone()
        return None if row is None else (row[1], Place(*row[2:]))

    def keys(self, kind: MemberKind) -> Iterator[bytes]:
        """The keys of all whole members of a kind, each once, in order."""
        for row in self._select("SELECT DISTINCT key FROM members WHERE kind = ? ORDER BY key", (int(kind),)):
            yield row[0]

    def places(self, kind: MemberKind) -> Iterator[tuple[bytes, list[tuple[str, Place]]]]:
        """The keys of all whole members of a kind, in order, each with all its packs and places."""
        query = (
            "SELECT key, packs.path, frame_offset, frame_length, offset, size FROM members "
            "JOIN packs ON packs.id = members.pack WHERE kind = ? ORDER BY key, members.id"
        )
        current: bytes | None = None
        places: list[tuple[str, Place]] = []
        for row in self._select(query, (int(kind),)):
            if current is not None and row[0] != current:
                yield current, places
                places = []
            current = row[0]
            places.append((row[1], Place(*row[2:])))
        if current is not None:
            yield current, places

    def members_of(self, pack: str) -> Iterator[tuple[MemberKind, bytes, Place]]:
        """Kind, key and place of all whole members of a pack, in the order of the file."""
        query = (
            "SELECT kind, key, frame_offset, frame_length, offset, size FROM members "
            "WHERE pack = (SELECT id FROM packs WHERE path = ?) ORDER BY id"
        )
        for row in self._select(query, (pack,)):
            yield MemberKind(row[0]), row[1], Place(*row[2:])

    def messages(self) -> Iterator[bytes]:
        """The keys of all messages, whatever they are kept as, each once, in the order of the packs."""
        query = (
            "SELECT key FROM members WHERE kind IN (2, 3) AND id = (SELECT min(id) FROM members AS first "
            "WHERE first.kind IN (2, 3) AND first.key = members.key) ORDER BY id"
        )
        for (key,) in self._select(query):
            yield key

    def count(self, kind: MemberKind) -> int:
        """Whole members of a kind, each content once."""
        query = "SELECT count(DISTINCT key) FROM members WHERE kind = ?"
        return int(self._database.execute(query, (int(kind),)).fetchone()[0])

    def repeated(self) -> Iterator[tuple[MemberKind, bytes, str]]:
        """Kind, key and pack of each member that an earlier pack, or the same one, has already."""
        query = (
            "SELECT kind, key, packs.path FROM members JOIN packs ON packs.id = members.pack WHERE members.id > "
            "(SELECT min(id) FROM members AS first WHERE first.kind = members.kind AND first.key = members.key) "
            "ORDER BY kind, key"
        )
        for kind, key, pack in self._select(query):
            yield MemberKind(kind), key, pack

    def prove(self, key: bytes) -> None:
        """The message of that skeleton was put together, and has the SHA-256 that it must have."""
        row = self._database.execute(_FIND, (int(MemberKind.SKELETON), key)).fetchone()
        if row is not None:
            self._proven[row[0] >> 3] |= 1 << (row[0] & 7)

    def unproven(self) -> Iterator[bytes]:
        """The keys of all skeletons for which `prove` was not called, in the order in which they lie in the packs."""
        query = "SELECT id, key FROM members WHERE kind = ? ORDER BY id"
        for number, key in self._select(query, (int(MemberKind.SKELETON),)):
            if not self._proven[number >> 3] >> (number & 7) & 1:
                found = self._database.execute(_FIND, (int(MemberKind.SKELETON), key)).fetchone()
                if found[0] == number:
                    yield key

    # Losses ----------------------------------------------------------------------------------------------------

    def losses(self, kind: MemberKind, key: bytes) -> list[int]:
        """The numbers of the losses with which a member was lost."""
        query = "SELECT DISTINCT loss FROM lost WHERE kind = ? AND key = ?"
        return [row[0] for row in self._database.execute(query, (int(kind), key))]

    def blame(self, kind: MemberKind, key: bytes, unknown: list[int]) -> list[int]:
        """The losses to which a member that is missing is to be put down: those with which it was lost or, where there
        are none, `unknown`, the losses of which nobody knows what they took."""
        kinds = MESSAGE_KINDS if kind in MESSAGE_KINDS else (kind,)
        known = [loss for each in kinds for loss in self.losses(each, key)]
        if known:
            return known
        for loss in unknown or [_ABSENT]:
            self.lose(loss, kind, key)
        return unknown

    def affect(self, loss: int, message: bytes, source: str) -> None:
        """A message of a source cannot be put together because of a loss."""
        self.affect_message(loss, message)
        self.affect_source(loss, source)

    def affect_message(self, loss: int, message: bytes) -> None:
        """A message cannot be put together because of a loss."""
        known = "SELECT 1 FROM lost WHERE kind IN (2, 3) AND key = ? AND loss = ?"
        with temporary_database():
            if self._database.execute(known, (message, loss)).fetchone() is None:
                self.lose(loss, MemberKind.SKELETON, message)

    def affect_source(self, loss: int, source: str) -> None:
        """A source, or a file in it, cannot be put together because of a loss."""
        with temporary_database():
            self._database.execute("INSERT OR IGNORE INTO lost_in VALUES (?, ?)", (loss, source))

    def affected(self, loss: int) -> Affected:
        """All that a loss affects."""
        kinds = tuple(map(int, MESSAGE_KINDS))
        affected = Affected()
        messages = "SELECT DISTINCT key FROM lost WHERE loss = ? AND kind IN (?, ?) ORDER BY key"
        self._add_names(affected.messages, messages, (loss, *kinds))
        blobs = "SELECT DISTINCT key FROM lost WHERE loss = ? AND kind = ? ORDER BY key"
        self._add_names(affected.attachments, blobs, (loss, int(MemberKind.BLOB)))
        self._add_names(affected.sources, "SELECT source FROM lost_in WHERE loss = ? ORDER BY source", (loss,))
        return affected

    def lost(self) -> Iterator[tuple[MemberKind, bytes]]:
        """Kind and key of everything that was lost, each once."""
        for kind, key in self._select("SELECT DISTINCT kind, key FROM lost ORDER BY kind, key"):
            yield MemberKind(kind), key

    def _add_names(self, names: Names, query: str, values: tuple[int, ...]) -> None:
        for (name,) in self._select(query, values):
            names.add(name.hex() if isinstance(name, bytes) else name)

    def _select(self, query: str, values: tuple[int | str, ...] = ()) -> sqlite3.Cursor:
        # A cursor of its own, so that other queries may run while its rows are gone through.
        return self._database.cursor().execute(query, values)
