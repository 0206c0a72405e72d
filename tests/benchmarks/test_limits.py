"""The promises: when they are kept, and how the feeding of standard input is timed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from benchmarks.inputs import Facts
from benchmarks.limits import Promise, feeder


@pytest.mark.parametrize(
    ("figure", "at_least", "kept"), [(63.9, False, True), (64.1, False, False), (64.1, True, True), (63.9, True, False)]
)
def test_a_promise_is_kept_on_its_side_of_the_target(figure: float, at_least: bool, kept: bool) -> None:
    """An upper bound is kept below it, a lower bound above it, and the line says which."""
    promise = Promise("peak memory", figure, 64, "MB", at_least=at_least)
    assert promise.kept is kept
    assert promise.line().startswith("ok " if kept else "MISS ")
    assert ("at least 64 MB" if at_least else "at most 64 MB") in promise.line()


@pytest.mark.parametrize("size", [1, 9, 10, 1_000_003, 5_000_000])
def test_feeding_marks_the_start_and_every_tenth(size: int, tmp_path: Path) -> None:
    """Eleven moments in order, whatever the size, and the whole file is written."""
    path = tmp_path / "input"
    path.write_bytes(os.urandom(size))
    marks: list[float] = []
    with (tmp_path / "copy").open("wb") as out:
        feeder(Facts("small", str(path), size), marks)(out)
    assert (tmp_path / "copy").read_bytes() == path.read_bytes()
    assert len(marks) == 11
    assert marks == sorted(marks)
