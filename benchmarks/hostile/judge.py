"""How a case is measured, and what is still good.

Each of the ways through which mail is taken apart is measured at a size and at twice that:

    parser    the bare parser, fed 64 KiB at a time
    pieces    the bare parser, fed 1,000 bytes at a time
    bytes     the bare parser, fed 1 to 7 bytes at a time; at most 250 KB, and twice that
    json      `mailstrata parse FILE --json`: header values, decoders and digests as well
    archive   `mailstrata archive FILE`

Good is: twice the size in at most 2.3 times the time; where there are more than 10 MB, 20 MB/s or five microseconds for
each part, field, line or list entry, whichever allows more (not asked of `bytes` and `archive`); and at most 128 MB of
memory for the process, 200 MB for an archive. The time that a program takes to start is left out. What is over within a
tenth of a second is linear enough: less than that cannot be told from noise.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.hostile.cases import Case
from benchmarks.measure import Measurement, ProgramFailedError, run, warm

WAYS = ("parser", "pieces", "bytes", "json", "archive")

RATED_WAYS = ("parser", "pieces", "json")
"""Those that must keep up a rate."""

MOST_RATIO = 2.3
LEAST_RATE = 20_000_000
RATE_FROM = 10_000_000
SECONDS_AN_ITEM = 5e-6
MOST_MEMORY = {"archive": 200_000_000}
USUAL_MEMORY = 128_000_000
_TOO_SHORT = 0.1
_ATTEMPTS = 4
_MOST_IN_BYTES = 250_000
_RUN_SECONDS = 600.0
_PIECES = {"parser": 1 << 16, "pieces": 1000, "bytes": 0}


@dataclass(slots=True)
class Result:
    """One case on one way: the larger of its two sizes in bytes, seconds for both, peak memory in bytes, and what is
    wrong (empty where nothing is)."""

    case: str
    way: str
    size: int = 0
    times: list[float] = field(default_factory=lambda: [math.inf, math.inf])
    peak: int = 0
    misses: list[str] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """Of the larger size."""
        return self.times[1]

    @property
    def ratio(self) -> float:
        """How many times longer the larger size took; 0 where the smaller one took no time that could be measured."""
        return self.times[1] / self.times[0] if 0 < self.times[0] < math.inf else 0.0

    def line(self) -> str:
        """The row of the table."""
        ratio = f"{self.ratio:.2f}" if self.ratio else "-"
        rate = self.size / 1e6 / self.seconds if self.seconds else 0.0
        return (
            f"{'MISS' if self.misses else 'ok  '}  {self.case:<26} {self.way:<8} {self.size / 1e6:9.2f} "
            f"{self.seconds:8.2f} {ratio:>6} {rate:8.1f} {self.peak / 1e6:6.0f}  {'; '.join(self.misses)}"
        ).rstrip()


TITLE = f"      {'case':<26} {'way':<8} {'MB':>9} {'seconds':>8} {'ratio':>6} {'MB/s':>8} {'peak':>6}"


class Judge:
    """Measures cases. `folder` is where their files are written, one at a time; `scale` makes the sizes larger."""

    def __init__(self, folder: Path, scale: float = 1.0, seed: int = 0) -> None:
        self._folder = folder
        self._scale = scale
        self._seed = seed
        self._starts: dict[str, float] = {}

    def judge(self, case: Case, way: str) -> Result:
        """Measure one case on one way, at its size and at twice that."""
        count = max(1, round(case.count * self._scale))
        path = self._folder / ("hostile.mbox" if case.is_mbox else "hostile.eml")
        if way == "bytes":
            size = case.write(path, count, self._seed)
            count = max(1, min(count, count * _MOST_IN_BYTES // size))
        result = Result(case.name, way)
        allowed = 0.0
        try:
            # A machine that does something else for a while is no reason for a miss.
            for _ in range(_ATTEMPTS):
                self._measure(case, way, path, count, result)
                allowed = max(result.size / LEAST_RATE, 2 * count * case.items * SECONDS_AN_ITEM)
                is_slow = result.size > RATE_FROM and way in RATED_WAYS and result.seconds > allowed
                is_steep = result.ratio > MOST_RATIO and result.seconds > _TOO_SHORT
                if not is_slow and not is_steep:
                    break
        except ProgramFailedError as error:
            result.misses.append(str(error))
            return result
        if is_steep:
            result.misses.append(f"ratio above {MOST_RATIO}")
        if is_slow:
            result.misses.append(f"more than {allowed:.2f} s")
        most = MOST_MEMORY.get(way, USUAL_MEMORY)
        if result.peak > most:
            result.misses.append(f"more than {most // 1_000_000} MB")
        return result

    def _measure(self, case: Case, way: str, path: Path, count: int, result: Result) -> None:
        """Run both sizes, and keep in the result the best time of each so far."""
        for at in (0, 1):
            result.size = case.write(path, count * (at + 1), self._seed)
            warm(path)
            measured = self._once(case, way, path)
            result.times[at] = min(result.times[at], measured.seconds)
            result.peak = max(result.peak, measured.peak)

    def _once(self, case: Case, way: str, path: Path) -> Measurement:
        if way in _PIECES:
            kind = "mbox" if case.is_mbox else "message"
            command = [sys.executable, "-m", "benchmarks.hostile.parse_file", str(path), kind, str(_PIECES[way])]
            measured = run(command, timeout=_RUN_SECONDS)
            return Measurement(measured.printed["seconds"], measured.peak)
        measured = run(self._command(way, path), timeout=_RUN_SECONDS, discard_output=True)
        return Measurement(max(0.0, measured.seconds - self._start(way)), measured.peak)

    def _command(self, way: str, path: Path) -> Sequence[str]:
        program = [sys.executable, "-m", "mailstrata"]
        if way == "json":
            return [*program, "parse", str(path), "--json"]
        target = self._folder / f"archive-{len(list(self._folder.iterdir()))}"
        return [*program, "archive", str(path), "--to", str(target), "--quiet"]

    def _start(self, way: str) -> float:
        """Seconds that a program takes for next to nothing."""
        if way not in self._starts:
            path = self._folder / "nothing.eml"
            path.write_bytes(b"Subject: nothing\n\n")
            self._starts[way] = min(run(self._command(way, path), discard_output=True).seconds for _ in range(3))
        return self._starts[way]
