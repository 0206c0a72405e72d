"""The judge: linear and flat passes, and anything else does not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.growth.age import ARCHIVE, AT_ONCE, COMPACTED, YOUNG
from benchmarks.growth.curves import AGE, SIZES, START
from benchmarks.growth.judge import Verdict, judge, judge_reading, judge_runs, judge_size
from benchmarks.growth.store import Point, Store

CURVE = SIZES[0]
AMOUNTS = (START, 1_000, 10_000, 100_000)


def store_of(path: Path, time: Callable[[int], float], memory: Callable[[int], float]) -> Store:
    """A store with a curve of that time (processor seconds; the wall clock says nonsense) and memory (bytes)."""
    store = Store(path / "points.json")
    store.points = [
        Point(CURVE.name, "archive", amount, 7.0, time(amount), round(memory(amount))) for amount in AMOUNTS
    ]
    return store


def verdict(path: Path, time: Callable[[int], float], memory: Callable[[int], float]) -> Verdict:
    """What the judge says of it."""
    found = judge_size(CURVE, "archive", store_of(path, time, memory))
    assert found is not None
    return found


def flat(_: int) -> float:
    """The same memory for all."""
    return 1e9


def linear(amount: int) -> float:
    """A start and so much for each."""
    return 0.5 + amount * 1e-3


def test_linear_and_flat_passes(tmp_path: Path) -> None:
    """The start is subtracted: without that the exponent would be too small."""
    found = verdict(tmp_path, linear, flat)
    assert found.growth == pytest.approx(1.0)
    assert found.each == pytest.approx(1e-3)
    assert (found.first, found.last, found.memory) == (10_000, 100_000, 1.0)
    assert not found.misses
    assert found.text == "linear; flat"


@pytest.mark.parametrize("exponent", [1.2, 1.5, 2.0])
def test_more_than_linear_is_a_miss(exponent: float, tmp_path: Path) -> None:
    """And the exponent is what it is."""
    found = verdict(tmp_path, lambda amount: 0.5 + 1e-4 * amount**exponent, flat)
    assert found.growth == pytest.approx(exponent)
    assert "faster than linear" in found.text


def test_a_start_that_is_large_hides_nothing(tmp_path: Path) -> None:
    """Ten seconds of start beside a square: still a miss."""
    assert verdict(tmp_path, lambda amount: 10 + 1e-8 * amount**2, flat).misses


def test_what_is_over_at_once_says_nothing(tmp_path: Path) -> None:
    """No exponent is made of noise."""
    found = verdict(tmp_path, lambda amount: 0.5 + 1e-12 * amount**2, flat)
    assert found.growth is None
    assert not found.misses
    assert found.text == "too short to say; flat"


def test_memory_that_grows_beyond_its_bound_is_a_miss(tmp_path: Path) -> None:
    """One byte in three more for ten times as many is one; within the bound, caches may still fill."""
    grown = verdict(tmp_path, linear, lambda amount: 250e6 + amount * 1e3)
    assert "memory grows" in grown.text
    filling = verdict(tmp_path, linear, lambda amount: 150e6 + amount * 1e3)
    assert not filling.misses
    assert filling.text == "linear; below 300 MB"


def test_one_point_makes_no_verdict(tmp_path: Path) -> None:
    """Nor does none."""
    store = store_of(tmp_path, linear, flat)
    store.points = store.points[:2]
    assert judge_size(CURVE, "archive", store) is None
    assert judge(SIZES, store) == []


def aged(path: Path, points: dict[tuple[str, int], float]) -> Store:
    """A store with points against age, by their processor seconds."""
    store = Store(path / "points.json")
    store.points = [Point(AGE, job, amount, 7.0, time, 10**8) for (job, amount), time in points.items()]
    return store


@pytest.mark.parametrize(("time", "is_missed"), [(1.2, False), (1.3, True), (3.0, True)])
def test_old_runs_are_compared_with_young_ones(time: float, is_missed: bool, tmp_path: Path) -> None:
    """By the median, so that one slow run says nothing."""
    young = {(YOUNG, number): 1.0 for number in range(8, 11)}
    old = {(ARCHIVE, number): time for number in (8, 10)} | {(ARCHIVE, 9): 99.0, (ARCHIVE, 1): 0.1}
    found = judge_runs(aged(tmp_path, old | young))
    assert found is not None
    assert found.growth == pytest.approx(time)
    assert bool(found.misses) is is_missed


@pytest.mark.parametrize(("time", "compacted", "missed"), [(1.2, 1.0, 0), (8.0, 1.1, 0), (8.0, 7.0, 2), (1.2, 7.0, 1)])
def test_reading_is_compared_with_an_archive_made_at_once(
    time: float, compacted: float, missed: int, tmp_path: Path
) -> None:
    """The old one and the compacted one, after the last run: what compacting mends is said to be mended so."""
    job = COMPACTED.format("sql")
    points = {("sql", 1): 1.0, ("sql", 9): time, (job, 9): compacted, (AT_ONCE.format("sql"), 9): 1.0}
    verdicts = judge(SIZES, aged(tmp_path, points))
    assert [each.job for each in verdicts] == ["sql", job]
    assert sum(bool(each.misses) for each in verdicts) == missed
    assert ("compacting mends it" in verdicts[0].text) is (time == 8.0 and not missed)


@pytest.mark.parametrize(("time", "is_missed"), [(3.0, False), (5.0, True), (47.0, True)])
def test_verifying_may_take_some_milliseconds_for_each_run(time: float, is_missed: bool, tmp_path: Path) -> None:
    """It reads what each run has left; but no more than that."""
    (verdict,) = judge(SIZES, aged(tmp_path, {("verify", 100): time, (AT_ONCE.format("verify"), 100): 1.0}))
    assert bool(verdict.misses) is is_missed
    assert ("20 ms more for each run" in verdict.text) is not is_missed


def test_memory_that_grows_with_age_is_a_miss_whatever_the_time(tmp_path: Path) -> None:
    """No reason for the one is one for the other."""
    store = aged(tmp_path, {("verify", 100): 3.0, (AT_ONCE.format("verify"), 100): 1.0})
    store.points[0].peak = 5 * 10**8
    (verdict,) = judge(SIZES, store)
    assert "memory grows with age" in verdict.text


def test_a_few_hundredths_of_a_second_are_no_growth(tmp_path: Path) -> None:
    """Some records and small files are read, however short the rest is."""
    (verdict,) = judge(SIZES, aged(tmp_path, {("info", 9): 0.3, (AT_ONCE.format("info"), 9): 0.2}))
    assert verdict.growth == pytest.approx(1.5)
    assert verdict.text == "does not grow with age"


def test_points_a_decade_apart_are_compared(tmp_path: Path) -> None:
    """Not the last two where steps are smaller: of a small step, noise makes a large exponent."""
    store = store_of(tmp_path, linear, flat)
    store.points.append(Point(CURVE.name, "archive", 30_000, 7.0, 99.0, 10**9))
    found = judge_size(CURVE, "archive", store)
    assert found is not None
    assert (found.first, found.last, found.growth) == (10_000, 100_000, pytest.approx(1.0))


def test_an_unfinished_age_is_not_judged(tmp_path: Path) -> None:
    """While there is nothing of the same age to compare with."""
    store = aged(tmp_path, {("verify", 1): 1.0, (AT_ONCE.format("verify"), 9): 1.0, (ARCHIVE, 1): 1.0})
    assert judge_reading("verify", store) is None
    assert judge_runs(store) is None
