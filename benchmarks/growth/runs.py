"""One point of a curve against a size: the input is made, each job is run, and what comes out is counted.

A job that is over within a second or two is run up to five times, and the best run counts; what takes longer, once.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.__main__ import make_input
from benchmarks.growth.curves import START, Curve
from benchmarks.growth.store import Point, Store
from benchmarks.inputs import Facts
from benchmarks.measure import Measurement, run, warm

ENOUGH_SECONDS = 3.0
MOST_RUNS = 5
KEPT_BYTES = 250_000_000
"""Inputs of more bytes are removed once they were measured."""


def mailstrata(*words: str | Path) -> list[str]:
    """A command of mailstrata."""
    return [sys.executable, "-m", "mailstrata", *map(str, words)]


def repeat(command: Sequence[str], before: Callable[[], None] = lambda: None) -> list[Measurement]:
    """Run a command once, or a few times where it is short; `before` clears up what the run before has left."""
    runs: list[Measurement] = []
    while len(runs) < MOST_RUNS and sum(each.seconds for each in runs) < ENOUGH_SECONDS:
        before()
        runs.append(run(command, adds_children=False))
    return runs


class WrongResultError(Exception):
    """A job found something else than there is."""


class SizeRuns:
    """The jobs on one input. `place` is a folder for what they write."""

    def __init__(self, curve: Curve, amount: int, facts: Facts, place: Path) -> None:
        self._curve = curve
        self._amount = amount
        self._facts = facts
        self._target = place / "extracted"
        self._archive = place / "archive"

    def point(self, job: str) -> Point:
        """Measure a job.

        Raises `ProgramFailedError`, or `WrongResultError` where it found something else than is there.
        """
        jobs = {"parse": self._parse, "extract": self._extract, "archive": self._archived, "verify": self._verify}
        return Point.of(self._curve.name, job, self._amount, jobs[job](), self._facts.size)

    def _parse(self) -> list[Measurement]:
        runs = repeat([sys.executable, "-m", "benchmarks.peers.mailstrata_pull", "parse", self._facts.path])
        self._expect("parse", runs, messages=self._facts.messages, attachments=self._facts.attachments)
        return runs

    def _extract(self) -> list[Measurement]:
        target = self._target
        runs = repeat(mailstrata("extract", self._facts.path, "--to", target, "--quiet"), lambda: clear(target))
        # The attachment is by far the largest file; the others are texts.
        largest = max((file.stat().st_size for file in target.rglob("*") if file.is_file()), default=0)
        clear(target)
        if largest != self._facts.attachment_bytes:
            raise WrongResultError(f"extract wrote {largest:,} bytes instead of {self._facts.attachment_bytes:,}")
        return runs

    def _archived(self) -> list[Measurement]:
        archive = self._archive
        command = mailstrata("archive", self._facts.path, "--to", archive, "--json")
        runs = repeat(command, lambda: clear(archive))
        self._expect("archive", runs, messages_new=self._facts.messages, blobs_new=self._facts.attachments)
        return runs

    def _verify(self) -> list[Measurement]:
        if not self._archive.exists():
            run(mailstrata("archive", self._facts.path, "--to", self._archive, "--quiet"))
        runs = repeat(mailstrata("verify", self._archive, "--json"))
        self._expect("verify", runs, messages=self._facts.messages, attachments=self._facts.attachments, whole=True)
        return runs

    def _expect(self, job: str, runs: Sequence[Measurement], **expected: int) -> None:
        for each in runs:
            found = {name: each.printed.get(name) for name in expected}
            if found != expected:
                raise WrongResultError(f"{job} found {found} instead of {expected}")


def clear(folder: Path) -> None:
    """Remove a folder, if it is there."""
    if folder.exists():
        shutil.rmtree(folder)


@contextmanager
def made(curve: Curve, amount: int, folder: Path) -> Iterator[Facts]:
    """The input of a point; removed afterwards where it is large and was not there before."""
    size = curve.input_size(amount)
    before = {path.name for path in folder.glob("*")} if folder.is_dir() else set()
    facts = make_input(curve.kind, size, folder)
    path = Path(facts.path)
    try:
        yield facts
    finally:
        if path.name not in before and facts.size > KEPT_BYTES:
            path.unlink()
            path.with_suffix(".json").unlink()


def measure_point(
    curve: Curve, amount: int, store: Store, folder: Path, place: Path, progress: Callable[[str], None]
) -> None:
    """Measure the jobs of a point that the store has not."""
    open_jobs = [job for job in curve.jobs if store.find(curve.name, job, amount) is None]
    if not open_jobs:
        return
    what = "start" if amount == START else f"{amount:,}"
    progress(f"{curve.name} {what}: making the input")
    with made(curve, amount, folder) as facts:
        warm(Path(facts.path))
        runs = SizeRuns(curve, amount, facts, place)
        for job in open_jobs:
            progress(f"{curve.name} {what}: {job}")
            store.add(runs.point(job))
        clear(place / "archive")


def room_for(curve: Curve, amount: int, folder: Path) -> str:
    """Why there is no room for a point on the disk; empty where there is."""
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if curve.needs(amount) <= free:
        return ""
    return f"needs {curve.needs(amount) / 1e9:,.0f} GB below {folder}, where {free / 1e9:,.0f} GB are free"
