"""Where in a folder the sources of an archive are restored: each under a name of its own.

A source that is one file is that file: `inbox.mbox`. One with many files is a folder of its name, with the files
below it: a Maildir, a tree, the members of `backup.tar.gz`. What was read through a compression is restored without
it, and loses the suffix that would say otherwise: `inbox.mbox.gz` comes back as `inbox.mbox`.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from mailstrata.archive.restoring.checksums import MANIFEST
from mailstrata.sinks.target_names import candidates, safe_pieces
from mailstrata.sources.sniff import without_compression_suffix

if TYPE_CHECKING:
    from mailstrata.archive.commits.records import SourceSnapshot
    from mailstrata.archive.snapshots.lines import FileLine, FolderLine

MAILDIR_FOLDERS = (b"cur", b"new", b"tmp")

_STDIN_PATH = b"-"


class EntryNames:
    """The names that the sources get, each once; the one of the list of digests is taken. Memory: the names."""

    def __init__(self) -> None:
        self._taken = {MANIFEST}

    def take(self, name: bytes) -> bytes:
        """`name`, or what it becomes where it cannot be created or is taken."""
        [piece] = safe_pieces(name)
        found = next(each for each in candidates(piece, count(2)) if each not in self._taken)
        self._taken.add(found)
        return found


class SourceEntry:
    """Where the files of one source go. A source may have both a file of its own and a folder."""

    def __init__(self, snapshot: SourceSnapshot, names: EntryNames) -> None:
        path = snapshot.path.rstrip(b"/")
        is_stdin = path == _STDIN_PATH
        self._base = b"stdin" if is_stdin else path.rpartition(b"/")[2] or b"root"
        self._names = names
        self._file: bytes | None = None
        self._folder: bytes | None = None
        self._has_maildirs = snapshot.kind == "maildir"
        self._maildirs: set[bytes] = set()

    @property
    def names(self) -> list[bytes]:
        """The names that were taken so far."""
        return [name for name in (self._file, self._folder) if name is not None]

    def folder(self, name: bytes = b"") -> bytes:
        """Where a folder of the source goes; the source itself where `name` is empty."""
        if self._folder is None:
            self._folder = self._names.take(self._base)
        return self._folder + b"/" + name if name else self._folder

    def folder_of(self, line: FolderLine) -> bytes:
        """Where a folder goes that a line tells of; in a tar, `./` and `./a/` are the source itself and its `a`."""
        return self.folder(b"/".join(piece for piece in line.name.split(b"/") if piece not in (b"", b".")))

    def file(self, line: FileLine) -> bytes:
        """Where a file goes. The path may still hold pieces that cannot be created."""
        if not line.name:
            if self._file is None:
                self._file = self._names.take(_plain_name(self._base, line))
            return self._file
        pieces = [piece for piece in line.name.split(b"/") if piece not in (b"", b".")] or [b"unnamed"]
        # `./a` and `a` are the same name; `/a` is another one, which has to change.
        start = b"/" if line.name.startswith(b"/") else b""
        return self.folder(start + _plain_name(b"/".join(pieces), line))

    def new_maildir(self, name: bytes) -> list[bytes]:
        """The three folders of the Maildir that a file or folder of that name lies in, if it is in one, and these were
        not asked for before."""
        if not self._has_maildirs:
            return []
        parent, _, part = name.rstrip(b"/").rpartition(b"/")
        if part not in MAILDIR_FOLDERS:
            parent, _, part = parent.rpartition(b"/")
        if part not in MAILDIR_FOLDERS or parent in self._maildirs:
            return []
        self._maildirs.add(parent)
        prefix = parent + b"/" if parent else b""
        return [self.folder(prefix + each) for each in MAILDIR_FOLDERS]


def _plain_name(name: bytes, line: FileLine) -> bytes:
    if line.compression is None:
        return name
    folders, slash, base = name.rpartition(b"/")
    return folders + slash + (without_compression_suffix(base) or base)
