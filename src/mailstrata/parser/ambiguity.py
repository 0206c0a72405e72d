"""Fields that two readers may read in two ways, and so see two messages in the same bytes.

Called only for header blocks in which something is out of the ordinary; `docs/ambiguity.md` says which reading is ours
and who takes another.
"""

from __future__ import annotations

import re
from collections import Counter

from mailstrata.parser.defects import DefectCode
from mailstrata.parser.encodings import KNOWN_ENCODINGS
from mailstrata.parser.entity import Entity
from mailstrata.parser.fields import RawField, split_fields, unfold
from mailstrata.parser.parameters import comment_end, is_well_formed, split_parameters

_DUPLICATES = {
    b"content-type": (DefectCode.DUPLICATE_CONTENT_TYPE, DefectCode.CONFLICTING_CONTENT_TYPES),
    b"content-transfer-encoding": (
        DefectCode.DUPLICATE_TRANSFER_ENCODING,
        DefectCode.CONFLICTING_TRANSFER_ENCODINGS,
    ),
    b"content-disposition": (DefectCode.DUPLICATE_CONTENT_DISPOSITION, DefectCode.DUPLICATE_CONTENT_DISPOSITION),
}
_QUOTED_OR_COMMENT = re.compile(rb'"(?>(?:[^"\\]++|\\.)*)"|\(', re.DOTALL)
_QUOTED_PAIR = re.compile(rb"\\[^\r\n]")
_NAME_OF_ENCODING = re.compile(rb"[A-Za-z0-9-]++")
_ONE_NAME = re.compile(rb"[ \t]*+[A-Za-z0-9_.-]++[ \t]*+\Z")
_SEGMENT = re.compile(rb"([^*]++)\*(?:([0-9]++)(\*)?)?")


def note_ambiguities(entity: Entity, block: bytes, most: int) -> None:
    """Record on the entity what can be read in two ways in the fields that decide about its structure and its name."""
    first: dict[bytes, bytes] = {}
    for field in split_fields(block):
        name = field.name.lower()
        codes = _DUPLICATES.get(name)
        if codes is None:
            continue
        start, end = entity.start + field.start, entity.start + field.end
        if block[field.start + len(field.name)] != 58:
            entity.add_defect(DefectCode.SPACE_BEFORE_COLON, start, end, most)
        value = unfold(field.value)
        if name == b"content-transfer-encoding":
            value = value.lower()
        before = first.get(name)
        if before is not None:
            same, other = codes
            is_same = value == before or split_parameters(value) == split_parameters(before)
            entity.add_defect(same if is_same else other, start, end, most)
            continue
        first[name] = value
        if name == b"content-transfer-encoding":
            found = _of_encoding(value, entity.encoding)
        else:
            found = _of_parameters(name, field)
        for code in found:
            entity.add_defect(code, start, end, most)


def _of_encoding(value: bytes, taken: str) -> list[DefectCode]:
    found = []
    plain, has_comment = _without_comments(value, b" ")
    if has_comment:
        found.append(DefectCode.COMMENT_IN_CONTENT_FIELD)
    names = _NAME_OF_ENCODING.findall(plain)
    if len(names) > 1 and sum(name.decode("ascii") in KNOWN_ENCODINGS for name in names) > 1:
        found.append(DefectCode.SEVERAL_TRANSFER_ENCODINGS)
    elif taken in KNOWN_ENCODINGS and taken.encode("ascii") in plain and _ONE_NAME.match(plain) is None:
        found.append(DefectCode.MALFORMED_TRANSFER_ENCODING)
    return found


def _of_parameters(field_name: bytes, field: RawField) -> list[DefectCode]:
    found = []
    value = unfold(field.value)
    plain, has_comment = _without_comments(value, b"")
    if has_comment:
        found.append(DefectCode.COMMENT_IN_CONTENT_FIELD)
    if plain.strip() and not is_well_formed(_QUOTED_PAIR.sub(b"x", plain)):
        found.append(DefectCode.MALFORMED_PARAMETERS)
    if b"\\" in value:
        found.append(DefectCode.BACKSLASH_IN_PARAMETER)
    parameters = split_parameters(value)[1]
    if any(b"=?" in content for _, content in parameters):
        found.append(DefectCode.ENCODED_WORD_IN_PARAMETER)
    occurrences = Counter(name for name, _ in parameters)
    if any(count > 1 for count in occurrences.values()):
        found.append(DefectCode.DUPLICATE_PARAMETER)
    if _has_malformed_segments(parameters):
        found.append(DefectCode.MALFORMED_EXTENDED_PARAMETER)
    if field_name == b"content-type":
        extended = any(name.startswith(b"boundary*") for name in occurrences)
        if extended and b"boundary" in occurrences:
            found.append(DefectCode.CONFLICTING_BOUNDARIES)
        elif extended:
            found.append(DefectCode.EXTENDED_BOUNDARY)
        elif len({content for name, content in parameters if name == b"boundary"}) > 1:
            found.append(DefectCode.CONFLICTING_BOUNDARIES)
    return found


def _has_malformed_segments(parameters: list[tuple[bytes, bytes]]) -> bool:
    """Whether a parameter in the form of RFC 2231 lacks a segment or has one twice, or is encoded and does not say in
    which charset."""
    numbers: dict[bytes, list[bytes]] = {}
    for name, content in parameters:
        match = _SEGMENT.fullmatch(name)
        if match is None:
            continue
        base, number, star = match.groups()
        if number is not None:
            numbers.setdefault(base, []).append(number)
        if (number is None or (star is not None and not number.strip(b"0"))) and content.count(b"'") < 2:
            return True
    return any(set(found) != {b"%d" % number for number in range(len(found))} for found in numbers.values())


def _without_comments(value: bytes, instead: bytes) -> tuple[bytes, bool]:
    """The value with `instead` for each comment outside of quotes (RFC 5322, 3.2.2), and whether there was one. A
    parenthesis that is never closed is no comment, and none after it is."""
    pieces = []
    kept = position = 0
    while (match := _QUOTED_OR_COMMENT.search(value, position)) is not None:
        position = match.end()
        if match[0] != b"(":
            continue
        end = comment_end(value, match.start())
        if end < 0:
            break
        pieces.append(value[kept : match.start()])
        kept = position = end
    if not pieces:
        return value, False
    pieces.append(value[kept:])
    return instead.join(pieces), True
