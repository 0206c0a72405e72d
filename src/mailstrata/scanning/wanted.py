"""Which contents are still to be scanned, and where one is found that has no place of its own."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from mailstrata.archive.folder.temporary import temporary_database
from mailstrata.errors import ArchiveError
from mailstrata.scanning.verdict import VerdictKind

_CACHE_KIB = 16 << 10
_BATCH_ROWS = 8192


class Wanted:
    """The digests of contents that are to be scanned, each with a message that has it, in a temporary database: bounded
    memory for any number. Use it in a `with` statement. Raises `TargetError` where there is no room for it."""

    def __init__(self) -> None:
        with temporary_database():
            # A database without a name is a temporary file that SQLite removes.
            self._database = sqlite3.connect("", isolation_level=None)
            for statement in (
                f"PRAGMA cache_size = -{_CACHE_KIB}",
                "PRAGMA journal_mode = OFF",
                "BEGIN",
                "CREATE TABLE done (blob BLOB PRIMARY KEY) WITHOUT ROWID",
                "CREATE TABLE wanted (blob BLOB PRIMARY KEY, message BLOB NOT NULL) WITHOUT ROWID",
                "CREATE TABLE messages (message BLOB PRIMARY KEY) WITHOUT ROWID",
            ):
                self._database.execute(statement)

    def __enter__(self) -> Wanted:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._database.close()

    def leave_out(self, files: Sequence[Path], engine: str, signatures: str) -> None:
        """Leave out what the rows of the table *scans* in these files say was scanned by the same engine with the same
        signatures. Where it could not be scanned, that is tried again."""
        for blobs, engines, versions, verdicts in _rows(files, ["blob", "engine", "signatures", "verdict"]):
            done = (
                (bytes.fromhex(blob),)
                for blob, its_engine, version, verdict in zip(blobs, engines, versions, verdicts, strict=True)
                if its_engine == engine and version == signatures and verdict != VerdictKind.ERROR
            )
            with temporary_database():
                self._database.executemany("INSERT OR IGNORE INTO done VALUES (?)", done)

    def add(self, files: Sequence[Path]) -> None:
        """Add the contents of all parts that these files of the table *parts* have, but for those left out before."""
        for messages, blobs in _rows(files, ["message", "blob"]):
            found = (
                (bytes.fromhex(blob), bytes.fromhex(message))
                for message, blob in zip(messages, blobs, strict=True)
                if blob is not None
            )
            with temporary_database():
                self._database.executemany(
                    "INSERT OR IGNORE INTO wanted SELECT ?1, ?2 WHERE NOT EXISTS (SELECT 1 FROM done WHERE blob = ?1)",
                    found,
                )

    def __len__(self) -> int:
        with temporary_database():
            (count,) = self._database.execute("SELECT count(*) FROM wanted").fetchone()
        return int(count)

    def take(self, blob: bytes) -> bool:
        """Whether a content is wanted; after that it is no more."""
        with temporary_database():
            return self._database.execute("DELETE FROM wanted WHERE blob = ?", (blob,)).rowcount > 0

    def has(self, blob: bytes) -> bool:
        """Whether a content is wanted."""
        with temporary_database():
            return self._database.execute("SELECT 1 FROM wanted WHERE blob = ?", (blob,)).fetchone() is not None

    def gather_messages(self) -> None:
        """Make out which messages have what is still wanted."""
        with temporary_database():
            self._database.execute("DELETE FROM messages")
            self._database.execute("INSERT OR IGNORE INTO messages SELECT message FROM wanted")

    def take_message(self, message: bytes) -> bool:
        """Whether a message was gathered; after that it is no more."""
        with temporary_database():
            return self._database.execute("DELETE FROM messages WHERE message = ?", (message,)).rowcount > 0


def _rows(files: Iterable[Path], columns: list[str]) -> Iterator[list[list[Any]]]:
    for path in files:
        try:
            with path.open("rb") as opened, pq.ParquetFile(opened) as file:
                for batch in file.iter_batches(_BATCH_ROWS, columns=columns):
                    yield [batch.column(name).to_pylist() for name in columns]
        except (OSError, pa.ArrowException) as error:
            reason = str(error).partition("\n")[0]
            raise ArchiveError(f"cannot read {path}: {reason}; `mailstrata repair` makes the index anew") from error
