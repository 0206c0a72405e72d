"""The table of the benchmarks."""

from __future__ import annotations

from benchmarks.measure import Measurement
from benchmarks.report import BY_HAND, REFERENCE, Result, notes, table

TOOLS = [REFERENCE, "peer", BY_HAND]


def result(tool: str, *seconds: float, job: str = "parse", messages: int = 1000, skipped: str = "") -> Result:
    """Runs of these times, on 100 MB, the first with the highest peak."""
    runs = [Measurement(time, 30_000_000 - place) for place, time in enumerate(seconds)]
    return Result(job, "small", tool, 100_000_000, messages, runs, skipped)


def cells(text: str, row: str) -> list[list[str]]:
    """The cells of a row, each split into its figures."""
    (line,) = (line for line in text.splitlines() if line.startswith(row))
    return [cell.split() for cell in line.split("|")[1:]]


def test_the_median_counts_and_the_highest_peak() -> None:
    """Of three runs, the middle time gives the rates, and the worst one the memory."""
    text = table([result(REFERENCE, 9.0, 2.0, 1.0)], TOOLS)
    assert cells(text, "parse small")[0] == ["500", "50.0", "30"]


def test_the_ratio_is_of_speeds() -> None:
    """A peer that takes four times as long has a ratio of 0.25."""
    text = table([result(REFERENCE, 1.0), result("peer", 4.0)], TOOLS)
    assert cells(text, "parse small")[1] == ["250", "25.0", "0.25", "30"]


def test_every_line_has_a_column_for_every_tool() -> None:
    """The tools stand side by side under their names; one that was not measured has a dash."""
    text = table([result(REFERENCE, 1.0), result(BY_HAND, 0.5, job="archive")], TOOLS)
    lines = text.splitlines()
    bars = {tuple(place for place, sign in enumerate(line) if sign == "|") for line in lines if "|" in line}
    assert len(bars) == 1
    assert cells(text, "parse small")[1:] == [["-"], ["-"]]
    # Nothing to compare with: no ratio.
    assert cells(text, "archive small") == [["-"], ["-"], ["200.0", "-", "30"]]


def test_a_single_message_has_no_rate() -> None:
    """Messages a second are left out where there is one message."""
    assert cells(table([result(REFERENCE, 1.0, messages=1)], TOOLS), "parse small")[0] == ["-", "100.0", "30"]


def test_what_was_skipped_is_named_with_its_reason() -> None:
    """A tool without runs stands in the table as skipped and below it with the reason."""
    results = [result(REFERENCE, 1.0), result("peer", skipped="peer is not installed")]
    assert cells(table(results, TOOLS), "parse small")[1] == ["skipped"]
    assert notes(results) == ["skipped: peer, parse small: peer is not installed"]
