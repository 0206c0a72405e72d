"""How the differences about fixtures are recognised: see differences_of_fixtures.py."""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.conformance.difference import differing_leaves
from tests.conformance.readers import Leaf, Reading

_ENCODINGS = re.compile(rb"^content-transfer-encoding([ \t]*:(?:.|\r?\n[ \t])*)", re.IGNORECASE | re.MULTILINE)
_ONE_ENCODING = re.compile(
    rb":[ \t]*(?:7bit|8bit|binary|base64|quoted-printable|(?:x-)?uue(?:ncode)?)\r?", re.IGNORECASE
)
_SECTIONED_NAME = re.compile(rb"name\*\d*\*?=", re.IGNORECASE)
SUBJECTS = re.compile(rb"^subject[ \t]*:", re.IGNORECASE | re.MULTILINE)
SPACED_SUBJECT = re.compile(rb"^subject[ \t]+:", re.IGNORECASE | re.MULTILINE)
SPACE_BEFORE_COLON = re.compile(rb"^[!-9;-~]+[ \t]+:", re.MULTILINE)
_TYPE = re.compile(rb"^content-type[ \t]*:(?:.|\r?\n[ \t])*", re.IGNORECASE | re.MULTILINE)
_EQUALS_SIGN = re.compile(rb"boundary=[^\s\";=]*=", re.IGNORECASE)
_ENCODED_BOUNDARY = re.compile(rb"boundary=\"?=\?", re.IGNORECASE)
UUENCODE = frozenset({"uuencode", "x-uuencode", "uue", "x-uue"})
TWO_TYPES = frozenset({"conflicting-content-types", "duplicate-content-type"})
_BOUNDARIES = frozenset(
    {
        "boundary-ends-in-space",
        "boundary-too-long",
        "conflicting-boundaries",
        "delimiter-after-close",
        "encoded-container",
        "extended-boundary",
        "missing-boundary-parameter",
    }
)

Rule = Callable[[Leaf], bool]


def each(rule: Rule, about: str, reader: str, ours: Reading, theirs: Reading) -> bool:
    """Whether the rule holds for every leaf that is read otherwise."""
    leaves = differing_leaves(ours, theirs, about, reader)
    return bool(leaves) and all(rule(leaf) for leaf in leaves)


def has_code(codes: frozenset[str], ours: Reading, theirs: Reading) -> bool:
    """Whether the message has one of these defects."""
    return bool(ours.codes & codes)


def leaf_with(*codes: str) -> Rule:
    """Whether a leaf has one of these defects."""
    return lambda leaf: bool(leaf.codes & set(codes))


def odd_encoding(leaf: Leaf) -> bool:
    """Whether the encoding is not said by one field on one line with one known word in it."""
    fields = _ENCODINGS.findall(leaf.header)
    return len(fields) > 1 or any(_ONE_ENCODING.fullmatch(value) is None for value in fields)


def sections(leaf: Leaf) -> bool:
    """Whether a file name is given in the notation of RFC 2231."""
    return _SECTIONED_NAME.search(leaf.header) is not None


def swapped(ours: Reading, theirs: Reading) -> bool:
    """Whether each name that differs is ours with the two bytes of each UTF-16 unit exchanged."""
    pairs = [(a.filename or "", b.filename or "") for a, b in zip(ours.leaves, theirs.leaves, strict=True)]
    return all(mine == yours or mine.encode("utf-16-be") == yours.encode("utf-16-le") for mine, yours in pairs)


def in_apostrophes(leaf: Leaf) -> bool:
    """Whether the file name begins and ends with an apostrophe."""
    return leaf.filename is not None and re.fullmatch("'.*'", leaf.filename) is not None


def _type_field(ours: Reading) -> bytes:
    field = _TYPE.search(ours.header)
    return b"" if field is None else field[0]


def odd_type_field(ours: Reading, theirs: Reading) -> bool:
    """Whether the message's Content-Type has a boundary, and a comment or a backslash."""
    field = _type_field(ours)
    return b"boundary" in field.lower() and (b"(" in field or b"\\" in field)


def odd_boundary(ours: Reading, theirs: Reading) -> bool:
    """Whether a boundary is declared or used in a way that can be read in two."""
    return bool(ours.codes & _BOUNDARIES) or _ENCODED_BOUNDARY.search(_type_field(ours)) is not None


def same_but_crlf(ours: Reading, theirs: Reading) -> bool:
    """Whether all contents are the same but for their line breaks, and some were quoted-printable."""
    return _lines(ours) == _lines(theirs) and any(leaf.encoding == "quoted-printable" for leaf in ours.leaves)


def _lines(reading: Reading) -> list[bytes]:
    return sorted((leaf.content or b"").replace(b"\r\n", b"\n").strip(b"\n") for leaf in reading.leaves)


def is_empty(leaf: Leaf) -> bool:
    """Whether there is nothing in a leaf, not even a header."""
    return not leaf.header.strip() and not (leaf.content or b"").strip()
