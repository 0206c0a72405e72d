"""Runs a program and says how long it took and how much memory it had at its peak.

Nothing big may be imported or held by the process that measures: what the kernel reports as a child's peak includes
what it shared with its parent in the instant before it became the other program.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from benchmarks.checkout import ROOT
from benchmarks.memory import TreePeak

RSS_UNIT = 1 if sys.platform == "darwin" else 1024
"""How many bytes make the unit in which the kernel says how much memory was used."""
_TMPFS = Path("/dev/shm")


class ProgramFailedError(Exception):
    """A program ended with an exit code other than 0; the text is the last line that it wrote to standard error."""

    def __init__(self, exit_code: int, reason: str) -> None:
        super().__init__(reason)
        self.exit_code = exit_code


@dataclass(slots=True)
class Measurement:
    """One run: wall-clock seconds, peak memory (resident set) in bytes, of the processes that it starts also, what
    it printed last, as JSON, and the seconds that processors spent on it."""

    seconds: float
    peak: int
    printed: dict[str, Any] = field(default_factory=dict)
    processor: float = 0.0


def run(
    command: Sequence[str],
    *,
    feed: Callable[[IO[bytes]], None] | None = None,
    timeout: float | None = None,
    discard_output: bool = False,
    adds_children: bool = True,
) -> Measurement:
    """Run a command in the checkout and measure it. `feed` writes its standard input; the timeout is in seconds. With
    `discard_output` nothing is kept of what it prints. Without `adds_children` the peak is that of the largest process,
    which is exact: a child that is just being started looks as large as its parent.

    Raises `ProgramFailedError` where the command fails or takes longer.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        started = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=_environment(),
            stdin=subprocess.PIPE if feed else subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if discard_output else out,
            stderr=errors,
            # A group of its own, so that all of it can be stopped.
            start_new_session=True,
        )
        tree = TreePeak(process.pid) if adds_children else None
        late = threading.Event()

        def stop() -> None:
            late.set()
            os.killpg(process.pid, signal.SIGKILL)

        timer = threading.Timer(timeout or threading.TIMEOUT_MAX, stop)
        timer.daemon = True
        timer.start()
        try:
            if feed:
                assert process.stdin is not None
                # A program that ends early is judged by its exit code, below.
                try:
                    with process.stdin:
                        feed(process.stdin)
                except BrokenPipeError:
                    pass
            _, status, usage = os.wait4(process.pid, 0)
            seconds = time.perf_counter() - started
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
        finally:
            timer.cancel()
            together = tree.end() if tree else 0
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            reason = f"took longer than {timeout:g} s" if late.is_set() else _last_line(errors)
            raise ProgramFailedError(process.returncode, reason or _ending(process.returncode))
        last = _last_line(out)
        printed = json.loads(last) if last.startswith("{") else {}
        processor = usage.ru_utime + usage.ru_stime
        return Measurement(seconds, max(usage.ru_maxrss * RSS_UNIT, together), printed, processor)


def _environment() -> dict[str, str]:
    """Ours, in which Python may keep what it compiled: installed software is measured, which has that beside it."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def _last_line(file: IO[bytes]) -> str:
    file.seek(0, os.SEEK_END)
    file.seek(max(0, file.tell() - 65_536))
    lines = file.read().decode("utf-8", "replace").strip().splitlines()
    return lines[-1].strip() if lines else ""


def _ending(code: int) -> str:
    return f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"


def memory_available() -> int:
    """Bytes of memory that can be used without swapping; 0 where the system does not say."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), 0)


def warm(path: Path) -> None:
    """Read a file once, so that no run is the one that waits for the disk."""
    with path.open("rb") as file:
        while file.read(1 << 20):
            pass


@contextmanager
def scratch(needed: int, fallback: Path) -> Iterator[Path]:
    """An empty folder, gone afterwards: in memory (tmpfs) where `needed` bytes fit there twice over, so that the disk
    is not what is measured, else below `fallback`."""
    parent = fallback
    if os.access(_TMPFS, os.W_OK) and shutil.disk_usage(_TMPFS).free > 2 * needed:
        parent = _TMPFS
    parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=parent) as folder:
        yield Path(folder)
