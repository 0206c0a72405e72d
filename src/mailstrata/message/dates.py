"""Dates of header fields (RFC 5322, 3.3 and 4.3), and the other forms in which mail has them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from functools import cache, lru_cache

from mailstrata.parser.fields import unfold
from mailstrata.parser.parameters import comment_end

_MAX_DATE = 256
"""Bytes, comments left out, in which a date is looked for."""

_MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1
    )
}

# Hours east of UTC. Those of RFC 5322, 4.3, and names that mail has all the same; where a name means several
# zones (IST, CST), it is the one of RFC 5322 or the one most mail means by it. Any other name is UTC.
_ZONES = {
    "edt": -4, "est": -5, "cdt": -5, "cst": -6, "mdt": -6, "mst": -7, "pdt": -7, "pst": -8,
    "ast": -4, "adt": -3, "nst": -3.5, "ndt": -2.5, "akst": -9, "akdt": -8, "hst": -10, "art": -3, "brt": -3,
    "brst": -2, "wet": 0, "west": 1, "bst": 1, "cet": 1, "cest": 2, "met": 1, "mest": 2, "mez": 1, "mesz": 2,
    "eet": 2, "eest": 3, "msk": 3, "msd": 4, "trt": 3, "ist": 5.5, "pkt": 5, "sgt": 8, "hkt": 8, "awst": 8,
    "jst": 9, "kst": 9, "acst": 9.5, "aest": 10, "aedt": 11, "nzst": 12, "nzdt": 13, "sast": 2,
}  # fmt: skip

_TIME = (
    r"(?P<hour>\d{1,2})\s*[:.]\s*(?P<minute>\d{1,2})(?:\s*[:.]\s*(?P<second>\d{1,2})(?:[.,]\d{1,9})?)?"
    r"(?:\s*(?P<half>[ap])\.?m\b\.?)?"
)
_ZONE = r"(?:\s*[\"']?(?P<zone>\d{4}\b|(?:[a-z]{1,5}\b)?\s*(?:[+-]+\s?\d{1,2}:?\d{2}\b|[+-]\d\b)?))"
_MONTH = r"(?P<month>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_NO_TIME = r"(?!\D*\d)"  # where digits follow that are no time, midnight would be made up
_WEEKDAY = r"(?:[^\d,\s]{1,16}\s*[,.]?\s*|,\s*)?"


# Nearly all mail: the form of RFC 5322, with nothing obsolete and at most one comment behind it.
@cache
def _usual() -> re.Pattern[bytes]:
    return re.compile(
        rb"\s*+(?:[A-Z][a-z]{2},[ \t]++)?([0-9]{1,2})[ \t]++("
        + rb"|".join(map(str.encode, map(str.title, _MONTHS)))
        + rb")[ \t]++([0-9]{4})[ \t]++([0-9]{2}):([0-9]{2}):([0-9]{2})[ \t]++([+-][0-9]{4}|GMT)"
        + rb"\s*+(?:\([^()\\]*+\)\s*+)?"
    )


@cache
def _forms() -> tuple[re.Pattern[str], ...]:
    return tuple(
        re.compile(form, re.IGNORECASE | re.ASCII)
        for form in (
            # RFC 5322, and 822 with a year of two digits: Mon, 1 Jan 2024 10:00:00 +0100
            rf"{_WEEKDAY}{_DAY}[\s./-]*{_MONTH}[\s.,/-]*(?P<year>\d{{2,4}})\b"
            rf"(?:[\s,:-]+(?:at\s+)?{_TIME}{_ZONE}|{_NO_TIME})",
            # ctime, with or without a zone: Mon Jan  1 10:00:00 CET 2024
            rf"{_WEEKDAY}{_MONTH}\s*{_DAY},?\s+{_TIME}{_ZONE}\s*,?\s*(?P<year>\d{{4}})\b(?P<after>\s*[+-]\d{{4}}\b)?",
            # January 1, 2024 10:00 AM
            rf"{_WEEKDAY}{_MONTH}\s*{_DAY}(?:,\s*|\s+)(?P<year>\d{{4}})\b"
            rf"(?:[\s,]+(?:at\s+)?{_TIME}{_ZONE}|{_NO_TIME})",
            # ISO 8601 (RFC 3339), and others with the year in front: 2024-01-01T10:00:00Z
            rf"{_WEEKDAY}(?P<year>\d{{4}})[\s./-]?(?:(?P<digits>\d{{2}})|{_MONTH})[\s./-]?(?P<day>\d{{1,2}})"
            rf"(?:(?:[\s,]+(?:[a-z]{{3}},?\s+)?|t){_TIME}{_ZONE}|{_NO_TIME})",
            # The same without separators: 20240101T100000Z
            rf"(?P<year>\d{{4}})(?P<digits>\d{{2}})(?P<day>\d{{2}})t?"
            rf"(?P<hour>\d{{2}})(?P<minute>\d{{2}})(?P<second>\d{{2}}){_ZONE}",
            # 10:00:00 1 Jan 2024
            rf"{_WEEKDAY}{_TIME}{_ZONE}[\s,]*{_WEEKDAY}{_DAY}[\s./-]*{_MONTH}[\s.,/-]*(?P<year>\d{{4}})\b",
        )
    )


@cache
def _offset() -> re.Pattern[str]:
    return re.compile(r"([+-])\s?(\d{1,2}?)(?::?(\d{2}))?\Z")


def parse_date(value: bytes) -> datetime | None:
    """The date of a field value: aware, with its own offset from UTC; None where it cannot be read.

    Beside the form of RFC 5322 this takes those of RFC 822 and ctime, ISO 8601, missing seconds, a missing time
    (midnight), dots for colons, comments, and weekdays that are wrong or mean nothing. Years of two and three digits
    are read as RFC 5322, 4.3 says. UTC is assumed without a zone, for `-0000`, for a name that is not known (military
    letters included) and for an offset of a day or more, such as `+9999`. A leap second is the second before it.
    Values that no calendar has, and instants that UTC cannot express in the years 1 to 9999, give None. Never raises;
    linear in the size of the value.
    """
    usual = _usual().fullmatch(value)
    if usual is not None:
        day, month, year, hour, minute, second, zone = usual.groups()
        return _datetime(
            int(year), _MONTHS[month.decode().lower()], int(day), int(hour), int(minute), int(second), zone.decode()
        )
    value = unfold(value)
    if b"(" in value:
        value = _without_comments(value)
    text = value[:_MAX_DATE].decode("latin-1").strip(" \t\"'<>")
    for form in _forms():
        match = form.match(text)
        if match is not None:
            return _date(match.groupdict())
    return None


def _without_comments(value: bytes) -> bytes:
    """What stands outside comments; all from a parenthesis that is never closed is a comment, too."""
    pieces = []
    position = size = 0
    while size < _MAX_DATE and (start := value.find(b"(", position)) >= 0:
        pieces.append(value[position:start])
        size += len(pieces[-1])
        position = comment_end(value, start)
        if position < 0:
            return b" ".join(pieces)
    pieces.append(value[position:])
    return b" ".join(pieces)


def _date(found: dict[str, str | None]) -> datetime | None:
    year_digits = found["year"] or ""
    year = int(year_digits)
    if len(year_digits) == 2:
        year += 2000 if year < 50 else 1900
    elif len(year_digits) == 3:
        year += 1900
    month = found.get("month")
    month_number = _MONTHS[month.lower()] if month else int(found.get("digits") or 0)
    hour, minute, second = (int(found[unit] or 0) for unit in ("hour", "minute", "second"))
    half = found.get("half")
    if half:
        if not 1 <= hour <= 12:
            # 15:30 PM is written, and clear.
            half = None if hour > 12 else half
        elif half in "pP":
            hour = hour % 12 + 12
        else:
            hour %= 12
    zone = ((found["zone"] or "") + (found.get("after") or "")).strip().lower()
    return _datetime(year, month_number, int(found["day"] or 0), hour, minute, second, zone)


def _datetime(year: int, month: int, day: int, hour: int, minute: int, second: int, zone: str) -> datetime | None:
    """None for what no calendar has. A leap second, which `datetime` cannot hold, is the one before it."""
    try:
        date = datetime(year, month, day, hour, minute, 59 if second == 60 else second, tzinfo=_zone(zone))
        if year in (1, 9999):
            date.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return date


@lru_cache(maxsize=256)
def _zone(text: str) -> timezone:
    """The zone of `+0100`, `+01:00`, `cet`, `gmt+1`, `0100`..."""
    if not text:
        return UTC
    offset = _offset().search(text if not text.isdecimal() else "+" + text)
    if offset is None:
        hours = _ZONES.get(text.rstrip(" +-"))
        return timezone(timedelta(hours=hours)) if hours else UTC
    sign, hours_digits, minutes_digits = offset.groups()
    minutes = int(hours_digits) * 60 + int(minutes_digits or 0)
    if minutes == 0 or minutes >= 24 * 60:
        return UTC
    return timezone(timedelta(minutes=-minutes if sign == "-" else minutes))
