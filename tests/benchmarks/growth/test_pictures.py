"""The pictures: every point is there, text is text, the same bytes each time, to be seen on white and on black."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks.growth.age import ARCHIVE, READING, YOUNG
from benchmarks.growth.curves import AGE, SIZES, Curve
from benchmarks.growth.pictures import COLOURS, INK, age_picture, size_picture
from benchmarks.growth.store import Point, Store

every_curve = pytest.mark.parametrize("curve", SIZES, ids=lambda curve: curve.name)


def measured(path: Path) -> Store:
    """A store with every point of every curve."""
    store = Store(path / "points.json")
    store.points = [
        Point(curve.name, job, amount, 0.3 + amount / 1e3, 0.3, 50_000_000 + amount)
        for curve in SIZES
        for job in curve.jobs
        for amount in curve.amounts(full=True)
    ]
    store.points += [Point(AGE, ARCHIVE, number, 1.0 + number / 100, 1.0, 10**8) for number in range(1, 101)]
    store.points += [Point(AGE, YOUNG, number, 1.0, 1.0, 10**8) for number in range(91, 101)]
    store.points += [Point(AGE, job, number, number / 9, 1.0, 10**8) for job in READING for number in (1, 10, 100)]
    return store


def marks(svg: str) -> list[tuple[str, float, float]]:
    """Job, amount and value of each point drawn."""
    found = re.findall(r'aria-label="([^"]*)" role="graphics-symbol" aria-roledescription="circle"', svg)
    rows = [dict(field.split(": ") for field in label.split("; ")) for label in found]
    names = [[name for name in row if name != "job"] for row in rows]
    return [
        (row["job"], float(row[axis].replace(",", "")), float(row[value].replace(",", "")))
        for row, (axis, value) in zip(rows, names, strict=True)
    ]


@every_curve
def test_every_point_is_drawn_twice(curve: Curve, tmp_path: Path) -> None:
    """Its seconds on the left, its megabytes on the right; the start is on neither, for an axis has no 0."""
    store = measured(tmp_path)
    points = [point for job in curve.jobs for point in store.of(curve.name, job)]
    expected = [(point.job, point.amount, point.seconds) for point in points]
    expected += [(point.job, point.amount, point.peak / 1e6) for point in points]
    drawn = marks(size_picture(curve, store))
    assert len(drawn) == len(expected)
    for found, wanted in zip(sorted(drawn), sorted(expected), strict=True):
        assert found[:2] == wanted[:2]
        assert found[2] == pytest.approx(wanted[2])


def test_every_run_and_reading_is_drawn(tmp_path: Path) -> None:
    """A hundred runs, ten on the young archive, and what was read at three ages."""
    drawn = marks(age_picture(measured(tmp_path)))
    assert len(drawn) == 2 * (100 + 10 + 3 * len(READING))
    assert {job for job, _, _ in drawn} == {ARCHIVE, YOUNG, *READING}


def test_what_was_not_measured_is_not_named(tmp_path: Path) -> None:
    """A curve of one job only has that job in its legend."""
    curve = SIZES[0]
    store = measured(tmp_path)
    store.points = [point for point in store.points if point.job == "parse"]
    svg = size_picture(curve, store)
    assert ">parse</text>" in svg
    assert ">verify</text>" not in svg


@every_curve
def test_axes_have_their_words_and_units_as_text(curve: Curve, tmp_path: Path) -> None:
    """Text that can be searched and read aloud; nothing that changes from one day or version to the next."""
    store = measured(tmp_path)
    svg = size_picture(curve, store)
    for words in ("seconds", "peak memory, MB", curve.axis, *curve.jobs):
        assert f">{words}</text>" in svg
    assert svg == size_picture(curve, store)
    assert "<image" not in svg
    assert not re.search(r"20\d\d-\d\d-\d\d", svg)


def test_sizes_of_attachments_are_binary(tmp_path: Path) -> None:
    """MiB and GiB stand at the points."""
    svg = size_picture(SIZES[1], measured(tmp_path))
    assert ">256 MiB</text>" in svg
    assert ">4 GiB</text>" in svg


@pytest.mark.parametrize("ground", ["#ffffff", "#0d1117"])
def test_colours_stand_out_from_light_and_dark(ground: str) -> None:
    """At least 3 to 1 for lines and points, 4 to 1 for words (WCAG 2.2, 1.4.11 and nearly 1.4.3)."""
    for colour in COLOURS.values():
        assert contrast(colour, ground) >= 3
    assert contrast(INK, ground) >= 4


def contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    """The relative luminance of WCAG."""
    shares = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
