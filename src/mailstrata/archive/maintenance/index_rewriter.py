"""New index files out of old ones: rows move into larger files, rows of what was erased go, and blobs that lie
elsewhere now get their new places.

Rows stay in the order of the files; as in all index files, each row group is sorted in itself. Memory: two row groups,
the one being read and the one being gathered.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mailstrata.archive.catalogue.catalogue_writer import WritableCatalogue
from mailstrata.archive.commits.records import FileEntry
from mailstrata.archive.packs.members import MemberKind
from mailstrata.archive.writing.pack_rewriter import check_file
from mailstrata.errors import ArchiveError
from mailstrata.index.schema import TABLES
from mailstrata.index.writer import ROW_GROUPS_PER_FILE, IndexWriter

Change = Callable[[pa.RecordBatch], pa.RecordBatch]
"""Gives the rows of a batch that are to be written, as they are to be written."""

KEYS = {"messages": "sha256", "occurrences": "message", "parts": "message", "blobs": "sha256"}
"""The column of each table that says which message, or which blob, a row is about."""

_BATCH_ROWS = 8192
_PLACE = ("pack", "frame", "frame_length", "offset", "length")
REPAIR = "`mailstrata repair` makes the index anew"
"""What to do where an index file is damaged or missing."""


def table_of(path: str) -> str:
    """The table of an index file, by its path below the archive's root."""
    return path.split("/")[1]


def rewrite(root: Path, table: str, entries: Collection[FileEntry], index: IndexWriter, change: Change) -> None:
    """Add the rows of a table's files to `index`, each batch changed by `change`.

    Raises `ArchiveError` where a file is missing or damaged, or has not the columns of this version's schema.
    """
    schema = TABLES[table]
    for entry in entries:
        path = root / entry.path
        check_file(path, entry, advice=REPAIR)
        for batch in _batches(path):
            with _reading(path):
                conformed = _conformed(batch, schema, path)
            changed = change(conformed)
            if changed.num_rows:
                index.add_batch(table, changed)


def has_any(path: Path, column: str, values: Collection[str]) -> bool:
    """Whether a column of a file has one of some values. Raises `ArchiveError` where the file cannot be read."""
    wanted = pa.array(values, pa.string())
    return any(pc.any(pc.is_in(batch.column(0), value_set=wanted)).as_py() for batch in _batches(path, [column]))


def is_full(path: Path) -> bool:
    """Whether a file has as many row groups as one gets. Raises `ArchiveError` where it cannot be read."""
    with _reading(path), path.open("rb") as file, pq.ParquetFile(file) as parquet:
        return bool(parquet.metadata.num_row_groups >= ROW_GROUPS_PER_FILE)


def unchanged(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Leaves rows as they are."""
    return batch


def without(column: str, values: Collection[str]) -> Change:
    """Leaves out the rows that have one of the values in a column."""
    unwanted = pa.array(values, pa.string())

    def change(batch: pa.RecordBatch) -> pa.RecordBatch:
        return batch.filter(pc.invert(pc.is_in(batch.column(column), value_set=unwanted)))

    return change


class MovedBlobs:
    """Gives the rows of blobs that lie in new packs their new places, which are staged in the catalogue.

    `packs` are the names of the packs that are removed. Of several rows of a blob that these packs held more than once
    only the first one stays.
    """

    def __init__(self, catalogue: WritableCatalogue, packs: Collection[str]) -> None:
        self._catalogue = catalogue
        self._packs = pa.array(packs, pa.string())

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        moved = pc.is_in(batch.column("pack"), value_set=self._packs)
        if not pc.any(moved).as_py():
            return batch
        columns: dict[str, list[int | str | None]] = {name: batch.column(name).to_pylist() for name in _PLACE}
        digests = batch.column("sha256")
        keep = [True] * batch.num_rows
        for row in (number for number, is_moved in enumerate(moved.to_pylist()) if is_moved):
            key = bytes.fromhex(digests[row].as_py())
            keep[row] = not self._catalogue.take_duplicate(MemberKind.BLOB, key)
            found = self._catalogue.find_staged(MemberKind.BLOB, key)
            place: tuple[int | str | None, ...] = (None,) * len(_PLACE)
            if found is not None:
                pack, (frame, frame_length, offset, size) = found
                place = (pack.removeprefix("packs/"), frame, frame_length, offset, size)
            for name, value in zip(_PLACE, place, strict=True):
                columns[name][row] = value
        arrays = [
            pa.array(columns[field.name], field.type) if field.name in columns else batch.column(field.name)
            for field in batch.schema
        ]
        return pa.RecordBatch.from_arrays(arrays, schema=batch.schema).filter(pa.array(keep))


def _batches(path: Path, columns: list[str] | None = None) -> Iterator[pa.RecordBatch]:
    with _reading(path), path.open("rb") as file, pq.ParquetFile(file, page_checksum_verification=True) as parquet:
        # A batch of several row groups would have as many rows however large they are.
        for group in range(parquet.metadata.num_row_groups):
            yield from parquet.iter_batches(_BATCH_ROWS, row_groups=[group], columns=columns)


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        # pyarrow's own errors about content are OSErrors too, without an error number.
        reason = error.strerror or str(error).partition("\n")[0]
        raise ArchiveError(f"cannot read {path}: {reason}; {REPAIR}") from error
    except pa.ArrowException as error:
        raise ArchiveError(f"cannot read {path}: {str(error).partition(chr(10))[0]}; {REPAIR}") from error


def _conformed(batch: pa.RecordBatch, schema: pa.Schema, path: Path) -> pa.RecordBatch:
    """The batch with the columns of this version's schema: a column that is newer than the file is null."""
    if batch.schema.equals(schema):
        return batch
    arrays = []
    for field in schema:
        at = batch.schema.get_field_index(field.name)
        if at >= 0:
            arrays.append(batch.column(at).cast(field.type))
        elif field.nullable:
            arrays.append(pa.nulls(batch.num_rows, field.type))
        else:
            raise ArchiveError(f"{path} has no column {field.name}; {REPAIR}")
    return pa.RecordBatch.from_arrays(arrays, schema=schema)
