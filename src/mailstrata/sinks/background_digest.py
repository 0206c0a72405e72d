"""Hashing in the background: a thread that feeds one SHA-256 object, which lets go of Python while it is fed."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from mailstrata.sinks.background_thread import BackgroundThread

if TYPE_CHECKING:
    from hashlib import _Hash

MOST_WAITING = 4 << 20
"""Bytes that may wait to be hashed; whoever brings more waits, too."""

_SMALL = 64 << 10


class BackgroundDigest:
    """Feeds `digest`, which nobody else may touch before `wait` has returned. For use from one thread.

    There is nothing to close (`BackgroundThread`).
    """

    __slots__ = ("_digest", "_small", "_thread")

    def __init__(self, digest: _Hash) -> None:
        self._digest = digest
        self._thread = BackgroundThread(MOST_WAITING)
        self._small = bytearray()  # what stands behind all that was handed over

    def update(self, data: bytes | bytearray | memoryview) -> None:
        """Take the next bytes, which must not be changed afterwards. Raises what the thread has failed with."""
        is_small = len(data) < _SMALL
        if is_small:
            # Handing over takes some microseconds, however little it is.
            self._small += data
        if self._small and (not is_small or len(self._small) >= _SMALL):
            self._hand_over_small()
        if not is_small:
            self._thread.put(partial(self._digest.update, data), len(data))

    def _hand_over_small(self) -> None:
        small, self._small = self._small, bytearray()
        self._thread.put(partial(self._digest.update, small), len(small))

    def wait(self) -> None:
        """Return when all is hashed. Raises what the thread has failed with."""
        if self._small:
            self._hand_over_small()
        self._thread.wait()
