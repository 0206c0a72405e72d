"""The tables of the benchmarks."""

from __future__ import annotations

from benchmarks.measure import Measurement
from benchmarks.report import LIMIT, REFERENCE, Result, Table, find, job_table, start_table


def result(tool: str, *seconds: float, kind: str = "small", messages: int = 1000, **words: str) -> Result:
    """Runs of these times, on 100 MB, the first with the highest peak."""
    runs = [Measurement(time, 30_000_000 - place) for place, time in enumerate(seconds)]
    return Result(words.pop("job", "parse"), kind, tool, 100_000_000, messages, runs, **words)


def row(table: Table, tool: str) -> dict[str, str]:
    """A tool's cells by column."""
    (cells,) = (cells for cells in table.rows if cells[1] == tool)
    return dict(zip(table.columns, cells, strict=True))


def test_the_median_counts_and_the_highest_peak() -> None:
    """Of three runs, the middle time gives the rates, and the worst one the memory."""
    cells = row(job_table("parse", [result(REFERENCE, 9.0, 2.0, 1.0)]), REFERENCE)
    assert cells == {
        "input": "small",
        "tool": REFERENCE,
        "runs": "3",
        "seconds": "2.00",
        "msg/s": "500",
        "MB/s": "50.0",
        "x mailstrata": "1.00",
        "peak MB": "30",
    }


def test_ratios_are_of_speeds() -> None:
    """A peer that takes four times as long has a ratio of 0.25; the limit is 100 %."""
    table = job_table("parse", [result(REFERENCE, 1.0), result("peer", 4.0), result(LIMIT, 0.5)])
    assert row(table, "peer")["x mailstrata"] == "0.25"
    assert [row(table, tool)["% of limit"] for tool in (REFERENCE, "peer", LIMIT)] == ["50", "12", "100"]


def test_ratios_are_of_one_input() -> None:
    """What was measured on another input or job is not compared."""
    results = [result(REFERENCE, 1.0), result("peer", 4.0, kind="mixed"), result(REFERENCE, 9.0, kind="mixed", job="x")]
    assert row(job_table("parse", results), "peer")["x mailstrata"] == "-"
    assert find(results, "parse", "mixed", REFERENCE) is None


def test_a_single_message_has_no_rate() -> None:
    """Messages a second are left out where there is one message; a column without figures is left out."""
    results = [result(REFERENCE, 1.0), result("peer", 1.0, kind="huge", messages=1)]
    assert row(job_table("parse", results), "peer")["msg/s"] == "-"
    assert "msg/s" not in job_table("parse", results[1:]).columns


def test_a_peer_that_was_cut_short_says_after_how_much() -> None:
    """In the column of the runs."""
    assert row(job_table("parse", [result("peer", 8.0, 8.0, cut="15 s")]), "peer")["runs"] == "2 (15 s)"


def test_modes_are_footnotes() -> None:
    """Each has one number, wherever it stands; what was not measured is named with its reason."""
    results = [
        *(result(REFERENCE, 1.0, mode="one"), result("peer", 1.0, mode="two"), result("other", 1.0, mode="one")),
        result("gone", skipped="not installed", mode="three"),
    ]
    table = job_table("parse", results)
    assert [cells[-1] for cells in table.rows] == ["(1)", "(2)", "(1)"]
    assert table.footnotes == ["(1) one", "(2) two", "not measured: gone, small: not installed"]


def test_what_was_found_in_real_mail_is_named() -> None:
    """Those that found the same share a line; made inputs, whose facts are known, have none."""
    results = [result(tool, 1.0, kind=kind) for kind in ("real", "small") for tool in (REFERENCE, "peer", "other")]
    for one in results:
        one.runs[0].printed = {"messages": 10, "attachments": 3, "failed": one.tool == "other"}
    assert job_table("parse", results).footnotes == [
        "found in real: 10 messages, 3 attachments: mailstrata, peer",
        "found in real: 10 messages, 3 attachments, 1 messages failed: other",
    ]


def test_starting_up_is_compared_with_an_interpreter() -> None:
    """Times, not speeds: larger is slower."""
    table = start_table([result("bare", 0.01, job="start"), result("help", 0.025, job="start")], "bare")
    assert row_of(table) == [["bare", "10", "1.00"], ["help", "25", "2.50"]]


def row_of(table: Table) -> list[list[str]]:
    """Command, milliseconds and ratio."""
    return [[cells[1], cells[3], cells[4]] for cells in table.rows]


def test_text_and_markdown() -> None:
    """Words to the left, figures to the right; a rule between inputs; footnotes below."""
    table = Table("parse", ["input", "tool", "s"], [["small", "a", "1.00"], ["small", "b", "10.00"]], ["(1) note"])
    assert table.as_text().splitlines() == [
        *("parse", "", "input  tool      s", "------------------", "small  a      1.00", "       b     10.00"),
        *("", "  (1) note"),
    ]
    assert table.as_markdown().splitlines() == [
        *("### parse", "", "| input | tool | s |", "| --- | --- | --: |", "| small | a | 1.00 |"),
        *("| small | b | 10.00 |", "", "- (1) note"),
    ]
