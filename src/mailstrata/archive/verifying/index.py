"""Verifying the index against the packs: the same messages, the same blobs in the same places, parts for each message.

That the files are those that were written, their digests prove; this proves that what was written is right. Keys go
from the Parquet files into a temporary database, in batches, and are compared in their order. On disk it takes
about 100 bytes a row of `messages` and `blobs`, and as many for each message in `parts` and `occurrences`.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Container, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from mailstrata.archive.commits.records import FileEntry
from mailstrata.archive.folder.temporary import temporary_database
from mailstrata.archive.packs.members import MESSAGE_KINDS, MemberKind
from mailstrata.archive.packs.pack_table import Place
from mailstrata.archive.verifying.evidence import Evidence
from mailstrata.archive.verifying.findings import Affected, Finding, FindingCode
from mailstrata.errors import ArchiveError

_CACHE_KIB = 16 << 10
_BATCH_ROWS = 1 << 14
_CREATE = (
    "CREATE TABLE messages (key BLOB NOT NULL, parts INTEGER NOT NULL)",
    "CREATE TABLE parts (key BLOB NOT NULL, parts INTEGER NOT NULL)",
    "CREATE TABLE occurrences (key BLOB NOT NULL)",
    "CREATE TABLE blobs (key BLOB NOT NULL, pack TEXT, frame INTEGER, frame_length INTEGER, offset INTEGER, "
    "length INTEGER, size INTEGER NOT NULL)",
    "CREATE TABLE members (key BLOB NOT NULL)",
)
_WITHOUT = "SELECT DISTINCT key FROM {rows} WHERE NOT EXISTS (SELECT 1 FROM {others} AS o WHERE o.key = {rows}.key)"
_REPEATED = "SELECT key FROM {rows} GROUP BY key HAVING count(*) > 1"
_OTHER_PARTS = """
    SELECT messages.key FROM messages
    LEFT JOIN (SELECT key, sum(parts) AS parts FROM parts GROUP BY key) AS found ON found.key = messages.key
    WHERE coalesce(found.parts, 0) <> messages.parts
"""
_BLOBS = """
    SELECT key, pack, frame, frame_length, offset, length, size FROM blobs WHERE pack IS NOT NULL ORDER BY key
"""

_Rows = list[tuple[Any, ...]]


def footer_problem(path: Path, entry: FileEntry) -> str | None:
    """What is wrong with the metadata at the end of a Parquet file, as a line; None where nothing is.

    Raises `FileNotFoundError` where it is not there.
    """
    try:
        rows = pq.read_metadata(path).num_rows
    except FileNotFoundError:
        raise
    except (OSError, pa.ArrowException) as error:
        return f"its footer cannot be read: {_first_line(error)}"
    if rows != entry.rows:
        return f"it has {rows} rows, its commit says {entry.rows}"
    return None


class IndexCheck:
    """Compares the tables with the packs; `files` are those of each table, which must be whole.

    `lost` are messages whose loss is on record: they may have rows or not.
    """

    def __init__(
        self, root: Path, files: dict[str, list[FileEntry]], evidence: Evidence, lost: Container[bytes]
    ) -> None:
        self._lost = lost
        self._root = root
        self._files = files
        self._evidence = evidence
        # An empty name is a private database on disk, of which SQLite holds no more than its page cache.
        self._database = sqlite3.connect("", isolation_level=None)

    def findings(self) -> Iterator[Finding]:
        """Compare, once. Raises `TargetError` where there is no room for the temporary database."""
        with closing(self._database), temporary_database():
            for statement in (f"PRAGMA cache_size = -{_CACHE_KIB}", "PRAGMA journal_mode = OFF", "BEGIN", *_CREATE):
                self._database.execute(statement)
            unreadable = [finding for table in self._files for finding in self._load(table)]
            yield from unreadable
            if not unreadable:
                self._load_members()
                yield from self._compare()

    # Reading ---------------------------------------------------------------------------------------------------

    def _load(self, table: str) -> Iterator[Finding]:
        for entry in self._files[table]:
            try:
                with pq.ParquetFile(self._root / entry.path) as file:
                    for batch in file.iter_batches(_BATCH_ROWS, columns=_COLUMNS[table]):
                        rows = _ROWS[table](batch)
                        self._insert(table, rows)
            except (OSError, pa.ArrowException, ValueError) as error:
                yield Finding(FindingCode.INDEX_WRONG, entry.path, "", f"cannot be read: {_first_line(error)}")

    def _insert(self, table: str, rows: _Rows) -> None:
        if rows:
            marks = ",".join("?" * len(rows[0]))
            self._database.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608 - our own names

    def _load_members(self) -> None:
        # Sorted insertion and sorted comparison: neither jumps about in a database larger than its cache.
        rows: _Rows = []
        for kind in MESSAGE_KINDS:
            for key in self._evidence.keys(kind):
                rows.append((key,))
                if len(rows) >= _BATCH_ROWS:
                    self._insert("members", rows)
                    rows.clear()
        self._insert("members", rows)
        for table in ("messages", "parts", "occurrences", "blobs", "members"):
            self._database.execute(f"CREATE INDEX {table}_by_key ON {table} (key)")

    # Comparing -------------------------------------------------------------------------------------------------

    def _compare(self) -> Iterator[Finding]:
        for rows, others, text in (
            ("members", "messages", "messages of the packs have no row in it"),
            ("messages", "members", "its rows name messages that no pack holds whole"),
        ):
            yield from self._finding("messages", _WITHOUT.format(rows=rows, others=others), text)
        yield from self._finding("messages", _REPEATED.format(rows="messages"), "messages have more than one row in it")
        yield from self._finding("parts", _OTHER_PARTS, "messages have another number of rows in it than of parts")
        for rows, others, text in (
            ("parts", "messages", "its rows name messages that have none in messages"),
            ("occurrences", "messages", "its rows name messages that have none in messages"),
            ("messages", "occurrences", "messages have no row in it"),
        ):
            table = others if rows == "messages" else rows
            yield from self._finding(table, _WITHOUT.format(rows=rows, others=others), text)
        yield from self._finding(
            "blobs", _REPEATED.format(rows="blobs"), "attachments have more than one row in it", is_blobs=True
        )
        yield from self._compare_blobs()

    def _finding(self, table: str, query: str, text: str, *, is_blobs: bool = False) -> Iterator[Finding]:
        affected = Affected()
        names = affected.attachments if is_blobs else affected.messages
        for (key,) in self._database.cursor().execute(query):
            if is_blobs or key not in self._lost:
                names.add(key.hex())
        if names.count:
            yield Finding(FindingCode.INDEX_WRONG, f"index/{table}", "", f"{names.count} {text}", affected)

    def _compare_blobs(self) -> Iterator[Finding]:
        """Both sides in the order of their keys; a blob that lies in two packs may be named in either."""
        without_row, without_place = Affected(), Affected()
        rows = self._database.cursor().execute(_BLOBS)
        row = next(rows, None)
        for key, places in self._evidence.places(MemberKind.BLOB):
            while row is not None and row[0] < key:
                without_place.attachments.add(row[0].hex())
                row = next(rows, None)
            if row is None or row[0] != key:
                without_row.attachments.add(key.hex())
            while row is not None and row[0] == key:
                if (f"packs/{row[1]}", Place(*row[2:6])) not in places or row[5] != row[6]:
                    without_place.attachments.add(key.hex())
                row = next(rows, None)
        while row is not None:
            without_place.attachments.add(row[0].hex())
            row = next(rows, None)
        for affected, text in (
            (without_row, "attachments of the packs have no row in it"),
            (without_place, "rows of it do not say where in the packs an attachment is"),
        ):
            if affected.attachments.count:
                count = affected.attachments.count
                yield Finding(FindingCode.INDEX_WRONG, "index/blobs", "", f"{count} {text}", affected)


def _keys(column: pa.Array[Any]) -> list[bytes]:
    digests: list[Any] = column.to_pylist()
    return [bytes.fromhex(digest) for digest in digests]


def _message_rows(batch: pa.RecordBatch) -> _Rows:
    return list(zip(_keys(batch["sha256"]), batch["part_count"].to_pylist(), strict=True))


# Arrow could count them, but to import `pyarrow.compute` takes longer than to read the index of a small archive.


def _occurrence_rows(batch: pa.RecordBatch) -> _Rows:
    return [(bytes.fromhex(digest),) for digest in dict.fromkeys(batch["message"].to_pylist())]


def _part_rows(batch: pa.RecordBatch) -> _Rows:
    return [(bytes.fromhex(digest), count) for digest, count in Counter(batch["message"].to_pylist()).items()]


def _blob_rows(batch: pa.RecordBatch) -> _Rows:
    columns: list[list[Any]] = [_keys(batch["sha256"])]
    columns.extend(batch[name].to_pylist() for name in _COLUMNS["blobs"][1:])
    return list(zip(*columns, strict=True))


_COLUMNS = {
    "messages": ["sha256", "part_count"],
    "occurrences": ["message"],
    "parts": ["message"],
    "blobs": ["sha256", "pack", "frame", "frame_length", "offset", "length", "size"],
}
_ROWS = {"messages": _message_rows, "occurrences": _occurrence_rows, "parts": _part_rows, "blobs": _blob_rows}


def messages_of(path: Path) -> Iterator[bytes]:
    """The SHA-256 of every row of a whole file of `messages`. Raises `ArchiveError` where it cannot be read."""
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(_BATCH_ROWS, columns=["sha256"]):
                yield from _keys(batch["sha256"])
    except (OSError, pa.ArrowException, ValueError) as error:
        raise ArchiveError(f"cannot read {path}: {_first_line(error)}; bring it back from a backup") from error


def tables_of(files: dict[str, FileEntry]) -> dict[str, list[FileEntry]]:
    """The files of each table, of all files that count."""
    tables: dict[str, list[FileEntry]] = {table: [] for table in _COLUMNS}
    for path, entry in files.items():
        folder, _, rest = path.partition("/")
        table = rest.partition("/")[0]
        if folder == "index" and table in tables:
            tables[table].append(entry)
    return tables


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
