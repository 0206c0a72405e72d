"""Measures contestants on one job and one input, taking turns, and finds out who skipped work."""

from __future__ import annotations

import filecmp
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.contestants import Contestant, Sources, mailstrata
from benchmarks.inputs import Facts
from benchmarks.measure import Measurement, ProgramFailedError, memory_available, run, scratch, warm
from benchmarks.report import Result

_RUN_SECONDS = 3600.0
_MOST = 0.9


@dataclass(slots=True)
class Rules:
    """How often is measured: `runs` times. Of a peer no further run is begun once it has had `budget` seconds on one
    job and input (0: there is no such bound); mailstrata and the limit always have all their runs."""

    runs: int
    folder: Path
    budget: float = 0

    def has_turn(self, contestant: Contestant, result: Result) -> bool:
        """Whether a contestant is run once more; that it is not for want of time is noted in its result."""
        if result.skipped:
            return False
        if self.budget and contestant.is_peer and sum(run.seconds for run in result.runs) >= self.budget:
            result.cut = f"{self.budget:g} s"
            return False
        return True


def check(job: str, facts: Facts, measurement: Measurement, target: Path) -> str:
    """What a program should have found and did not; empty where all is well. One that counts nothing is judged by the
    bytes that it wrote, of which there may be more than the attachments have. What is restored is compared in full."""
    written = [path for path in target.rglob("*") if path.is_file()] if job in ("extract", "restore") else []
    if job == "restore" and not any(filecmp.cmp(path, facts.path, shallow=False) for path in written):
        return "wrong result: what was restored is not the original"
    printed = measurement.printed
    if job == "extract" and not printed:
        size = sum(path.stat().st_size for path in written)
        return f"wrong result: {size:,} bytes written instead of {facts.attachment_bytes:,}" * (
            size < facts.attachment_bytes
        )
    if facts.attachments < 0:
        # Of real mail nobody knows what is right; what each found stands below the table.
        found: int = printed.get("messages", facts.messages) - printed.get("failed", 0)
        return f"wrong result: {found:,} messages of {facts.messages:,}" * (found < _MOST * facts.messages)
    expected = {"messages": facts.messages, "failed": 0}
    if job in ("parse", "extract"):
        expected["attachments"] = facts.attachments
    if job == "extract":
        expected["attachment_bytes"] = facts.attachment_bytes
    wrong = [
        f"{printed[name]:,} {name.replace('_', ' ')} instead of {count:,}"
        for name, count in expected.items()
        if count >= 0 and printed.get(name, count) != count
    ]
    return f"wrong result: {', '.join(wrong)}" if wrong else ""


def lacks_memory(contestant: Contestant, facts: Facts) -> str:
    """Why a contestant is not run on a single message of this size; empty where memory suffices, or nobody knows."""
    needed = round(contestant.memory * facts.size) if facts.messages == 1 else 0
    there = memory_available()
    if not there or needed <= there:
        return ""
    return f"needs about {needed / 1e9:,.0f} GB of memory, there are {there / 1e9:,.0f} GB"


@contextmanager
def _archive(job: str, sources: Sources, folder: Path) -> Iterator[None]:
    """The archive that verify and restore read, made beforehand; for other jobs, none."""
    if job not in ("verify", "restore"):
        yield
        return
    with scratch(sources.facts.size, folder) as target:
        run(mailstrata().command("archive", sources, target), timeout=_RUN_SECONDS)
        sources.archive = target / "archive"
        yield


def compare(job: str, sources: Sources, field: Sequence[Contestant], rules: Rules) -> list[Result]:
    """Measure all on one job and input, so that a slow minute of the machine hits all alike."""
    facts = sources.facts
    chosen = [contestant for contestant in field if contestant.does(job, facts.name)]
    results = [
        Result(job, facts.name, contestant.name, facts.size, facts.messages, mode=contestant.modes[job])
        for contestant in chosen
    ]
    for contestant, result in zip(chosen, results, strict=True):
        result.skipped = contestant.missing() or lacks_memory(contestant, facts)
    if facts.path:
        warm(Path(facts.path))
    if sources.maildir is not None:
        for path in (sources.maildir / "cur").iterdir():
            warm(path)
    with _archive(job, sources, rules.folder):
        for turn in range(rules.runs):
            for contestant, result in zip(chosen, results, strict=True):
                if rules.has_turn(contestant, result):
                    progress(f"{job} {facts.name}, run {turn + 1} of {rules.runs}: {result.tool}")
                    _take_turn(contestant, result, sources, rules)
    return results


def _take_turn(contestant: Contestant, result: Result, sources: Sources, rules: Rules) -> None:
    with scratch(2 * sources.facts.size, rules.folder) as target:
        try:
            measurement = run(contestant.command(result.job, sources, target), timeout=_RUN_SECONDS)
            if contestant.count and result.job == "archive":
                measurement.printed = run(contestant.count(target)).printed
        except ProgramFailedError as error:
            result.skipped = str(error)
        else:
            result.skipped = check(result.job, sources.facts, measurement, target)
            result.runs.append(measurement)
    if result.skipped:
        result.runs.clear()


def progress(text: str) -> None:
    """Show what is being done, on a terminal."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()
