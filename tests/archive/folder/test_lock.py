from __future__ import annotations

import fcntl
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import BinaryIO

import pytest

from mailstrata.archive.folder.lock import WriterLock
from mailstrata.errors import LockedError


def test_the_second_writer_is_told_who_the_first_is(tmp_path: Path) -> None:
    """At once, with process and host; after the release it may."""
    first, second = WriterLock(tmp_path / ".lock"), WriterLock(tmp_path / ".lock")
    first.acquire()
    with pytest.raises(LockedError) as raised:
        second.acquire()
    assert f"process {os.getpid()} on {socket.gethostname()}" in str(raised.value)
    assert str(tmp_path) in str(raised.value)
    first.release()
    first.release()
    second.acquire()
    second.release()


def test_a_lock_ends_with_its_process(tmp_path: Path) -> None:
    """However it ends: nothing has to be cleaned up by hand."""
    program = (
        "import os, sys; from pathlib import Path; from mailstrata.archive.folder.lock import WriterLock;"
        "lock = WriterLock(Path(sys.argv[1])); lock.acquire(); print('locked', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, tmp_path / ".lock"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"locked\n"
        lock = WriterLock(tmp_path / ".lock")
        with pytest.raises(LockedError, match=f"process {process.pid} on"):
            lock.acquire()
        process.kill()
        process.wait()
    lock.acquire()
    lock.release()


def test_the_lock_of_a_removed_file_keeps_nobody_away(tmp_path: Path) -> None:
    """Where the file was removed and made anew between opening and locking it, the new one is locked."""
    first = WriterLock(tmp_path / ".lock")
    first.acquire()
    (tmp_path / ".lock").unlink()
    second = WriterLock(tmp_path / ".lock")
    second.acquire()
    third = WriterLock(tmp_path / ".lock")
    with pytest.raises(LockedError):
        third.acquire()
    first.release()
    second.release()


def test_a_file_that_is_removed_while_it_is_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A first run that takes its empty archive away again does not leave two writers with a lock each."""
    real = fcntl.flock

    def flock(file: BinaryIO, operation: int) -> None:
        monkeypatch.undo()
        (tmp_path / ".lock").unlink()
        real(file, operation)

    monkeypatch.setattr(fcntl, "flock", flock)
    first, second = WriterLock(tmp_path / ".lock"), WriterLock(tmp_path / ".lock")
    first.acquire()
    with pytest.raises(LockedError):
        second.acquire()
    first.release()


def test_a_lock_file_that_says_nothing(tmp_path: Path) -> None:
    """Who it is is unknown; that somebody has it is not."""
    first = WriterLock(tmp_path / ".lock")
    first.acquire()
    (tmp_path / ".lock").write_bytes(b"")
    with pytest.raises(LockedError, match="by another process"):
        WriterLock(tmp_path / ".lock").acquire()
    first.release()
