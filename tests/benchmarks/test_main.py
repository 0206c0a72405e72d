"""The benchmark command: its options, and what becomes of what was measured."""

from __future__ import annotations

from pathlib import Path

import pytest

import benchmarks.__main__ as command
from benchmarks.contestants import EMPTY
from benchmarks.measure import Measurement
from benchmarks.report import REFERENCE, Result

PAGE = "before\n<!-- benchmarks: tables -->\nold\n<!-- benchmarks: end -->\nafter\n"


def results() -> list[Result]:
    """Two tools on one job and input."""
    return [
        Result("parse", "small", REFERENCE, 100, 4, [Measurement(1.5, 20, {"messages": 4})], mode="ours"),
        Result("parse", "small", "slow", 100, 4, [Measurement(6.0, 30)], mode="theirs", cut="5 s"),
    ]


def test_the_environment_asks_for_the_large_inputs(monkeypatch: pytest.MonkeyPatch) -> None:
    """BENCH_FULL=1 does what --full does; 0 and nothing do not."""
    for value, full in (("1", True), ("0", False), ("", False)):
        monkeypatch.setenv("BENCH_FULL", value)
        assert command.options([]).full is full
    assert command.options(["--full"]).full is True


def test_large_inputs_have_a_larger_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless another one is given."""
    monkeypatch.delenv("BENCH_FULL", raising=False)
    assert command.options([]).budget < command.options(["--full"]).budget
    assert command.options(["--full", "--budget", "0"]).budget == 0


def test_a_page_without_a_place_is_refused_before_measuring(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """So is one that is not there."""
    (tmp_path / "page.md").write_text("no comments")
    for name, reason in (("page.md", "no line <!-- benchmarks: tables -->"), ("missing.md", "No such file")):
        with pytest.raises(SystemExit):
            command.options(["--markdown", str(tmp_path / name)])
        assert reason in capsys.readouterr().err


def test_words_choose_contestants() -> None:
    """mailstrata and the bare interpreter stay, for all others are measured by them."""
    names = [one.name for one in command.chosen_contestants("gmime, NOTMUCH", "")]
    assert names == [REFERENCE, "GMime (C)", "notmuch new", EMPTY]
    assert len(command.chosen_contestants(None, "")) > 10


def test_json_is_read_as_it_was_written(tmp_path: Path) -> None:
    """Nothing is rounded or lost on the way."""
    command.write_json(tmp_path / "runs.json", ["2026-01-01: python -m benchmarks", "2 CPUs"], results())
    assert command.read_json(tmp_path / "runs.json") == (["2026-01-01: python -m benchmarks", "2 CPUs"], results())


def test_what_was_measured_goes_into_pages(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the command that made it; the same figures are printed."""
    page = tmp_path / "page.md"
    page.write_text(PAGE)
    command.show(["2026-01-01: python -m benchmarks --full", "2 CPUs"], results(), [page])
    text = page.read_text()
    assert text.startswith("before\n<!-- benchmarks: tables -->\n\n- `python -m benchmarks --full`, 2026-01-01\n")
    assert text.endswith("\n\n<!-- benchmarks: end -->\nafter\n")
    assert "| small | slow | 1 (5 s) | 6.00 |" in text
    assert "old" not in text
    assert "1 (5 s)" in capsys.readouterr().out


def test_reading_measures_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """--read shows what --json has written."""
    command.write_json(tmp_path / "runs.json", ["2026-01-01: python -m benchmarks"], results())
    monkeypatch.setattr("sys.argv", ["benchmarks", "--read", str(tmp_path / "runs.json")])
    monkeypatch.setattr(command, "run", None)
    assert command.main() == 0
    assert "slow" in capsys.readouterr().out
