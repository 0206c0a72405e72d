"""The page: every curve has its place, its picture and its table, and what is written there is what was measured."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from benchmarks.growth.age import ARCHIVE, AT_ONCE, COMPACTED, READING
from benchmarks.growth.curves import AGE, NAMES, SIZES, START
from benchmarks.growth.page import PAGE, PICTURES, VERDICTS, publish, section, tables
from benchmarks.growth.store import Point, Store
from benchmarks.pages import NoPlaceError

DOCS = Path(__file__).parents[3] / "docs"
PLACES = [section(name) for name in NAMES] + [VERDICTS]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Some of everything."""
    made = Store(tmp_path / "points.json")
    made.points = [
        Point(curve.name, job, amount, 0.25 + amount, 0.2 + amount, 21_000_000, 1, 1_500_000)
        for curve in SIZES
        for job in curve.jobs
        for amount in (START, *curve.points[:2])
    ]
    facts = {"files": 1_234, "archive_bytes": 5_600_000}
    names = [(job, 1) for job in (ARCHIVE, *READING)] + [(job, 7) for job in (ARCHIVE, *READING)]
    names += [(name.format(job), 7) for job in READING for name in (AT_ONCE, COMPACTED)]
    made.points += [Point(AGE, job, amount, 1.5, 1.5, 10**8, facts=facts) for job, amount in names]
    return made


def page_with(*places: str) -> str:
    """A page with places for tables."""
    return "".join(f"words\n<!-- benchmarks: {place} -->\nold\n<!-- benchmarks: end -->\n" for place in places)


def test_tables_have_a_row_for_each_point(store: Store) -> None:
    """The start is named as such, sizes have their units."""
    found = {table.title: table for table in tables(store)}
    assert list(found) == [*NAMES, "judgement"]
    assert [row[0] for row in found["messages"].rows] == ["start", "1,000", "3,000"]
    assert [row[0] for row in found["attachment"].rows] == ["start", "1 MiB", "4 MiB"]
    assert found["messages"].rows[0] == ["start", "1.50", "0.25", "21", "0.25", "21", "0.25", "21"]
    assert [row[:3] for row in found[AGE].rows] == [
        [name, "1,234", "5.6"] for name in ("1", "7", "7, compacted", "archived at once")
    ]


def test_what_was_not_measured_has_no_table(store: Store) -> None:
    """And a job that is missing at a point has a dash there."""
    store.points = [
        point for point in store.points if point.curve == "blobs" and (point.job, point.amount) != ("verify", 0)
    ]
    found = {table.title: table for table in tables(store)}
    assert list(found) == ["blobs", "judgement"]
    assert found["blobs"].rows[0][-2:] == ["-", "-"]


def test_everything_is_published(store: Store, tmp_path: Path) -> None:
    """Tables into their places, a picture of each curve, the points as they are."""
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / PAGE).write_text(page_with(*PLACES))
    publish(store, ["the machine"], docs)
    page = (docs / PAGE).read_text()
    assert "old" not in page
    assert page.count("words\n") == len(PLACES)
    assert "- the machine" in page
    assert "| 1,000 | 1.50 | 1,000.25 | 21 |" in page
    assert {path.name for path in (docs / PICTURES).iterdir()} == {f"{name}.svg" for name in NAMES} | {"points.json"}
    assert Store(docs / PICTURES / "points.json").points == store.points


def test_a_page_without_a_place_is_left_alone(store: Store, tmp_path: Path) -> None:
    """Nothing is drawn either."""
    (tmp_path / PAGE).write_text("words\n")
    with pytest.raises(NoPlaceError):
        publish(store, [], tmp_path)
    assert (tmp_path / PAGE).read_text() == "words\n"
    assert not (tmp_path / PICTURES).exists()


def test_the_projects_page_has_every_place_and_picture() -> None:
    """Each curve is shown, and what is shown lies there, drawn from the points that lie beside it."""
    page = (DOCS / PAGE).read_text(encoding="utf-8")
    assert re.findall(r"<!-- benchmarks: (growth-[a-z]+) -->", page) == [VERDICTS, *map(section, NAMES)]
    pictures = re.findall(rf"!\[[^]]+\]\({PICTURES}/([a-z]+)\.svg\)", page)
    assert pictures == list(NAMES)
    points = json.loads((DOCS / PICTURES / "points.json").read_text(encoding="utf-8"))["points"]
    for name in NAMES:
        svg = (DOCS / PICTURES / f"{name}.svg").read_text(encoding="utf-8")
        assert svg.count('aria-roledescription="circle"') == 2 * len(
            [
                each
                for each in points
                if each["curve"] == name
                and each["amount"]
                and ", c" not in each["job"]
                and ", archived" not in each["job"]
            ]
        )
