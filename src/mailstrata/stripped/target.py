"""Where a mailbox is written: one file or a folder of them, which appears under its name when all of it is durable.

Until then it grows in a folder beside its place, `.NAME.mailstrata`, which is locked while a process is at work in it;
what a killed process left there the next one removes.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
from collections.abc import Callable
from pathlib import Path

from mailstrata.errors import LockedError, TargetError
from mailstrata.sinks.target_tree import OWNER_MAY_ALL, TargetFile, TargetTree
from mailstrata.stripped.files import lock_folder, remove_tree, show, sync_folder, writing
from mailstrata.stripped.manifest import Shape

_BUFFER_BYTES = 1 << 18
_MOST_NAME_BYTES = 200
_CONTENT = b"content"
_NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK})


class OutputFile:
    """A file of a target, written through a buffer. `place_name` is its path below the target, empty where the target
    is this file; `position` is its bytes so far. Methods raise `TargetError`."""

    __slots__ = ("_buffer", "_digest", "_file", "place_name", "position")

    def __init__(self, file: TargetFile, place_name: bytes) -> None:
        self._file = file
        self.place_name = place_name
        self._buffer = bytearray()
        self._digest = hashlib.sha256()
        self.position = 0

    @property
    def sha256(self) -> str:
        """That of the bytes so far."""
        return self._digest.hexdigest()

    def write(self, data: bytes) -> None:
        """Append."""
        self.position += len(data)
        self._digest.update(data)
        self._buffer += data
        if len(self._buffer) >= _BUFFER_BYTES:
            self._flush()

    def _flush(self) -> None:
        data, self._buffer = bytes(self._buffer), bytearray()
        self._file.write(data)

    def place(self) -> None:
        """It is whole: make it durable."""
        self._flush()
        self._file.place()

    def discard(self) -> None:
        """It will not be whole: remove it, unless it was placed. May be called again."""
        self._file.discard()


class StagedTarget:
    """The target of one run; nothing lies under its name before `publish`.

    Opened, it refuses a target that is there already, unless that is an empty folder. `on_renamed` is told of files
    whose names had to be changed. Raises `TargetError` where it cannot be written, `LockedError` where another
    process writes to the same target. Close it.
    """

    def __init__(self, path: Path, *, on_renamed: Callable[[bytes, bytes], None] | None = None) -> None:
        path = Path(os.path.abspath(path))  # noqa: PTH100 - a link that is the target is replaced by nothing
        self.path = path
        self.shape: Shape | None = None
        self._lock = -1
        self._tree: TargetTree | None = None
        with writing(path):
            _refuse_existing(path)
            path.parent.mkdir(parents=True, exist_ok=True)
            name = path.name.encode("utf-8", "surrogateescape")[:_MOST_NAME_BYTES]
            self._staging = path.parent / os.fsdecode(b"." + name + b".mailstrata")
            self._staging.mkdir(mode=0o700, exist_ok=True)
            lock = lock_folder(self._staging)
            if lock is None:
                raise LockedError(f"another process is writing to {show(path)}; wait until it has ended")
            self._lock = lock
        try:
            self._content = self._staging / "tree"
            with writing(self._staging):
                remove_tree(self._content)
            self._tree = TargetTree(os.fsencode(self._content), on_renamed=on_renamed, is_staged=True)
        except BaseException:
            self.close()
            raise

    @property
    def _open_tree(self) -> TargetTree:
        assert self._tree is not None, "the target is closed"
        return self._tree

    def _set_shape(self, shape: Shape) -> None:
        if self.shape is not None and (self.shape, shape) != ("folder", "folder"):
            raise TargetError(
                f"{show(self.path)} would have to be one file and another; give each mailbox a target of its own"
            )
        self.shape = shape

    def make_folder(self, name: bytes, *, mode: int | None = None, mtime_ns: int | None = None) -> None:
        """Make a folder below the target, or the target itself as a folder (an empty name). Mode and time are set when
        all is written."""
        self._set_shape("folder")
        self._open_tree.make_folder(name, mode=mode, mtime_ns=mtime_ns)

    def create(self, name: bytes, *, mode: int | None, mtime_ns: int | None) -> OutputFile:
        """A new file below the target; the target itself where `name` is empty."""
        self._set_shape("folder" if name else "file")
        file = self._open_tree.create(name or _CONTENT, mode=mode, mtime_ns=mtime_ns)
        return OutputFile(file, file.place_name if name else b"")

    def finish(self) -> None:
        """All files are placed: make everything durable."""
        self._open_tree.finish()

    def publish(self) -> None:
        """Give it its name, in one step. Called once, after `finish`."""
        with writing(self.path):
            if self.shape == "file":
                _publish_file(self._content / os.fsdecode(_CONTENT), self.path)
            else:
                _publish_folder(self._content, self.path)
            sync_folder(self.path.parent)

    def close(self) -> None:
        """Remove what was not published. May be called again."""
        tree, self._tree = self._tree, None
        lock, self._lock = self._lock, -1
        if tree is not None:
            tree.close()
        if lock >= 0:
            try:
                with writing(self._staging):
                    remove_tree(self._staging)
            finally:
                os.close(lock)


def _refuse_existing(path: Path) -> None:
    """Raise `TargetError` where something lies at the path, unless it is an empty folder. Raises OSError."""
    if not os.path.lexists(path):
        return
    if path.is_symlink() or not path.is_dir() or next(path.iterdir(), None) is not None:
        raise TargetError(f"{show(path)} is there already; nothing is overwritten: name a new file or folder")


def _publish_folder(content: Path, path: Path) -> None:
    """Give the folder its name, in place of nothing but an empty folder. Raises OSError."""
    mode = stat.S_IMODE(content.stat().st_mode)
    # A folder that may not be written to cannot be moved either.
    is_locked = mode & OWNER_MAY_ALL != OWNER_MAY_ALL
    if is_locked:
        content.chmod(mode | OWNER_MAY_ALL)
    # Onto an empty folder this is one step as well; onto anything else it fails.
    content.rename(path)
    if is_locked:
        path.chmod(mode)


def _publish_file(content: Path, path: Path) -> None:
    """Give the file its name, in place of nothing but an empty folder. Raises OSError."""
    if path.is_dir() and not path.is_symlink():
        path.rmdir()
    try:
        path.hardlink_to(content)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST)) from error
        content.rename(path)
    with contextlib.suppress(FileNotFoundError):
        content.unlink()
