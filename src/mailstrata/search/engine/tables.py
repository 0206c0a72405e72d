"""The committed tables of an archive in DuckDB: views of the names that docs/index-schema.md gives them.

A session takes at most `MEMORY_LIMIT`; what is beyond goes to a folder for temporary files. Nothing that people write
becomes SQL here: they write queries of the search language, whose values are bound.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from mailstrata.errors import ArchiveError, MailstrataError
from mailstrata.index.duckdb_names import FileNames, first_paragraph, quoted
from mailstrata.search.query.nodes import PART_FLAGS

if TYPE_CHECKING:
    import duckdb

MEMORY_LIMIT = "512MB"
_LONGEST_REASON = 300


class Tables:
    """A session with views of tables of an archive. Use it in a `with` statement, or `close` it."""

    def __init__(self, archive: Path) -> None:
        import duckdb  # noqa: PLC0415 - a tenth of a second, which other commands need not wait for

        self._archive = archive
        self._scratch = tempfile.TemporaryDirectory(prefix="mailstrata-search-")
        self._is_closed = False
        self._names = FileNames(self._scratch.name)
        self.session: duckdb.DuckDBPyConnection = duckdb.connect(":memory:")
        for setting in (
            f"memory_limit = '{MEMORY_LIMIT}'",
            f"temp_directory = {quoted(self._scratch.name)}",
            "python_enable_replacements = false",
            "enable_progress_bar = false",
            "enable_object_cache = true",
            "preserve_insertion_order = false",
        ):
            self.session.execute(f"SET {setting}")

    def __enter__(self) -> Tables:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of everything. May be called again."""
        self._is_closed = True
        self.session.close()
        self._scratch.cleanup()

    def show(self, table: str, files: Sequence[Path], name: str | None = None) -> None:
        """Have a view of a table of the index over these files of it; `name` where it shall have another than the
        table's. A view of that name is replaced. Raises `ArchiveError` where they cannot be read."""
        from mailstrata.index.schema import TABLES  # noqa: PLC0415 - brings in pyarrow

        name = name or table
        missing = [column for column in PART_FLAGS.values() if table == "parts" and column not in TABLES[table].names]
        with self.reading():
            if files:
                # A version of before may lack a column, so that files of one table need not have the same ones.
                listed = ", ".join(quoted(self._names.name(path)) for path in files)
                sql = f"SELECT * FROM read_parquet([{listed}], union_by_name = true)"  # noqa: S608 - paths, quoted
                columns = {row[0] for row in self.session.execute(f"DESCRIBE {sql}").fetchall()}
                missing = [column for column in PART_FLAGS.values() if table == "parts" and column not in columns]
            else:
                self.session.register(f"empty_{name}", TABLES[table].empty_table())
                sql = f"SELECT * FROM empty_{name}"  # noqa: S608 - a name of ours
            flags = "".join(f", NULL::BOOLEAN AS {column}" for column in missing)
            self.session.execute(f"CREATE OR REPLACE VIEW {name} AS SELECT *{flags} FROM ({sql})")  # noqa: S608

    def show_files(self, name: str, files: Sequence[Path]) -> None:
        """Have a view over Parquet files, one at least, that are not of the index. Raises `ArchiveError`."""
        listed = ", ".join(quoted(self._names.name(path)) for path in files)
        with self.reading():
            self.session.execute(f"CREATE OR REPLACE VIEW {name} AS SELECT * FROM read_parquet([{listed}])")  # noqa: S608

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a statement of ours. Raises `ArchiveError` where the tables cannot be read."""
        with self.reading():
            return self.session.execute(sql, list(parameters)).fetchall()

    def drop(self, name: str) -> None:
        """Drop a table, if the session is open: after that it is gone anyway."""
        if not self._is_closed:
            self.rows(f"DROP TABLE IF EXISTS {name}")

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Turn errors of DuckDB, of several lines, into ours."""
        import duckdb  # noqa: PLC0415

        try:
            yield
        except duckdb.OutOfMemoryException as error:
            raise MailstrataError(
                f"the search takes too much memory: {_reason(error)}; make room in the folder for temporary files"
            ) from error
        except duckdb.Error as error:
            raise ArchiveError(
                f"{self._archive}: the index cannot be read: {_reason(error)}; mailstrata repair makes it anew"
            ) from error


def _reason(error: Exception) -> str:
    return first_paragraph(error)[:_LONGEST_REASON]
