"""Reading the table *texts*: all of it, or the texts of some digests."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mailstrata.search.texts.files import reading, texts_files
from mailstrata.search.texts.schema import TEXTS

if TYPE_CHECKING:
    from typing import BinaryIO

__all__ = ["TextsReader", "read_texts", "texts_files"]


def read_texts(files: Sequence[Path], columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
    """All rows of files, a row group at a time (about 1 MiB, or one long text). Raises `ArchiveError` where a file
    cannot be read."""
    for path in files:
        with reading(path), path.open("rb") as file, pq.ParquetFile(file, page_checksum_verification=True) as parquet:
            for group in range(parquet.metadata.num_row_groups):
                yield from parquet.read_row_group(
                    group, columns=None if columns is None else list(columns), use_threads=False
                ).to_batches()


class TextsReader:
    """Looks up texts of an archive by digest. Use it in a `with` statement, or `close` it.

    It keeps the footers of the files that were there when it was made. Where a file has gone since, `find` raises
    `ArchiveError`: make a new one.
    """

    def __init__(self, archive: Path) -> None:
        self._files: list[_OpenFile] = []
        try:
            for path in texts_files(archive):
                self._files.append(_OpenFile(path))
        except BaseException:
            self.close()
            raise

    def find(
        self, digests: Collection[str], *, kind: str | None = None, columns: Sequence[str] | None = None
    ) -> pa.Table:
        """The rows of these digests (hexadecimal; of messages, of blobs), of one kind (`body`, `attachment`) or of
        both; in no order. Reads a row group of about 1 MiB for each. Raises `ArchiveError` where a file cannot be
        read."""
        wanted = sorted(set(digests))
        names = list(columns) if columns is not None else TEXTS.names
        read = list(dict.fromkeys([*names, "sha256", "kind"]))
        schema = pa.schema([TEXTS.field(name) for name in names])
        tables = [table for file in self._files for table in file.find(wanted, kind, read, names)]
        return pa.concat_tables(tables) if tables else schema.empty_table()

    def close(self) -> None:
        """Let go of the files. May be called again."""
        for file in self._files:
            file.close()
        self._files = []

    def __enter__(self) -> TextsReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


class _OpenFile:
    """A file, and between which digests each of its row groups lies."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with reading(path):
            self._file: BinaryIO = path.open("rb")
            try:
                self._parquet: Any = pq.ParquetFile(self._file, page_checksum_verification=True)
                metadata = self._parquet.metadata
                at = metadata.schema.names.index("sha256")
                self._ranges: list[tuple[str, str] | None] = []
                for group in range(metadata.num_row_groups):
                    statistics = metadata.row_group(group).column(at).statistics
                    known = statistics is not None and statistics.has_min_max
                    self._ranges.append((statistics.min, statistics.max) if known else None)
            except BaseException:
                self._file.close()
                raise

    def find(self, wanted: list[str], kind: str | None, read: list[str], names: list[str]) -> Iterator[pa.Table]:
        for group, borders in enumerate(self._ranges):
            here = wanted
            if borders is not None:
                here = wanted[bisect_left(wanted, borders[0]) : bisect_right(wanted, borders[1])]
            if not here:
                continue
            values = pa.array(here, pa.string())
            with reading(self._path):
                # Most of what lies between the borders is not there: the digests alone say so for little.
                digests = self._parquet.read_row_group(group, columns=["sha256"], use_threads=False)["sha256"]
                mask = pc.is_in(digests, value_set=values)
                if not pc.any(mask).as_py():
                    continue
                table = self._parquet.read_row_group(group, columns=read, use_threads=False).filter(mask)
            if kind is not None:
                table = table.filter(pc.equal(table["kind"], kind))
            if table.num_rows:
                yield table.select(names)

    def close(self) -> None:
        self._file.close()
