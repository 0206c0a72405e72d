"""What the archive knows of a source from its last snapshot, so that an incremental run reads no more than it must.

The files of the last snapshot are listed in a temporary database, one row a file: what it was like, and which lines
of the snapshot tell of it. A file of which nothing has changed is not read: its lines are copied. One that has grown
is hashed up to its old end and read from the start of its last message on. The rest is read whole.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

from mailstrata.archive.commits.records import SourceCheckpoint, SourceSnapshot
from mailstrata.archive.snapshots.lines import (
    FileEndLine,
    FileLine,
    FolderLine,
    GapLine,
    Line,
    MessageLine,
    SeparatorLine,
    SkippedLine,
)
from mailstrata.errors import TargetError
from mailstrata.message.origin import FileInfo, FolderInfo, SkippedFile

_CACHE_BYTES = 8 << 20
_CREATE = """
    CREATE TABLE files (
        name BLOB NOT NULL, skipped TEXT NOT NULL, first INTEGER NOT NULL, count INTEGER NOT NULL,
        size INTEGER, mtime_ns INTEGER, mode INTEGER, folder TEXT, flags TEXT, compression TEXT, quoting TEXT,
        complete INTEGER NOT NULL, length INTEGER NOT NULL, sha256 TEXT, messages INTEGER NOT NULL,
        resume_line INTEGER NOT NULL, resume_offset INTEGER NOT NULL, resume_messages INTEGER NOT NULL,
        last_start INTEGER NOT NULL, last_end INTEGER NOT NULL, last_sha256 TEXT NOT NULL,
        PRIMARY KEY (name, skipped)
    ) WITHOUT ROWID
"""
_INSERT = "INSERT OR REPLACE INTO files VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
_BATCH = 4096
_NOT_SKIPPED = ""
_NO_MESSAGE = (-1, -1, "")


@dataclass(slots=True)
class KnownFile:
    """A file of the last snapshot: its lines are `count` from number `first` on.

    `length` (bytes, decompressed) and `sha256` are those of what was read, `complete` says that this was all.
    Where it has grown one goes on at `resume_offset`, before which it had `resume_messages` messages, told by the
    lines before number `resume_line`. The last message, which is read again then, was `[last_start, last_end)`.
    """

    first: int
    count: int
    size: int | None
    mtime_ns: int | None
    mode: int | None
    folder: str
    flags: str
    compression: str | None
    quoting: str | None
    complete: bool
    length: int
    sha256: str | None
    messages: int
    resume_line: int
    resume_offset: int
    resume_messages: int
    last_start: int
    last_end: int
    last_sha256: str

    def is_same(self, file: FileInfo) -> bool:
        """Whether nothing says that the file is another one by now."""
        return (
            self.complete
            and None not in (self.size, self.mtime_ns)
            and (self.size, self.mtime_ns, self.mode) == (file.size, file.mtime_ns, file.mode)
            and (self.folder, self.flags) == (file.folder, file.flags)
            and self.is_read_alike(file)
        )

    def is_read_alike(self, file: FileInfo) -> bool:
        """Whether its bytes are read now as they were then."""
        return (self.compression, self.quoting) == (file.compression, file.quoting)


class FileTable:
    """The files of a snapshot by their names, in a temporary file on disk with a page cache of 8 MiB.

    `lines` is the number of lines of the snapshot. Raises `TargetError` where there is no room for the file.
    """

    def __init__(self) -> None:
        # An empty name is a private database on disk, of which SQLite holds no more than its page cache.
        self._database = sqlite3.connect("", isolation_level=None)
        self.lines = 0
        for statement in (f"PRAGMA cache_size = {-(_CACHE_BYTES >> 10)}", "PRAGMA journal_mode = OFF", _CREATE):
            self._database.execute(statement)

    @classmethod
    def of(cls, snapshot: SourceSnapshot, lines: Iterable[Line]) -> Self:
        """List the files of a snapshot, whose lines are given from the first one on."""
        known = cls()
        try:
            known._database.execute("BEGIN")
            rows: list[tuple[object, ...]] = []
            for row in _rows(lines, snapshot.checkpoint, known):
                rows.append(row)
                if len(rows) >= _BATCH:
                    known._database.executemany(_INSERT, rows)
                    rows.clear()
            known._database.executemany(_INSERT, rows)
            known._database.execute("COMMIT")
        except sqlite3.Error as error:
            known.close()
            raise TargetError(
                f"cannot write a temporary list of the files of {snapshot.label}: {error}; make room in the "
                "folder for temporary files"
            ) from error
        except BaseException:
            known.close()
            raise
        return known

    def find(self, name: bytes) -> KnownFile | None:
        """The file of that name; None where there was none, or it was passed over."""
        row = self._find(name, _NOT_SKIPPED)
        return None if row is None else KnownFile(*(*row[2:11], bool(row[11]), *row[12:]))

    def find_skipped(self, file: SkippedFile) -> int | None:
        """The number of the line that tells of the same file, passed over for the same reason."""
        row = self._find(file.name, _skipped_key(file.reason, file.is_error))
        return None if row is None else int(row[2])

    def find_folder(self, folder: FolderInfo) -> tuple[int, int | None] | None:
        """The number of the line that tells of the folder with the same mode, and the time that it says."""
        row = self._find(folder.name, _folder_key(folder.mode))
        return None if row is None else (int(row[2]), row[5])

    def _find(self, name: bytes, skipped: str) -> tuple[Any, ...] | None:
        found: tuple[Any, ...] | None = self._database.execute(
            "SELECT * FROM files WHERE name = ? AND skipped = ?", (name, skipped)
        ).fetchone()
        return found

    def close(self) -> None:
        """Let go of the temporary file. May be called again."""
        self._database.close()


def _skipped_key(reason: str, is_error: bool) -> str:
    return f"{'error' if is_error else 'skipped'} {reason}"


def _folder_key(mode: int | None) -> str:
    return f"folder {mode}"


def _rows(lines: Iterable[Line], checkpoint: SourceCheckpoint | None, known: FileTable) -> Iterable[tuple[object, ...]]:
    file: FileLine | None = None
    first = messages = position = 0
    resume = (0, 0, 0)
    last = _NO_MESSAGE
    for line in lines:
        known.lines = line.number + 1
        if isinstance(line, FileLine):
            if file is None or line.offset == 0:
                first, messages, position = line.number, 0, 0
                resume = (line.number, 0, 0)
                last = _NO_MESSAGE
            file = line
        elif isinstance(line, SeparatorLine):
            resume = (line.number, line.start, messages)
            position = line.start + line.size
        elif isinstance(line, GapLine):
            position = line.start + line.size
        elif isinstance(line, MessageLine):
            messages += 1
            position = line.end
            last = (line.start, line.end, line.sha256)
        elif isinstance(line, SkippedLine):
            yield (
                line.name,
                _skipped_key(line.reason, line.is_error),
                line.number,
                1,
                *(None,) * 7,
                0,
                0,
                None,
                *(0,) * 6,
                "",
            )
        elif isinstance(line, FolderLine):
            times = (None, line.mtime_ns, *(None,) * 5)
            yield (line.name, _folder_key(line.mode), line.number, 1, *times, 0, 0, None, *(0,) * 6, "")
        elif isinstance(line, FileEndLine) and file is not None:
            complete = line.complete and not line.changed
            yield _row(file, first, line.number + 1 - first, complete, line.length, line.sha256, messages, resume, last)
            file = None
    if file is not None and checkpoint is not None and checkpoint.file == file.name and checkpoint.offset == position:
        # An interrupted run came this far: all of it is known, and nothing of what follows.
        resume = (known.lines, position, messages)
        yield _row(file, first, known.lines - first, False, position, checkpoint.sha256, messages, resume, last)


def _row(
    file: FileLine,
    first: int,
    count: int,
    complete: bool,
    length: int,
    sha256: str | None,
    messages: int,
    resume: tuple[int, int, int],
    last: tuple[int, int, str],
) -> tuple[object, ...]:
    return (
        file.name,
        _NOT_SKIPPED,
        first,
        count,
        file.size,
        file.mtime_ns,
        file.mode,
        file.folder,
        file.flags,
        file.compression,
        file.quoting,
        complete,
        length,
        sha256,
        messages,
        *resume,
        *last,
    )
