"""The file operations of this process below a folder: each can be recorded, and each can be made to fail.

All that Python does with files goes through a few functions of `os` and through `io.open`; inside `watched` these are
replaced. What a library does natively (SQLite with its own files) is not seen.
"""

from __future__ import annotations

import builtins
import io
import os
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import pytest


class Kind(Enum):
    """What an operation does. `OPEN` and `READ` change nothing; they can only fail."""

    OPEN = "open"
    READ = "read"
    CREATE = "create"
    WRITE = "write"
    TRUNCATE = "truncate"
    SYNC_FILE = "sync a file"
    LINK = "link"
    RENAME = "rename"
    UNLINK = "unlink"
    MAKE_FOLDER = "make a folder"
    REMOVE_FOLDER = "remove a folder"
    SYNC_FOLDER = "sync a folder"
    NOTE = "note"


CHANGES = frozenset(Kind) - {Kind.OPEN, Kind.READ, Kind.NOTE}
"""What a power cut or a full disk can come between."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: `path` is relative to the watched folder, and so is `target`, the second name of a link or rename.

    A write puts `data` at byte `offset`; a truncation leaves `offset` bytes. In a note, `path` is its text.
    """

    kind: Kind
    path: str
    target: str = ""
    offset: int = 0
    data: bytes = b""


Before = Callable[[Kind, str], None]
After = Callable[[Operation], None]


def _nothing(*_: object) -> None:
    return


class Watch:
    """Watches what lies below a folder: `before` is called with kind and path and may raise an `OSError`, which then
    is what the operation came to; `after` is called with what was done. Operations of several threads come one by one.
    """

    def __init__(self, folder: Path, before: Before = _nothing, after: After = _nothing) -> None:
        self._folder = str(folder.absolute())
        self._before = before
        self._after = after
        self._lock = threading.RLock()
        self.descriptors: dict[int, tuple[str, bool]] = {}
        """Path, and whether it is a folder, of each descriptor that was opened here. Numbers come again; whoever gets
        one anew replaces what stood there."""

    def relative(self, path: Any, folder: int | None = None) -> str | None:
        """The path below the watched folder, its own being `.`; None where it lies elsewhere."""
        if isinstance(path, int):
            known = self.descriptors.get(path)
            return known[0] if known else None
        found = Path(os.fsdecode(path))
        if folder is not None and not found.is_absolute():
            above = self.descriptors.get(folder)
            if above is None:
                return None
            found = Path(self._folder, above[0], found)
        found = found.absolute()
        return found.relative_to(self._folder).as_posix() if found.is_relative_to(self._folder) else None

    def do(self, operation: Operation, act: Callable[[], Any]) -> Any:
        """Act, unless `before` forbids it."""
        with self._lock:
            self._before(operation.kind, operation.path)
            result = act()
            self._after(operation)
            return result

    def note(self, text: str) -> None:
        """Put a note between the operations."""
        self._after(Operation(Kind.NOTE, text))


class _WatchedFile(io.FileIO):
    """A raw file that says what it does."""

    def __init__(self, watch: Watch, path: str, file: Any, mode: str) -> None:
        self._watch = watch
        self._path = path
        self._appends = "a" in mode
        exists = os.path.lexists(file)

        def act() -> None:
            super(_WatchedFile, self).__init__(file, mode)

        if not exists and any(letter in mode for letter in "wxa"):
            watch.do(Operation(Kind.CREATE, path), act)
        elif "w" in mode:
            watch.do(Operation(Kind.TRUNCATE, path), act)
        else:
            watch.do(Operation(Kind.OPEN, path), act)
        watch.descriptors[self.fileno()] = path, False

    def _read(self, act: Callable[[], Any]) -> Any:
        return self._watch.do(Operation(Kind.READ, self._path), act)

    def read(self, size: int | None = -1, /) -> Any:
        return self._read(lambda: super(_WatchedFile, self).read(-1 if size is None else size))

    def readall(self) -> Any:
        return self._read(super().readall)

    def readinto(self, buffer: Any, /) -> Any:
        return self._read(lambda: super(_WatchedFile, self).readinto(buffer))

    def write(self, data: Any, /) -> Any:
        offset = os.fstat(self.fileno()).st_size if self._appends else self.tell()
        operation = Operation(Kind.WRITE, self._path, offset=offset, data=bytes(data))
        written = self._watch.do(operation, lambda: super(_WatchedFile, self).write(data))
        assert written == len(operation.data), "a regular file takes all at once"
        return written

    def truncate(self, size: int | None = None, /) -> int:
        length = self.tell() if size is None else size
        operation = Operation(Kind.TRUNCATE, self._path, offset=length)
        return int(self._watch.do(operation, lambda: super(_WatchedFile, self).truncate(size)))


def _opening(watch: Watch, real: Callable[..., Any]) -> Callable[..., Any]:
    def watched_open(file: Any, mode: str = "r", buffering: int = -1, *rest: Any, **named: Any) -> Any:
        path = None if isinstance(file, int) else watch.relative(file)
        if path is None:
            return real(file, mode, buffering, *rest, **named)
        assert "b" in mode, f"{path} is opened as text"
        raw = _WatchedFile(watch, path, file, mode.replace("b", ""))
        if buffering == 0:
            return raw
        size = io.DEFAULT_BUFFER_SIZE if buffering < 0 else buffering
        if "+" in mode:
            return io.BufferedRandom(raw, size)
        return io.BufferedReader(raw, size) if "r" in mode else io.BufferedWriter(raw, size)

    return watched_open


def _by_path(watch: Watch, real: Callable[..., Any], kind: Kind) -> Callable[..., Any]:
    def watched_call(path: Any, *rest: Any, dir_fd: int | None = None) -> Any:
        name = watch.relative(path, dir_fd)
        if name is None:
            return real(path, *rest, dir_fd=dir_fd)
        return watch.do(Operation(kind, name), lambda: real(path, *rest, dir_fd=dir_fd))

    return watched_call


def _by_two_paths(watch: Watch, real: Callable[..., Any], kind: Kind) -> Callable[..., Any]:
    def watched_call(
        source: Any, target: Any, *, src_dir_fd: int | None = None, dst_dir_fd: int | None = None, **named: Any
    ) -> Any:
        names = watch.relative(source, src_dir_fd), watch.relative(target, dst_dir_fd)

        def act() -> Any:
            return real(source, target, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd, **named)

        if names[0] is None or names[1] is None:
            return act()
        return watch.do(Operation(kind, names[0], names[1]), act)

    return watched_call


def _descriptors(watch: Watch, patch: pytest.MonkeyPatch) -> None:
    """The functions that go by descriptors, which folders are synced with and restored files written."""
    real_open, real_dup, real_write, real_sync = os.open, os.dup, os.write, os.fsync

    def watched_open(path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        name = watch.relative(path, dir_fd)
        if name is None:
            descriptor = real_open(path, flags, mode, dir_fd=dir_fd)
            watch.descriptors.pop(descriptor, None)
            return descriptor
        kind = Kind.CREATE if flags & os.O_CREAT else Kind.OPEN
        descriptor = watch.do(Operation(kind, name), lambda: real_open(path, flags, mode, dir_fd=dir_fd))
        is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        watch.descriptors[descriptor] = name, is_folder
        return int(descriptor)

    def watched_dup(descriptor: int) -> int:
        copy = real_dup(descriptor)
        if descriptor in watch.descriptors:
            watch.descriptors[copy] = watch.descriptors[descriptor]
        return copy

    def watched_write(descriptor: int, data: Any) -> int:
        found = watch.descriptors.get(descriptor)
        if found is None:
            return real_write(descriptor, data)
        operation = Operation(Kind.WRITE, found[0], offset=os.lseek(descriptor, 0, os.SEEK_CUR), data=bytes(data))
        return int(watch.do(operation, lambda: real_write(descriptor, data)))

    def watched_sync(descriptor: int) -> None:
        found = watch.descriptors.get(descriptor)
        if found is None:
            real_sync(descriptor)
            return
        # That a sync reaches the disk is what is modelled here; to wait for it would prove nothing.
        watch.do(Operation(Kind.SYNC_FOLDER if found[1] else Kind.SYNC_FILE, found[0]), lambda: None)

    patch.setattr(os, "open", watched_open)
    patch.setattr(os, "dup", watched_dup)
    patch.setattr(os, "write", watched_write)
    patch.setattr(os, "fsync", watched_sync)


@contextmanager
def watched(folder: Path, before: Before = _nothing, after: After = _nothing) -> Iterator[Watch]:
    """Watch the folder inside the block, see `Watch`."""
    watch = Watch(folder, before, after)
    with pytest.MonkeyPatch.context() as patch:
        opening = _opening(watch, io.open)
        patch.setattr(io, "open", opening)
        patch.setattr(builtins, "open", opening)
        for name, kind in (
            ("unlink", Kind.UNLINK),
            ("remove", Kind.UNLINK),
            ("mkdir", Kind.MAKE_FOLDER),
            ("rmdir", Kind.REMOVE_FOLDER),
        ):
            patch.setattr(os, name, _by_path(watch, getattr(os, name), kind))
        for name, kind in (("link", Kind.LINK), ("rename", Kind.RENAME), ("replace", Kind.RENAME)):
            patch.setattr(os, name, _by_two_paths(watch, getattr(os, name), kind))
        _descriptors(watch, patch)
        yield watch
