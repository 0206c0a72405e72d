"""The flags of a message's parts: the boolean columns `flag_*` of the committed table *parts*."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailstrata.errors import ArchiveError

if TYPE_CHECKING:
    from mailstrata.archive.reading.reader import Archive

_PREFIX = "flag_"


def part_flags(archive: Archive, digest: str) -> dict[str, list[str]]:
    """The names of the flags of each part of a message that has some, by the part's path. Tables from before there
    were flags
    have none. Raises `ArchiveError` where they cannot be read."""
    import pyarrow as pa  # noqa: PLC0415 - a tenth of a second, which `--raw` and `--part` need not wait for
    import pyarrow.parquet as pq  # noqa: PLC0415

    found: dict[str, list[str]] = {}
    for path in archive.index_files("parts"):
        try:
            with pq.ParquetFile(path) as file:
                columns = [name for name in file.schema_arrow.names if name.startswith(_PREFIX)]
            if not columns:
                continue
            rows = pq.read_table(path, columns=["path", *columns], filters=[("message", "=", digest)]).to_pylist()
        except (OSError, pa.ArrowException) as error:
            reason = str(error).splitlines()[0]
            raise ArchiveError(f"cannot read the index in {path}: {reason}; mailstrata repair makes it anew") from error
        for row in rows:
            flags = [name.removeprefix(_PREFIX).replace("_", "-") for name in columns if row[name]]
            if flags:
                found[row["path"]] = flags
    return found
