"""Verifying the structure only: whether the files that commits name are there, in their sizes, and can be opened."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from mailstrata.archive.catalogue.catalogue import BUSY_SECONDS
from mailstrata.archive.commits.chain import CommitLog
from mailstrata.archive.commits.records import FileEntry
from mailstrata.archive.folder.layout import Layout
from mailstrata.archive.packs.members import MemberKind
from mailstrata.archive.packs.pack_table import read_table
from mailstrata.archive.verifying.findings import Affected, Finding, FindingCode
from mailstrata.errors import ArchiveError


def verify_structure(layout: Layout, log: CommitLog) -> Iterator[Finding]:
    """Look at every file that counts: its size, the table of a pack, the footer of a Parquet file.

    What a damaged pack affects is what the catalogue says that it holds. Raises `ArchiveError` where a writer removes
    files meanwhile.
    """
    from mailstrata.archive.verifying.index import footer_problem  # noqa: PLC0415 - pyarrow takes a tenth of a second

    for entry in log.state.files.values():
        path = layout.root / entry.path
        is_pack = entry.path.startswith("packs/")
        code = FindingCode.PACK_DAMAGED if is_pack else FindingCode.INDEX_DAMAGED
        try:
            size = path.stat().st_size
            if size != entry.size:
                problem: str | None = f"it has {size} bytes, its commit says {entry.size}"
            elif is_pack:
                code = FindingCode.PACK_TABLE
                problem = _table_problem(path)
            else:
                problem = footer_problem(path, entry)
        except FileNotFoundError:
            refuse_if_removed(layout, entry)
            code = FindingCode.PACK_MISSING if is_pack else FindingCode.INDEX_MISSING
            problem = "the file is missing; bring it back from a backup"
        except OSError as error:
            problem = f"cannot be read: {error.strerror}; check the disk"
        if problem is not None:
            affected = Affected()
            if code in (FindingCode.PACK_DAMAGED, FindingCode.PACK_MISSING):
                _add_members(affected, known_by_catalogue(layout, entry.path))
            yield Finding(code, entry.path, "", problem, affected)


def _table_problem(path: Path) -> str | None:
    with path.open("rb") as file:
        try:
            next(read_table(file), None)
        except ArchiveError as error:
            return str(error)
    return None


def _add_members(affected: Affected, members: Iterator[tuple[MemberKind, bytes]]) -> None:
    for kind, key in members:
        if kind is MemberKind.BLOB:
            affected.attachments.add(key.hex())
        elif kind is not MemberKind.SEGMENT:
            affected.messages.add(key.hex())


def refuse_if_removed(layout: Layout, entry: FileEntry) -> None:
    """Raise `ArchiveError` where a file has gone because a writer has removed it: by a commit that came after those
    that were read."""
    log = CommitLog(layout.commits)
    try:
        log.load()
    except ArchiveError:
        return  # what is wrong with the records is found by itself
    if entry.path not in log.state.files:
        raise ArchiveError(
            f"{layout.root / entry.path} was removed by another process while the archive was verified; run the same "
            "command again"
        )


def known_by_catalogue(layout: Layout, pack: str) -> Iterator[tuple[MemberKind, bytes]]:
    """What the catalogue says that a pack held; nothing where it cannot be asked."""
    if not layout.catalogue.is_file():
        return
    uri = layout.catalogue.absolute().as_uri() + "?mode=ro"
    query = "SELECT kind, key FROM members WHERE pack = (SELECT id FROM packs WHERE path = ?)"
    try:
        with closing(sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS)) as database:
            for kind, key in database.execute(query, (pack,)):
                yield MemberKind(kind), key
    except (sqlite3.Error, ValueError):
        # A damaged catalogue is a finding of its own; what the sources miss is told in any case.
        return
