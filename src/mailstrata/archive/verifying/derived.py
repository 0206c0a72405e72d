"""Verifying what is derived or does not count: the catalogue, and files that no commit names."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

from mailstrata.archive.catalogue.catalogue import BUSY_SECONDS, Catalogue
from mailstrata.archive.commits.chain import CommitLog
from mailstrata.archive.folder.layout import Layout
from mailstrata.archive.packs.members import MemberKind
from mailstrata.archive.packs.pack_table import Place
from mailstrata.archive.verifying.evidence import Evidence
from mailstrata.archive.verifying.findings import Finding, FindingCode

_MADE_ANEW = "it is derived: the next writer, or `mailstrata repair`, makes it anew"
_RECORD_DIGITS = 8
_CACHE_KIB = 16 << 10
_ROWS = """
    SELECT kind, key, packs.path, frame_offset, frame_length, offset, size
    FROM members LEFT JOIN packs ON packs.id = members.pack ORDER BY kind, key
"""


def catalogue_commit(layout: Layout) -> tuple[int, str] | None:
    """The commit at which the catalogue stands; None where there is none, or it cannot be read."""
    if not layout.catalogue.is_file():
        return None
    try:
        with closing(Catalogue.open(layout.catalogue)) as catalogue:
            return catalogue.state()
    except sqlite3.Error:
        return None


def verify_catalogue(layout: Layout, log: CommitLog, evidence: Evidence | None) -> Iterator[Finding]:
    """Compare the catalogue with the commits and, where `evidence` is given, with what the packs hold.

    That it is not there is no finding. Where it knows a commit of which there is no record, that record is missing.
    """
    if not layout.catalogue.is_file():
        return
    name = layout.catalogue.name
    try:
        with closing(Catalogue.open(layout.catalogue)) as catalogue:
            number, sha256 = catalogue.state()
            if number > log.state.number:
                if not log.path(number).exists():
                    yield Finding(
                        FindingCode.COMMIT_MISSING,
                        f"commits/{number:0{_RECORD_DIGITS}d}.json",
                        "",
                        f"the catalogue knows commit {number}, whose record is missing; bring it back from a backup",
                    )
                # Otherwise a writer has moved on since.
            elif (number, sha256) != (log.state.number, log.state.sha256):
                behind = f"it stands at commit {number}, the archive at {log.state.number}"
                yield Finding(FindingCode.CATALOGUE, name, "", f"{behind}; {_MADE_ANEW}")
            else:
                problem = _problem(layout, evidence)
                if problem is not None:
                    yield Finding(FindingCode.CATALOGUE, name, "", f"{problem}; {_MADE_ANEW}")
    except sqlite3.Error as error:
        yield Finding(FindingCode.CATALOGUE, name, "", f"it cannot be read ({error}); {_MADE_ANEW}")


def _problem(layout: Layout, evidence: Evidence | None) -> str | None:
    """What is wrong with a catalogue that stands at the last commit. May raise `sqlite3.Error`."""
    uri = layout.catalogue.absolute().as_uri() + "?mode=ro"
    with closing(sqlite3.connect(uri, uri=True, isolation_level=None, timeout=BUSY_SECONDS)) as database:
        database.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        if evidence is None:
            return None
        found = database.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if found != "ok":
            return f"it is damaged ({' '.join(str(found).split())})"
        return _difference(database.execute(_ROWS), evidence)


def _difference(rows: Iterator[tuple[Any, ...]], evidence: Evidence) -> str | None:
    """The first difference between the catalogue and the packs; both come in the order of kinds and keys."""
    row = next(rows, None)
    for kind in MemberKind:
        for key, places in evidence.places(kind):
            at = None if row is None else (row[0], row[1])
            if at is None or at > (kind, key):
                return f"it does not know where the {_shown(kind, key)} lies"
            if at < (kind, key):
                break
            assert row is not None
            if (row[2], Place(*row[3:])) not in places:
                return f"it says that the {_shown(kind, key)} lies where it does not"
            row = next(rows, None)
    return None if row is None else f"it knows the {_shown(MemberKind(row[0]), row[1])}, which no pack holds whole"


def _shown(kind: MemberKind, key: bytes) -> str:
    name = key.decode("ascii", "replace") if kind is MemberKind.SEGMENT else key.hex()
    return f"{kind.name.lower()} {name}"


def stray_files(layout: Layout, log: CommitLog) -> Iterator[Finding]:
    """The files in the archive's folders that no commit names: none of them counts."""
    files = log.state.files
    known = {
        path.name
        for path in (
            layout.readme,
            layout.format,
            layout.packs,
            layout.commits,
            layout.index,
            layout.catalogue,
            layout.catalogue_journal,
            layout.staged_catalogue,
            layout.lock,
            layout.damaged,
        )
    }
    for path in sorted(layout.root.iterdir()):
        if path.name not in known:
            yield _stray(path.name)
    for folder in (layout.packs, layout.commits, layout.index):
        for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
            name = path.relative_to(layout.root).as_posix()
            if path.is_dir() or name in files or (folder == layout.commits and _is_record(path.name)):
                continue
            yield _stray(name)


def _is_record(name: str) -> bool:
    stem, _, suffix = name.partition(".")
    return suffix == "json" and len(stem) >= _RECORD_DIGITS and stem.isdigit()


def _stray(name: str) -> Finding:
    return Finding(FindingCode.STRAY_FILE, name, "", "no commit names it, so it does not count")
