"""The benchmark command: what it runs, and how it deals with tools that fail or cheat."""

from __future__ import annotations

from pathlib import Path

import pytest

import benchmarks.__main__ as command
from benchmarks.inputs import Facts
from benchmarks.measure import Measurement, ProgramFailedError
from benchmarks.report import BY_HAND, REFERENCE

FACTS = Facts("mixed", "", size=10, messages=4, attachments=2, attachment_bytes=90)
RIGHT = {"messages": 4, "attachments": 2, "attachment_bytes": 90}


@pytest.fixture
def facts(tmp_path: Path) -> Facts:
    """The facts of an input that is there."""
    path = tmp_path / "input.mbox"
    path.write_bytes(b"From a\n\nx\n")
    return Facts("mixed", str(path), 10, 4, 2, 90)


def test_tools_take_turns(facts: Facts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs are interleaved: every tool once, then every tool again."""
    order = []

    def run(words: list[str], **_: object) -> Measurement:
        order.append(words[2])
        return Measurement(1.0, 1, RIGHT)

    monkeypatch.setattr(command, "run", run)
    results = command.compare("parse", facts, 2, tmp_path)
    assert order[:3] == order[3:]
    assert len(set(order)) == 3
    assert [len(result.runs) for result in results] == [2, 2, 2]


def test_a_tool_that_fails_is_skipped_and_not_run_again(
    facts: Facts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its reason is kept; the others are measured all the same."""
    calls = []

    def run(words: list[str], **_: object) -> Measurement:
        calls.append(words[2])
        if words[2].endswith("fast_mail_parser_full"):
            raise ProgramFailedError(1, "message too large")
        return Measurement(1.0, 1, RIGHT)

    monkeypatch.setattr(command, "run", run)
    results = {result.tool: result for result in command.compare("extract", facts, 3, tmp_path)}
    assert results["fast-mail-parser"].skipped == "message too large"
    assert results["fast-mail-parser"].runs == []
    assert len(results[REFERENCE].runs) == 3
    assert sum(name.endswith("fast_mail_parser_full") for name in calls) == 1


@pytest.mark.parametrize(
    ("job", "printed", "found"),
    [
        ("parse", {"messages": 3, "attachments": 2}, "wrong result: 3 messages instead of 4"),
        ("parse", RIGHT | {"attachment_bytes": 0}, ""),
        ("extract", RIGHT | {"attachment_bytes": 0}, "wrong result: 0 attachment bytes instead of 90"),
        ("extract", RIGHT, ""),
        ("archive", {}, ""),
    ],
)
def test_a_tool_that_skips_work_is_found_out(job: str, printed: dict[str, int], found: str) -> None:
    """What a program counts is compared with what is in the input."""
    assert command.check(job, FACTS, Measurement(1.0, 1, printed)) == found


def test_every_job_names_its_program(tmp_path: Path) -> None:
    """Parsing and extracting run the peers' programs, archiving the command line and the limit."""
    assert command.command("parse", "stdlib email", FACTS, tmp_path)[2:] == [
        "benchmarks.peers.stdlib_email",
        "parse",
        "",
    ]
    assert command.command("extract", REFERENCE, FACTS, tmp_path)[-1] == str(tmp_path)
    assert command.command("archive", REFERENCE, FACTS, tmp_path)[2:4] == ["mailstrata", "archive"]
    assert command.command("archive", BY_HAND, FACTS, tmp_path)[2] == "benchmarks.peers.by_hand"


def test_the_environment_asks_for_the_large_inputs(monkeypatch: pytest.MonkeyPatch) -> None:
    """BENCH_FULL=1 does what --full does; 0 and nothing do not."""
    for value, full in (("1", True), ("0", False), ("", False)):
        monkeypatch.setenv("BENCH_FULL", value)
        assert command.options([]).full is full
    assert command.options(["--full"]).full is True
