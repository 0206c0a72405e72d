"""Which messages are exported, and in which order: each distinct message once, where it first occurred.

The order is that of the index's `occurrences`: commit by commit, and within one as the messages stood in their sources.
What was chosen and what has been given out lies in a temporary database on disk, so that memory does not depend on
the number of messages.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mailstrata.errors import ArchiveError, TargetError

if TYPE_CHECKING:
    import pyarrow as pa

    from mailstrata.archive.reading.reader import Archive

_BATCH_ROWS = 8192
_CACHE_BYTES = 16 << 20
_MOST_COMPARED = 100_000
_COLUMNS = ["message", "flags", "source_path", "source_path_bytes"]


@dataclass(frozen=True, slots=True)
class Chosen:
    """A message to export: its SHA-256, and its Maildir flags at the place where it first occurred."""

    sha256: str
    flags: str


def choose(
    archive: Archive,
    *,
    digests: Iterable[str] | None = None,
    within: Iterable[str] | None = None,
    source_paths: Collection[bytes] | None = None,
) -> Iterator[Chosen]:
    """The messages of an archive, or those of `digests`, or those of `within`, or those that were found in the sources
    of these paths; of several of these, what all have.

    Raises `ArchiveError` where the index cannot be read, `TargetError` where there is no room for temporary files, and
    what the two iterables raise.
    """
    if digests is None:
        digests, within = within, None
    with _temporary_files(archive), closing(_Messages(digests, within)) as messages:
        for path in archive.index_files("occurrences"):
            for digest, flags in _occurrences(path, messages.few, source_paths):
                if messages.take(digest):
                    yield Chosen(digest, flags)
            if messages.are_all_taken():
                return
        if source_paths is None:
            # Chosen all the same, should the index know no place of theirs.
            yield from (Chosen(digest, "") for digest in messages.left())


class _Messages:
    """The messages that are chosen (all, where `digests` is None; of these, those of `within`, where that is not None),
    and those that were taken already.

    `few` are the chosen ones where they are so few that a column can be compared with them.
    """

    def __init__(self, digests: Iterable[str] | None, within: Iterable[str] | None) -> None:
        # An empty name is a private database on disk, of which SQLite holds no more than its page cache.
        self._database = sqlite3.connect("", isolation_level=None)
        self._takes_all = digests is None
        self.few: list[str] | None = None
        for statement in (
            f"PRAGMA cache_size = {-(_CACHE_BYTES >> 10)}",
            "PRAGMA journal_mode = OFF",
            "CREATE TABLE messages (digest BLOB PRIMARY KEY, taken INTEGER NOT NULL) WITHOUT ROWID",
            "BEGIN",
        ):
            self._database.execute(statement)
        if digests is None:
            return
        self._database.executemany(
            "INSERT OR IGNORE INTO messages VALUES (?, 0)", ((bytes.fromhex(digest),) for digest in digests)
        )
        if within is not None:
            self._keep(within)
        self._left = int(self._database.execute("SELECT count(*) FROM messages").fetchone()[0])
        if self._left <= _MOST_COMPARED:
            self.few = list(self.left())

    def _keep(self, within: Iterable[str]) -> None:
        """Take out all but these."""
        self._database.executemany(
            "UPDATE messages SET taken = 1 WHERE digest = ?", ((bytes.fromhex(digest),) for digest in within)
        )
        self._database.execute("DELETE FROM messages WHERE taken = 0")
        self._database.execute("UPDATE messages SET taken = 0")

    def take(self, digest: str) -> bool:
        """Whether the message is chosen and was not taken before."""
        key = (bytes.fromhex(digest),)
        if self._takes_all:
            return self._database.execute("INSERT OR IGNORE INTO messages VALUES (?, 1)", key).rowcount == 1
        found = self._database.execute("UPDATE messages SET taken = 1 WHERE digest = ? AND taken = 0", key)
        self._left -= found.rowcount
        return found.rowcount == 1

    def are_all_taken(self) -> bool:
        """Whether there can be no more."""
        return not self._takes_all and not self._left

    def left(self) -> Iterator[str]:
        """The chosen ones that were not taken."""
        for (digest,) in self._database.execute("SELECT digest FROM messages WHERE taken = 0"):
            yield digest.hex()

    def close(self) -> None:
        self._database.close()


def _occurrences(
    path: Path, few: list[str] | None, source_paths: Collection[bytes] | None
) -> Iterator[tuple[str, str]]:
    """Digest and flags of the rows of a file, in their order; rows that cannot be chosen may be left out."""
    import pyarrow as pa  # noqa: PLC0415 - a tenth of a second, which other commands need not wait for
    import pyarrow.parquet as pq  # noqa: PLC0415

    compared = None if few is None else pa.array(few, pa.string())
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(_BATCH_ROWS, columns=_COLUMNS, use_threads=False):
                for row in _rows(batch, compared):
                    if source_paths is None or _source_path(row) in source_paths:
                        yield row["message"], row["flags"]
    except (OSError, pa.ArrowException) as error:
        raise ArchiveError(
            f"cannot read {path}: {str(error).splitlines()[0]}; mailstrata repair makes the index anew"
        ) from error


def _rows(batch: pa.RecordBatch, compared: pa.Array[Any] | None) -> list[dict[str, Any]]:
    import pyarrow.compute as pc  # noqa: PLC0415

    if compared is not None:
        batch = batch.filter(pc.is_in(batch.column("message"), compared))
    rows: list[dict[str, Any]] = batch.to_pylist()
    return rows


def _source_path(row: dict[str, Any]) -> bytes:
    exact: bytes | None = row["source_path_bytes"]
    return str(row["source_path"]).encode() if exact is None else exact


@contextmanager
def _temporary_files(archive: Archive) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise TargetError(
            f"cannot write a temporary list of messages of {archive.path}: {error}; make room in the folder for "
            "temporary files"
        ) from error
