"""Dates in the forms that mail has them in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstrata.message.dates import parse_date


def read(text: str) -> str | None:
    date = parse_date(text.encode())
    return None if date is None else date.isoformat()


NOON = "2024-01-02T12:34:56"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (" Tue, 02 Jan 2024 12:34:56 +0100", NOON + "+01:00"),
        ("2 Jan 2024 12:34:56 -0930 (ACST)", NOON + "-09:30"),
        ("Tue, 2 Jan 2024 12:34 GMT", "2024-01-02T12:34:00+00:00"),
        ("Tue,\r\n 2 Jan 2024\r\n\t12:34:56 +0000", NOON + "+00:00"),
        ("Tue, 2 Jan 2024 12:34:56 -0000", NOON + "+00:00"),
        # obsolete: RFC 5322, 4.3
        ("Tue, 2 Jan 24 12:34:56 EST", NOON + "-05:00"),
        ("Mon, 2 Jan 50 12:34:56 UT", "1950-01-02T12:34:56+00:00"),
        ("Tue, 2 Jan 99 12:34:56 UT", "1999-01-02T12:34:56+00:00"),
        ("Tue, 2 Jan 49 12:34:56 Z", "2049-01-02T12:34:56+00:00"),
        ("Tue, 2 Jan 124 12:34:56 +0000", NOON + "+00:00"),
        ("(a) Tue (b (c)), 2 (d) Jan 2024 12 (e) : 34 : (f) 56 (g) +0100 (h)", NOON + "+01:00"),
        ("Tue, 2 Jan 2024 12:34:56 A", NOON + "+00:00"),
    ],
)
def test_dates_of_the_rfc(text, expected):
    """RFC 5322, its obsolete forms and its comments; the original offset is kept."""
    assert read(text) == expected


@pytest.mark.parametrize(
    ("zone", "offset"),
    [
        ("PST", "-08:00"), ("cest", "+02:00"), ("JST", "+09:00"), ("IST", "+05:30"), ("GMT+1", "+01:00"),
        ("UTC+0530", "+05:30"), ("+01:00", "+01:00"), ("+5:30", "+05:30"), ("0100", "+01:00"), ("-600", "-06:00"),
        ("+1", "+01:00"), ("--0400", "-04:00"), ("+-0500", "-05:00"), ('"GMT"', "+00:00"), ("+0530 IST", "+05:30"),
        ("", "+00:00"), ("XYZ", "+00:00"), ("EST5EDT", "+00:00"), ("+9999", "+00:00"), ("-2400", "+00:00"),
        ("+2359", "+23:59"), ("+0090", "+01:30"), ("(unclosed", "+00:00"),
    ],
)  # fmt: skip
def test_zones(zone, offset):
    """Names that mail uses, offsets in all spellings; UTC for what is none or a day and more."""
    assert read(f"Tue, 2 Jan 2024 12:34:56 {zone}") == NOON + offset


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Tue Jan  2 12:34:56 2024", NOON + "+00:00"),
        ("Tue Jan 2 12:34:56 CET 2024", NOON + "+01:00"),
        ("Tue Jan 2 12:34:56 2024 +0200", NOON + "+02:00"),
        ("Tue, Jan 2 2024 12:34:56 -0500", NOON + "-05:00"),
        ("Tuesday, January 2, 2024 3:04 PM", "2024-01-02T15:04:00+00:00"),
        ("2 Jan 24 12:04:05 AM", "2024-01-02T00:04:05+00:00"),
        ("2 Jan 24 12:04:05 p.m. EST", "2024-01-02T12:04:05-05:00"),
        ("2 Jan 24 15:04:05 PM", "2024-01-02T15:04:05+00:00"),
        ("2024-01-02T12:34:56Z", NOON + "+00:00"),
        ("2024-01-02 12:34:56.789 +0530", NOON + "+05:30"),
        ("2024/01/02 Tue 12:34:56 CST", NOON + "-06:00"),
        ("20240102T123456Z", NOON + "+00:00"),
        ("2024 Jan 2 12:34", "2024-01-02T12:34:00+00:00"),
        ("12:34:56 2 Jan 2024", NOON + "+00:00"),
        ("Tue, 2-Jan-2024 12.34.56 +0100", NOON + "+01:00"),
        ("Tue, 2. January 2024 at 12:34:56", NOON + "+00:00"),
        ("Blursday, 2 Jan 2024 12:34:56 +0100", NOON + "+01:00"),
        ("Tue 2 Jan 2024 12:34:56", NOON + "+00:00"),
        ("Tue, 2 Jan 2024", "2024-01-02T00:00:00+00:00"),
        ("2024-01-02", "2024-01-02T00:00:00+00:00"),
        ("Tue, 2 Jan 2024 12:34:56 +0100</b>", NOON + "+01:00"),
        ("mar., 2 janv. 2024 12:34:56 +0100", NOON + "+01:00"),
        ("Tue,2 Jan 2024 12:34:56+0100", NOON + "+01:00"),
        ("Tue, 2 Jan, 2024 12:34:56", NOON + "+00:00"),
        ("Tue, 2 Jan 2024 12:34:56 +0100 (Mitteleurop\u00e4ische Zeit)", NOON + "+01:00"),
        ("Tue, 2 Jan 2024 9:5:3 +0000", "2024-01-02T09:05:03+00:00"),
        ("Mon, 2 Sept 2024 12:34:56 +0000", "2024-09-02T12:34:56+00:00"),
        ("Tue, 2 Jan 2024 12:34:60 +0000", "2024-01-02T12:34:59+00:00"),
    ],
)
def test_other_forms(text, expected):
    """ctime, ISO 8601, twelve hours, dots, words, junk around: what mail has."""
    assert read(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "", "junk", "Tue", "12:34:56", "11-12-2023", "Tue, 30 Feb 2024 12:34:56 +0000", "2023-02-29",
        "Tue, 2 Jan 2024 24:00:00 +0000", "Tue, 2 Jan 2024 12:60:00", "Tue, 2 Jan 2024 12:34:61", "0 Jan 2024",
        "32 Jan 2024", "2024-13-01", "Tue, 2 Jan 0000 12:34:56 +0000", "Tue, 2 Jan 12345 12:34:56",
        "Sat, 1 Jan 0001 00:00:00 +0100", "Fri, 31 Dec 9999 23:59:59 -0100", "Tue, 2 Jan 2024 999999999999:1:1",
        "Tue, 99999999999999999999 Jan 2024", "Wed, 15 Dec 2010 :59:10 -0500 x", "\0",
    ],
)  # fmt: skip
def test_what_is_no_date(text):
    """Values that no calendar has, that UTC cannot express, or whose time would be made up."""
    assert read(text) is None


@given(
    st.datetimes(min_value=datetime(1, 1, 3), max_value=datetime(9999, 12, 29)).map(
        lambda date: date.replace(microsecond=0)
    ),
    st.integers(-1439, 1439),
)
def test_what_the_standard_library_writes_comes_back(date, minutes):
    """Any date with any offset survives, the offset included."""
    date = date.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    read_back = parse_date(format_datetime(date).encode())
    assert read_back is not None
    assert (read_back, read_back.utcoffset()) == (date, date.utcoffset())
    assert parse_date(date.isoformat().encode()) == date


_PIECES = st.sampled_from(
    ["Tue", "Jan", "2", "02", "2024", "12:34", ":56", "+0100", "-", "/", ".", ",", " ", "T", "Z", "am", "0", "9" * 20,
     "(", ")", "GMT", "at", "\n", "\xff"]
)  # fmt: skip


@given(st.one_of(st.binary(), st.lists(_PIECES).map(lambda pieces: "".join(pieces).encode("latin-1"))))
def test_any_bytes_give_a_date_or_none(value):
    """Never raises; every date is aware, and can be said in UTC."""
    date = parse_date(value)
    assert date is None or date.astimezone(UTC) == date


@pytest.mark.timeout(60)
@pytest.mark.parametrize("unit", [b"(", b"()", b" ", b"1 ", b"Jan ", b"1.", b"Mon, ", b"2024-"])
def test_hostile_values_take_linear_time(unit):
    """A megabyte of any of these is no date, and is soon known not to be one."""
    assert parse_date(unit * (1_000_000 // len(unit))) is None
