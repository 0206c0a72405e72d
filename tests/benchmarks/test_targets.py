"""Targets: met, not met, or not judged for want of a figure."""

from __future__ import annotations

import pytest

from benchmarks.contestants import EMPTY, HELP, JOBS, TWO_JOBS, contestants
from benchmarks.measure import Measurement
from benchmarks.report import LIMIT, REFERENCE, Result
from benchmarks.targets import TARGETS, Target, peak_memory, target_table


def result(job: str, kind: str, tool: str, seconds: float, peak: int = 0) -> Result:
    """One run."""
    return Result(job, kind, tool, 100, 4, [Measurement(seconds, peak)])


@pytest.mark.parametrize(("peak", "verdict"), [(40_000_000, "met"), (41_000_000, "NOT MET")])
def test_an_upper_bound(peak: int, verdict: str) -> None:
    """Memory is judged from above."""
    target = Target("parse", "huge", "peak memory", peak_memory("parse", "huge"), 40, "MB", at_most=True)
    cells = target.cells([result("parse", "huge", REFERENCE, 1.0, peak)])
    assert cells == ["parse", "huge", "peak memory", "at most 40 MB", f"{peak // 1_000_000} MB", verdict]


@pytest.mark.parametrize(("seconds", "verdict"), [(0.8, "met"), (0.81, "NOT MET")])
def test_a_lower_bound_by_the_faster_peer(seconds: float, verdict: str) -> None:
    """1.25 times the faster one of two: the slower one does not count."""
    peers = [result("parse", "small", "fast-mail-parser", 1.0), result("parse", "small", "GMime (C)", 2.0)]
    table = target_table([*peers, result("parse", "small", REFERENCE, seconds)])
    assert table.rows[0][-1] == verdict
    assert table.rows[1][-2:] == ["-", "not measured"]


def test_the_limit_verify_and_start() -> None:
    """A share of the limit in per cent; verify by archive; times of an interpreter that does nothing."""
    results = [
        *(result("archive", "mixed", REFERENCE, 4.0), result("archive", "mixed", LIMIT, 2.0)),
        *(result("archive", "mixed", TWO_JOBS, 2.0), result("verify", "mixed", REFERENCE, 5.0)),
        *(result("start", "-", EMPTY, 0.01), result("start", "-", HELP, 0.029)),
    ]
    measured = {(job, text): (figure, verdict) for job, _, text, _, figure, verdict in target_table(results).rows}
    assert measured["archive", "speed of the limit"] == ("50 %", "NOT MET")
    assert measured["archive", "speed of one process, --jobs 2"] == ("2.00 x", "met")
    assert measured["verify", "speed of archive"] == ("0.80 x", "NOT MET")
    assert measured["start", f"{HELP}: time of {EMPTY}"] == ("2.90 x", "met")
    assert not any(job in ("parse", "restore") for job, _ in measured)


def test_targets_name_what_is_measured() -> None:
    """Each job and input of a target is one that is run, and all the names that targets go by are of contestants."""
    assert all(target.input in JOBS[target.job] for target in TARGETS)
    seconds = {one.name: 1.0 for one in contestants("python")}
    results = [
        result(job, kind, name, time) for job, kinds in JOBS.items() for kind in kinds for name, time in seconds.items()
    ]
    assert not any(target.measure(results) is None for target in TARGETS)
