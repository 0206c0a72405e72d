"""What was measured, kept in a JSON file that is whole at any moment."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.checkout import ROOT
from benchmarks.measure import Measurement

_SOURCE = ROOT / "src" / "mailstrata"


@dataclass(slots=True)
class Point:
    """A job of a curve at an amount: of all runs the least seconds (wall clock) and processor seconds, and the highest
    peak memory in bytes. `facts` are counts that belong to it, `code` says of which source it was measured."""

    curve: str
    job: str
    amount: int
    seconds: float
    processor: float
    peak: int
    runs: int = 1
    input_bytes: int = 0
    facts: dict[str, Any] = field(default_factory=dict)
    code: str = ""
    day: str = ""

    @classmethod
    def of(cls, curve: str, job: str, amount: int, runs: Sequence[Measurement], input_bytes: int = 0) -> Point:
        """The point that some runs make."""
        return cls(
            *(curve, job, amount, min(run.seconds for run in runs), min(run.processor for run in runs)),
            *(max(run.peak for run in runs), len(runs), input_bytes),
        )


class Store:
    """The points of a file, in the order in which they were measured. Each that is added is written at once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.points: list[Point] = []
        self.code = source_digest()
        if path.exists():
            self.points = [Point(**entry) for entry in json.loads(path.read_text(encoding="utf-8"))["points"]]

    def find(self, curve: str, job: str, amount: int) -> Point | None:
        """The point, where it was measured."""
        for point in self.points:
            if (point.curve, point.job, point.amount) == (curve, job, amount):
                return point
        return None

    def of(self, curve: str, job: str) -> list[Point]:
        """The points of a job but the start, from the least amount to the largest."""
        found = [point for point in self.points if (point.curve, point.job) == (curve, job) and point.amount]
        return sorted(found, key=lambda point: point.amount)

    def add(self, point: Point) -> None:
        """Keep a point, in place of the one that was there."""
        point.code, point.day = self.code, str(date.today())
        self._remove((point.curve, point.job, point.amount))
        self.points.append(point)
        self.write()

    def forget(self, curves: Iterable[str]) -> None:
        """Measure these curves anew."""
        chosen = set(curves)
        self.points = [point for point in self.points if point.curve not in chosen]
        self.write()

    def others(self, curves: Iterable[str]) -> int:
        """How many points of these curves were measured of another source."""
        chosen = set(curves)
        return sum(point.curve in chosen and point.code != self.code for point in self.points)

    def write(self, path: Path | None = None) -> None:
        """Write the file, or another one; it has its name once it is whole."""
        path = path or self.path
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        document = {"points": [asdict(point) for point in self.points]}
        partial.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
        partial.replace(path)

    def _remove(self, key: tuple[str, str, int]) -> None:
        self.points = [point for point in self.points if (point.curve, point.job, point.amount) != key]


def source_digest() -> str:
    """A few digits that change with the source of mailstrata."""
    digest = hashlib.sha256()
    for path in sorted(_SOURCE.rglob("*.py")):
        digest.update(os.fsencode(path.relative_to(_SOURCE)) + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]
