"""Dates in queries, as Gmail, notmuch and mu take them; all of them in UTC.

A date stands for a span of time: `2024-05` for that month, `yesterday` for that day, `2w` and `now` for an instant, of
which the beginning and the end are the same.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import TypeAlias

from mailstrata.search.query.nodes import Date
from mailstrata.search.query.unreadable import UnreadableError, shown

Span: TypeAlias = tuple[datetime, datetime]
"""From the first instant on, up to and without the second one."""

_EARLIEST = datetime.min.replace(tzinfo=UTC)
_LATEST = datetime.max.replace(tzinfo=UTC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_MONTHS = 12 * 9999
_MOST_SECONDS = 10**12

_MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november"),
    "december",
)
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_UNITS = {
    **dict.fromkeys(("y", "yr", "yrs", "year", "years"), "years"),
    **dict.fromkeys(("m", "mo", "month", "months"), "months"),
    **dict.fromkeys(("w", "wk", "wks", "week", "weeks"), "weeks"),
    **dict.fromkeys(("d", "day", "days"), "days"),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), "hours"),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), "minutes"),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), "seconds"),
}
_SECONDS = {"weeks": 604_800, "days": 86_400, "hours": 3600, "minutes": 60, "seconds": 1}

_AMOUNT = re.compile(r"([0-9]{1,9})[ _-]?([a-z]{1,7})[ _-]?")
_YEAR_FIRST = re.compile(
    r"(?P<year>[0-9]{4})(?:(?:-?(?P<m1>[0-9]{2})(?:-?(?P<d1>[0-9]{2}))?)"
    r"|(?P<separator>[-./])(?P<m2>[0-9]{1,2})(?:(?P=separator)(?P<d2>[0-9]{1,2}))?)?"
)
_MONTH_FIRST = re.compile(r"(?P<month>[0-9]{1,2})/(?:(?P<day>[0-9]{1,2})/)?(?P<year>[0-9]{4})")
_DAY_FIRST = re.compile(
    r"(?:(?P<day>[0-9]{1,2})(?P<separator>[-.]))?(?P<month>[0-9]{1,2})(?(separator)(?P=separator)|[-.])"
    r"(?P<year>[0-9]{4})"
)
_TIME = re.compile(
    r"[t _](?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:\.(?P<fraction>[0-9]{1,6}))?)?"
    r"(?P<zone>z|[+-][0-9]{2}:?[0-9]{2})?$"
)
_SECONDS_SINCE_1970 = re.compile(r"@([0-9]{1,12})|([0-9]{9,12})")
_NAMED_MONTH = re.compile(r"(?:(?P<before>[0-9]{4})[ _-])?(?P<name>[a-z]{3,9})(?:[ _-]?(?P<after>[0-9]{4}))?")
_PERIOD = re.compile(r"(this|last)[ _-]?(week|month|year)")


def read_beginning(text: str, now: datetime) -> datetime:
    """The first instant of a date: what `before:` and `after:` mean. `now` is aware. Raises `UnreadableError`."""
    return _span(text, now.astimezone(UTC))[0]


def read_date_range(text: str, now: datetime) -> Date:
    """`A..B` from the beginning of A to the end of B, one of which may be missing; or one date, from its beginning to
    its end. An amount alone (`2w`) ends now. `now` is aware. Raises `UnreadableError`."""
    now = now.astimezone(UTC)
    first, dots, last = text.partition("..")
    if dots and not first and not last:
        raise UnreadableError("'..' has no date on either side; write date:2024.. or date:..2024")
    at_least = below = None
    if not dots:
        at_least, below = _span(text, now)
        if at_least == below and _amount(_folded(text), now) is not None:
            below = now
    else:
        if first:
            at_least = _span(first, now)[0]
        if last:
            below = _span(last, now)[1]
    if at_least is not None and below is not None and below <= at_least:
        raise UnreadableError(f"{shown(text)} holds no time; write the earlier date first, as in 2023..2024")
    return Date(at_least, below)


def read_age(text: str, now: datetime) -> datetime:
    """The instant that is so long ago: what `older_than:` and `newer_than:` mean. `now` is aware. Raises
    `UnreadableError`."""
    found = _amount(_folded(text), now.astimezone(UTC))
    if found is None:
        raise UnreadableError(f"{shown(text)} is no length of time; write 3d, 2w, 6m (months) or 1y")
    return found


def _folded(text: str) -> str:
    return text.strip().lower()


def _span(text: str, now: datetime) -> Span:
    folded = _folded(text)
    try:
        span = _relative(folded, now) or _absolute(folded)
    except (ValueError, OverflowError):
        # A day that no calendar has.
        span = None
    if span is None:
        raise UnreadableError(
            f"{shown(text)} is no date; write 2024, 2024-05, 2024-05-01, yesterday, or 2w for two weeks ago"
        )
    return span


def _relative(text: str, now: datetime) -> Span | None:
    """A date that depends on `now`."""
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if text == "now":
        return now, now
    if text == "today":
        return _days(today, 1)
    if text == "yesterday":
        return _days(today - timedelta(days=1), 1)
    period = _PERIOD.fullmatch(text)
    if period is not None:
        return _period(period[2], today, 1 if period[1] == "last" else 0)
    if len(text) >= 3 and text.isalpha():
        for number, name in enumerate(_WEEKDAYS):
            if name.startswith(text):
                # The last one, which may be today.
                return _days(today - timedelta(days=(today.weekday() - number) % 7), 1)
    month = _NAMED_MONTH.fullmatch(text)
    if month is not None and not (month["before"] and month["after"]):
        for number, name in enumerate(_MONTHS, 1):
            if name.startswith(month["name"]):
                year = int(month["before"] or month["after"] or today.year - (number > today.month))
                return _months(datetime(year, number, 1, tzinfo=UTC), 1)
    instant = _amount(text, now)
    return None if instant is None else (instant, instant)


def _period(unit: str, today: datetime, back: int) -> Span:
    if unit == "week":
        # ISO 8601: a week begins on Monday.
        return _days(today - timedelta(days=today.weekday() + 7 * back), 7)
    if unit == "month":
        return _months(_months_before(today.replace(day=1), back), 1)
    return _months(_months_before(today.replace(month=1, day=1), 12 * back), 12)


def _amount(text: str, now: datetime) -> datetime | None:
    """`now` without the amounts of which the text consists (`1y6m`, `2_weeks`); None where it is something else."""
    position, months, seconds = 0, 0, 0
    while position < len(text):
        found = _AMOUNT.match(text, position)
        unit = None if found is None else _UNITS.get(found[2])
        if found is None or unit is None:
            return None
        number = int(found[1])
        if unit in _SECONDS:
            seconds = min(seconds + number * _SECONDS[unit], _MOST_SECONDS)
        else:
            months = min(months + number * (12 if unit == "years" else 1), _MOST_MONTHS)
        position = found.end()
    if not text:
        return None
    begin = _months_before(now, months)
    # Before the first year of the calendar there is no mail.
    return begin - timedelta(seconds=seconds) if seconds < (begin - _EARLIEST).total_seconds() else _EARLIEST


def _absolute(text: str) -> Span | None:
    """A date that means the same on any day. Raises `ValueError` or `OverflowError` for one that there is not."""
    since = _SECONDS_SINCE_1970.fullmatch(text)
    if since is not None:
        begin = _EPOCH + timedelta(seconds=int(since[1] or since[2]))
        return begin, _after(begin, timedelta(seconds=1))
    time = _TIME.search(text)
    day_text = text if time is None else text[: time.start()]
    year_first = _YEAR_FIRST.fullmatch(day_text)
    found = year_first or _MONTH_FIRST.fullmatch(day_text) or _DAY_FIRST.fullmatch(day_text)
    if found is None:
        return None
    if year_first is not None:
        month, day = year_first["m1"] or year_first["m2"], year_first["d1"] or year_first["d2"]
    else:
        month, day = found["month"], found["day"]
    begin = datetime(int(found["year"]), int(month or 1), int(day or 1), tzinfo=UTC)
    if time is not None:
        return None if day is None else _at(begin, time)
    if day:
        return _days(begin, 1)
    return _months(begin, 1 if month else 12)


def _at(day: datetime, time: re.Match[str]) -> Span:
    zone = time["zone"]
    begin = day.replace(
        hour=int(time["hour"]),
        minute=int(time["minute"]),
        second=int(time["second"] or 0),
        microsecond=int((time["fraction"] or "").ljust(6, "0")),
        tzinfo=UTC if zone in (None, "z") else _zone(zone),
    ).astimezone(UTC)
    if time["fraction"]:
        return begin, _after(begin, timedelta(microseconds=1))
    return begin, _after(begin, timedelta(seconds=1) if time["second"] else timedelta(minutes=1))


def _zone(text: str) -> timezone:
    offset = timedelta(hours=int(text[1:3]), minutes=int(text[-2:]))
    return timezone(-offset if text[0] == "-" else offset)


def _days(begin: datetime, days: int) -> Span:
    return begin, _after(begin, timedelta(days=days))


def _after(begin: datetime, length: timedelta) -> datetime:
    # Without the last microsecond of the calendar; nothing else can follow it.
    return begin + length if _LATEST - begin > length else _LATEST


def _months(begin: datetime, months: int) -> Span:
    """So many months from the first day of one on."""
    count = begin.year * 12 + begin.month - 1 + months
    year, month = divmod(count, 12)
    return begin, begin.replace(year=year, month=month + 1) if year <= 9999 else _LATEST


def _months_before(instant: datetime, months: int) -> datetime:
    """The same day and time so many months before, or the last day of a month that is too short."""
    count = instant.year * 12 + instant.month - 1 - months
    year, month = divmod(count, 12)
    if year < 1:
        return _EARLIEST
    for day in (instant.day, 30, 29, 28):
        try:
            return instant.replace(year=year, month=month + 1, day=min(day, instant.day))
        except ValueError:
            continue
    raise AssertionError("every month has a 28th")
