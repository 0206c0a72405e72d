"""Bringing the table *texts* up to date with an archive."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

    from mailstrata.archive.reading.reader import Archive


class TextsFile:
    """A file of the table that was completed: it is durable under its name. `rows` are all its rows (at most some 64 MiB),
    in no particular order."""

    path: Path
    rows: pa.Table


class TextsUpdate:
    """Makes the texts of all messages and attachments that the table has not got yet.

    `message_files` are the committed Parquet files of *messages* that may hold new ones; all, unless told otherwise. Which
    of their messages are new, the table itself says, so that an update that was killed is simply run again.

        for file in TextsUpdate(archive).files():
            words.add(file.rows)          # durable already: file.path
    """

    def __init__(self, archive: Archive, *, message_files: Sequence[Path] | None = None) -> None: ...

    def files(self) -> Iterator[TextsFile]:
        """Make the texts, and give each file as soon as it is durable under its name; bounded memory.

        Closing the iterator, or Ctrl-C, ends the worker process and drops what is not in a complete file. Raises
        `ArchiveError` where the archive cannot be read, `TargetError` where the table cannot be written, and
        `UsageError` where a package of the extra `search` is missing.
        """
        raise NotImplementedError
