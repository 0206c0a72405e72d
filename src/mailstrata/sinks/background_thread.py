"""A thread for work that lets go of Python: it is done in order, beside whoever brings it, and little of it waits."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

_WORTH_WAKING = 1 << 20
_LINGER_SECONDS = 0.02


class BackgroundThread:
    """Does work in the order in which it is brought. At most `most_waiting` bytes of it wait or are under way, or one
    piece that is larger. For use from one thread.

    The thread is there while there is something to do, and 20 ms more: long enough for the next piece, and so short
    that an abort need not know of it. So nothing is shared with others of its kind, nor with a child of a fork.
    """

    __slots__ = ("_changed", "_error", "_most_waiting", "_thread", "_waiting", "_work")

    def __init__(self, most_waiting: int) -> None:
        self._most_waiting = most_waiting
        self._changed = threading.Condition()
        self._work: deque[tuple[Callable[[], object], int]] = deque()
        self._waiting = 0  # bytes of the work, and of that under way
        self._thread: threading.Thread | None = None
        self._error: BaseException | None = None

    def put(self, work: Callable[[], object], size: int) -> None:
        """Bring work on so many bytes; returns when there is room for them. Raises what earlier work has failed with,
        after which nothing is done any more."""
        with self._changed:
            while self._waiting and self._waiting + size > self._most_waiting and self._error is None:
                # Some of it may not have been worth waking anybody.
                self._changed.notify_all()
                self._changed.wait()
            self._raise_error()
            self._work.append((work, size))
            self._waiting += size
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="mailstrata-background", daemon=False)
                self._thread.start()
            elif self._waiting >= _WORTH_WAKING:
                self._changed.notify_all()

    def wait(self) -> None:
        """Return when all is done. Raises what it has failed with."""
        self.settle()
        self._raise_error()

    def settle(self) -> None:
        """Return when nothing is under way any more: all is done, or something has failed."""
        with self._changed:
            self._changed.notify_all()
            while self._waiting and self._error is None:
                self._changed.wait()

    def _raise_error(self) -> None:
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        changed = self._changed
        done = 0
        while True:
            with changed:
                if done:
                    self._waiting -= done
                    changed.notify_all()
                if not self._work and not changed.wait_for(lambda: self._work, _LINGER_SECONDS):
                    self._thread = None
                    return
                work, done = self._work.popleft()
            try:
                work()
            except BaseException as error:
                with changed:
                    self._error = error
                    self._work.clear()
                    changed.notify_all()
                return
            del work
