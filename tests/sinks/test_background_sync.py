import errno
import os
import threading
from pathlib import Path

import pytest

from mailstrata.sinks.background_sync import MOST_WAITING, BackgroundSync


def _open(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT)


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def test_everything_is_synced_when_it_has_waited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each descriptor is synced once and closed, and no more than so many wait at a time."""
    fsync, synced, most = os.fsync, [], 0
    lock = threading.Lock()

    def counting(descriptor: int) -> None:
        fsync(descriptor)
        with lock:
            synced.append(descriptor)

    monkeypatch.setattr(os, "fsync", counting)
    background = BackgroundSync()
    count = 3 * MOST_WAITING
    for number in range(count):
        background.sync(_open(tmp_path / str(number)))
        most = max(most, number + 1 - len(synced))
    background.wait()
    assert len(synced) == count
    assert most <= MOST_WAITING + 1
    background.close()
    assert not any(_is_open(descriptor) for descriptor in synced)


def test_a_failure_is_raised_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of the disk comes out of `sync` or `wait`, and the descriptor is closed nevertheless."""

    def failing(descriptor: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", failing)
    background = BackgroundSync()
    descriptor = _open(tmp_path / "a")
    with pytest.raises(OSError, match="Input/output"):
        background.sync(descriptor)
        background.wait()
    background.close()
    background.close()
    assert not _is_open(descriptor)
