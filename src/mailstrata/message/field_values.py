"""The fields of a message that most readers ask for, all of them taken out of its header block at once.

`Headers` looks for one field at a time, which is right for a question or two. Whoever asks for some twenty takes the
block apart in one go; where the fields of each name lie is then known from the names alone, and mail that one program
wrote, or one way brought, has the same names in the same order.
"""

from __future__ import annotations

import re
from functools import lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING, Final

from mailstrata.message.headers import LARGE_BLOCK

if TYPE_CHECKING:
    from collections.abc import Callable

    from mailstrata.message.headers import Headers


FIELD_NAMES = (
    *("From", "Sender", "Reply-To", "To", "Cc", "Bcc", "Date", "Subject", "Message-ID", "In-Reply-To", "References"),
    *("Delivered-To", "List-Id", "X-Gmail-Labels", "Keywords", "User-Agent", "X-Mailer", "Auto-Submitted"),
    *("Content-Type", "Content-Disposition", "Content-ID"),
)
"""The fields, in the order of `FieldValues.first`."""

# Their places there; plain numbers, since members of an enumeration take longer to look up than what they stand for.
FROM: Final = 0
SENDER: Final = 1
REPLY_TO: Final = 2
TO: Final = 3
CC: Final = 4
BCC: Final = 5
DATE: Final = 6
DELIVERED_TO: Final = 11
SUBJECT: Final = 7
LABELS: Final = 13
KEYWORDS: Final = 14
CONTENT_TYPE: Final = 18
CONTENT_DISPOSITION: Final = 19
CONTENT_ID: Final = 20

_NUMBERS = {name.lower().encode("ascii"): number for number, name in enumerate(FIELD_NAMES)}
_ONCE = frozenset(range(FIELD_NAMES.index("References") + 1))
"""The fields that a message has at most once (RFC 5322, 3.6)."""

# As in `Headers`: the fields of a block in which every CR belongs to a line break.
_FIELDS = re.compile(rb"^([!-9;-~]++)[ \t]*+:([^\n]*+(?>(?:\n[ \t][^\n]*+)*))", re.MULTILINE)

_MOST_KEPT = 128
_LARGEST_KEPT = 16 << 10


class FieldValues:
    """The values of the fields of `FIELD_NAMES`, bytes as they stand, as `Headers.raw` and `raw_all` give them.

    `first` has the first value of each field, None where there is none; `repeated` has all values of those that stand
    there more than once. `has_repeated` says that one is among them that must not be (RFC 5322, 3.6).
    """

    __slots__ = ("first", "has_repeated", "repeated")

    def __init__(self, headers: Headers) -> None:
        self.first: tuple[bytes | None, ...] = ()
        self.repeated: dict[int, list[bytes]] = {}
        block = headers.block
        has_carriage_returns = b"\r" in block
        if len(block) >= LARGE_BLOCK or (has_carriage_returns and block.count(b"\r") != block.count(b"\r\n")):
            found = [headers.raw_all(name) for name in FIELD_NAMES]
            self.first = tuple([values[0] if values else None for values in found])
            self.repeated = {number: values for number, values in enumerate(found) if len(values) > 1}
        else:
            self._take_apart(block, has_carriage_returns)
        self.has_repeated = bool(self.repeated) and not _ONCE.isdisjoint(self.repeated)

    def _take_apart(self, block: bytes, has_carriage_returns: bool) -> None:
        pairs = _FIELDS.findall(block)
        if not pairs:
            self.first = (None,) * len(FIELD_NAMES)
            return
        names, found = zip(*pairs, strict=True)
        if len(names) <= _MOST_KEPT and len(block) <= _LARGEST_KEPT:
            layout = _kept_layout(names)
        else:
            layout = _Layout(names)
        values: list[bytes | None]
        if has_carriage_returns:
            # A value may have kept the CR of its last line break.
            values = [value.rstrip(b"\r") for value in found]
        else:
            values = list(found)
        values.append(None)
        self.first = layout.first_of(values)
        for number, places in layout.repeated:
            self.repeated[number] = [value for place in places if (value := values[place]) is not None]

    def all(self, field: int) -> list[bytes]:
        """The values of all fields of that name, in order."""
        values = self.repeated.get(field)
        if values is not None:
            return values
        value = self.first[field]
        return [] if value is None else [value]


class _Layout:
    """Where among all fields of a block those of `FIELD_NAMES` stand. One that is missing is found behind the last."""

    __slots__ = ("first_of", "repeated")

    def __init__(self, names: tuple[bytes, ...]) -> None:
        places: list[list[int]] = [[] for _ in FIELD_NAMES]
        for place, name in enumerate(names):
            number = _NUMBERS.get(name.lower())
            if number is not None:
                places[number].append(place)
        self.first_of: Callable[[list[bytes | None]], tuple[bytes | None, ...]] = itemgetter(
            *(found[0] if found else len(names) for found in places)
        )
        self.repeated = [(number, found) for number, found in enumerate(places) if len(found) > 1]


_kept_layout = lru_cache(maxsize=512)(_Layout)
