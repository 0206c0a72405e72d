"""The `From ` line that begins a message in an mbox: its shape."""

from __future__ import annotations

import re
from functools import cache

_DAY = rb"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_MONTH = rb"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_TIME = rb"\d{1,2}:\d\d(?>(?::\d\d)?)"
_ZONE = rb"(?:[ \t]++(?:[-+]\d{4}|[A-Za-z]{1,5}(?![A-Za-z])|\([^()\r\n]*\)))"
_REST = rb"(?>(?:[ \t]++remote[ \t]++from[ \t]++\S++)?)[ \t\r]*+\Z"


# What nearly all are: one word, and the date as asctime writes it. Takes less than half the time.
@cache
def _usual() -> re.Pattern[bytes]:
    return re.compile(rb"From \S++ " + _DAY + rb" " + _MONTH + rb" [ \d]\d \d\d:\d\d:\d\d \d{4}\Z")


# An address, `user at host` (pipermail), a quoted local part, `-` (Mozilla), or nothing; then a date as asctime writes
# it (zone before or after the year), as RFC 5322 does, or as ISO 8601 does.
@cache
def _shape() -> re.Pattern[bytes]:
    return re.compile(
        rb"From(?:[ \t]++(?:\"[^\"\r\n]*+\"\S*+|\S++(?>(?:[ \t]++at[ \t]++\S++)?)(?>(?:[ \t]++\[[^\]\r\n]*+\])?)))?"
        rb"[ \t]++(?:"
        rb"(?>(?:"
        + _DAY
        + rb",?[ \t]++)?)"
        + _MONTH
        + rb"[ \t]++\d{1,2}[ \t]++"
        + _TIME
        + _ZONE
        + rb"{0,2}[ \t]++\d{4}"
        rb"|(?>(?:"
        + _DAY
        + rb",?[ \t]++)?)\d{1,2}[ \t]++"
        + _MONTH
        + rb"[ \t]++\d{4}[ \t]++"
        + _TIME
        + rb"|\d{4}-\d\d-\d\d[T \t]"
        + _TIME
        + rb"(?>(?:\.\d++)?)Z?+"
        rb")(?>" + _ZONE + rb"{0,2})" + _REST
    )


def has_from_line_shape(line: bytes) -> bool:
    """Whether a line, without its line feed, is `From `, a sender (or none) and a date. Linear in its length."""
    return _usual().match(line) is not None or _shape().match(line) is not None
