"""The header fields of an entity, split and decoded when they are asked for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache

from mailstrata.message.encoded_words import decode_text
from mailstrata.message.large_index import LargeIndex, only_index
from mailstrata.parser.fields import RawField, split_fields

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final, TypeVar

    _Default = TypeVar("_Default")


# The fields of a block without bare CRs, as `split_fields` finds them, in a third of the time. A value may keep
# the CR of its last line break.
@cache
def _fields() -> re.Pattern[bytes]:
    return re.compile(rb"^([!-9;-~]++)[ \t]*+:([^\n]*+(?>(?:\n[ \t][^\n]*+)*))", re.MULTILINE)


@cache
def _name() -> re.Pattern[bytes]:
    return re.compile(rb"[!-9;-~]++")


# What stands behind the name of a field, as `_fields` takes it.
_VALUE: Final = re.compile(rb"[ \t]*+:([^\n]*+(?>(?:\n[ \t][^\n]*+)*))")

_CARRIAGE_RETURN: Final = ord("\r")
LARGE_BLOCK: Final = 1 << 16
"""Bytes from which on a block does not keep its index for good: where fields are tiny it takes some thirty times as
much memory as the block."""


class Headers:
    """The header fields of one entity, in order; names are matched without regard to case.

    `block` is the header as it stands, its blank line included; `start` is its offset in the source, in bytes.
    `headers[name]` and `get` give the first field of a name as decoded text on one line, `raw` and `raw_all` the
    bytes between the colon and the line break that ends the field, folding included. Nothing raises on content,
    or for a name that is absent.

    Fields are looked for one by one; a header of 64 KiB and more is split as a whole at the first question, and only
    the one asked last keeps what it found, so that many open entities cost no more than twice their blocks.
    """

    __slots__ = ("_from_value", "_index", "_large_index", "_lower", "_subject_value", "block", "start")

    def __init__(self, block: bytes, start: int = 0) -> None:
        self.block = block
        self.start = start
        self._index: dict[bytes, list[bytes]] | None = None
        self._large_index: LargeIndex | None = None
        self._lower: bytes | None = None
        self._from_value: bytes | None = None
        self._subject_value: bytes | None = None

    @property
    def fields(self) -> list[RawField]:
        """The fields as they stand, in order; split anew each time. Their `start` counts from the block's."""
        return split_fields(self.block)

    def note_first(self, from_value: bytes | None, subject_value: bytes | None) -> None:
        """Take over what is known already of the first From and the first Subject field; None where nothing is."""
        self._from_value = from_value
        self._subject_value = subject_value

    def raw(self, name: str) -> bytes | None:
        """The value of the first field of that name, bytes as they stand; None where there is none."""
        if name == "Subject" and self._subject_value is not None:
            return self._subject_value.rstrip(b"\r")
        if name == "From" and self._from_value is not None:
            return self._from_value.rstrip(b"\r")
        line = _line_start(name)
        if line is None:
            return None
        lower = self._lower or self._searchable()
        if lower is None:
            values = self._whole_index().get(line[1:])
            return values[0].rstrip(b"\r") if values else None
        at = lower.find(line)
        while at >= 0:
            match = _VALUE.match(self.block, at + len(line) - 1)
            if match is not None:
                return match[1].rstrip(b"\r")
            at = lower.find(line, at + 1)
        return None

    def raw_all(self, name: str) -> list[bytes]:
        """The values of all fields of that name, bytes as they stand, in order."""
        return [value.rstrip(b"\r") for value in self._values(name)]

    def __getitem__(self, name: str) -> str | None:
        value = self.raw(name)
        return None if value is None else decode_text(value)

    def get(self, name: str, default: _Default | None = None) -> str | _Default | None:
        """The decoded value of the first field of that name, or else `default`."""
        value = self.raw(name)
        return default if value is None else decode_text(value)

    def get_all(self, name: str) -> list[str]:
        """The decoded values of all fields of that name, in order."""
        return [decode_text(value) for value in self.raw_all(name)]

    def has_repeated(self, names: frozenset[bytes]) -> bool:
        """Whether any of these names, in lower case, occurs more than once."""
        index = self._whole_index()
        return any(len(values) > 1 and name in names for name, values in index.items())

    def items(self) -> list[tuple[str, str]]:
        """Name as it stands and decoded value of every field, in order."""
        return [(field.name.decode("ascii"), decode_text(field.value)) for field in self.fields]

    def names(self) -> list[str]:
        """The name of every field as it stands, in order; one that occurs twice is there twice."""
        return [field.name.decode("ascii") for field in self.fields]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and bool(self._values(name))

    def __len__(self) -> int:
        """How many fields there are."""
        return len(self.fields)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())

    def __repr__(self) -> str:
        return f"<Headers at {self.start}, {len(self.block)} bytes>"

    def _values(self, name: str) -> list[bytes]:
        line = _line_start(name)
        if line is None:
            return []
        lower = self._lower or self._searchable()
        if lower is None:
            return self._whole_index().get(line[1:], [])
        at = lower.find(line)
        return [] if at < 0 else _values_of(self.block, lower, line, at)

    def _searchable(self) -> bytes | None:
        """The block in lower case behind a line feed, to look for fields in; None where its index has to be asked."""
        if self._index is not None:
            return None
        block = self.block
        if len(block) >= LARGE_BLOCK or (_CARRIAGE_RETURN in block and block.count(b"\r") != block.count(b"\r\n")):
            return None
        # Few fields are asked for: to look for each takes a tenth of the time that splitting all takes.
        self._lower = lower = b"\n" + block.lower()
        return lower

    def _whole_index(self) -> dict[bytes, list[bytes]]:
        large = self._large_index
        index = self._index if large is None else large.values
        if index is None:
            index = _index_of(self.block)
            if len(self.block) >= LARGE_BLOCK:
                self._large_index = only_index(index)
            else:
                self._index = index
        return index


@lru_cache(maxsize=1024)
def _line_start(name: str) -> bytes | None:
    """What a field of that name begins with, in lower case and with the line feed before it; None if none can."""
    # Lower-cased as bytes: some letters outside ASCII have ASCII ones for their lower case.
    key = name.encode("utf-8", "surrogatepass").lower()
    return None if _name().fullmatch(key) is None else b"\n" + key


def _values_of(block: bytes, lower: bytes, line: bytes, at: int) -> list[bytes]:
    """The values of all fields whose lines begin with `line`, the first of which may be at index `at`; `lower` is the
    block in lower case behind a line feed."""
    values: list[bytes] = []
    length = len(line) - 1
    while at >= 0:
        match = _VALUE.match(block, at + length)
        if match is None:
            at += 1
        else:
            values.append(match[1])
            # What follows is a line of its own: its line feed is not taken.
            at = match.end()
        at = lower.find(line, at)
    return values


def _index_of(block: bytes) -> dict[bytes, list[bytes]]:
    """Values by lower-case name, in order."""
    index: dict[bytes, list[bytes]] = {}
    pairs: Iterable[tuple[bytes, bytes]]
    if _CARRIAGE_RETURN in block and block.count(b"\r") != block.count(b"\r\n"):
        pairs = ((field.name, field.value) for field in split_fields(block))
    elif len(block) >= LARGE_BLOCK:
        pairs = ((match[1], match[2]) for match in _fields().finditer(block))
    else:
        pairs = _fields().findall(block)
    for name, value in pairs:
        key = name.lower()
        if key in index:
            index[key].append(value)
        else:
            index[key] = [value]
    return index
