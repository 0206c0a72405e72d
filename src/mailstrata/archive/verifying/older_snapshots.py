"""What the older snapshots of a source expect of their files, to be compared while the newest is put together."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailstrata.archive.snapshots.lines import FileLine, GapLine, MessageLine

if TYPE_CHECKING:
    from hashlib import _Hash

_CREATE = """
    CREATE TABLE expected (
        id INTEGER PRIMARY KEY, snapshot TEXT NOT NULL, file INTEGER NOT NULL, name BLOB NOT NULL,
        length INTEGER NOT NULL, lines BLOB NOT NULL, sha256 TEXT NOT NULL, is_met INTEGER NOT NULL DEFAULT 0
    )
"""
_INSERT = "INSERT INTO expected (snapshot, file, name, length, lines, sha256) VALUES (?, ?, ?, ?, ?, ?)"
_BY_NAME = "CREATE INDEX expected_by_name ON expected (name, length)"
_BY_FILE = "CREATE INDEX expected_by_file ON expected (snapshot, file)"
_OPEN = "SELECT id, length, lines, sha256 FROM expected WHERE name = ? AND is_met = 0 ORDER BY length"
_IS_MET = "SELECT is_met FROM expected WHERE snapshot = ? AND file = ?"
_MEET_FILE = "UPDATE expected SET is_met = 1 WHERE snapshot = ? AND file = ?"
_HAS_OPEN = "SELECT 1 FROM expected WHERE snapshot = ? AND is_met = 0 LIMIT 1"
_FORGET = "DELETE FROM expected WHERE snapshot = ?"


@dataclass(slots=True)
class Boundary:
    """Where in a file an older snapshot of it ended: its number, the digest of its lines, that of its bytes."""

    number: int
    lines: bytes
    sha256: str


class ExpectedFiles:
    """The files of older snapshots of one source: what they came to, and whether that was met."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)
        for statement in ("PRAGMA cache_size = -8192", "PRAGMA journal_mode = OFF", "BEGIN", _CREATE):
            self._database.execute(statement)

    def add(self, rows: Iterable[tuple[str, int, bytes, int, bytes, str]]) -> None:
        """Add files: snapshot, number by which the file is known in it, name, length, digest of its lines, SHA-256."""
        self._database.executemany(_INSERT, rows)

    def forget(self, snapshot: str) -> None:
        """Nothing is expected of the files of a snapshot."""
        self._database.execute(_FORGET, (snapshot,))

    def sort(self) -> None:
        """All were added."""
        self._database.execute(_BY_NAME)
        self._database.execute(_BY_FILE)

    def boundaries(self, name: bytes) -> dict[int, list[Boundary]]:
        """What is still open about a file of that name, by length."""
        found: dict[int, list[Boundary]] = {}
        for number, length, lines, sha256 in self._database.execute(_OPEN, (name,)):
            found.setdefault(length, []).append(Boundary(number, lines, sha256))
        return found

    def meet(self, number: int) -> None:
        """The bytes had that SHA-256."""
        self._database.execute("UPDATE expected SET is_met = 1 WHERE id = ?", (number,))

    def is_met(self, snapshot: str, file: int) -> bool:
        """Whether the file of that number in that snapshot was met in a later one."""
        row = self._database.execute(_IS_MET, (snapshot, file)).fetchone()
        return row is not None and bool(row[0])

    def meet_file(self, snapshot: str, file: int) -> None:
        """The file of that number in that snapshot was put together by itself."""
        self._database.execute(_MEET_FILE, (snapshot, file))

    def has_open(self, snapshot: str) -> bool:
        """Whether any file of a snapshot was not met."""
        return self._database.execute(_HAS_OPEN, (snapshot,)).fetchone() is not None

    def is_open(self, snapshot: str, file: int) -> bool:
        """Whether something is expected of the file of that number in that snapshot, and it was not met."""
        row = self._database.execute(_IS_MET, (snapshot, file)).fetchone()
        return row is not None and not row[0]

    def close(self) -> None:
        self._database.close()


class LinesDigest:
    """The digest of the lines of a file, as far as they say which bytes it has."""

    __slots__ = ("_digest", "length")

    def __init__(self, file: FileLine) -> None:
        # Nothing that depends on a secret or an enemy: two files with the same lines are the same file.
        self._digest: _Hash = hashlib.sha256(repr(file.quoting).encode("ascii"))
        self.length = 0

    def add(self, line: GapLine | MessageLine) -> None:
        if isinstance(line, MessageLine):
            recipe = (
                (line.unquoted_lines, line.quoting_end) if line.unquoted_lines or line.quoting_end is not None else ""
            )
            self._digest.update(f"{line.start} {line.end} {line.sha256} {recipe}\n".encode("ascii"))
            self.length = line.end
        else:
            self._digest.update(b"%d %d " % (line.start, line.size))
            self._digest.update(line.data if line.data is not None else f"{line.sha256}\n".encode("ascii"))
            self.length = line.start + line.size

    def copy(self) -> LinesDigest:
        """Another one that goes on from here by itself."""
        copy = LinesDigest.__new__(LinesDigest)
        copy._digest = self._digest.copy()
        copy.length = self.length
        return copy

    def value(self) -> bytes:
        return self._digest.digest()
