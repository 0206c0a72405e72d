"""Sizes of messages, as people write them: `500000`, `10M`, `1.5GB`, `512Ki`, and ranges of them."""

from __future__ import annotations

import re

from mailstrata.search.query.nodes import Size
from mailstrata.search.query.unreadable import UnreadableError, shown

MOST_BYTES = (1 << 63) - 1
"""No column of sizes holds more."""

_SIZE = re.compile(r"([0-9]{1,19})(?:\.([0-9]{1,6}))?\s*([kmgt]?)(i?)b?", re.ASCII | re.IGNORECASE)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}


def read_size(text: str) -> int:
    """A number of bytes. Units are powers of 1,000 (`10M`, `10MB`), with an `i` of 1,024 (`10Mi`, `10MiB`).

    Raises `UnreadableError`.
    """
    found = _SIZE.fullmatch(text.strip())
    if found is None or (found[4] and not found[3]):
        raise UnreadableError(f"{shown(text)} is no size; write 500000, 100k, 10M or 1G")
    digits, fraction = found[1], found[2] or ""
    unit: int = (1024 if found[4] else 1000) ** _POWERS[found[3].lower()]
    count: int = int(digits + fraction) * unit // 10 ** len(fraction)
    return min(count, MOST_BYTES)


def read_size_range(text: str) -> Size:
    """`A..B`, both included, one of them may be missing; a size alone is the least one, as in Gmail.

    Raises `UnreadableError`.
    """
    first, dots, last = text.partition("..")
    if not dots:
        return Size(read_size(text), None)
    if not first and not last:
        raise UnreadableError("'..' has no size on either side; write size:10M.. or size:..10M")
    at_least = read_size(first) if first else None
    below = read_size(last) + 1 if last else None
    if at_least is not None and below is not None and below <= at_least:
        raise UnreadableError(f"{shown(text)} ends before it begins; write the smaller size first")
    return Size(at_least, below)
