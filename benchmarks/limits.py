"""The promises that have a number: `make bench-limits`, or `python -m benchmarks.limits`.

    extract   a message with a 1 GiB base64 attachment: at most 64 MB of memory, and at most a tenth of the time that
              the standard library takes
    archive   the same message: at most 200 MB of memory
    steady    archive a 2 GB mbox of small messages: at most 300 MB, and the last tenth of it at a rate of at least
              0.8 times that of the first

Each is measured once, on the command line as people use it, and printed beside its target; the exit code is 1 where
one is missed. `--scale 0.01` tries the same on inputs of a hundredth, which says little about time.

For the steady rate the mbox is fed through standard input, so that it can be seen from outside how far the program has
read. The first tenth counts from the first byte that it took, not from its start.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import IO

from benchmarks.__main__ import DEFAULT_FOLDER, make_input
from benchmarks.inputs import Facts
from benchmarks.measure import ProgramFailedError, memory_available, run, scratch, warm

_HUGE = 1 << 30
_SMALL_MESSAGES = 305_000
_STDLIB_MEMORY = 14
"""Bytes of memory that the standard library needs for each byte of an attachment, and some room."""
_STDLIB_FALLBACK = 100 << 20
_CHUNK = 1 << 20
_RUN_SECONDS = 3600.0


@dataclass(slots=True)
class Promise:
    """A figure and its target; all of them are upper bounds but the ratio of the steady rate."""

    text: str
    figure: float
    target: float
    unit: str
    at_least: bool = False

    @property
    def kept(self) -> bool:
        """Whether the figure is within its target."""
        return self.figure >= self.target if self.at_least else self.figure <= self.target

    def line(self) -> str:
        """What was measured, what was promised, and whether that holds."""
        bound = "at least" if self.at_least else "at most"
        figure = f"{self.figure:,.2f}" if self.unit == "x" else f"{self.figure:,.1f}"
        return (
            f"{'ok  ' if self.kept else 'MISS'}  {self.text:<58} {figure:>9} {self.unit:<3} "
            f"({bound} {self.target:g} {self.unit})"
        )


def _mailstrata(job: str, source: str, target: Path) -> list[str]:
    return [sys.executable, "-m", "mailstrata", job, source, "--to", str(target / "out"), "--quiet"]


def check_extract(scale: float, folder: Path) -> list[Promise]:
    """`extract` of the huge message, beside the standard library."""
    facts = make_input("huge", round(_HUGE * scale), folder)
    warm(Path(facts.path))
    with scratch(facts.size, folder) as target:
        ours = run(_mailstrata("extract", facts.path, target), timeout=_RUN_SECONDS)
        written = max((file.stat().st_size for file in target.rglob("*") if file.is_file()), default=0)
    if written != facts.attachment_bytes:
        raise ProgramFailedError(0, f"extract wrote {written:,} bytes instead of {facts.attachment_bytes:,}")
    peer = facts
    if memory_available() < _STDLIB_MEMORY * facts.attachment_bytes:
        peer = make_input("huge", min(_STDLIB_FALLBACK, facts.attachment_bytes), folder)
    warm(Path(peer.path))
    with scratch(peer.size, folder) as target:
        command = [sys.executable, "-m", "benchmarks.peers.stdlib_email", "extract", peer.path, str(target)]
        stdlib = run(command, timeout=_RUN_SECONDS)
    theirs = stdlib.seconds * facts.size / peer.size
    _say(f"extract {facts.size / 1e6:,.0f} MB: {ours.seconds:.2f} s")
    scaled = "" if peer is facts else f", scaled up from {peer.size / 1e6:,.0f} MB for want of memory"
    _say(f"the standard library: {theirs:.2f} s, {stdlib.peak / 1e6:,.0f} MB of memory{scaled}")
    return [
        Promise(f"extract, {_size(facts)} attachment: peak memory", ours.peak / 1e6, 64, "MB"),
        Promise(f"extract, {_size(facts)} attachment: time / standard library's", ours.seconds / theirs, 0.1, "x"),
    ]


def check_archive(scale: float, folder: Path) -> list[Promise]:
    """`archive` of the huge message."""
    facts = make_input("huge", round(_HUGE * scale), folder)
    warm(Path(facts.path))
    with scratch(2 * facts.size, folder) as target:
        ours = run(_mailstrata("archive", facts.path, target), timeout=_RUN_SECONDS)
    _say(f"archive {facts.size / 1e6:,.0f} MB: {ours.seconds:.2f} s, {facts.size / ours.seconds / 1e6:,.0f} MB/s")
    return [Promise(f"archive, {_size(facts)} attachment: peak memory", ours.peak / 1e6, 200, "MB")]


def check_steady(scale: float, folder: Path) -> list[Promise]:
    """`archive` of a long mbox of small messages, tenth by tenth."""
    facts = make_input("small", max(100, round(_SMALL_MESSAGES * scale)), folder)
    warm(Path(facts.path))
    marks: list[float] = []
    with scratch(facts.size, folder) as target:
        ours = run(_mailstrata("archive", "-", target), feed=feeder(facts, marks), timeout=_RUN_SECONDS)
    if len(marks) <= 10:
        raise ProgramFailedError(0, "archive ended well without reading all of standard input")
    seconds = [after - before for before, after in pairwise(marks)]
    rates = [facts.size / 10 / 1e6 / max(tenth, 1e-9) for tenth in seconds]
    _say(f"archive {facts.size / 1e6:,.0f} MB of small messages: {ours.seconds:.1f} s, by tenths in MB/s:")
    _say("  " + " ".join(f"{rate:.1f}" for rate in rates))
    gigabytes = f"{facts.size / 1e9:,.1f} GB"
    return [
        Promise(f"archive, {gigabytes} mbox of small messages: peak memory", ours.peak / 1e6, 300, "MB"),
        Promise(
            f"archive, {gigabytes} mbox: rate of last / first tenth", rates[-1] / rates[0], 0.8, "x", at_least=True
        ),
    ]


def feeder(facts: Facts, marks: list[float]) -> Callable[[IO[bytes]], None]:
    """What writes an input to a pipe, and notes the time when the reader takes its first chunk and every tenth."""

    def feed(pipe: IO[bytes]) -> None:
        written = 0
        with Path(facts.path).open("rb") as file:
            while chunk := file.read(_CHUNK if marks else 1 << 17):
                # A pipe takes no more than 64 KiB that nobody has read.
                pipe.write(chunk)
                pipe.flush()
                written += len(chunk)
                now = time.perf_counter()
                if not marks:
                    marks.append(now)
                while written >= facts.size * len(marks) / 10 and len(marks) <= 10:
                    marks.append(now)

    return feed


def _size(facts: Facts) -> str:
    return f"{facts.attachment_bytes / (1 << 20):,.0f} MiB"


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


_CHECKS = {"extract": check_extract, "archive": check_archive, "steady": check_steady}


def main() -> int:
    """Measure the promises; 0 where all are kept."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.limits", description="Measure the promises.")
    parser.add_argument("--only", choices=list(_CHECKS), action="append", metavar="CHECK", help="|".join(_CHECKS))
    parser.add_argument("--scale", type=float, default=1.0, metavar="X", help="makes the inputs so many times larger")
    parser.add_argument("--folder", type=Path, default=DEFAULT_FOLDER, metavar="DIR", help="where inputs are kept")
    chosen = parser.parse_args()
    lines, kept = [], True
    for name in chosen.only or list(_CHECKS):
        try:
            promises = _CHECKS[name](chosen.scale, chosen.folder)
        except ProgramFailedError as error:
            lines.append(f"MISS  {name}: {error}")
            kept = False
            continue
        lines += [promise.line() for promise in promises]
        kept = kept and all(promise.kept for promise in promises)
    _say("\n".join(["", *lines]))
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
