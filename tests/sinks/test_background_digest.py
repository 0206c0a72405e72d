"""Hashing by a thread: what it holds, how it fails, and how it ends."""

from __future__ import annotations

import hashlib
import os
import threading
import time

import pytest

from mailstrata.sinks.background_digest import MOST_WAITING, BackgroundDigest

PIECE = bytes(1 << 20)
THREAD = "mailstrata-background"


class _Gate:
    """Stands in for a SHA-256 object; takes nothing before it is open, or fails with `error`."""

    def __init__(self, error: Exception | None = None) -> None:
        self.open = threading.Event()
        self.taken = 0
        self._error = error

    def update(self, data: bytes) -> None:
        assert self.open.wait(60)
        if self._error is not None:
            raise self._error
        self.taken += len(data)


def _threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == THREAD]


def _bring(background: BackgroundDigest, pieces: int, brought: list[int]) -> None:
    for _ in range(pieces):
        background.update(PIECE)
        brought.append(len(PIECE))


def test_who_brings_too_much_waits() -> None:
    """Not more than 4 MiB are held, however much faster it comes than it can be hashed."""
    gate = _Gate()
    background = BackgroundDigest(gate)  # type: ignore[arg-type]
    brought: list[int] = []
    bringer = threading.Thread(target=_bring, args=(background, 20, brought))
    bringer.start()
    bringer.join(0.2)
    assert bringer.is_alive()
    assert sum(brought) <= MOST_WAITING
    gate.open.set()
    bringer.join()
    background.wait()
    assert gate.taken == sum(brought) == 20 << 20


def test_a_piece_larger_than_what_may_wait() -> None:
    """It is taken when nothing else waits."""
    digest = hashlib.sha256()
    background = BackgroundDigest(digest)
    for _ in range(2):
        background.update(bytes(MOST_WAITING + 1))
    background.wait()
    assert digest.digest() == hashlib.sha256(bytes(2 * MOST_WAITING + 2)).digest()


@pytest.mark.parametrize("size", [1, 1 << 20])
def test_what_it_fails_with_is_raised(size: int) -> None:
    """By the next call, and by each one after that; nobody waits for ever."""
    gate = _Gate(MemoryError("none left"))
    gate.open.set()
    background = BackgroundDigest(gate)  # type: ignore[arg-type]
    background.update(bytes(size))
    with pytest.raises(MemoryError, match="none left"):
        background.wait()
    with pytest.raises(MemoryError, match="none left"):
        background.update(PIECE)


def test_nothing_is_left_of_an_abandoned_one() -> None:
    """An abort lets go of it with bytes that wait; its thread ends by itself, and need not be told."""
    background = BackgroundDigest(hashlib.sha256())
    for _ in range(3):
        background.update(PIECE)
    started = _threads()
    assert started
    del background
    for thread in started:
        thread.join(10)
    assert not set(started) & set(threading.enumerate())


def test_it_goes_on_after_a_pause() -> None:
    """When its thread has ended, another one takes the next piece."""
    digest = hashlib.sha256()
    background = BackgroundDigest(digest)
    background.update(PIECE)
    for thread in _threads():
        thread.join(10)
    assert not _threads()
    background.update(PIECE)
    background.wait()
    assert digest.digest() == hashlib.sha256(PIECE + PIECE).digest()


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_child_of_a_fork_has_its_own() -> None:
    """What a thread of the parent is at does not keep a stream of the child waiting."""
    gate = _Gate()
    held = BackgroundDigest(gate)  # type: ignore[arg-type]
    held.update(PIECE)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            digest = hashlib.sha256()
            own = BackgroundDigest(digest)
            own.update(PIECE)
            own.wait()
            code = int(digest.digest() != hashlib.sha256(PIECE).digest())
        finally:
            os._exit(code)
    gate.open.set()
    held.wait()
    deadline = time.monotonic() + 30
    ended, status = 0, 0
    while not ended and time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        time.sleep(0.01)
    assert ended == child
    assert os.waitstatus_to_exitcode(status) == 0
