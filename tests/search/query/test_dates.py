"""Dates of queries: which span of time each means."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstrata.search.query.dates import read_age, read_beginning, read_date_range
from mailstrata.search.query.nodes import Date
from mailstrata.search.query.unreadable import UnreadableError

NOW = datetime(2024, 3, 31, 12, 30, 15, 250, tzinfo=UTC)
"""A Sunday, and a day that most months have not got."""


def at(*numbers: int) -> datetime:
    """An instant."""
    return datetime(*numbers, tzinfo=UTC)  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("text", "begin", "end"),
    [
        ("2024", at(2024, 1, 1), at(2025, 1, 1)),
        ("2024-12", at(2024, 12, 1), at(2025, 1, 1)),
        ("202412", at(2024, 12, 1), at(2025, 1, 1)),
        ("2024-02-29", at(2024, 2, 29), at(2024, 3, 1)),
        ("20240229", at(2024, 2, 29), at(2024, 3, 1)),
        ("2024/2/29", at(2024, 2, 29), at(2024, 3, 1)),
        ("2024.02.29", at(2024, 2, 29), at(2024, 3, 1)),
        ("04/16/2004", at(2004, 4, 16), at(2004, 4, 17)),
        ("4/2004", at(2004, 4, 1), at(2004, 5, 1)),
        ("16.4.2004", at(2004, 4, 16), at(2004, 4, 17)),
        ("16-04-2004", at(2004, 4, 16), at(2004, 4, 17)),
        ("04-2004", at(2004, 4, 1), at(2004, 5, 1)),
        ("2024-05-01T12:00", at(2024, 5, 1, 12, 0), at(2024, 5, 1, 12, 1)),
        ("2024-05-01 12:00", at(2024, 5, 1, 12, 0), at(2024, 5, 1, 12, 1)),
        ("2024-05-01_12:00:30", at(2024, 5, 1, 12, 0, 30), at(2024, 5, 1, 12, 0, 31)),
        ("2024-05-01T12:00:30.5", at(2024, 5, 1, 12, 0, 30, 500000), at(2024, 5, 1, 12, 0, 30, 500001)),
        ("2024-05-01T01:00+02:00", at(2024, 4, 30, 23, 0), at(2024, 4, 30, 23, 1)),
        ("2024-05-01T23:00-0200", at(2024, 5, 2, 1, 0), at(2024, 5, 2, 1, 1)),
        ("2024-05-01t12:00z", at(2024, 5, 1, 12, 0), at(2024, 5, 1, 12, 1)),
        ("@86400", at(1970, 1, 2), at(1970, 1, 2, 0, 0, 1)),
        ("1388552400", at(2014, 1, 1, 5, 0), at(2014, 1, 1, 5, 0, 1)),
        ("today", at(2024, 3, 31), at(2024, 4, 1)),
        ("Yesterday", at(2024, 3, 30), at(2024, 3, 31)),
        ("this_week", at(2024, 3, 25), at(2024, 4, 1)),
        ("last-week", at(2024, 3, 18), at(2024, 3, 25)),
        ("this month", at(2024, 3, 1), at(2024, 4, 1)),
        ("last_month", at(2024, 2, 1), at(2024, 3, 1)),
        ("this_year", at(2024, 1, 1), at(2025, 1, 1)),
        ("lastyear", at(2023, 1, 1), at(2024, 1, 1)),
        ("sunday", at(2024, 3, 31), at(2024, 4, 1)),
        ("mon", at(2024, 3, 25), at(2024, 3, 26)),
        ("march", at(2024, 3, 1), at(2024, 4, 1)),
        ("April", at(2023, 4, 1), at(2023, 5, 1)),
        ("sept-2022", at(2022, 9, 1), at(2022, 10, 1)),
        ("2022-sep", at(2022, 9, 1), at(2022, 10, 1)),
        ("9999-12", at(9999, 12, 1), datetime.max.replace(tzinfo=UTC)),
        ("9999-12-31", at(9999, 12, 31), datetime.max.replace(tzinfo=UTC)),
    ],
)
def test_a_date_is_a_span(text: str, begin: datetime, end: datetime) -> None:
    """From its beginning to its end in UTC; alone, and on either side of a range."""
    assert read_date_range(text, NOW) == Date(begin, end)
    assert read_beginning(text, NOW) == begin
    assert read_date_range(f"{text}..", NOW) == Date(begin, None)
    assert read_date_range(f"..{text}", NOW) == Date(None, end)
    assert read_date_range(f"{text}..{text}", NOW) == Date(begin, end)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("30s", NOW - timedelta(seconds=30)),
        ("5min", NOW - timedelta(minutes=5)),
        ("36h", NOW - timedelta(hours=36)),
        ("2d", NOW - timedelta(days=2)),
        ("2w", NOW - timedelta(weeks=2)),
        ("2_weeks", NOW - timedelta(weeks=2)),
        ("1m", NOW.replace(month=2, day=29)),
        ("1M", NOW.replace(month=2, day=29)),
        ("4m", NOW.replace(year=2023, month=11, day=30)),
        ("13 months", NOW.replace(year=2023, month=2, day=28)),
        ("1y", NOW.replace(year=2023)),
        ("1y2d", NOW.replace(year=2023) - timedelta(days=2)),
        ("99999y", at(1, 1, 1)),
        ("999999999w", at(1, 1, 1)),
    ],
)
def test_an_amount_is_an_instant(text: str, instant: datetime) -> None:
    """So long before now; months and years by the calendar. Alone it is the time since then."""
    assert read_age(text, NOW) == instant
    assert read_beginning(text, NOW) == instant
    assert read_date_range(text, NOW) == Date(instant, NOW)
    assert read_date_range(f"{text}..", NOW) == Date(instant, None)
    assert read_date_range(f"..{text}", NOW) == Date(None, instant)


def test_now_and_ranges() -> None:
    """Now is an instant; the ends of a range may be of different kinds."""
    assert read_date_range("2024-03..now", NOW) == Date(at(2024, 3, 1), NOW)
    assert read_date_range("2017.01.01..5w", NOW) == Date(at(2017, 1, 1), NOW - timedelta(weeks=5))
    assert read_date_range("2023..2024-02", NOW) == Date(at(2023, 1, 1), at(2024, 3, 1))


@pytest.mark.parametrize(
    "text",
    [
        *("", "..", "2024-13", "2024-02-30", "0000", "24", "2024-5-1-1", "2024T12:00", "2024-05T12:00", "25:00"),
        *("2024-05-01T25:00", "2024-05-01T12:00+99:00", "2025..2024", "now", "1x", "w", "2w2", "mo", "xuary"),
        *("2022-sep-2023", "99999999999999", "@9999999999999", "٢٠٢٤", "2024...2025", "31.31.2024", "tomorrow?"),
    ],
)
def test_what_is_no_date(text: str) -> None:
    """It says so, and what to write."""
    with pytest.raises(UnreadableError, match="write"):
        read_date_range(text, NOW)


@pytest.mark.parametrize("text", ["", "2024", "today", "1x", "1"])
def test_what_is_no_age(text: str) -> None:
    """Only lengths of time are."""
    with pytest.raises(UnreadableError, match="write 3d"):
        read_age(text, NOW)


def test_the_clock_of_the_caller_does_not_matter() -> None:
    """The same instant in another zone means the same days."""
    elsewhere = NOW.astimezone(timezone(timedelta(hours=13)))
    for text in ("today", "monday", "2w", "last_month", "2024"):
        assert read_date_range(text, elsewhere) == read_date_range(text, NOW)


@given(
    st.datetimes(datetime(1971, 1, 1), datetime(9998, 12, 31)),
    st.datetimes(datetime(1971, 1, 1), datetime(9998, 12, 31)),
    st.sampled_from(["today", "yesterday", "this_week", "last_week", "last_month", "this_year", "friday", "may", "3m"]),
)
def test_neighbours_meet(now: datetime, day: datetime, word: str) -> None:
    """A span ends where the next day, month or year begins, and relative dates lie where they should."""
    there = now.replace(tzinfo=UTC)
    span = read_date_range(word, there)
    assert span.at_least is not None
    assert span.below is not None
    assert span.at_least < span.below
    assert span.at_least <= there
    text = day.date().isoformat()
    for one in (text, text[:7], text[:4]):
        first = read_date_range(one, there)
        assert first.below is not None
        assert first.at_least is not None
        assert first.at_least <= day.replace(tzinfo=UTC) < first.below
        following = read_date_range(first.below.date().isoformat()[: len(one)], there)
        assert following.at_least == first.below
