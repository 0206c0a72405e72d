"""A DuckDB session that sees the committed tables of an index, and nothing else.

What someone pastes as SQL must not read other files, nor write any: the session opens exactly the files that the
last commit names, everything else is closed off before the query is looked at, and only a SELECT is run (a COPY
could write over those very files).
"""

# ruff: noqa: PLC0415 - a command imports what it uses when it is called

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from mailstrata.cli.index_files import index_files, texts_of_archive
from mailstrata.errors import ArchiveError, MailstrataError, UsageError
from mailstrata.index.duckdb_names import FileNames, first_paragraph, quoted
from mailstrata.scanning.table import SCANS, scan_files

if TYPE_CHECKING:
    import pyarrow as pa

    from mailstrata.cli.rows import Batches

BATCH_ROWS = 1000
MEMORY_LIMIT = "1GB"
"""What a query may hold in memory; what is beyond it goes to a temporary folder. DuckDB's own default is most of
the machine."""

_INTERRUPT_SECONDS = 0.1


@contextmanager
def query_rows(archive: str, query: str) -> Iterator[tuple[list[str], Batches]]:
    """Run one SELECT over an archive or a folder of tables: the columns, and the rows in batches while they come.

    Raises `UsageError` for what is no SELECT that DuckDB can run, `ArchiveError` where the tables cannot be
    read.
    """
    files = index_files(archive)
    texts = texts_of_archive(archive)
    files["scans"] = scan_files(Path(archive))
    with (
        tempfile.TemporaryDirectory(prefix="mailstrata-sql-") as scratch,
        closing(duckdb.connect(":memory:")) as session,
        _Worker(session) as worker,
    ):
        names = FileNames(scratch)
        try:
            # Not in this thread: of a Ctrl-C that comes while it is at work there, DuckDB makes a RuntimeError.
            opened = [
                path
                for table, paths in files.items()
                for path in worker.run(_create_view, session, table, paths, names)
            ]
            if texts:
                opened += worker.run(_create_view, session, "texts", texts, names)
        except duckdb.Error as error:
            raise ArchiveError(f"{archive}: the index cannot be read: {first_paragraph(error)}") from error
        worker.run(_confine, session, opened, scratch)
        with _told_in_one_line():
            worker.run(_refuse_all_but_one_select, session, query)
            relation = worker.run(session.sql, query)
        yield _distinct(relation.columns), _batches(relation, worker)


class _Worker:
    """Runs what takes long in another thread: the main thread must be free for Ctrl-C, which DuckDB keeps from it."""

    def __init__(self, session: duckdb.DuckDBPyConnection) -> None:
        self._session = session
        self._executor = ThreadPoolExecutor(1)

    def __enter__(self) -> _Worker:
        return self

    def __exit__(self, *exception: object) -> None:
        # Ctrl-C may have come anywhere, also between the beginning of a query and the wait for it.
        self._stop()
        self._executor.shutdown()

    def run(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call the function and wait. Ctrl-C stops the query first, and is then raised."""
        try:
            return self._executor.submit(function, *arguments).result()
        except KeyboardInterrupt:
            self._stop()
            raise

    def _stop(self) -> None:
        """End what is running. Told again and again: the query may not have begun when it was told to stop. Over when
        the thread comes to a last task, since Ctrl-C may have come before `run` knew of the one that it handed over."""
        last = self._executor.submit(_do_nothing)
        while not last.done():
            self._session.interrupt()
            wait([last], timeout=_INTERRUPT_SECONDS)


def _do_nothing() -> None:
    """The last task of a worker."""


def _create_view(session: duckdb.DuckDBPyConnection, table: str, paths: Sequence[Path], names: FileNames) -> list[str]:
    """Make a table of the committed files; the names under which DuckDB opens them."""
    if not paths:
        from mailstrata.index.schema import TABLES

        session.register("nothing", {**TABLES, "scans": SCANS}[table].empty_table())
        session.execute(f"CREATE TABLE {table} AS SELECT * FROM nothing")  # noqa: S608 - a name of ours
        session.unregister("nothing")
        return []
    opened = [names.name(path) for path in paths]
    listed = ", ".join(map(quoted, opened))
    # A later version may add a column, so the files of one table need not have the same ones.
    session.execute(f"CREATE VIEW {table} AS SELECT * FROM read_parquet([{listed}], union_by_name = true)")  # noqa: S608
    return opened


def _confine(session: duckdb.DuckDBPyConnection, opened: Sequence[str], scratch: str) -> None:
    for setting in (
        f"memory_limit = {quoted(MEMORY_LIMIT)}",
        f"temp_directory = {quoted(scratch)}",
        f"allowed_paths = [{', '.join(map(quoted, opened))}]",
        # Otherwise a table name could stand for a variable of this program.
        "python_enable_replacements = false",
        "enable_progress_bar = false",
        "enable_external_access = false",
        "lock_configuration = true",
    ):
        session.execute(f"SET {setting}")


def _refuse_all_but_one_select(session: duckdb.DuckDBPyConnection, query: str) -> None:
    statements = session.extract_statements(query)
    if len(statements) != 1:
        raise UsageError(f"the SQL holds {len(statements)} statements; run one SELECT at a time")
    if statements[0].type != duckdb.StatementType.SELECT:
        kind = statements[0].type.name
        raise UsageError(f"the SQL is a {kind} statement; only SELECT (also DESCRIBE, SUMMARIZE) can be run")


def _batches(relation: duckdb.DuckDBPyRelation, worker: _Worker) -> Batches:
    # Through Arrow, because DuckDB's own way to Python wants a library of time zones.
    with _told_in_one_line():
        reader = worker.run(_arrow_reader, relation)
        while (batch := worker.run(next, reader, None)) is not None:
            columns = [column.to_pylist() for column in batch.columns]
            yield list(zip(*columns, strict=True))


def _arrow_reader(relation: duckdb.DuckDBPyRelation) -> pa.RecordBatchReader:
    # Older versions of DuckDB call it fetch_arrow_reader.
    method: Any = getattr(relation, "to_arrow_reader", None) or relation.fetch_arrow_reader
    reader: pa.RecordBatchReader = method(BATCH_ROWS)
    return reader


@contextmanager
def _told_in_one_line() -> Iterator[None]:
    """Turn DuckDB's errors, of several lines and a picture, into ours."""
    try:
        yield
    except (duckdb.OutOfMemoryException, duckdb.IOException, duckdb.InternalException) as error:
        raise MailstrataError(f"the query could not be run: {first_paragraph(error)}") from error
    except duckdb.Error as error:
        raise UsageError(f"{first_paragraph(error)}; correct the SQL") from error


def _distinct(names: Sequence[str]) -> list[str]:
    """The names, numbered where one occurs again, so that each is a key of its own in JSON."""
    seen: dict[str, None] = {}
    for name in names:
        number, distinct = 1, name
        while distinct in seen:
            distinct = f"{name}_{number}"
            number += 1
        seen[distinct] = None
    return list(seen)
