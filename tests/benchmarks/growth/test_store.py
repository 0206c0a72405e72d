"""The points that are kept: whole at any moment, each once."""

from __future__ import annotations

from pathlib import Path

from benchmarks.growth.store import Point, Store
from benchmarks.measure import Measurement


def point(amount: int, seconds: float = 1.0, curve: str = "messages") -> Point:
    """A point of one job."""
    return Point(curve, "parse", amount, seconds, seconds, 20)


def test_what_is_added_is_in_the_file_at_once(tmp_path: Path) -> None:
    """Another store of the same file finds it, with the day and the source."""
    path = tmp_path / "below" / "points.json"
    Store(path).add(point(10))
    found = Store(path).find("messages", "parse", 10)
    assert found is not None
    assert found.day
    assert len(found.code) == 12
    assert [file.name for file in path.parent.iterdir()] == ["points.json"]


def test_a_point_is_kept_once(tmp_path: Path) -> None:
    """The later one counts."""
    store = Store(tmp_path / "points.json")
    store.add(point(10, 1.0))
    store.add(point(10, 2.0))
    assert [each.seconds for each in Store(store.path).points] == [2.0]


def test_points_come_in_their_order_and_without_the_start(tmp_path: Path) -> None:
    """By amount, whatever the order in which they were measured."""
    store = Store(tmp_path / "points.json")
    for amount in (100, 0, 10):
        store.add(point(amount))
    assert [each.amount for each in store.of("messages", "parse")] == [10, 100]


def test_a_curve_can_be_forgotten(tmp_path: Path) -> None:
    """And no other one with it."""
    store = Store(tmp_path / "points.json")
    store.add(point(10))
    store.add(point(10, curve="blobs"))
    store.forget(["messages"])
    assert [each.curve for each in Store(store.path).points] == ["blobs"]


def test_points_of_another_source_are_known_as_such(tmp_path: Path) -> None:
    """Of the curves that are asked for."""
    store = Store(tmp_path / "points.json")
    store.add(point(10))
    store.add(point(20))
    store.points[0].code = "before"
    assert store.others(["messages"]) == 1
    assert store.others(["blobs"]) == 0


def test_the_best_run_makes_the_point() -> None:
    """The least time of either kind, and the highest memory."""
    runs = [Measurement(2.0, 30, {}, 1.0), Measurement(1.5, 20, {}, 1.2)]
    made = Point.of("messages", "parse", 10, runs, 500)
    assert (made.seconds, made.processor, made.peak, made.runs, made.input_bytes) == (1.5, 1.0, 30, 2, 500)
