"""Making files durable while the next ones are being written.

A disk that is asked to sync one small file after the other spends its time on each anew; asked for several at once, it
does them together: measured on ext4 under load, 3 ms a file one by one, 0.15 ms with eight at a time.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

THREADS = 8
MOST_WAITING = 64
"""Files that may be open and waiting to be synced."""


class BackgroundSync:
    """Syncs and closes the descriptors that it is handed, in the background. Not for use from several threads."""

    __slots__ = ("_pool", "_waiting")

    def __init__(self) -> None:
        self._pool: ThreadPoolExecutor | None = None
        self._waiting: deque[Future[None]] = deque()

    def sync(self, descriptor: int, then: Callable[[], object] | None = None) -> None:
        """Sync and close it, and call `then` (which gives a file its name, say), some time before `wait` returns.

        Raises the `OSError` of an earlier one that failed.
        """
        if self._pool is None:
            from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - takes time to import

            self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="mailstrata-sync")
        self._waiting.append(self._pool.submit(_sync_and_close, descriptor, then))
        while self._waiting and (len(self._waiting) > MOST_WAITING or self._waiting[0].done()):
            self._waiting.popleft().result()

    def wait(self) -> None:
        """Return when everything is durable. Raises the first `OSError` of what was not reported yet."""
        while self._waiting:
            self._waiting.popleft().result()

    def close(self) -> None:
        """Let go of the threads; errors are dropped with what they were about. May be called again."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown()
        self._waiting.clear()


def _sync_and_close(descriptor: int, then: Callable[[], object] | None) -> None:
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if then is not None:
        then()
