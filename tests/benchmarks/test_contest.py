"""Contestants on one job and input: taking turns, failing, being cut short, being found out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from benchmarks import contest
from benchmarks.contest import Rules, check, compare, lacks_memory
from benchmarks.contestants import Contestant, Sources
from benchmarks.inputs import Facts
from benchmarks.measure import Measurement, ProgramFailedError
from benchmarks.report import LIMIT, REFERENCE, Result

RIGHT = {"messages": 4, "attachments": 2, "attachment_bytes": 90, "failed": 0}


def contestant(name: str, memory: float = 0) -> Contestant:
    """One that does everything, run with its name."""
    return Contestant(name, dict.fromkeys(("parse", "extract", "archive"), "mode"), lambda *_: [name], memory=memory)


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    """An input that is there."""
    path = tmp_path / "input.mbox"
    path.write_bytes(b"From a\n\nx\n")
    return Sources(Facts("mixed", str(path), 10, 4, 2, 90))


class Runs:
    """Stands for `run`: takes so many seconds, prints what is right or what it is told to, and notes who ran."""

    def __init__(self, seconds: float = 1.0, printed: Mapping[str, Mapping[str, int]] | None = None) -> None:
        self.order: list[str] = []
        self.seconds = seconds
        self.printed = printed or {}

    def __call__(self, words: list[str], **_: object) -> Measurement:
        self.order.append(words[0])
        if words[0] == "broken":
            raise ProgramFailedError(1, "message too large")
        return Measurement(self.seconds, 1, dict(self.printed.get(words[0], RIGHT)))


def measured(
    job: str, names: list[str], runs: Runs, rules: Rules, sources: Sources, monkeypatch: pytest.MonkeyPatch
) -> dict[str, Result]:
    """The results by name, of contestants that `runs` runs."""
    monkeypatch.setattr(contest, "run", runs)
    return {result.tool: result for result in compare(job, sources, list(map(contestant, names)), rules)}


def test_contestants_take_turns(sources: Sources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everyone once, then everyone again."""
    runs = Runs()
    results = measured("parse", ["a", "b", "c"], runs, Rules(2, tmp_path), sources, monkeypatch)
    assert runs.order == ["a", "b", "c"] * 2
    assert [len(result.runs) for result in results.values()] == [2, 2, 2]


def test_one_that_fails_is_not_run_again(sources: Sources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its reason is kept; the others are measured all the same."""
    runs = Runs()
    results = measured("extract", ["broken", REFERENCE], runs, Rules(3, tmp_path), sources, monkeypatch)
    assert results["broken"].skipped == "message too large"
    assert results["broken"].runs == []
    assert len(results[REFERENCE].runs) == 3
    assert runs.order.count("broken") == 1


def test_one_that_skips_work_has_no_figure(sources: Sources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong count takes the run back."""
    runs = Runs(printed={"lazy": RIGHT | {"messages": 3}})
    results = measured("parse", ["lazy"], runs, Rules(3, tmp_path), sources, monkeypatch)
    assert results["lazy"].skipped == "wrong result: 3 messages instead of 4"
    assert results["lazy"].runs == []


def test_a_budget_cuts_peers_short_only(sources: Sources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A peer that has had its time is run no more, and its result says so; mailstrata and the limit have all runs."""
    runs = Runs(seconds=4.0)
    names = ["peer", REFERENCE, LIMIT]
    results = measured("parse", names, runs, Rules(5, tmp_path, 10), sources, monkeypatch)
    assert [len(results[name].runs) for name in names] == [3, 5, 5]
    assert [results[name].cut for name in names] == ["10 s", "", ""]


def test_what_an_archive_holds_is_counted(sources: Sources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An archive job that prints nothing is asked afterwards, and found out."""
    monkeypatch.setattr(contest, "run", Runs(printed={"indexer": {}, "count": {"messages": 1}}))
    indexer = Contestant("indexer", {"archive": ""}, lambda *_: ["indexer"], count=lambda _: ["count"])
    (result,) = compare("archive", sources, [indexer], Rules(1, tmp_path))
    assert result.skipped == "wrong result: 1 messages instead of 4"


@pytest.mark.parametrize(
    ("job", "printed", "found"),
    [
        ("parse", RIGHT | {"messages": 3}, "wrong result: 3 messages instead of 4"),
        ("parse", RIGHT | {"attachments": 1}, "wrong result: 1 attachments instead of 2"),
        ("parse", RIGHT | {"failed": 1}, "wrong result: 1 failed instead of 0"),
        ("parse", RIGHT | {"attachment_bytes": 0}, ""),
        ("extract", RIGHT | {"attachment_bytes": 0}, "wrong result: 0 attachment bytes instead of 90"),
        ("extract", RIGHT, ""),
        ("archive", {"messages": 4, "attachments": 0}, ""),
    ],
)
def test_counts_are_compared(job: str, printed: dict[str, int], found: str, sources: Sources, tmp_path: Path) -> None:
    """What a program counts is what is in the input."""
    assert check(job, sources.facts, Measurement(1.0, 1, printed), tmp_path / "none") == found


@pytest.mark.parametrize(("size", "is_right"), [(89, False), (90, True)])
def test_written_bytes_are_compared(size: int, is_right: bool, sources: Sources, tmp_path: Path) -> None:
    """One that counts nothing is judged by what it has written."""
    target = tmp_path / "out" / "below"
    target.mkdir(parents=True)
    (target / "file").write_bytes(bytes(size))
    assert (check("extract", sources.facts, Measurement(1.0, 1), target.parent) == "") is is_right


@pytest.mark.parametrize(("content", "is_right"), [(b"From a\n\nx\n", True), (b"From a\n\ny\n", False)])
def test_what_is_restored_is_compared(content: bytes, is_right: bool, sources: Sources, tmp_path: Path) -> None:
    """Byte by byte, not by size."""
    target = tmp_path / "out"
    target.mkdir()
    (target / "input.mbox").write_bytes(content)
    assert (check("restore", sources.facts, Measurement(1.0, 1), target) == "") is is_right


@pytest.mark.parametrize(("failed", "is_right"), [(1, True), (11, False)])
def test_real_mail_may_fail_in_part(failed: int, is_right: bool, tmp_path: Path) -> None:
    """Of mail whose facts nobody knows, a tenth may fail."""
    facts = Facts("real", "", 10, 100, -1, -1)
    printed = {"messages": 100, "attachments": 7, "failed": failed}
    assert (check("parse", facts, Measurement(1.0, 1, printed), tmp_path) == "") is is_right


def test_memory_is_asked_for_beforehand(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that holds a message several times is not run on one that does not fit; on a mailbox it is."""
    monkeypatch.setattr(contest, "memory_available", lambda: 8_000_000_000)
    large = Facts("huge", "", 1_000_000_000, 1)
    assert lacks_memory(contestant("peer", 14), large) == "needs about 14 GB of memory, there are 8 GB"
    assert lacks_memory(contestant("peer", 6), large) == ""
    assert lacks_memory(contestant("peer", 14), Facts("mixed", "", 1_000_000_000, 9_000)) == ""
