"""Pages: what stands between two comments is replaced, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.measure import Measurement
from benchmarks.pages import NoPlaceError, check, fill, filled, short_table
from benchmarks.report import LIMIT, REFERENCE, Result

ROOT = Path(__file__).parents[2]


def result(tool: str, seconds: float, job: str = "parse") -> Result:
    """One run on the small input."""
    return Result(job, "small", tool, 100, 4, [Measurement(seconds, 20)])


def test_sections_are_replaced_and_the_rest_is_left_alone() -> None:
    """Each section by its name, and again where the page is filled again."""
    page = (
        "a\n<!-- benchmarks: short -->\n<!-- benchmarks: end -->\n"
        "b\n<!-- benchmarks: tables -->\nx\n\n<!-- benchmarks: end -->\nc\n"
    )
    once = filled(page, {"short": r"\1 few", "tables": "many"})
    assert once == (
        "a\n<!-- benchmarks: short -->\n\n\\1 few\n\n<!-- benchmarks: end -->\n"
        "b\n<!-- benchmarks: tables -->\n\nmany\n\n<!-- benchmarks: end -->\nc\n"
    )
    assert filled(once, {"short": r"\1 few", "tables": "many"}) == once


def test_a_page_without_a_place_is_left_alone(tmp_path: Path) -> None:
    """The error names the page; nothing is written."""
    page = tmp_path / "page.md"
    page.write_text("<!-- benchmarks: tables -->\nno end\n")
    with pytest.raises(NoPlaceError, match=r"page\.md"):
        check(page)
    with pytest.raises(NoPlaceError):
        fill(page, {"tables": "", "short": ""})
    assert page.read_text() == "<!-- benchmarks: tables -->\nno end\n"


def test_the_projects_pages_have_their_places() -> None:
    """The command in docs/benchmarks.md fills that page and the README."""
    check(ROOT / "docs" / "benchmarks.md")
    check(ROOT / "README.md")


def test_the_short_table_names_seconds_and_speeds() -> None:
    """One column for each main peer that was measured; starting up is left out."""
    results = [result(REFERENCE, 1.0), result("GMime (C)", 4.0), result("unknown", 2.0), result(LIMIT, 0.5, "archive")]
    table = short_table([*results, result(REFERENCE, 1.0, "start")])
    assert table.columns == ["job", "input", "mailstrata, s", "GMime (C)", LIMIT]
    assert table.rows == [
        ["parse", "small", "1.00", "4.00 (0.25 x)", ""],
        ["archive", "small", "-", "", "0.50"],
    ]
