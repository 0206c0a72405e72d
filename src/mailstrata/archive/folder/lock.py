"""One writer an archive: the second one is told at once who the first is."""

from __future__ import annotations

import fcntl
import json
import os
import socket
from pathlib import Path
from typing import BinaryIO

from mailstrata.archive.folder.layout import utc_now
from mailstrata.errors import LockedError
from mailstrata.index.files import writing


class WriterLock:
    """A lock on an archive, held from `acquire` to `release` or the end of the process, however it ends.

    It is an advisory `flock` on a file that stays; the file's content says who holds it, for people.
    """

    __slots__ = ("_file", "_path")

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None

    def acquire(self) -> None:
        """Take the lock.

        Raises `LockedError` where another process has it, `TargetError` where it cannot be written.
        """
        while self._file is None:
            with writing(self._path):
                # Unbuffered, so that closing it has nothing left to write, which could fail again.
                file = self._path.open("a+b", buffering=0)
            try:
                self._lock(file)
                # A lock on a file that was removed meanwhile keeps nobody away.
                if self._is_current(file):
                    self._file = file
            finally:
                if self._file is not file:
                    file.close()

    def _lock(self, file: BinaryIO) -> None:
        with writing(self._path):
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise LockedError(
                    f"{self._path.parent} is being written to by {_holder(file)}; wait until it has ended, then run "
                    "the same command again"
                ) from error
            holder = {"pid": os.getpid(), "host": socket.gethostname(), "since": utc_now()}
            try:
                file.truncate(0)
                file.write(json.dumps(holder).encode("ascii") + b"\n")
            except OSError:
                # A full disk: leave no file behind in what may be the user's empty folder.
                self._path.unlink(missing_ok=True)
                raise

    def _is_current(self, file: BinaryIO) -> bool:
        with writing(self._path):
            try:
                return os.path.samestat(os.fstat(file.fileno()), self._path.stat())
            except FileNotFoundError:
                return False

    def release(self) -> None:
        """Let go of the lock. May be called again."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _holder(file: BinaryIO) -> str:
    try:
        file.seek(0)
        holder = json.loads(file.read(4096))
        return f"process {int(holder['pid'])} on {holder['host']}, since {holder['since']}"
    except (OSError, ValueError, TypeError, KeyError):
        # Who it is helps people; that somebody holds the lock is certain without it.
        return "another process"
