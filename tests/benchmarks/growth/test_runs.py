"""The points of a curve against a size: measured once, counted, and nothing large left behind."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.growth import runs
from benchmarks.growth.curves import SIZES, START, Curve
from benchmarks.growth.runs import SizeRuns, WrongResultError, made, measure_point, repeat, room_for
from benchmarks.growth.store import Store
from benchmarks.inputs import make
from benchmarks.measure import Measurement

MESSAGES, ATTACHMENT, BLOBS = SIZES


@pytest.fixture(autouse=True)
def _once(monkeypatch: pytest.MonkeyPatch) -> None:
    """One run of each: how long it takes is not what is tested."""
    monkeypatch.setattr(runs, "MOST_RUNS", 1)


def measure(curve: Curve, amount: int, store: Store, folder: Path) -> list[str]:
    """Measure a point, and what was said of it."""
    said: list[str] = []
    place = folder / "place"
    place.mkdir(exist_ok=True)
    measure_point(curve, amount, store, folder / "inputs", place, said.append)
    assert not list(place.iterdir())
    return said


@pytest.mark.parametrize(("curve", "amount"), [(MESSAGES, 12), (replace(ATTACHMENT, size=50_000), 2), (BLOBS, 23)])
def test_every_job_makes_a_point(curve: Curve, amount: int, tmp_path: Path) -> None:
    """With time, memory and the size of the input; a second time nothing is made or run."""
    store = Store(tmp_path / "points.json")
    measure(curve, amount, store, tmp_path)
    assert [(point.job, point.amount, point.runs) for point in store.points] == [(job, amount, 1) for job in curve.jobs]
    for point in store.points:
        assert point.seconds > 0
        assert point.processor > 0
        assert point.peak > 10_000_000
        assert point.input_bytes > 1000
    assert measure(curve, amount, Store(store.path), tmp_path) == []


def test_what_is_missing_is_measured_alone(tmp_path: Path) -> None:
    """`verify` makes its archive where `archive` was measured before."""
    store = Store(tmp_path / "points.json")
    measure(MESSAGES, START, store, tmp_path)
    store.points = [point for point in store.points if point.job != "verify"]
    said = measure(MESSAGES, START, store, tmp_path)
    assert said == ["messages start: making the input", "messages start: verify"]
    assert store.find("messages", "verify", START)


@pytest.mark.parametrize("job", ["parse", "archive", "verify"])
def test_a_wrong_result_is_no_point(job: str, tmp_path: Path) -> None:
    """Who finds another number of messages than there are has not done the work."""
    facts = make("small", 3, tmp_path)
    facts.messages = 4
    with pytest.raises(WrongResultError, match=rf"{job} found .*messages"):
        SizeRuns(MESSAGES, 3, facts, tmp_path).point(job)


def test_an_attachment_that_was_not_extracted_is_no_point(tmp_path: Path) -> None:
    """Its bytes are counted."""
    facts = make("huge", 5_000, tmp_path)
    facts.attachment_bytes = 5_001
    with pytest.raises(WrongResultError, match=r"extract wrote 5,000 bytes instead of 5,001"):
        SizeRuns(ATTACHMENT, 1, facts, tmp_path).point("extract")


def test_large_inputs_are_removed_unless_they_were_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small ones stay for the next time."""
    with made(MESSAGES, 3, tmp_path) as facts:
        pass
    assert Path(facts.path).exists()
    monkeypatch.setattr(runs, "KEPT_BYTES", 1000)
    with made(MESSAGES, 3, tmp_path):
        pass
    assert Path(facts.path).exists()
    with made(MESSAGES, 4, tmp_path) as larger:
        assert Path(larger.path).exists()
    assert sorted(tmp_path.iterdir()) == [Path(facts.path).with_suffix(".json"), Path(facts.path)]


def test_short_runs_are_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    """Up to five times, or until it is enough; cleared up before each."""
    monkeypatch.setattr(runs, "MOST_RUNS", 5)
    for seconds, times in ((0.1, 5), (1.4, 3), (60.0, 1)):
        cleared: list[int] = []
        measured = Measurement(seconds, 20)
        monkeypatch.setattr(runs, "run", lambda _, measured=measured, **__: measured)
        assert len(repeat([], lambda cleared=cleared: cleared.append(1))) == times
        assert len(cleared) == times


def test_a_point_for_which_there_is_no_room_says_so(tmp_path: Path) -> None:
    """Before it is begun."""
    assert room_for(MESSAGES, START, tmp_path) == ""
    assert "GB below" in room_for(MESSAGES, 10**12, tmp_path)
