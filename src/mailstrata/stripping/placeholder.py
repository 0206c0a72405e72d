"""What stands in a skeleton where a part was: message/external-body (RFC 2046, 5.2.3), made and read.

`docs/stripping.md` shows one, and says what each parameter means.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailstrata.errors import StrippedMailError
from mailstrata.stripping.escape import WORDS

if TYPE_CHECKING:
    from mailstrata.message.info import PartInfo

MARKER = b"Content-Type: message/external-body; " + WORDS + b";"
"""The first bytes of a placeholder. Nothing else in a skeleton outside placeholders is like it."""

MAX_OUTER_HEADER_BYTES = (1 << 20) + (64 << 10)
"""The longest outer header: what a root repeats of its own fields, and everything else."""

OUTER_HEADER_END = re.compile(rb"\n\r?\n")
"""The line break before the first empty line, and that line."""

_MAX_REPEATED_BYTES = 1 << 20
_MAX_LINE = 76  # characters without the line break, where there are encoded words (RFC 2047, 2)
_MAX_NAME = 120
_NAME_END = 17
_DESCRIPTION = "Content-Description: "
_MAX_ENCODED_WORD = 75  # characters (RFC 2047, 2)

_PARAMETERS = re.compile(
    rb" size=(?P<size>0|[1-9]\d{0,17}); header=(?P<header>[1-9]\d{0,17});(?: added=(?P<added>[1-9]\d{0,5});)?"
    rb" sha256=(?P<sha256>[0-9a-f]{64}); recipe=\"(?P<recipe>[!#-\[\]-~]+(?: [!#-\[\]-~]+)*)\""
)
_FIELD_END = re.compile(rb"\r?\n(?! )")
_FOLD = re.compile(rb"\r?\n(?= )")
_EMPTY_LINE_AT_END = re.compile(rb"(?:\A|\n)\r?\n\Z")
# A field with its line break. Content-* describe the body that is not there; a CR on its own is a line break to
# some programs.
_REPEATED_FIELD = re.compile(
    rb"^(?!content-)([!-9;-~]++)[ \t]*+:[^\r\n]*+\r?\n(?>(?:[ \t][^\r\n]*+\r?\n)*)(?![ \t])",
    re.MULTILINE | re.IGNORECASE,
)
_WHITE_SPACE = re.compile(r"\s+")
# Controls, what some programs take for line breaks, what changes the direction of what follows, and lone surrogates.
_NOT_SHOWN = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Placeholder:
    """What a placeholder says of the body that is not there.

    `sha256` (lower-case hexadecimal) and `size` (bytes) are those of the blob, `recipe` is how the body comes out of
    it. `header_bytes` is the length of the part's own header block, `added_bytes` that of the Content-ID that
    stands before it though the part has none.
    """

    sha256: str
    size: int
    recipe: str
    header_bytes: int
    added_bytes: int = 0


def can_be_placeholder(part: PartInfo) -> bool:
    """Whether the part is one that a placeholder can stand for: a leaf that was taken apart as far as it goes, with a
    header block that an empty line ends. Without it the phantom header would run into what follows."""
    if part.is_container or part.entity.opaque:
        return False
    return _EMPTY_LINE_AT_END.search(part.headers.block[-3:]) is not None and len(part.headers.block) > 0


def make_placeholder(part: PartInfo, *, sha256: str, size: int, recipe: str) -> bytes:
    """The placeholder of a part: the outer header and the phantom header, with the empty lines that end them.

    `sha256` and `size` (bytes) are those of its decoded content. The same part always gives the same bytes.
    """
    block = part.headers.block
    first_break = block.find(b"\n")
    line_break = b"\r\n" if block[first_break - 1 : first_break] == b"\r" else b"\n"
    added = b""
    if "Content-ID" not in part.headers:
        # Half of the digest keeps the line within 76 characters, and names the content well enough for people.
        added = f"Content-ID: <{sha256[:32]}@mailstrata.invalid>".encode("ascii") + line_break
    words = [MARKER.decode("ascii"), f"size={size};", f"header={len(block)};"]
    if added:
        words.append(f"added={len(added)};")
    words.append(f"sha256={sha256};")
    words.extend(f'recipe="{recipe}"'.split(" "))
    lines = _fold(words)
    if part.is_attachment:
        lines.extend(_fold(_describe(part, size)))
    pieces = [line.encode("ascii") + line_break for line in lines]
    if part.parent is None or part.parent.entity.is_message_container:
        pieces.extend(_root_fields(part, line_break))
    pieces += [line_break, added, block]
    return b"".join(pieces)


def parse_placeholder(outer_header: bytes, offset: int) -> Placeholder:
    """What an outer header says; `outer_header` is its bytes behind the marker, to its last line break.

    `offset` is that of the marker in the skeleton, for the message of the `StrippedMailError` that is raised
    where this is no outer header of ours.
    """
    end = _FIELD_END.search(outer_header)
    field = outer_header if end is None else outer_header[: end.start()]
    match = _PARAMETERS.fullmatch(_FOLD.sub(b"", field))
    if match is None:
        raise StrippedMailError(
            f"the placeholder at byte {offset} of a stripped message is malformed; the message was changed or damaged"
        )
    return Placeholder(
        sha256=match["sha256"].decode("ascii"),
        size=int(match["size"]),
        recipe=match["recipe"].decode("ascii"),
        header_bytes=int(match["header"]),
        added_bytes=int(match["added"] or 0),
    )


def _fold(words: Iterable[str]) -> list[str]:
    """The words as the lines of a header field, one space between them: a line is broken before a space, so that
    taking out the line breaks gives the field as it was (RFC 5322, 2.2.3)."""
    lines = []
    line = ""
    for word in words:
        if not line:
            line = word
        elif len(line) + 1 + len(word) <= _MAX_LINE:
            line += " " + word
        else:
            lines.append(line)
            line = " " + word
    lines.append(line)
    return lines


def _describe(part: PartInfo, size: int) -> list[str]:
    """The words of `Content-Description: report.pdf (application/pdf, 48,213 bytes)`."""
    name = _WHITE_SPACE.sub(" ", _NOT_SHOWN.sub("_", part.filename or "")).strip(" ")
    if len(name) > _MAX_NAME:
        # The end says what kind of file it is.
        name = f"{name[: _MAX_NAME - _NAME_END - 3]}...{name[-_NAME_END:]}"
    words = [f"({part.content_type},", f"{size:,}", "bytes)"]
    if name.isascii() and "=?" not in name:
        words[:0] = name.split(" ") if name else []
    else:
        words[:0] = _encoded_words(name, _MAX_LINE - len(_DESCRIPTION))
    # The first line must not be left empty, however long the first word is.
    words[0] = _DESCRIPTION + words[0]
    return words


def _encoded_words(text: str, first: int) -> list[str]:
    """Text as encoded words (RFC 2047, 2), each of whole characters; the first one is of at most `first`."""
    words = []
    room = first
    piece = b""
    for character in text:
        octets = character.encode()
        if len(piece) + len(octets) > (room - len("=?utf-8?b??=")) // 4 * 3:
            words.append(piece)
            room = _MAX_ENCODED_WORD
            piece = b""
        piece += octets
    words.append(piece)
    return [f"=?utf-8?b?{b64encode(word).decode('ascii')}?=" for word in words]


def _root_fields(part: PartInfo, line_break: bytes) -> Iterable[bytes]:
    """The root's own fields, as they stand, for those who look at the skeleton with any mail program."""
    room = _MAX_REPEATED_BYTES
    has_version = False
    for match in _REPEATED_FIELD.finditer(part.headers.block):
        field = match[0]
        if len(field) > room:
            break
        room -= len(field)
        has_version = has_version or match[1].lower() == b"mime-version"
        yield field
    if not has_version:
        yield b"MIME-Version: 1.0" + line_break
