"""What has to happen in the order of the sources, while workers answer in any order.

Everything that changes a snapshot goes through here. What waits for no worker, and has nothing before it that does, is
done at once; the rest is lined up.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from mailstrata.archive.jobs.results import RunResult


class InOrder:
    """A line of actions, some of which wait for the result of a run. Runs must be expected in the order of their
    numbers. What an action raises comes out of whichever method caused it to be done."""

    __slots__ = ("_line", "_results", "held", "most", "relieve")

    def __init__(self) -> None:
        self.most = 0
        """How much may be lined up before `relieve` is called, which waits until it is less."""
        self.relieve: Callable[[], None] | None = None
        self.held = 0
        """Bytes of lines in results that have to wait."""
        self._line: deque[Callable[[], None] | tuple[int, Callable[[RunResult], None]]] = deque()
        self._results: dict[int, RunResult] = {}

    def __len__(self) -> int:
        return len(self._line)

    @property
    def last_expected(self) -> int | None:
        """The number of the run whose result is last in the line; None where something else is."""
        last = self._line[-1] if self._line else None
        return last[0] if isinstance(last, tuple) else None

    def do(self, action: Callable[[], None]) -> None:
        """Do something behind all that was said before."""
        if not self._line:
            action()
            return
        self._line.append(action)
        if self.relieve is not None and len(self._line) > self.most:
            self.relieve()

    def expect(self, number: int, action: Callable[[RunResult], None]) -> None:
        """Do something with the result of a run, when it is there."""
        self._line.append((number, action))

    def answer(self, result: RunResult) -> None:
        """A run has ended."""
        self._results[result.number] = result
        self.held += len(result.lines)
        line = self._line
        while line:
            first = line[0]
            if isinstance(first, tuple):
                found = self._results.pop(first[0], None)
                if found is None:
                    return
                line.popleft()
                self.held -= len(found.lines)
                first[1](found)
            else:
                line.popleft()
                first()
