"""What a header block says of the structure: type, boundary, transfer encoding (RFC 2045, 5 and 6).

Most fields are plain, which one expression each tells. Of the others `ambiguity` says in which ways they can be read.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

from mailstrata.parser.defects import DefectCode
from mailstrata.parser.encodings import IDENTITY_ENCODINGS, KNOWN_ENCODINGS
from mailstrata.parser.entity import Entity
from mailstrata.parser.fields import field_span, split_fields, unfold
from mailstrata.parser.limits import Limits
from mailstrata.parser.parameters import split_parameters

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final


@cache
def _content_fields() -> re.Pattern[bytes]:
    return re.compile(
        rb"\n[Cc][Oo][Nn][Tt][Ee][Nn][Tt]-"
        rb"(?:([Tt][Yy][Pp][Ee])|([Tt][Rr][Aa][Nn][Ss][Ff][Ee][Rr]-[Ee][Nn][Cc][Oo][Dd][Ii][Nn][Gg])"
        rb"|[Dd][Ii][Ss][Pp][Oo][Ss][Ii][Tt][Ii][Oo][Nn])"
        rb"([ \t]*+):([^\n]*+(?>(?:\n[ \t][^\n]*+)*))"
    )


# A value that all readers read alike, but for a parameter that occurs twice: tokens, and in quotes nothing but text.
_PLAIN: Final = re.compile(
    rb"[ \t]*+[!#-'*+.0-9A-Z^-~-]++(?>(?:/[!#-'*+.0-9A-Z^-~-]++)?)[ \t\r\n]*+"
    rb"(?>(?:;[ \t\r\n]*+"
    rb"(?:[!#$%&'+.0-9A-Z^_`a-z{|}~-]++=(?:\"[^\"\\\r\n(]*+\"|[!#-'*+.0-9A-Z^-~-]++)[ \t\r\n]*+)?)*)\Z"
)
# The same where the only parameter is a boundary of at most 70 printable characters.
_ONLY_BOUNDARY: Final = re.compile(
    rb"[ \t]*+([Mm]ultipart/[A-Za-z-]{1,40}+);[ \t\r\n]*+"
    rb"[Bb][Oo][Uu][Nn][Dd][Aa][Rr][Yy]=(?:\"([!#-'*-\[\]-~]{1,70}+)\"|([!#-'*+.0-9A-Z^-~-]{1,70}+))[ \t\r\n]*+\Z"
)
_MESSAGE_TYPES: Final = frozenset({"message/rfc822", "message/global"})


@cache
def _parameter_names() -> re.Pattern[bytes]:
    return re.compile(rb";[ \t\r\n]*+([^=;\"]++)=")


@cache
def _type() -> re.Pattern[bytes]:
    return re.compile(rb"([!#-'*+.0-9A-Z^-~-]{1,127}+)[ \t]*+/[ \t]*+([!#-'*+.0-9A-Z^-~-]{1,127}+)")


@cache
def _percent_encoded() -> re.Pattern[bytes]:
    return re.compile(rb"%([0-9A-Fa-f]{2})")


@cache
def _encoding() -> re.Pattern[bytes]:
    return re.compile(rb"[\s\"']*+([A-Za-z0-9_.-]{1,40}+)")


_ENCODINGS = {name.encode(): name for name in KNOWN_ENCODINGS}
_ENCODINGS.update({b" " + name: text for name, text in _ENCODINGS.items()})
_LONGEST_BOUNDARY = 70


# What no boundary may have and what splits its readers: those of RFC 2046, 5.1.1 are fewer, but other printable ones
# are read alike by all.
@cache
def _unprintable() -> re.Pattern[bytes]:
    return re.compile(rb"[^ -~]")


@cache
def _line_break_byte() -> re.Pattern[bytes]:
    return re.compile(rb"[\r\n]")


_LONGEST_KEPT = 200
"""Bytes of a value that is kept to be known again."""


class ContentFields:
    """What the content fields of a header block say, where all readers read them alike and none has a defect.

    `type_value` and `disposition_value` are the values of Content-Type and Content-Disposition as they stand, without
    the line break; None where there is no such field. `may_be_named` says whether they may hold a file name. Entities
    whose fields are the same share one.
    """

    __slots__ = (
        "boundary",
        "content_type",
        "disposition_value",
        "encoding",
        "is_message_container",
        "may_be_named",
        "type_value",
    )

    def __init__(
        self,
        content_type: str,
        boundary: bytes | None,
        encoding: str,
        type_value: bytes | None,
        disposition_value: bytes | None,
    ) -> None:
        self.content_type = content_type
        self.boundary = boundary
        self.encoding = encoding
        self.type_value = None if type_value is None else type_value.rstrip(b"\r")
        self.disposition_value = None if disposition_value is None else disposition_value.rstrip(b"\r")
        self.is_message_container = content_type in _MESSAGE_TYPES
        self.may_be_named = _holds_name(disposition_value) or _holds_name(type_value)


def _holds_name(value: bytes | None) -> bool:
    return value is not None and value.lower().find(b"name") >= 0


def plain_content_fields(
    type_value: bytes | None, encoding_value: bytes | None, disposition_value: bytes | None
) -> ContentFields | None:
    """What these values say (None: there is no such field); None where it takes `describe` to say it."""
    if type_value is not None and len(type_value) > _LONGEST_KEPT:
        return None
    if disposition_value is None:
        if type_value is not None:
            match = _ONLY_BOUNDARY.match(type_value)
            if match is not None and type_value.find(b"=?") < 0:
                # Boundaries do not come again: to keep them would drive out what does.
                encoding = "7bit" if encoding_value is None else _ENCODINGS.get(encoding_value)
                if encoding is None or encoding not in IDENTITY_ENCODINGS:
                    return None
                content_type, quoted, token = match.groups()
                return ContentFields(content_type.lower().decode("ascii"), quoted or token, encoding, type_value, None)
    elif len(disposition_value) > _LONGEST_KEPT:
        return None
    return _plain_once(type_value, encoding_value, disposition_value)


@lru_cache(maxsize=1024)
def _plain_once(
    type_value: bytes | None, encoding_value: bytes | None, disposition_value: bytes | None
) -> ContentFields | None:
    content_type, boundary = "text/plain", None
    if type_value is not None:
        read = _read_type(type_value)
        if read.is_odd or not read.is_plain:
            return None
        content_type, boundary = read.content_type, read.boundary
    encoding = "7bit" if encoding_value is None else _encoding_named(encoding_value)
    if encoding is None or (disposition_value is not None and _is_odd(disposition_value)):
        return None
    if encoding not in IDENTITY_ENCODINGS and (boundary is not None or content_type in _MESSAGE_TYPES):
        return None
    return ContentFields(content_type, boundary, encoding, type_value, disposition_value)


def _encoding_named(value: bytes) -> str | None:
    """The transfer encoding of which a field value is the name and nothing else; None where there is none."""
    return _ENCODINGS.get(value) or _ENCODINGS.get(value.strip(b" \t\r\n").lower())


def describe(entity: Entity, block: bytes, default_type: str, limits: Limits, bare_cr: bool) -> None:
    """Set the type, boundary and transfer encoding of an entity from its header block, with their defects."""
    types: list[bytes] = []
    encodings: list[bytes] = []
    dispositions: list[bytes] = []
    is_odd = bare_cr
    if bare_cr:
        by_name = {b"content-type": types, b"content-transfer-encoding": encodings}
        for field in split_fields(block):
            values = by_name.get(field.name.lower())
            if values is not None:
                values.append(field.value)
    else:
        for is_type, is_encoding, space, value in _content_fields().findall(b"\n" + block):
            (types if is_type else encodings if is_encoding else dispositions).append(value)
            if space:
                is_odd = True
        if len(types) > 1 or len(encodings) > 1 or len(dispositions) > 1:
            is_odd = True

    entity.content_type = default_type
    if types:
        value = types[0]
        read = _read_type_once(value) if len(value) <= _LONGEST_KEPT else _read_type(value)
        if read.is_odd:
            is_odd = True
        entity.content_type = read.content_type
        if read.is_plain:
            entity.boundary = read.boundary
        else:
            _set_odd_type(entity, block, read, limits)
    if encodings:
        name = _encoding_named(encodings[0])
        if name is not None:
            entity.encoding = name
        else:
            is_odd = True
            _set_odd_encoding(entity, block, encodings[0], limits)
    if dispositions and not is_odd:
        is_odd = _is_odd(dispositions[0])

    if entity.boundary is not None:
        if entity.encoding not in IDENTITY_ENCODINGS:
            start, end = field_span(block, b"content-transfer-encoding", entity.start)
            entity.add_defect(DefectCode.ENCODED_CONTAINER, start, end, limits.defects)
    elif entity.content_type in _MESSAGE_TYPES:
        if entity.encoding in KNOWN_ENCODINGS and entity.encoding not in IDENTITY_ENCODINGS:
            start, end = field_span(block, b"content-transfer-encoding", entity.start)
            entity.add_defect(DefectCode.ENCODED_MESSAGE, start, end, limits.defects)
        else:
            entity.is_message_container = True
    if is_odd:
        from mailstrata.parser.ambiguity import note_ambiguities  # noqa: PLC0415 - for what few headers have

        note_ambiguities(entity, block, limits.defects)


def _is_odd(value: bytes) -> bool:
    """Whether readers may differ about a value with parameters."""
    if _PLAIN.match(value) is None or value.find(b"=?") >= 0:
        return True
    if value.count(b";") < 2:
        return False
    names = _parameter_names().findall(value)
    return len(names) != len({name.lower() for name in names})


class _Type:
    """What a Content-Type field says. `boundary` is None where there is no parameter of that name, or an empty one;
    `is_plain` says that none of the defects of `_set_odd_type` can apply."""

    __slots__ = ("boundary", "content_type", "is_odd", "is_plain", "is_valid")

    def __init__(self, content_type: str, is_valid: bool, boundary: bytes | None, is_odd: bool) -> None:
        self.content_type = content_type
        self.is_valid = is_valid
        self.boundary = boundary
        self.is_odd = is_odd
        if boundary is None:
            self.is_plain = is_valid and not content_type.startswith("multipart/")
        else:
            self.is_plain = (
                len(boundary) <= _LONGEST_BOUNDARY
                and boundary[-1] not in b" \t"
                and _unprintable().search(boundary) is None
            )


def _read_type(field_value: bytes) -> _Type:
    is_odd = _is_odd(field_value)
    value = unfold(field_value)
    match = _type().match(value)
    if match is None and b"(" in value:
        match = _type().match(split_parameters(value)[0])
    if match is None:
        return _Type("text/plain", False, None, is_odd)
    content_type = f"{match[1].decode('ascii')}/{match[2].decode('ascii')}".lower()
    boundary = _boundary(value) if content_type.startswith("multipart/") else b""
    return _Type(content_type, True, boundary if boundary.rstrip(b" \t") else None, is_odd)


# Mail has few types, and many entities of each.
_read_type_once = lru_cache(maxsize=1024)(_read_type)


def _set_odd_type(entity: Entity, block: bytes, read: _Type, limits: Limits) -> None:
    most = limits.defects
    start, end = field_span(block, b"content-type", entity.start)
    boundary = read.boundary
    if not read.is_valid:
        entity.add_defect(DefectCode.INVALID_CONTENT_TYPE, start, end, most)
        return
    if boundary is not None and _unprintable().search(boundary) is not None:
        entity.add_defect(DefectCode.INVALID_BOUNDARY_CHARACTER, start, end, most)
        if _line_break_byte().search(boundary) is not None:
            boundary = None
    # A delimiter line must have room for two dashes before the boundary and two behind it.
    if boundary is None or len(boundary) > limits.delimiter_line_bytes - 4:
        entity.add_defect(DefectCode.MISSING_BOUNDARY_PARAMETER, start, end, most)
    else:
        if len(boundary) > _LONGEST_BOUNDARY:
            entity.add_defect(DefectCode.BOUNDARY_TOO_LONG, start, end, most)
        if boundary[-1] in b" \t":
            entity.add_defect(DefectCode.BOUNDARY_ENDS_IN_SPACE, start, end, most)
        entity.boundary = boundary


def _set_odd_encoding(entity: Entity, block: bytes, value: bytes, limits: Limits) -> None:
    match = _encoding().match(value)
    if match is None and b"(" in value:
        match = _encoding().match(split_parameters(value)[0])
    entity.encoding = match[1].decode("ascii").lower() if match else "7bit"
    is_readable = match is not None or not value.strip()
    if not is_readable or entity.encoding not in KNOWN_ENCODINGS:
        start, end = field_span(block, b"content-transfer-encoding", entity.start)
        entity.add_defect(DefectCode.UNKNOWN_TRANSFER_ENCODING, start, end, limits.defects)


def _boundary(value: bytes) -> bytes:
    """The boundary parameter: the plain one, or else `boundary*`, or else `boundary*0`, `boundary*1`... joined, with
    the charset and language left out and the percent-encoding undone (RFC 2231, 3 and 4). It may end in white space,
    which RFC 2046, 5.1.1 forbids and which gateways add and remove: it does not tell delimiters apart."""
    segments: dict[int, tuple[bytes, bool]] = {}
    for name, content in split_parameters(value)[1]:
        if name == b"boundary":
            return content
        if name == b"boundary*":
            segments.setdefault(-1, (content, True))
        elif name.startswith(b"boundary*"):
            number = name[9:].removesuffix(b"*")
            if number.isdigit() and len(number) < 6:
                segments.setdefault(int(number), (content, name.endswith(b"*")))
    if -1 in segments:
        segments = {-1: segments[-1]}
    pieces: list[bytes] = []
    for place in sorted(segments):
        content, is_encoded = segments[place]
        if is_encoded:
            if not pieces and content.count(b"'") >= 2:
                content = content.split(b"'", 2)[2]
            content = _percent_encoded().sub(_percent_decoded, content)
        pieces.append(content)
    return b"".join(pieces)


def _percent_decoded(octet: re.Match[bytes]) -> bytes:
    return bytes.fromhex(octet[1].decode("ascii"))
