"""The files of a stripped mailbox, read from front to back, found again where a mail program has renamed them."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from mailstrata.errors import StrippedMailError
from mailstrata.sources.maildir import unique_name
from mailstrata.stripped.files import show

_CHUNK = 1 << 20
_PARTS = (b"cur", b"new")


class StrippedFile:
    """One file of a stripped mailbox, open for reading. `position` is how far it was read. Close it.

    Raises `StrippedMailError` where it cannot be opened or read.
    """

    __slots__ = ("_digest", "_file", "_path", "position")

    def __init__(self, path: Path) -> None:
        self._path = path
        self._digest = hashlib.sha256()
        self.position = 0
        try:
            # A named pipe in its place must not make the run wait.
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError as error:
            raise StrippedMailError(f"{show(path)} is not there any more") from error
        except OSError as error:
            raise StrippedMailError(f"{show(path)} cannot be opened: {error.strerror}") from error
        self._file = os.fdopen(descriptor, "rb", buffering=0)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            self._file.close()
            raise StrippedMailError(f"{show(path)} is not a file")

    @property
    def sha256(self) -> str:
        """That of the bytes read so far."""
        return self._digest.hexdigest()

    @property
    def left(self) -> int:
        """Bytes that stand behind what was read."""
        return max(0, os.fstat(self._file.fileno()).st_size - self.position)

    def read(self, size: int) -> Iterator[bytes]:
        """The next `size` bytes, in pieces. Raises `StrippedMailError` where there are not so many."""
        while size:
            try:
                data = self._file.read(min(size, _CHUNK))
            except OSError as error:
                raise StrippedMailError(
                    f"{show(self._path)} cannot be read beyond byte {self.position}: {error.strerror}"
                ) from error
            if not data:
                raise StrippedMailError(f"{show(self._path)} ends at byte {self.position}, before it should")
            size -= len(data)
            self.position += len(data)
            self._digest.update(data)
            yield data

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


class StrippedFiles:
    """Finds the files of a stripped mailbox by the names that the manifest gives them.

    In a Maildir, mail programs rename a file when its flags change, and move it from `new` to `cur`; it is then found
    by what stays of its name. Memory: the names in one folder of a Maildir.
    """

    __slots__ = ("_folder", "_names", "_root")

    def __init__(self, root: Path) -> None:
        self._root = root
        self._folder: bytes | None = None
        self._names: dict[bytes, bytes] = {}

    def open(self, name: bytes, *, in_maildir: bool) -> StrippedFile:
        """The file of that name; the mailbox itself where it is empty. Raises `StrippedMailError`."""
        path = self._root
        if name:
            if b".." in name.split(b"/") or name.startswith(b"/") or b"\0" in name:
                raise StrippedMailError(
                    f"{show(name)} is no name of a file below {show(path)}; the manifest is not ours"
                )
            path = self._root / os.fsdecode(name)
        if in_maildir and not os.path.lexists(path):
            path = self._renamed(name) or path
        return StrippedFile(path)

    def _renamed(self, name: bytes) -> Path | None:
        part, _, base = name.rpartition(b"/")
        folder, _, last = part.rpartition(b"/")
        if last not in _PARTS:
            return None
        if folder != self._folder:
            self._folder = folder
            self._names = {}
            for part_name in _PARTS:
                below = folder + b"/" + part_name if folder else part_name
                path = self._root / os.fsdecode(below)
                if path.is_dir():
                    names = (os.fsencode(entry.name) for entry in path.iterdir())
                    self._names.update((unique_name(found), below + b"/" + found) for found in names)
        found = self._names.get(unique_name(base))
        return None if found is None else self._root / os.fsdecode(found)
