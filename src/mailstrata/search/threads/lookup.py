"""Looking messages up in the committed table *messages* by what threading goes by.

By ids the table has Bloom filters, which DuckDB asks for each row group: a lookup reads a few pages, however many
messages
there are. Lists of ids have none: `naming` reads two columns of the whole table, and `of_subject` one of some months.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any

from mailstrata.errors import ArchiveError
from mailstrata.index.duckdb_names import FileNames, first_paragraph
from mailstrata.search.threads.message import ThreadMessage

if TYPE_CHECKING:
    import duckdb

    from mailstrata.archive.reading.reader import Archive

IDS_AT_ONCE = 200
"""Ids of one query: DuckDB asks the Bloom filters for each of them, for each row group."""

_MEMORY_LIMIT = "512MB"
_COLUMNS = """sha256, message_id, "references", in_reply_to, date, "from", subject, list_id, from_address,
    [lower(a.address) for a in list_concat(to_addresses, cc_addresses) if a.address is not null], attachment_count"""


class MessageLookup:
    """A session over the messages of the last commit. Use it in a `with` statement, or `close` it. Its methods raise
    `ArchiveError` where the tables cannot be read."""

    def __init__(self, archive: Archive) -> None:
        import duckdb  # noqa: PLC0415 - a tenth of a second, which who reads one message need not wait for

        self._archive = archive.path
        self._error = duckdb.Error
        self._scratch = tempfile.TemporaryDirectory(prefix="mailstrata-threads-")
        self._session: duckdb.DuckDBPyConnection = duckdb.connect(":memory:")
        self._session.execute(f"SET memory_limit = '{_MEMORY_LIMIT}'")
        self._session.execute("SET enable_progress_bar = false")
        names = FileNames(self._scratch.name)
        self._files = [names.name(path) for path in archive.index_files("messages")]

    def __enter__(self) -> MessageLookup:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of everything. May be called again."""
        self._session.close()
        self._scratch.cleanup()

    def by_digest(self, digest: str) -> list[ThreadMessage]:
        """The message of that SHA-256."""
        return self._rows("sha256 = ?", [digest], 1)

    def by_ids(self, ids: Sequence[str], most: int) -> list[ThreadMessage]:
        """The messages that have one of the ids, and those whose thread begins with one; at most so many."""
        found: dict[str, ThreadMessage] = {}
        for start in range(0, len(ids), IDS_AT_ONCE):
            some = ids[start : start + IDS_AT_ONCE]
            marks = ", ".join("?" * len(some))
            # Two queries: of an OR, DuckDB asks no Bloom filter.
            for column in ("message_id", "thread_root_id"):
                rows = self._rows(f"{column} IN ({marks})", some, most)
                found.update((message.sha256, message) for message in rows)
            if len(found) >= most:
                break
        return list(found.values())[:most]

    def naming(self, ids: Sequence[str], most: int) -> list[ThreadMessage]:
        """The messages that have one of the ids anywhere in References or In-Reply-To; at most so many."""
        condition = 'list_has_any("references", ?) OR list_has_any(in_reply_to, ?)'
        return self._rows(condition, [list(ids), list(ids)], most)

    def of_subject(self, ending: str, first: datetime, last: datetime, most: int) -> list[ThreadMessage]:
        """The messages between two times whose subject ends like that, in whatever case; the oldest ones, at most so
        many."""
        condition = "date BETWEEN ? AND ? AND suffix(lower(rtrim(subject)), ?) ORDER BY date, sha256"
        return self._rows(condition, [first, last, ending.lower()], most)

    def _rows(self, condition: str, values: Sequence[Any], most: int) -> list[ThreadMessage]:
        if not self._files:
            return []
        sql = (
            f"SELECT {_COLUMNS} FROM read_parquet(?, union_by_name = true) "  # noqa: S608 - values are bound
            f"WHERE {condition} LIMIT {most:d}"
        )
        try:
            rows = self._session.execute(sql, [self._files, *values]).fetchall()
        except self._error as error:
            raise ArchiveError(
                f"{self._archive}: the index cannot be read: {first_paragraph(error)}; mailstrata repair makes it anew"
            ) from error
        return [ThreadMessage(*row) for row in rows]
