"""The files of the table *texts*: where they lie, how one is written and opened.

Rows are sorted by digest throughout a file, and row groups are small: the statistics in a file's footer then name
the one row group that a text can be in, and showing it decompresses about 1 MiB.
"""

from __future__ import annotations

import inspect
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mailstrata.errors import ArchiveError
from mailstrata.index.files import sync_directory, writing
from mailstrata.search.texts.schema import TEXTS

FILE_BYTES = 64 << 20
"""Bytes of the rows of one file, uncompressed; what is gathered in memory before it is written."""

ROW_GROUP_BYTES = 1 << 20
"""Bytes of the rows of a row group, uncompressed, as far as rows are smaller than that."""

TEMPORARY = ".tmp"

# Arrow's own pool asks the kernel for huge pages: zeroing them for what is held once and let go took as long as a third
# of all else (measured; 45 us a message).
_POOL = pa.system_memory_pool()
_LEVEL = 1  # of zstd: level 3 takes twice the time for 5 % less
_FALSE_POSITIVES = 0.01
_REPEATING = ["kind", "content_type", "status", "reason", "extractor"]
_HAS_BLOOM_FILTERS = "bloom_filter_options" in inspect.signature(pq.ParquetWriter.__init__).parameters
_ADVICE = "`mailstrata search --rebuild` makes it anew"


def texts_folder(archive: Path) -> Path:
    """Where the table of an archive lies."""
    return archive / "search" / "texts"


def texts_files(archive: Path) -> list[Path]:
    """The complete files of the table in an archive's folder, in the order in which they were written; none where there
    are none. A file never changes, and its name never comes again: what has taken in a file knows all of it by its
    name."""
    folder = texts_folder(archive)
    try:
        return sorted(path for path in folder.iterdir() if path.suffix == ".parquet")
    except FileNotFoundError:
        return []
    except OSError as error:
        raise ArchiveError(f"cannot read {folder}: {error.strerror}; check permissions and disk") from error


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn what pyarrow and the disk say of a file into an `ArchiveError` of one line."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error).partition("\n")[0]
        raise ArchiveError(f"cannot read {path}: {reason}; {_ADVICE}") from error
    except pa.ArrowException as error:
        raise ArchiveError(f"cannot read {path}: {str(error).partition(chr(10))[0]}; {_ADVICE}") from error


def prepare_folder(archive: Path) -> Path:
    """Make the folder of the table, and remove what a killed run has left in it. Raises `TargetError`."""
    folder = texts_folder(archive)
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for leftover in folder.glob(f"*{TEMPORARY}"):
            leftover.unlink(missing_ok=True)
        sync_directory(archive)
        sync_directory(folder.parent)
    return folder


def write_file(folder: Path, rows: pa.Table) -> Path:
    """Write rows (at most some 64 MiB, in any order) as a new file of the table, which appears whole and durable.

    Raises `TargetError`; nothing is left of it then.
    """
    name = f"{_next_number(folder):08d}-{secrets.token_hex(4)}.parquet"
    path, temporary = folder / name, folder / f"{name}{TEMPORARY}"
    # Taking from several chunks would put them together each time.
    rows = rows.combine_chunks(memory_pool=_POOL)
    order = pc.sort_indices(rows, sort_keys=[("sha256", "ascending"), ("kind", "ascending")])
    each = max(1, rows.num_rows * ROW_GROUP_BYTES // max(rows.nbytes, ROW_GROUP_BYTES))
    options: dict[str, Any] = {
        "compression": "zstd",
        "compression_level": _LEVEL,
        "use_dictionary": _REPEATING,
        "write_statistics": ["kind", "sha256", "content_type", "status", "characters"],
        "write_page_index": True,
        "write_page_checksum": True,
        "sorting_columns": pq.SortingColumn.from_ordering(TEXTS, [("sha256", "ascending"), ("kind", "ascending")]),
    }
    if _HAS_BLOOM_FILTERS and rows.num_rows:
        options["bloom_filter_options"] = {"sha256": {"ndv": min(each, rows.num_rows), "fpp": _FALSE_POSITIVES}}
    with writing(path):
        try:
            with temporary.open("xb") as file:
                with pq.ParquetWriter(file, TEXTS, **options) as parquet:
                    for start in range(0, rows.num_rows, each):
                        # Taken piece by piece: the rows are never there twice.
                        piece = pc.take(rows, order[start : start + each], memory_pool=_POOL)
                        parquet.write_table(piece, row_group_size=each)
                file.flush()
                os.fsync(file.fileno())
            temporary.rename(path)
            sync_directory(folder)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    return path


def _next_number(folder: Path) -> int:
    numbers = [path.name.partition("-")[0] for path in folder.iterdir() if path.suffix == ".parquet"]
    return max((int(number) for number in numbers if number.isdecimal()), default=0) + 1


class RowBuffer:
    """Rows on their way into a file: as Python objects, then as Arrow batches."""

    def __init__(self) -> None:
        self._rows: list[tuple[Any, ...]] = []
        self._characters = 0
        self._batches: list[pa.RecordBatch] = []
        self._batch_bytes = 0

    def add(self, row: tuple[Any, ...]) -> bool:
        """Take a row; says whether there is enough for a file."""
        self._rows.append(row)
        self._characters += 200 + len(row[3] or "") + len(row[4] or "")
        if self._characters >= 4 << 20:
            self._pack()
        return self._batch_bytes >= FILE_BYTES

    def _pack(self) -> None:
        if self._rows:
            columns = zip(*self._rows, strict=True)
            arrays = [
                pa.array(values, field.type, memory_pool=_POOL) for field, values in zip(TEXTS, columns, strict=True)
            ]
            batch = pa.RecordBatch.from_arrays(arrays, schema=TEXTS)
            self._batches.append(batch)
            self._batch_bytes += batch.nbytes
        self._rows = []
        self._characters = 0

    def take(self) -> pa.Table | None:
        """All rows, which are not held any more; None where there are none."""
        self._pack()
        batches, self._batches, self._batch_bytes = self._batches, [], 0
        return pa.Table.from_batches(batches, schema=TEXTS) if batches else None
