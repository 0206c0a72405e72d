"""Rows in, sorted Parquet files out: staged first, then made visible by renames."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from sys import getsizeof
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from mailstrata.index.files import HashedFile, sync_directory, writing
from mailstrata.index.layout import LAYOUTS, leaf_paths
from mailstrata.index.rows import Row
from mailstrata.index.schema import TABLES

BLOCK_BYTES = 1 << 20
"""The size of a table's rows as Python objects, estimated rather high, from which on they become an Arrow batch."""

BUFFERED_BYTES = 16 << 20
"""The size of the packed rows of all tables together above which the largest is written as a row group."""

ROW_GROUP_ROWS = 1 << 17
"""Rows of one row group at most."""

ROW_GROUPS_PER_FILE = 32
"""Row groups of one file at most: statistics and Bloom filters stay in memory until a file is closed."""

# Small pages, so that the page index can skip most of a column.
_PAGE_BYTES = 128 << 10
_FALSE_POSITIVES = 0.03
# Arrow's own pool keeps what it once had, and takes it from the system in larger pieces than are ever used.
_POOL = pa.system_memory_pool()
_HAS_BLOOM_FILTERS = "bloom_filter_options" in inspect.signature(pq.ParquetWriter.__init__).parameters


@dataclass(frozen=True, slots=True)
class IndexFile:
    """A Parquet file: `path` is relative to the index (`parts/NAME.parquet`), `size` in bytes."""

    table: str
    path: str
    rows: int
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class _Finished:
    staged: Path
    rows: int
    size: int
    sha256: str


class IndexWriter:
    """Writes the four tables below `directory`, one file or more a table and checkpoint.

    Rows are buffered by column, at most about 20 MiB in all tables together, and written to `staging` as
    row groups that are each sorted as `LAYOUTS` says. `checkpoint` completes the files there, durably;
    `commit` renames them to where they are seen. `staging` is `directory/.staging` by default; it must be
    on the same filesystem and nobody else's, and is emptied at the start.

    Raises `TargetError` where the disk does not take it; after that only `abort` may be called.
    """

    def __init__(self, directory: Path, staging: Path | None = None) -> None:
        self.directory = directory
        self._staging = directory / ".staging" if staging is None else staging
        with writing(self._staging):
            self._staging.mkdir(parents=True, exist_ok=True)
            for leftover in self._staging.glob("*.tmp"):
                leftover.unlink()
        self._tables = {name: _TableWriter(name, self._staging) for name in TABLES}
        self._checkpointed: list[tuple[Path, Path]] = []
        self._required: set[str] = set()

    def add(self, table: str, row: Row) -> None:
        """Add a row to a table. Raises `KeyError` where a column is missing."""
        writer = self._tables[table]
        if writer.add(row) >= BLOCK_BYTES:
            writer.pack()
            self._write_out(writer)

    def add_values(self, table: str, values: tuple[Any, ...], weight: int) -> None:
        """Add a row as the values of all columns, in their order. `weight` is about what it takes in memory, in bytes,
        and rather more than less."""
        writer = self._tables[table]
        if writer.add_values(values, weight) >= BLOCK_BYTES:
            writer.pack()
            self._write_out(writer)

    def add_batch(self, table: str, batch: pa.RecordBatch) -> None:
        """Add rows that are an Arrow batch already, of at most some MiB and with the table's schema."""
        writer = self._tables[table]
        writer.add_batch(batch)
        self._write_out(writer)

    def require_file(self, table: str) -> None:
        """Give the table a file at the next checkpoint even if it gets no rows: a glob over its folder fails
        without one."""
        self._required.add(table)

    def _write_out(self, writer: _TableWriter) -> None:
        if writer.packed_rows >= ROW_GROUP_ROWS:
            writer.write_row_group()
        if sum(each.packed_bytes for each in self._tables.values()) > BUFFERED_BYTES:
            max(self._tables.values(), key=lambda each: each.packed_bytes).write_row_group()

    def checkpoint(self, name: str, *, every_table: bool = False) -> list[IndexFile]:
        """Complete the files of all rows added since the last checkpoint: durable, not yet visible.

        They are called `name`, and `name-2` and so on where a table needs more than one. A table without
        new rows gets none, unless `every_table` asks for a file of no rows: a glob over its folder fails
        without one.
        """
        files = []
        for table, writer in self._tables.items():
            folder = self.directory / table
            with writing(folder):
                folder.mkdir(parents=True, exist_ok=True)
            even_if_empty = every_table or table in self._required
            for number, finished in enumerate(writer.finish(even_if_empty), start=1):
                file_name = f"{name}.parquet" if number == 1 else f"{name}-{number}.parquet"
                self._checkpointed.append((finished.staged, folder / file_name))
                files.append(IndexFile(table, f"{table}/{file_name}", finished.rows, finished.size, finished.sha256))
        self._required.clear()
        with writing(self._staging):
            sync_directory(self._staging)
        return files

    def commit(self) -> None:
        """Rename what the last checkpoint completed to where it is seen, durably."""
        folders: set[Path] = set()
        for staged, final in self._checkpointed:
            with writing(final):
                staged.replace(final)
            folders.add(final.parent)
        for folder in (*sorted(folders), self.directory):
            with writing(folder):
                sync_directory(folder)
        self._checkpointed.clear()

    def abort(self) -> None:
        """Drop what was not committed and let go of everything. May be called again. Raises `TargetError`."""
        with writing(self._staging):
            for writer in self._tables.values():
                writer.discard()
            for staged, _ in self._checkpointed:
                staged.unlink(missing_ok=True)
            self._checkpointed.clear()
            if self._staging.is_dir():
                self._staging.rmdir()

    def close(self) -> None:
        """Let go of everything, after the last commit; rows added since then are dropped."""
        self.abort()


class _TableWriter:
    """One table: rows as Python objects, then packed batches, then row groups of the file under way."""

    def __init__(self, name: str, staging: Path) -> None:
        self._schema = TABLES[name]
        self._layout = LAYOUTS[name]
        self._order: list[tuple[str, Literal["ascending"]]] = [
            (column, "ascending") for column in self._layout.sorted_by
        ]
        self._staging = staging
        self._name = name
        self._rows: list[Sequence[Any]] = []
        self._values_of = _getter(self._schema.names)
        lists = [field.name for field in self._schema if pa.types.is_list(field.type)]
        self._lists_of = _getter(lists)
        self._scalars_of = _getter([name for name in self._schema.names if name not in lists])
        self._added_bytes = 0
        self._batches: list[pa.RecordBatch] = []
        self.packed_bytes = 0
        self.packed_rows = 0
        self._file: HashedFile | None = None
        self._parquet: pq.ParquetWriter | None = None
        self._rows_in_file = 0
        self._row_groups = 0
        self._files_begun = 0
        self._finished: list[_Finished] = []

    def add(self, row: Row) -> int:
        """Take a row; returns the bytes of the rows that are not packed yet, as Python objects."""
        weight = sum(map(getsizeof, self._scalars_of(row)))
        for values in self._lists_of(row):
            if values:
                weight += _weigh(values)
        # Numbers and None are mostly shared, which makes up for the pointers to them.
        return self.add_values(self._values_of(row), weight)

    def add_values(self, values: Sequence[Any], weight: int) -> int:
        """As `add`, for values of all columns that weigh so much."""
        self._rows.append(values)
        self._added_bytes += weight
        return self._added_bytes

    def pack(self) -> None:
        """Turn the rows that are Python objects into an Arrow batch."""
        if not self._rows:
            return
        columns = zip(*self._rows, strict=True)
        arrays = [
            pa.array(column, type=field.type, memory_pool=_POOL)
            for field, column in zip(self._schema, columns, strict=True)
        ]
        self._rows.clear()
        self._added_bytes = 0
        self._keep(pa.RecordBatch.from_arrays(arrays, schema=self._schema))

    def add_batch(self, batch: pa.RecordBatch) -> None:
        """Take rows that are an Arrow batch, behind those added before."""
        self.pack()
        self._keep(batch)

    def _keep(self, batch: pa.RecordBatch) -> None:
        self._batches.append(batch)
        self.packed_bytes += batch.nbytes
        self.packed_rows += batch.num_rows

    def write_row_group(self) -> None:
        """Write everything packed as one row group, sorted."""
        # To import it takes 50 ms, which no start needs to wait for.
        import pyarrow.compute as pc  # noqa: PLC0415

        table = pa.Table.from_batches(self._batches, schema=self._schema)
        self._batches.clear()
        self.packed_bytes = self.packed_rows = 0
        if self._layout.sorted_by:
            order = pc.sort_indices(table, sort_keys=self._order, memory_pool=_POOL)
            table = pc.take(table, order, memory_pool=_POOL)
        if self._parquet is None:
            self._begin_file(table)
        assert self._parquet is not None
        assert self._file is not None
        with writing(self._file.path):
            self._parquet.write_table(table, row_group_size=max(1, table.num_rows))
        self._rows_in_file += table.num_rows
        self._row_groups += 1
        if self._row_groups >= ROW_GROUPS_PER_FILE:
            self._end_file()

    def finish(self, even_if_empty: bool) -> Sequence[_Finished]:
        """Write out everything; returns the files completed since the last call."""
        self.pack()
        if self._batches:
            self.write_row_group()
        elif even_if_empty and self._parquet is None and not self._finished:
            self._begin_file(self._schema.empty_table())
        if self._parquet is not None:
            self._end_file()
        finished, self._finished = self._finished, []
        return finished

    def discard(self) -> None:
        """Drop every row and file that `finish` has not handed out."""
        self._rows.clear()
        self._batches.clear()
        if self._file is not None:
            self._file.discard()
        if self._parquet is not None:
            self._parquet.close()
        self._file = self._parquet = None
        for finished in self._finished:
            finished.staged.unlink(missing_ok=True)
        self._finished = []

    def _begin_file(self, first: pa.Table) -> None:
        self._files_begun += 1
        path = self._staging / f"{self._name}-{self._files_begun}.parquet.tmp"
        with writing(path):
            self._file = HashedFile(path)
        options: dict[str, Any] = {
            "compression": "zstd",
            "compression_level": 3,
            "use_dictionary": [
                leaf for name in self._layout.repeating for leaf in leaf_paths(self._schema.field(name))
            ],
            "data_page_size": _PAGE_BYTES,
            "write_statistics": True,
            "write_page_index": True,
            "write_page_checksum": True,
        }
        if self._layout.sorted_by:
            options["sorting_columns"] = pq.SortingColumn.from_ordering(self._schema, self._order)
        if _HAS_BLOOM_FILTERS and first.num_rows:
            import pyarrow.compute as pc  # noqa: PLC0415 - as in write_row_group

            # The first row group of a file is about as large as the others, or the only one.
            options["bloom_filter_options"] = {
                name: {"ndv": max(1, pc.count_distinct(first[name]).as_py()), "fpp": _FALSE_POSITIVES}
                for name in self._layout.looked_up_by
            }
        with writing(path):
            self._parquet = pq.ParquetWriter(
                pa.PythonFile(self._file, mode="w"), self._schema, memory_pool=_POOL, **options
            )

    def _end_file(self) -> None:
        assert self._parquet is not None
        assert self._file is not None
        with writing(self._file.path):
            self._parquet.close()
            digest = self._file.finish()
        self._finished.append(_Finished(self._file.path, self._rows_in_file, self._file.size, digest))
        self._file = self._parquet = None
        self._rows_in_file = self._row_groups = 0


def _getter(names: Sequence[str]) -> Callable[[Row], Sequence[Any]]:
    """What gives the values of these columns of a row."""
    if len(names) > 1:
        return itemgetter(*names)
    return lambda row: [row[name] for name in names]


def _weigh(values: list[Any]) -> int:
    """About how many bytes a list of texts, or of structs of texts and numbers, takes as Python objects."""
    weight = 0
    for value in values:
        if type(value) is str:
            weight += value.__sizeof__() + 8
        else:
            weight += 200
            weight += sum(item.__sizeof__() for item in value.values() if type(item) is str)
    return weight
