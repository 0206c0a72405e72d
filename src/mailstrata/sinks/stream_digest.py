"""The SHA-256 of a stream; that of a large one is made beside the other work, where there is a processor for it."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hashlib import _Hash

    from mailstrata.sinks.background_digest import BackgroundDigest

LARGE_STREAM = 8 << 20
"""From so many bytes on a stream is hashed in the background: what is smaller, as nearly all mail is, takes less time
than it is worth."""


def usable_processors() -> int:
    """How many processors this process may use: where a container or `taskset` gives only some of them, so many."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class StreamDigest:
    """Fed with a stream piece by piece. `digest`, if given, has taken what stands before it; it now belongs to this.

    A large stream is hashed by a thread of its own, which ends by itself shortly after the last piece, whatever becomes
    of the run: there is nothing to close. With one usable processor there is none. The worker processes of
    `archive --jobs` have it as well: where all processors are busy anyway it takes a twentieth more of one, for large
    messages only, and the last large message does not keep all but one of them idle.
    """

    __slots__ = ("_background", "_digest", "_left")

    def __init__(self, digest: _Hash | None = None) -> None:
        self._digest = hashlib.sha256() if digest is None else digest
        self._left = LARGE_STREAM
        self._background: BackgroundDigest | None = None

    def update(self, data: bytes | bytearray | memoryview) -> None:
        """Take the next bytes, which must not be changed afterwards."""
        if self._background is not None:
            self._background.update(data)
            return
        self._digest.update(data)
        self._left -= len(data)
        if self._left <= 0 and usable_processors() > 1:
            from mailstrata.sinks.background_digest import BackgroundDigest  # noqa: PLC0415 - takes time to import

            self._background = BackgroundDigest(self._digest)

    def state(self) -> _Hash:
        """The SHA-256 object fed with all that was taken: a copy, to go on with."""
        if self._background is not None:
            self._background.wait()
        return self._digest.copy()

    def hexdigest(self) -> str:
        """The digest of all that was taken."""
        return self.state().hexdigest()
