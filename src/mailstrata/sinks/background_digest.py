"""Hashing in the background: a thread that feeds one SHA-256 object, which lets go of Python while it is fed."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hashlib import _Hash

MOST_WAITING = 4 << 20
"""Bytes that may wait to be hashed; whoever brings more waits, too."""

_SMALL = 64 << 10
_WORTH_WAKING = 1 << 20
_LINGER_SECONDS = 0.02


class BackgroundDigest:
    """Feeds `digest`, which nobody else may touch before `wait` has returned. For use from one thread.

    The thread is there while there is something to hash, and 20 ms more: long enough for the next piece, and so short
    that an abort need not know of it. So nothing is shared with other streams, nor with a child of a fork.
    """

    __slots__ = ("_changed", "_digest", "_error", "_pieces", "_small", "_thread", "_waiting")

    def __init__(self, digest: _Hash) -> None:
        self._digest = digest
        self._changed = threading.Condition()
        self._pieces: deque[bytes | bytearray] = deque()
        self._waiting = 0  # bytes of the pieces, and of the one that is being hashed
        self._small = bytearray()  # what stands behind the pieces
        self._thread: threading.Thread | None = None
        self._error: BaseException | None = None

    def update(self, data: bytes | bytearray) -> None:
        """Take the next bytes, which must not be changed afterwards. Raises what the thread has failed with."""
        is_small = len(data) < _SMALL
        if is_small:
            # Handing over takes some microseconds, however little it is.
            self._small += data
        if self._small and (not is_small or len(self._small) >= _SMALL):
            self._end_small()
        if not is_small:
            self._put(data)

    def _end_small(self) -> None:
        small, self._small = self._small, bytearray()
        self._put(small)

    def _put(self, data: bytes | bytearray) -> None:
        with self._changed:
            while self._waiting and self._waiting + len(data) > MOST_WAITING and self._error is None:
                self._changed.wait()
            self._raise_error()
            self._pieces.append(data)
            self._waiting += len(data)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="mailstrata-hash", daemon=False)
                self._thread.start()
            elif self._waiting >= _WORTH_WAKING:
                self._changed.notify_all()

    def wait(self) -> None:
        """Return when all is hashed. Raises what the thread has failed with."""
        if self._small:
            self._end_small()
        with self._changed:
            self._changed.notify_all()
            while self._waiting and self._error is None:
                self._changed.wait()
            self._raise_error()

    def _raise_error(self) -> None:
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        changed = self._changed
        done = 0
        while True:
            with changed:
                self._waiting -= done
                if done:
                    changed.notify_all()
                if not self._pieces and not changed.wait_for(lambda: self._pieces, _LINGER_SECONDS):
                    self._thread = None
                    return
                data = self._pieces.popleft()
            try:
                self._digest.update(data)
            except BaseException as error:
                with changed:
                    self._error = error
                    self._pieces.clear()
                    changed.notify_all()
                return
            done = len(data)
            del data
