"""Sweeping: files that no commit names are removed: what an interrupted run left, and what a commit removed.

A file that a commit removes stays on disk until the next writer opens the archive, so that whoever was reading then
can go on; only what was erased goes at once. Only a writer sweeps, under its lock and after it has read the commits.
Only what has a name that a writer gives is removed: a file that somebody put there (parity data, a note) stays.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from pathlib import Path

from mailstrata.archive.folder.files import CLAIM_PREFIX, TEMPORARY_PREFIX, remove
from mailstrata.archive.folder.layout import TABLE_NAMES, Layout
from mailstrata.archive.packs.item import SPOOL_PREFIX
from mailstrata.index.files import sync_directory, writing

_TOKEN = "[0-9a-f]{8}"  # noqa: S105 a part of file names, no secret
_PACK = re.compile(rf"[0-9]{{8,}}-[0-9]{{4,}}-{_TOKEN}\.tar\.zst(\.part)?|{re.escape(SPOOL_PREFIX)}[0-9a-f]+")
_TABLE_FILE = re.compile(rf"[0-9]{{8,}}-{_TOKEN}(-[0-9]+)?\.parquet")
_STAGING = re.compile(r"\.staging-[0-9a-f]+-[0-9]+")
_TEMPORARY = re.compile(f"(?:{re.escape(TEMPORARY_PREFIX)}|{re.escape(CLAIM_PREFIX)}).+")


def worker_staging(layout: Layout, name: str) -> Path:
    """Where one of several processes builds its index files; `name` is a random number in hexadecimal, a dash, and the
    process's own number."""
    return layout.index / f".staging-{name}"


def sweep(layout: Layout, live: Container[str], *, durably: bool = False) -> int:
    """Remove what is not in `live` (paths below the root, with `/`); returns how many files. Raises `TargetError`.

    With `durably` no power cut brings it back: an interrupted erasure is swept like everything else.
    """
    removed = 0
    folders = set()
    for path in _candidates(layout):
        name = path.relative_to(layout.root).as_posix()
        if name not in live:
            with writing(path):
                remove(path)
            folders.add(path.parent)
            removed += 1
    for folder in sorted(folders) if durably else ():
        with writing(folder):
            sync_directory(folder)
    for folder in _matching(layout.index, _STAGING):
        with writing(folder):
            folder.rmdir()
    return removed


def _candidates(layout: Layout) -> Iterator[Path]:
    yield from _matching(layout.root, _TEMPORARY)
    yield from _matching(layout.commits, _TEMPORARY)
    yield from _matching(layout.packs, _PACK)
    for folder in _matching(layout.index, _STAGING):
        with writing(folder):
            yield from folder.iterdir()
    for table in TABLE_NAMES:
        yield from _matching(layout.index / table, _TABLE_FILE)


def _matching(folder: Path, pattern: re.Pattern[str]) -> list[Path]:
    if not folder.is_dir():
        return []
    with writing(folder):
        return [path for path in folder.iterdir() if pattern.fullmatch(path.name)]
