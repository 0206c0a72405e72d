"""The peak memory of a program that starts others: the kernel's own figure is that of its largest process only."""

from __future__ import annotations

import re
import threading
from pathlib import Path

_INTERVAL = 0.1
_PEAK = re.compile(r"^VmHWM:\s+(\d+) kB", re.MULTILINE)
_PROC = Path("/proc")


def process_tree(pid: int) -> list[int]:
    """A process and all that descend from it. Empty where it has ended, or where there is no /proc."""
    found, waiting = [], [pid]
    while waiting:
        at = waiting.pop()
        try:
            lists = [task.joinpath("children").read_text() for task in (_PROC / str(at) / "task").iterdir()]
        except OSError:
            continue
        found.append(at)
        waiting += [int(child) for line in lists for child in line.split()]
    return found


def peak_of(pid: int) -> int:
    """The most memory that a running process has had, in bytes; 0 where it has ended."""
    try:
        match = _PEAK.search((_PROC / str(pid) / "status").read_text())
    except OSError:
        return 0
    return int(match[1]) * 1024 if match else 0


class TreePeak:
    """Looks ten times a second at a process and what descends from it.

    `peak` is the largest sum, in bytes, of the peaks of the processes that ran at the same time: never less than
    what they had together when it was looked, and more where their peaks were at different times or pages shared.
    """

    def __init__(self, pid: int) -> None:
        self.peak = 0
        self._pid = pid
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._ended.wait(_INTERVAL):
            self.look()

    def look(self) -> None:
        """Look once. A process that has no children is left to the kernel's figure, which is exact."""
        tree = process_tree(self._pid)
        if len(tree) > 1:
            self.peak = max(self.peak, sum(map(peak_of, tree)))

    def end(self) -> int:
        """Stop looking; the peak."""
        self._ended.set()
        self._thread.join()
        return self.peak
