"""The command: what it measures, what it says, and when it ends with 1."""

from __future__ import annotations

from pathlib import Path

import pytest

import benchmarks.growth.__main__ as command
from benchmarks.growth import runs
from benchmarks.growth.curves import AGE, NAMES, SIZES
from benchmarks.growth.store import Point, Store
from benchmarks.measure import ProgramFailedError


@pytest.fixture(autouse=True)
def _usual(monkeypatch: pytest.MonkeyPatch) -> None:
    """No BENCH_FULL from outside, and one run of each."""
    monkeypatch.delenv("BENCH_FULL", raising=False)
    monkeypatch.setattr(runs, "MOST_RUNS", 1)


def points(folder: Path, exponent: float) -> Path:
    """A file of points of which one job grows so."""
    store = Store(folder / "growth.json")
    for amount in (0, 1_000, 10_000):
        store.add(Point("messages", "parse", amount, 1.0, 0.1 + 1e-3 * amount**exponent, 20_000_000))
    return store.path


def test_the_environment_asks_for_the_large_points(monkeypatch: pytest.MonkeyPatch) -> None:
    """BENCH_FULL=1 does what --full does; all curves are measured unless some are named."""
    assert command.options([]).full is False
    assert command.options([]).only == list(NAMES)
    monkeypatch.setenv("BENCH_FULL", "1")
    assert command.options(["--only", AGE]).full is True
    assert command.options(["--only", AGE]).only == [AGE]


def test_trials_have_a_file_of_their_own(tmp_path: Path) -> None:
    """What is measured at another scale does not get between the others."""
    assert command.options(["--folder", str(tmp_path)]).points == tmp_path / "growth.json"
    assert command.options(["--folder", str(tmp_path), "--scale", "0.1"]).points == tmp_path / "growth-0.1.json"


@pytest.mark.parametrize(("exponent", "code"), [(1.0, 0), (1.5, 1)])
def test_the_exit_code_says_whether_all_is_linear(
    exponent: float, code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And the last line, which job is not."""
    path = points(tmp_path, exponent)
    assert command.main(["--read", "--points", str(path)]) == code
    said = capsys.readouterr().out
    assert "10,000" in said
    assert ("MISS  messages, parse: time grows faster than linear" in said) is bool(code)


def test_a_curve_is_measured_and_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In small; the second time nothing is run, and points of another source are named."""
    arguments = ["--only", "blobs", "--scale", "0.001", "--folder", str(tmp_path)]
    assert command.main(arguments) == 0
    path = tmp_path / "growth-0.001.json"
    before = path.read_bytes()
    path.write_bytes(before.replace(b'"code": "', b'"code": "x'))
    assert command.main(arguments) == 0
    assert "points of another source are kept" in capsys.readouterr().out
    assert Store(path).points
    assert path.read_bytes() == before.replace(b'"code": "', b'"code": "x')


def test_what_cannot_be_measured_does_not_stop_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is named, with the reason, and the exit code is 1."""
    curve = SIZES[0]

    def fail(_: object, amount: int, store: Store, *__: object) -> None:
        if amount == 1_000:
            raise ProgramFailedError(1, "no luck")
        store.add(Point(curve.name, "parse", amount, 1.0, 1.0, 1))

    monkeypatch.setattr(command, "measure_point", fail)
    assert command.main(["--only", curve.name, "--folder", str(tmp_path)]) == 1
    assert "not measured: messages 1,000: no luck" in capsys.readouterr().out
    assert [point.amount for point in Store(tmp_path / "growth.json").points] == [0, 3_000, 10_000, 30_000]


def test_an_interrupt_leaves_what_was_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says that the same command goes on, and ends as a program that was interrupted."""

    def interrupted(_: object, amount: int, store: Store, *__: object) -> None:
        if amount:
            raise KeyboardInterrupt
        store.add(Point("messages", "parse", amount, 1.0, 1.0, 1))

    monkeypatch.setattr(command, "measure_point", interrupted)
    assert command.main(["--folder", str(tmp_path)]) == 130
    assert "goes on" in capsys.readouterr().out
    assert [point.amount for point in Store(tmp_path / "growth.json").points] == [0]


def test_the_heading_says_how_the_points_were_measured(tmp_path: Path) -> None:
    """With the large ones, where there are such; the day and the source of each."""
    store = Store(tmp_path / "growth.json")
    assert command.heading(store)[-1] == "no points"
    store.add(Point("messages", "parse", 1_000, 1.0, 1.0, 1))
    assert command.heading(store)[0] == "`make bench-growth`"
    store.add(Point("messages", "parse", SIZES[0].full_points[-1], 1.0, 1.0, 1))
    assert command.heading(store)[0] == "`BENCH_FULL=1 make bench-growth`"
    assert store.points[0].day in command.heading(store)[-1]
    assert store.code in command.heading(store)[-1]
