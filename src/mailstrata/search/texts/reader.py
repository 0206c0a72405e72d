"""Reading the table *texts*."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa


def texts_files(archive: Path) -> list[Path]:
    """The complete files of the table in an archive's folder, in the order in which they were written; none where there
    are none. A file never changes, and its name never comes again: what has taken in a file knows all of it by its name."""
    raise NotImplementedError


def read_texts(files: Sequence[Path], columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
    """All rows of files, in batches of at most some MiB. Raises `ArchiveError` where a file cannot be read."""
    raise NotImplementedError


class TextsReader:
    """Looks up texts of an archive by digest. Use it in a `with` statement, or `close` it; it keeps files open."""

    def __init__(self, archive: Path) -> None: ...

    def find(
        self, digests: Collection[str], *, kind: str | None = None, columns: Sequence[str] | None = None
    ) -> pa.Table:
        """The rows of these digests (hexadecimal; of messages, of blobs), of one kind (`body`, `attachment`) or of both;
        in no order. Reads a row group of about 1 MiB for each. Raises `ArchiveError` where a file cannot be read."""
        raise NotImplementedError

    def close(self) -> None: ...

    def __enter__(self) -> TextsReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
