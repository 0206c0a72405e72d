"""The fields of a message that most readers ask for, all of them taken out of its header block at once.

`Headers` looks for one field at a time, which is right for a question or two. Whoever asks for some twenty takes the
block apart in one go; where the fields of each name lie is then known from the names alone, and mail that one program
wrote, or one way brought, has the same names in the same order.
"""

from __future__ import annotations

import re
from enum import IntEnum
from functools import lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING

from mailstrata.message.headers import LARGE_BLOCK

if TYPE_CHECKING:
    from collections.abc import Callable

    from mailstrata.message.headers import Headers


class Field(IntEnum):
    """The fields, as they are counted in `FieldValues.first`."""

    FROM = 0
    SENDER = 1
    REPLY_TO = 2
    TO = 3
    CC = 4
    BCC = 5
    DATE = 6
    SUBJECT = 7
    MESSAGE_ID = 8
    IN_REPLY_TO = 9
    REFERENCES = 10
    DELIVERED_TO = 11
    LIST_ID = 12
    LABELS = 13
    KEYWORDS = 14
    USER_AGENT = 15
    MAILER = 16
    AUTO_SUBMITTED = 17
    CONTENT_TYPE = 18
    CONTENT_DISPOSITION = 19
    CONTENT_ID = 20


_NAMES = (
    *("From", "Sender", "Reply-To", "To", "Cc", "Bcc", "Date", "Subject", "Message-ID", "In-Reply-To", "References"),
    *("Delivered-To", "List-Id", "X-Gmail-Labels", "Keywords", "User-Agent", "X-Mailer", "Auto-Submitted"),
    *("Content-Type", "Content-Disposition", "Content-ID"),
)
_NUMBERS = {name.lower().encode("ascii"): number for number, name in enumerate(_NAMES)}
_ONCE = frozenset(range(Field.REFERENCES + 1))
"""The fields that a message has at most once (RFC 5322, 3.6)."""

# As in `Headers`: the fields of a block in which every CR belongs to a line break.
_FIELDS = re.compile(rb"^([!-9;-~]++)[ \t]*+:([^\n]*+(?>(?:\n[ \t][^\n]*+)*))", re.MULTILINE)

_MOST_KEPT = 128
_LARGEST_KEPT = 16 << 10


class FieldValues:
    """The values of the fields of `Field`, bytes as they stand, as `Headers.raw` and `raw_all` give them.

    `first` has the first value of each field, None where there is none. `has_repeated` says that a field stands more
    than once that must not (RFC 5322, 3.6).
    """

    __slots__ = ("_others", "first", "has_repeated")

    def __init__(self, headers: Headers) -> None:
        self.first: tuple[bytes | None, ...] = ()
        self._others: dict[int, list[bytes]] = {}
        block = headers.block
        carriage_returns = block.count(b"\r")
        if len(block) >= LARGE_BLOCK or (carriage_returns and carriage_returns != block.count(b"\r\n")):
            found = [headers.raw_all(name) for name in _NAMES]
            self.first = tuple([values[0] if values else None for values in found])
            self._others = {number: values for number, values in enumerate(found) if len(values) > 1}
        else:
            self._take_apart(block, carriage_returns > 0)
        self.has_repeated = bool(self._others) and not _ONCE.isdisjoint(self._others)

    def _take_apart(self, block: bytes, has_carriage_returns: bool) -> None:
        pairs = _FIELDS.findall(block)
        if not pairs:
            self.first = (None,) * len(_NAMES)
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
            self._others[number] = [value for place in places if (value := values[place]) is not None]

    def all(self, field: int) -> list[bytes]:
        """The values of all fields of that name, in order."""
        values = self._others.get(field)
        if values is not None:
            return values
        value = self.first[field]
        return [] if value is None else [value]


class _Layout:
    """Where among all fields of a block those of `Field` stand. One that is missing is found behind the last."""

    __slots__ = ("first_of", "repeated")

    def __init__(self, names: tuple[bytes, ...]) -> None:
        places: list[list[int]] = [[] for _ in _NAMES]
        for place, name in enumerate(names):
            number = _NUMBERS.get(name.lower())
            if number is not None:
                places[number].append(place)
        self.first_of: Callable[[list[bytes | None]], tuple[bytes | None, ...]] = itemgetter(
            *(found[0] if found else len(names) for found in places)
        )
        self.repeated = [(number, found) for number, found in enumerate(places) if len(found) > 1]


_kept_layout = lru_cache(maxsize=512)(_Layout)
