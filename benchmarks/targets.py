"""The targets, each beside what one run of the benchmarks measured. A target whose peers are missing is not judged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.contestants import COMPILED, EMPTY, HELP, IMPORT, TWO_JOBS
from benchmarks.report import LIMIT, REFERENCE, Result, Table, find

_FAST, _GMIME = "fast-mail-parser", "GMime (C)"
_EXTRACTORS = (
    *("standard library, compat32", "standard library, default", "mail-parser", _FAST, _GMIME),
    *("ripmime", "munpack", "mu extract"),
)

Measure = Callable[[Sequence[Result]], float | None]


@dataclass(slots=True, frozen=True)
class Target:
    """A row: a figure that is at least `bound`, or at most where `at_most`; `unit` is x, % or MB."""

    job: str
    input: str
    text: str
    measure: Measure
    bound: float
    unit: str = "x"
    at_most: bool = False

    def cells(self, results: Sequence[Result]) -> list[str]:
        """Job, input, what is promised, the figure, and whether it is met."""
        figure = self.measure(results)
        bound = f"at {'most' if self.at_most else 'least'} {self.bound:g} {self.unit}"
        if figure is None:
            return [self.job, self.input, self.text, bound, "-", "not measured"]
        met = figure <= self.bound if self.at_most else figure >= self.bound
        shown = f"{figure:.2f} x" if self.unit == "x" else f"{figure:,.0f} {self.unit}"
        return [self.job, self.input, self.text, bound, shown, "met" if met else "NOT MET"]


def faster_than(job: str, kind: str, peers: Sequence[str], tool: str = REFERENCE) -> Measure:
    """How many times the speed of the fastest of some peers."""

    def measure(results: Sequence[Result]) -> float | None:
        ours = find(results, job, kind, tool)
        theirs = [result.seconds for peer in peers if (result := find(results, job, kind, peer))]
        return min(theirs) / ours.seconds if ours and theirs else None

    return measure


def share_of_limit(kind: str) -> Measure:
    """The speed of archiving as a percentage of what the same bytes take by hand."""

    def measure(results: Sequence[Result]) -> float | None:
        ratio = faster_than("archive", kind, [LIMIT])(results)
        return None if ratio is None else 100 * ratio

    return measure


def peak_memory(job: str, kind: str) -> Measure:
    """Peak memory in MB."""

    def measure(results: Sequence[Result]) -> float | None:
        ours = find(results, job, kind, REFERENCE)
        return ours.peak / 1e6 if ours else None

    return measure


def beside_archive(job: str) -> Measure:
    """How many times the speed of archiving the same input."""

    def measure(results: Sequence[Result]) -> float | None:
        ours, archive = find(results, job, "mixed", REFERENCE), find(results, "archive", "mixed", REFERENCE)
        return archive.seconds / ours.seconds if ours and archive else None

    return measure


def start_time(tool: str) -> Measure:
    """How many times the time of an interpreter that does nothing."""

    def measure(results: Sequence[Result]) -> float | None:
        ours, empty = find(results, "start", "-", tool), find(results, "start", "-", EMPTY)
        return ours.seconds / empty.seconds if ours and empty else None

    return measure


def _index_targets(kind: str, bound: float) -> list[Target]:
    return [
        Target("archive", kind, f"speed of {peer}", faster_than("archive", kind, [peer]), bound)
        for peer in ("mu index", "notmuch new")
    ]


def _huge_targets(kind: str, parse: float) -> list[Target]:
    return [
        Target("parse", kind, "speed of GMime", faster_than("parse", kind, [_GMIME]), parse),
        Target("parse", kind, "peak memory", peak_memory("parse", kind), 40, "MB", at_most=True),
        Target("extract", kind, "speed of the fastest peer", faster_than("extract", kind, _EXTRACTORS), 1.5),
        Target("extract", kind, "peak memory", peak_memory("extract", kind), 64, "MB", at_most=True),
        Target("archive", kind, "speed of the limit", share_of_limit(kind), 70, "%"),
    ]


_FASTER = "speed of the faster of fast-mail-parser and GMime"
_BOTH = (_FAST, _GMIME)
TARGETS = [
    Target("parse", "small", _FASTER, faster_than("parse", "small", _BOTH), 1.25),
    Target("parse", "small", f"{_FASTER}, compiled", faster_than("parse", "small", _BOTH, COMPILED), 1.5),
    Target("parse", "mixed", "speed of GMime", faster_than("parse", "mixed", [_GMIME]), 1.2),
    Target("extract", "mixed", "speed of the fastest peer", faster_than("extract", "mixed", _EXTRACTORS), 1.2),
    *_huge_targets("huge", 1.3),
    *_huge_targets("huge-1g", 2.0),
    Target("archive", "mixed", "speed of the limit", share_of_limit("mixed"), 60, "%"),
    *_index_targets("mixed", 20),
    Target("archive", "small", "speed of the limit", share_of_limit("small"), 30, "%"),
    *_index_targets("small", 12),
    *(
        Target(
            "archive", kind, "speed of one process, --jobs 2", faster_than("archive", kind, [REFERENCE], TWO_JOBS), 1.7
        )
        for kind in ("mixed", "small")
    ),
    Target("verify", "mixed", "speed of archive", beside_archive("verify"), 1.0),
    Target("restore", "mixed", "speed of archive", beside_archive("restore"), 1.0),
    Target("start", "-", f"{HELP}: time of {EMPTY}", start_time(HELP), 3.0, at_most=True),
    Target("start", "-", f"{IMPORT}: time of {EMPTY}", start_time(IMPORT), 2.0, at_most=True),
]


def target_table(results: Sequence[Result]) -> Table:
    """All targets of the jobs that were measured, but those of inputs that were not."""
    measured = {(result.job, result.input) for result in results}
    rows = [target.cells(results) for target in TARGETS if (target.job, target.input) in measured]
    return Table("Targets", ["job", "input", "figure", "target", "measured", ""], rows, [], names=3)
