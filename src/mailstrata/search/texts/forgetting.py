"""Rows of what was erased leave the table *texts*, and many small files become one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from mailstrata.index.files import sync_directory, writing
from mailstrata.search.texts.files import FILE_BYTES, prepare_folder, texts_files, write_file
from mailstrata.search.texts.plan import gone_texts
from mailstrata.search.texts.reader import read_texts

if TYPE_CHECKING:
    from mailstrata.archive.reading.reader import Archive

MOST_SMALL_FILES = 16
"""Files of less than a quarter of the usual size above which `merge_texts` merges them."""


@dataclass(frozen=True, slots=True)
class ReplacedFiles:
    """Files of the table that are gone, and those that hold their rows (or what is left of them) instead.
    `bodies` and `attachments` are the digests whose rows are gone with them."""

    removed: list[Path]
    added: list[Path]
    bodies: list[str]
    attachments: list[str]


def forget_texts(archive: Archive) -> ReplacedFiles:
    """Take out of the table the texts of messages and blobs that the last commit has not got any more.

    Killed between writing what is left and removing a file, it leaves rows twice until the next `forget_texts` or
    `merge_texts`. Raises `ArchiveError` and `TargetError`.
    """
    gone = gone_texts(archive, texts_files(archive.path))
    replaced = ReplacedFiles([], [], [], [])
    folder = prepare_folder(archive.path) if gone else archive.path
    for path, digests in gone.items():
        unwanted = {kind: pa.array(values, pa.string()) for kind, values in digests.items()}
        left = []
        for batch in read_texts([path]):
            is_gone = pa.array([False] * batch.num_rows)
            for kind, values in unwanted.items():
                hit = pc.and_(pc.equal(batch["kind"], kind), pc.is_in(batch["sha256"], value_set=values))
                is_gone = pc.or_(is_gone, hit)
            left.append(batch.filter(pc.invert(is_gone)))
        rows = pa.Table.from_batches(left)
        if rows.num_rows:
            replaced.added.append(write_file(folder, rows))
        _remove([path])
        replaced.removed.append(path)
        replaced.bodies.extend(digests.get("body", ()))
        replaced.attachments.extend(digests.get("attachment", ()))
    return replaced


def merge_texts(archive: Archive) -> ReplacedFiles:
    """Merge small files where there are so many that looking up gets slow; else nothing happens. Rows that a killed run
    has left twice are then there once. Raises `ArchiveError` and `TargetError`."""
    replaced = ReplacedFiles([], [], [], [])
    small = [path for path in texts_files(archive.path) if path.stat().st_size < FILE_BYTES // 16]
    if len(small) <= MOST_SMALL_FILES:
        return replaced
    folder = prepare_folder(archive.path)
    for files, rows in _gathered(small):
        replaced.added.append(write_file(folder, rows))
        _remove(files)
        replaced.removed.extend(files)
    return replaced


def _gathered(small: Sequence[Path]) -> Iterator[tuple[list[Path], pa.Table]]:
    files: list[Path] = []
    batches: list[pa.RecordBatch] = []
    size = 0
    seen: set[tuple[str, str]] = set()
    for path in small:
        files.append(path)
        for batch in read_texts([path]):
            keys = list(zip(batch["kind"].to_pylist(), batch["sha256"].to_pylist(), strict=True))
            first = [key not in seen for key in keys]
            seen.update(keys)
            batches.append(batch if all(first) else batch.filter(pa.array(first)))
            size += batch.nbytes
        if size >= FILE_BYTES:
            yield files, pa.Table.from_batches(batches)
            files, batches, size = [], [], 0
    if len(files) > 1:
        yield files, pa.Table.from_batches(batches)


def _remove(files: Sequence[Path]) -> None:
    for path in files:
        with writing(path):
            path.unlink(missing_ok=True)
    with writing(files[0].parent):
        sync_directory(files[0].parent)
