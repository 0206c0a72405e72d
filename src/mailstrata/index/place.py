"""The folder of an index: built beside its place, then put there whole.

    .NAME.building/         beside the folder NAME, while a run is at work or after it was killed
      lock                  held by the run
      index/                the index that is being built
      previous/             the one it replaces, between the two renames and until it is removed

NAME is therefore absent, the whole index from before, or the whole new one; never a part of one, and never some
of both. A run that is killed between the two renames leaves `previous`, which the next run puts back first.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from pathlib import Path
from typing import Any, BinaryIO

from mailstrata.errors import LockedError, TargetError
from mailstrata.index.files import sync_directory, writing
from mailstrata.index.schema import TABLES

FORMAT = "mailstrata-index"
RECORD = "index.json"
_LOCK = "lock"


class IndexPlace:
    """The place of one index, held by one process from `open` to `close`.

    `new` is the folder to build the index in, `scratch` the one for files that only the run needs; both are on
    the filesystem of the place itself. Raises `TargetError` where the place cannot be used, and `LockedError`
    where another process builds an index for it.
    """

    def __init__(self, directory: str | Path) -> None:
        # Without symbolic links, so that the folder is replaced, and not a link to it.
        self.directory = Path(os.path.realpath(directory))
        self.scratch = self.directory.parent / f".{self.directory.name}.building"
        self.new = self.scratch / "index"
        self._previous = self.scratch / "previous"
        self._lock: BinaryIO | None = None

    def open(self) -> None:
        """Check the place, take the lock, and clear away what a killed run left."""
        with writing(self.directory):
            self._refuse_what_is_in_the_way()
        with writing(self.scratch):
            self.directory.parent.mkdir(parents=True, exist_ok=True)
            self.scratch.mkdir(mode=0o700, exist_ok=True)
            self._take_lock()
        try:
            with writing(self.scratch):
                self._put_back()
                self._clear_scratch()
                self.new.mkdir()
        except BaseException:
            self.close()
            raise

    def publish(self) -> None:
        """Put the new index, which is durable already, in its place; what lay there is removed by `close`."""
        with writing(self.directory):
            if self.directory.exists():
                shutil.copymode(self.directory, self.new)
                self.directory.rename(self._previous)
            self.new.rename(self.directory)
            sync_directory(self.scratch)
            sync_directory(self.directory.parent)

    def close(self) -> None:
        """Remove what only the run needed, and let go of the place. May be called again."""
        if self._lock is None:
            return
        lock, self._lock = self._lock, None
        with lock, writing(self.scratch):
            self._put_back()
            self._clear_scratch()
            # The lock goes last: until then another run finds it held.
            (self.scratch / _LOCK).unlink()
            self.scratch.rmdir()

    def _put_back(self) -> None:
        """Undo the first rename of `publish` where the second one did not follow."""
        if self._previous.exists() and not self.directory.exists():
            self._previous.rename(self.directory)

    def _clear_scratch(self) -> None:
        for leftover in self.scratch.iterdir():
            if leftover.name == _LOCK:
                continue
            if leftover.is_dir() and not leftover.is_symlink():
                shutil.rmtree(leftover)
            else:
                leftover.unlink()

    def _refuse_what_is_in_the_way(self) -> None:
        directory = self.directory
        if not os.path.lexists(directory):
            return
        if not directory.is_dir():
            raise TargetError(f"{directory} is a file; name a folder for the index")
        if directory.is_mount() or directory == Path.cwd():
            inside = directory / "index"
            raise TargetError(f"{directory} cannot be replaced as a whole; name a folder inside it, such as {inside}")
        names = {entry.name for entry in directory.iterdir()}
        if not names:
            return
        if not _is_record(directory / RECORD):
            raise TargetError(
                f"{directory} holds something else than an index; name a new folder, or one with an index"
            )
        foreign = sorted(names - {RECORD, *TABLES})
        if foreign:
            raise TargetError(
                f"{directory / foreign[0]} is no part of the index and would be lost when that is replaced; "
                "move it elsewhere, or name another folder"
            )

    def _take_lock(self) -> None:
        path = self.scratch / _LOCK
        lock = path.open("ab")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # The run that held it may have removed the file, and its name with it, just now.
            held = os.path.samestat(os.fstat(lock.fileno()), path.stat())
        except (BlockingIOError, FileNotFoundError):
            held = False
        if not held:
            lock.close()
            raise LockedError(f"another process is building an index for {self.directory}; wait for it, or stop it")
        self._lock = lock


def write_record(directory: Path, record: dict[str, Any]) -> None:
    """Write `index.json`, by which a folder is known to be an index: durable when this returns."""
    path = directory / RECORD
    with writing(path), path.open("w", encoding="utf-8") as file:
        json.dump({"format": FORMAT, **record}, file, ensure_ascii=False, indent=1)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    with writing(directory):
        sync_directory(directory)


def _is_record(path: Path) -> bool:
    try:
        record = json.loads(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return False
    return isinstance(record, dict) and record.get("format") == FORMAT
