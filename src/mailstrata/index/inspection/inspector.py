"""The two ways in which content is looked through as it streams by: by windows, and by steps.

Both come to the same whatever the chunks are, take time in proportion to the bytes, and hold a bounded number of them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator
from typing import Final

Steps = Generator[int, bytes, None]
"""Takes content apart from the front: yields how many bytes it wants next, and is sent them (fewer only where the
content ends); a negative number passes over so many, and is sent nothing."""


class Inspector(ABC):
    """Looks for the flags of one kind of content; `flags` are those found so far, final after `close`."""

    def __init__(self) -> None:
        self.flags = 0

    @abstractmethod
    def feed(self, data: bytes) -> None:
        """The next bytes of the content."""

    @abstractmethod
    def close(self) -> None:
        """The content has ended."""


class WindowInspector(Inspector):
    """Looks at each place of the content once, with at least `span` bytes behind it as far as there are any.

    Holds `span` and 64 KiB of bytes, or a chunk.
    """

    span: int = 1024

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[bytes] = []
        self._held = 0
        self._offset = 0

    def feed(self, data: bytes) -> None:
        self._pieces.append(data)
        self._held += len(data)
        if self._held < _WINDOW + self.span:
            return
        window = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        end = self._held - self.span
        self.look(window, end, self._offset)
        self._pieces = [window[end:]]
        self._held = self.span
        self._offset += end

    def close(self) -> None:
        window = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        self._pieces = []
        self.look(window, len(window), self._offset)

    @abstractmethod
    def look(self, window: bytes, end: int, offset: int) -> None:
        """Look for what begins in `window[:end]`; the window begins at byte `offset` of the content."""


class StepInspector(Inspector):
    """Takes content apart by `steps` up to their end, or to that of the content.

    Holds what a step wants, and a chunk.
    """

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[bytes] = []
        self._held = 0
        self._wanted = 0
        self._passing = 0
        self._steps: Steps | None = self.steps()
        self._send(None)

    @abstractmethod
    def steps(self) -> Steps:
        """The steps. They add what they find to `flags`, and end where they are sent less than they wanted."""

    def feed(self, data: bytes) -> None:
        if self._steps is None:
            return
        if self._passing:
            passed = min(self._passing, len(data))
            self._passing -= passed
            data = data[passed:]
        self._pieces.append(data)
        self._held += len(data)
        if self._held < self._wanted or self._passing:
            return
        held = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        at = 0
        while self._steps is not None and len(held) - at >= self._wanted and not self._passing:
            end = at + self._wanted
            self._send(held[at:end])
            at = min(end + self._passing, len(held))
            self._passing -= at - end
        self._pieces, self._held = [held[at:]], len(held) - at

    def close(self) -> None:
        if self._steps is not None:
            self._send(b"".join(self._pieces)[: self._wanted])
        if self._steps is not None:
            self._steps.close()
        self._steps = None
        self._pieces, self._held = [], 0

    def _send(self, data: bytes | None) -> None:
        assert self._steps is not None
        try:
            # A generator is begun without a value.
            wanted = next(self._steps) if data is None else self._steps.send(data)
            while wanted < 0:
                self._passing -= wanted
                wanted = next(self._steps)
        except StopIteration:
            self._steps = None
            self._passing = 0
            return
        self._wanted = wanted


_WINDOW: Final = 64 << 10
