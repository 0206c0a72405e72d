"""The flags of one part: what its content, its name, its header and its defects come to together."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from mailstrata.index.inspection.content import ContentInspection, inspect_content
from mailstrata.index.inspection.extensions import MARKUP, SCRIPTS, extension_of
from mailstrata.index.inspection.families import is_mismatch
from mailstrata.index.inspection.flags import (
    ACTIVE_CONTENT,
    ALL_FLAGS,
    AMBIGUOUS,
    EXECUTABLE,
    EXTERNAL_BODY,
    NEEDS_NO_ENCODING,
    SUSPICIOUS_ENCODING,
    TYPE_MISMATCH,
)
from mailstrata.index.inspection.names import flags_of_name
from mailstrata.message.parameters import parse_parameters
from mailstrata.parser.defects import DefectCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mailstrata.message.info import PartInfo
    from mailstrata.parser.defects import Defect

AMBIGUITIES: Final = frozenset(
    {
        DefectCode.CONFLICTING_CONTENT_TYPES,
        DefectCode.CONFLICTING_TRANSFER_ENCODINGS,
        DefectCode.SEVERAL_TRANSFER_ENCODINGS,
        DefectCode.MALFORMED_TRANSFER_ENCODING,
        DefectCode.UNKNOWN_TRANSFER_ENCODING,
        DefectCode.SPACE_BEFORE_COLON,
        DefectCode.COMMENT_IN_CONTENT_FIELD,
        DefectCode.CONFLICTING_BOUNDARIES,
        DefectCode.EXTENDED_BOUNDARY,
        DefectCode.BOUNDARY_ENDS_IN_SPACE,
        DefectCode.INVALID_BOUNDARY_CHARACTER,
        DefectCode.BOUNDARY_OF_OUTER_MULTIPART,
        DefectCode.CONFLICTING_FILENAMES,
        DefectCode.DUPLICATE_PARAMETER,
        DefectCode.BACKSLASH_IN_PARAMETER,
        DefectCode.HEADER_FIELD_AFTER_BLANK_LINE,
        DefectCode.MISSING_BLANK_LINE_AFTER_HEADER,
        DefectCode.BARE_CR_IN_HEADER,
        DefectCode.NUL_IN_HEADER,
        DefectCode.BARE_CR_BEFORE_DELIMITER,
        DefectCode.CARRIAGE_RETURNS_AFTER_DELIMITER,
        DefectCode.DELIMITER_WITH_TRAILING_BYTES,
        DefectCode.DELIMITER_AFTER_CLOSE,
        DefectCode.ENCODED_CONTAINER,
        DefectCode.ENCODED_MESSAGE,
        DefectCode.BASE64_DATA_AFTER_PADDING,
    }
)
"""The defects that make a part `ambiguous`."""

_AMBIGUITIES_BUT_NAMES: Final = AMBIGUITIES - {DefectCode.CONFLICTING_FILENAMES}
_NAMED_TWICE: Final = frozenset({"application/pgp-signature", "application/pgp-keys"})
_MARKUP_TYPES: Final = frozenset({"text/html", "application/xhtml+xml", "image/svg+xml"})
_TYPE: Final = re.compile(r"[!#-'*+.0-9A-Z^-~-]++/[!#-'*+.0-9A-Z^-~-]++")
_BASE64: Final = "base64"
_QUOTED_PRINTABLE: Final = "quoted-printable"
# Charsets whose mailers know that ASCII needs no base64. Those that say UTF-8 encode whatever it is: Python's email
# package does, for one.
_PLAIN_CHARSET: Final = re.compile(r"(?:us-)?ascii|iso-?8859-?1?|iso-8859-\d+|latin-?1|windows-125\d|cp125\d")
_LEAST_ESCAPED: Final = 64
_LONGEST_NAME: Final = 1024
_EXTERNAL: Final = "message/external-body"


def declared_type(part: PartInfo) -> str | None:
    """What Content-Type really says, `type/subtype` in lower case; None where there is no such field, or none that can
    be read."""
    entity = part.entity
    fields = entity.content_fields
    if fields is not None:
        value = fields.type_value
        return entity.content_type if value is not None and b"/" in value else None
    value = part.headers.raw("Content-Type")
    if not value:
        return None
    said = parse_parameters(value)[0].strip().lower()
    return said if _TYPE.fullmatch(said, endpos=_LONGEST_NAME) is not None else None


def is_markup(content_type: str, filename: str | None) -> bool:
    """Whether a part calls itself HTML or SVG."""
    return content_type in _MARKUP_TYPES or (filename is not None and extension_of(filename) in MARKUP)


def watches_encoding(content_type: str, encoding: str, *, is_attachment: bool) -> bool:
    """Whether it matters if the content of a leaf needs its transfer encoding."""
    return encoding in (_BASE64, _QUOTED_PRINTABLE) and not is_attachment and content_type.startswith("text/")


def begin_inspection(part: PartInfo) -> ContentInspection:
    """The inspection of the content of a leaf that begins."""
    content_type = part.content_type
    return ContentInspection(
        as_markup=is_markup(content_type, part.filename),
        watches_encoding=watches_encoding(content_type, part.entity.encoding, is_attachment=part.is_attachment),
    )


def inspect_leaf(
    content: bytes, content_type: str, encoding: str, filename: str | None, encoded_size: int, is_attachment: bool
) -> int:
    """What the content of a leaf that is there as a whole comes to; the same as that of `begin_inspection`, but for
    what makes no difference to `part_flags`."""
    watched = encoding != "7bit" and watches_encoding(content_type, encoding, is_attachment=is_attachment)
    if watched and encoding == _QUOTED_PRINTABLE:
        watched = _is_mostly_escaped(len(content), encoded_size)
    as_markup = content_type != "text/plain" or filename is not None
    return inspect_content(content, as_markup=as_markup and is_markup(content_type, filename), watches_encoding=watched)


def part_flags(
    declared: str | None,
    filename: str | None,
    charset: str | None,
    encoding: str,
    defects: Sequence[Defect],
    sniffed_type: str | None,
    found: int,
    size: int,
    encoded_size: int,
) -> int:
    """The flags of a part that has ended, but for `external_body_flag`.

    `found` is what the inspection of its content gave, 0 for a container; `size` and `encoded_size` are bytes of
    content and body.
    """
    flags = found & ALL_FLAGS
    extension = ""
    if filename is not None:
        filename = filename[:_LONGEST_NAME]
        flags |= flags_of_name(filename)
        extension = extension_of(filename)
        if extension in SCRIPTS and sniffed_type is not None and sniffed_type.startswith("text/"):
            flags |= EXECUTABLE
    if (sniffed_type is not None or flags & EXECUTABLE) and is_mismatch(
        declared, extension, sniffed_type, bool(flags & EXECUTABLE)
    ):
        flags |= TYPE_MISMATCH
    if found & NEEDS_NO_ENCODING and _is_encoding_suspicious(found, charset, encoding, size, encoded_size):
        flags |= SUSPICIOUS_ENCODING
    if defects:
        # Thunderbird names each signature twice, `OpenPGP_signature` and the same with `.asc`.
        ambiguities = _AMBIGUITIES_BUT_NAMES if declared in _NAMED_TWICE else AMBIGUITIES
        if any(defect.code in ambiguities for defect in defects):
            flags |= AMBIGUOUS
    return flags


def external_body_flag(part: PartInfo) -> int:
    """`EXTERNAL_BODY` where the content is said to lie elsewhere than in the same message (RFC 2046, 5.2.3; RFC
    1873)."""
    return 0 if part.type_parameters.get("access-type", "").lower() == "content-id" else EXTERNAL_BODY


def is_external_body(declared: str | None) -> bool:
    """Whether `external_body_flag` is to be asked."""
    return declared == _EXTERNAL


def _is_encoding_suspicious(found: int, charset: str | None, encoding: str, size: int, encoded_size: int) -> bool:
    if encoding == _QUOTED_PRINTABLE:
        return _is_mostly_escaped(size, encoded_size)
    if size == 0:
        return False
    return charset is None or bool(found & ACTIVE_CONTENT) or _PLAIN_CHARSET.fullmatch(charset) is not None


def _is_mostly_escaped(size: int, encoded_size: int) -> bool:
    """Whether quoted-printable of ASCII takes as much room as only escapes of letters do."""
    return size >= _LEAST_ESCAPED and encoded_size >= 2 * size
