"""Whether time grows with the work and memory does not, from the figures alone.

Against a size: the *exponent* of time is the slope from a point some ten times smaller to the last one, on axes that
are both logarithmic, once what the program takes to start is subtracted: 1 is linear, 2 grows with the square. It is
that of processor time, in which other programs on the machine, and its disk, have little part. Memory is flat where
the last point has at most a tenth more than the other, or still lies within the fixed bound of the job (caches fill
before it is flat).

Against age: what the hundredth run costs beside the same run on a young archive, the median of the last ten; and what
reading costs beside an archive of the same mail that was made at once. What costs more, and no more once the archive is
compacted, is mended that way. Verifying reads everything, and so may take a little longer for each run: a pack, index
files, a record and some lines more.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

from benchmarks.growth.age import ARCHIVE, AT_ONCE, COMPACTED, READING, YOUNG
from benchmarks.growth.curves import AGE, START, Curve
from benchmarks.growth.store import Point, Store

MOST_EXPONENT = 1.1
MOST_MEMORY_RATIO = 1.1
MOST_MEMORY = {"parse": 64e6, "extract": 64e6, "archive": 300e6, "verify": 300e6}
"""Fixed bounds, in bytes: as `benchmarks.limits` promises."""

A_DECADE = 8
"""The points that are compared are at least so many times apart, where there are two such."""

LEAST_SECONDS = 0.2
"""Less than so much, start-up subtracted, says nothing about how it grows."""

MOST_AGE_RATIO = 1.25
COSTS_MORE = f"costs more with age: more than {MOST_AGE_RATIO} times"
LEAST_AGE_SECONDS = 0.15
"""What differs by less is no growth with age: a few records and small files are read."""

READS_ALL = "verify"
SECONDS_A_RUN = 0.03
"""What reading all that one more run has left behind may cost."""


@dataclass(slots=True)
class Verdict:
    """What was found of a job between the amounts `first` and `last`.

    `growth` is an exponent, or against age a ratio (None where nothing can be said), `memory` the ratio of the peaks.
    `each` are processor seconds for one more of the amount, against age for the whole. `misses` say what is wrong,
    `mended` why it is nothing wrong that more time is taken.
    """

    curve: str
    job: str
    first: int = 0
    last: int = 0
    growth: float | None = None
    each: float = 0.0
    memory: float = 1.0
    peak: int = 0
    misses: list[str] = field(default_factory=list)
    mended: str = ""

    def mend(self, text: str) -> None:
        """That it takes longer with age is no miss, for a reason."""
        self.misses = [miss for miss in self.misses if miss != COSTS_MORE]
        self.mended = text

    @property
    def text(self) -> str:
        """In words."""
        if self.misses:
            return "; ".join(self.misses)
        if self.curve == AGE:
            return self.mended or "does not grow with age"
        flat = self.memory <= MOST_MEMORY_RATIO
        memory = "flat" if flat else f"below {MOST_MEMORY[self.job] / 1e6:.0f} MB"
        return f"{'too short to say' if self.growth is None else 'linear'}; {memory}"


def judge_size(curve: Curve, job: str, store: Store) -> Verdict | None:
    """A job against a size; None where fewer than two points were measured."""
    points = store.of(curve.name, job)
    if len(points) < 2:
        return None
    last = points[-1]
    before = [point for point in points[:-1] if point.amount * A_DECADE <= last.amount or point is points[0]][-1]
    start = store.find(curve.name, job, START)
    net = [max(0.0, point.processor - (start.processor if start else 0.0)) for point in (before, last)]
    verdict = Verdict(curve.name, job, before.amount, last.amount, peak=last.peak)
    verdict.each = (net[1] - net[0]) / (last.amount - before.amount)
    if min(net) >= LEAST_SECONDS:
        verdict.growth = math.log(net[1] / net[0]) / math.log(last.amount / before.amount)
        if verdict.growth > MOST_EXPONENT:
            verdict.misses.append(f"time grows faster than linear: exponent above {MOST_EXPONENT}")
    verdict.memory = last.peak / before.peak
    if verdict.memory > MOST_MEMORY_RATIO and last.peak > MOST_MEMORY[job]:
        verdict.misses.append(f"memory grows, beyond {MOST_MEMORY[job] / 1e6:.0f} MB")
    return verdict


def judge_runs(store: Store) -> Verdict | None:
    """The last runs on the old archive beside those on the young one."""
    young = store.of(AGE, YOUNG)
    pairs = [(point, old) for point in young if (old := store.find(AGE, ARCHIVE, point.amount))]
    if not pairs:
        return None
    theirs, ours = zip(*pairs, strict=True)
    return _beside(ARCHIVE, list(ours), list(theirs))


def judge_reading(job: str, store: Store) -> Verdict | None:
    """Reading the old archive beside reading one that was made at once, and the same for the old one compacted."""
    at_once = store.of(AGE, AT_ONCE.format(job.removesuffix(COMPACTED.format(""))))
    ours = store.of(AGE, job)
    if not at_once or not ours or ours[-1].amount != at_once[-1].amount:
        return None
    return _beside(job, ours[-1:], at_once[-1:])


def _beside(job: str, ours: Sequence[Point], theirs: Sequence[Point]) -> Verdict:
    old, young = (median(point.processor for point in points) for points in (ours, theirs))
    peak, young_peak = (max(point.peak for point in points) for points in (ours, theirs))
    verdict = Verdict(AGE, job, theirs[-1].amount, ours[-1].amount, old / young, old, peak / young_peak, peak)
    if old > MOST_AGE_RATIO * young and old - young > LEAST_AGE_SECONDS:
        verdict.misses.append(COSTS_MORE)
    if verdict.memory > MOST_AGE_RATIO and peak > MOST_MEMORY["archive"]:
        verdict.misses.append(f"memory grows with age, beyond {MOST_MEMORY['archive'] / 1e6:.0f} MB")
    return verdict


def judge_both(job: str, store: Store) -> list[Verdict]:
    """A job of reading, on the old archive and on the compacted one, which may show what to do."""
    old, compacted = judge_reading(job, store), judge_reading(COMPACTED.format(job), store)
    if old and compacted and COSTS_MORE in old.misses and COSTS_MORE not in compacted.misses:
        old.mend("grows with the number of files; compacting mends it")
    found = [verdict for verdict in (old, compacted) if verdict]
    for verdict in found:
        if job == READS_ALL and COSTS_MORE in verdict.misses and verdict.growth:
            a_run = (verdict.each - verdict.each / verdict.growth) / verdict.last
            if a_run <= SECONDS_A_RUN:
                verdict.mend(f"{a_run * 1e3:.0f} ms more for each run, which is read")
    return found


def judge(curves: Sequence[Curve], store: Store) -> list[Verdict]:
    """All that was measured, curve by curve."""
    sizes = [judge_size(curve, job, store) for curve in curves for job in curve.jobs]
    found = [verdict for verdict in (*sizes, judge_runs(store)) if verdict]
    return found + [verdict for job in READING for verdict in judge_both(job, store)]
