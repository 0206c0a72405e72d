"""Which Parquet files make up the tables of an archive, or of a folder that `mailstrata index` wrote."""

from __future__ import annotations

import json
from pathlib import Path

from mailstrata.archive.reading.reader import Archive
from mailstrata.errors import ArchiveError, UnsupportedFormatError
from mailstrata.index.place import FORMAT, RECORD
from mailstrata.index.schema import SCHEMA_VERSION, TABLES

IndexFiles = dict[str, list[Path]]
"""Of each table, its committed files; none where it has no rows yet."""


def index_files(place: str) -> IndexFiles:
    """The files that the last commit, or the folder's own record, names. What else lies there is not read.

    Raises `NotAnArchiveError` where it is neither, `ArchiveError` where its record cannot be read.
    """
    folder = Path(place)
    record = folder / RECORD
    if record.is_file():
        return _files_of_folder(folder, record)
    with Archive.open(folder) as archive:
        return {table: [Path(path) for path in archive.index_files(table)] for table in TABLES}


def texts_of_archive(place: str) -> list[Path]:
    """The files of the table *texts* beside the index of an archive; none where it has none. See docs/texts.md."""
    from mailstrata.search.texts.files import texts_files  # noqa: PLC0415 - with it, all of pyarrow

    folder = Path(place)
    return [] if (folder / RECORD).is_file() else texts_files(folder)


def _files_of_folder(folder: Path, record: Path) -> IndexFiles:
    try:
        said = json.loads(record.read_bytes())
        if said["format"] != FORMAT:
            raise ValueError(f"its format is {said['format']!r}")
        version = int(said["schema_version"])
        paths = [Path(file["path"]) for file in said["files"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ArchiveError(f"{record} cannot be read ({error}); write the index again with mailstrata index") from error
    if version > SCHEMA_VERSION:
        raise UnsupportedFormatError(f"{folder} was written by a newer version of mailstrata; update this one")
    # Only what lies in the tables' own folders: the record is a file that anyone may have written.
    return {table: [folder / table / path.name for path in paths if path.parent == Path(table)] for table in TABLES}
