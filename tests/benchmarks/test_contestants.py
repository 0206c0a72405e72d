"""Who is measured: every program does its job on small inputs, and counts what is in them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.contest import check
from benchmarks.contestants import COMPILED, JOBS, TWO_JOBS, Contestant, Sources, contestants
from benchmarks.forms import make_maildir
from benchmarks.inputs import Facts, make
from benchmarks.measure import run
from benchmarks.report import LIMIT, REFERENCE

FIELD = [contestant for contestant in contestants() if contestant.name != TWO_JOBS]
SIZES = {"small": 20, "mixed": 1_500_000, "huge": 700_000}
# verify and restore need an archive first.
ONCE = [
    (contestant, job, kind)
    for contestant in FIELD
    for job in ("parse", "extract", "archive")
    for kind in SIZES
    if kind in JOBS[job] and contestant.does(job, kind)
]


@pytest.mark.parametrize(
    ("contestant", "job", "kind"), [pytest.param(*one, id="-".join([one[0].name, *one[1:]])) for one in ONCE]
)
def test_every_contestant_does_its_job(contestant: Contestant, job: str, kind: str, tmp_path: Path) -> None:
    """The program runs, and what it counts or writes is what is in the input."""
    if contestant.missing():
        pytest.skip(contestant.missing())
    facts = make(kind, SIZES[kind], tmp_path)
    sources = Sources(facts)
    if contestant.takes_maildir:
        sources.maildir = make_maildir(Path(facts.path), tmp_path)
    target = tmp_path / "out"
    target.mkdir()
    measured = run(contestant.command(job, sources, target))
    if contestant.count and job == "archive":
        measured.printed = run(contestant.count(target)).printed
        assert measured.printed["messages"] == facts.messages
    assert check(job, facts, measured, target) == ""


def test_programs_leave_nothing_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The indexers have their home where they are told to write."""
    home = tmp_path / "home"
    home.mkdir()
    for name in ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(home))
    facts = make("small", 5, tmp_path)
    sources = Sources(facts, make_maildir(Path(facts.path), tmp_path))
    for number, contestant in enumerate(one for one in FIELD if one.takes_maildir and not one.missing()):
        target = tmp_path / str(number)
        target.mkdir()
        run(contestant.command(next(iter(contestant.modes)), sources, target))
    assert list(home.iterdir()) == []


def test_a_compiled_mailstrata_is_run_by_its_interpreter() -> None:
    """It stands beside the other, and does not see the source of this checkout."""
    (compiled,) = (one for one in contestants("/elsewhere/python") if one.name == COMPILED)
    words = compiled.command("parse", Sources(Facts("small", "input.mbox")), Path("out"))
    assert words[:4] == ["env", "-u", "PYTHONPATH", "/elsewhere/python"]


def test_several_processes_are_asked_for_by_option() -> None:
    """The same command with further words at its end."""
    (one,) = (one for one in contestants() if one.name == TWO_JOBS)
    words = one.command("archive", Sources(Facts("small", "input.mbox")), Path("out"))
    assert words[:4] == [sys.executable, "-m", "mailstrata", "archive"]
    assert words[-2:] == ["--jobs", "2"]


def test_every_contestant_says_how_it_does_its_job() -> None:
    """All jobs are known, and all but those of starting up have a mode, which becomes a footnote."""
    for contestant in contestants():
        assert set(contestant.modes) <= set(JOBS)
        assert all(mode for job, mode in contestant.modes.items() if job != "start")


def test_peers_are_told_from_ourselves() -> None:
    """Only peers can be cut short."""
    peers = {one.name: one.is_peer for one in contestants("python")}
    assert not any(peers[name] for name in (REFERENCE, TWO_JOBS, COMPILED, LIMIT))
    assert peers["GMime (C)"]
    assert peers["notmuch new"]
