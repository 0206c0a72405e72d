"""What a file is, by its first bytes and its name.

Content decides, and a name helps where content alone does not: `.eml` and `.emlx` say that a file is one message,
`.mbox` that an empty file is an empty mailbox. Of a file with any other name, mail must look like mail: a header
block in which a field stands that only mail has (or two that mail usually has), or a `From ` line with a date.
Otherwise source code, YAML and notes, which begin with `word:` as well, would be taken for messages.
"""

from __future__ import annotations

import re
from functools import cache

from mailstrata.parser.from_line import has_from_line_shape
from mailstrata.parser.limits import Limits
from mailstrata.parser.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal, TypeAlias

HEAD_BYTES = 1 << 14
"""How many of a file's first bytes `sniff` wants to see."""

Kind: TypeAlias = (
    "Literal['mbox', 'message', 'emlx', 'gzip', 'bzip2', 'xz', 'zstd', 'tar', 'zip', 'empty', 'unsupported', 'other']"
)
"""`unsupported` is mail in a form that mailstrata does not read."""


class Sniffed(Value):
    """What a file is; `description` completes the sentence "this file is ...", `advice` says what to do about it."""

    __slots__ = ("kind", "description", "advice")  # noqa: RUF023 - in the order in which they are shown
    kind: Kind
    description: str
    advice: str

    def __init__(self, kind: Kind, description: str, advice: str = "") -> None:
        self._set(kind=kind, description=description, advice=advice)


MAILBOX_SUFFIXES = (b".mbox", b".mbx", b".mboxrd", b".mboxo", b".mboxcl", b".mboxcl2")
COMPRESSION_SUFFIXES = (b".gz", b".bz2", b".xz", b".zst", b".zstd")

_MBOX = Sniffed("mbox", "an mbox")
_MESSAGE = Sniffed("message", "a message")
_EMLX = Sniffed("emlx", "a message as Apple Mail keeps it")
_TAR = Sniffed("tar", "a tar archive")
_EXPORT = "export it as mbox or .eml files"
_READPST = "convert it to mbox first, for example with readpst"

_MAGIC: tuple[tuple[int, bytes, Sniffed], ...] = (
    (0, b"\x1f\x8b", Sniffed("gzip", "a gzip file")),
    (0, b"BZh", Sniffed("bzip2", "a bzip2 file")),
    (0, b"\xfd7zXZ\0", Sniffed("xz", "an xz file")),
    (0, b"\x28\xb5\x2f\xfd", Sniffed("zstd", "a zstd file")),
    (0, b"PK\x03\x04", Sniffed("zip", "a zip archive")),
    (0, b"PK\x05\x06", Sniffed("zip", "an empty zip archive")),
    (257, b"ustar", _TAR),
    (0, b"!BDN", Sniffed("unsupported", "an Outlook data file (PST or OST)", _READPST)),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Sniffed("unsupported", "an Outlook .msg or old Office file", _EXPORT)),
    (0, b"\xcf\xad\x12\xfe", Sniffed("unsupported", "an Outlook Express mailbox (.dbx)", _READPST)),
    (0, b"*mbx*\r\n", Sniffed("unsupported", "a mailbox in UW-IMAP's mbx format", _EXPORT)),
    (0, b"BABYL OPTIONS:", Sniffed("unsupported", "a mailbox in Emacs' Babyl format", _EXPORT)),
    (0, b"\x01\x01\x01\x01\n", Sniffed("unsupported", "a mailbox in MMDF format", _EXPORT)),
    (0, b"\x89PNG\r\n\x1a\n", Sniffed("other", "a PNG image")),
    (0, b"\xff\xd8\xff", Sniffed("other", "a JPEG image")),
    (0, b"GIF8", Sniffed("other", "a GIF image")),
    (0, b"%PDF-", Sniffed("other", "a PDF document")),
    (0, b"7z\xbc\xaf\x27\x1c", Sniffed("other", "a 7z archive", "unpack it first")),
    (0, b"Rar!\x1a\x07", Sniffed("other", "a RAR archive", "unpack it first")),
    (0, b"\x7fELF", Sniffed("other", "a program")),
    (0, b"MZ", Sniffed("other", "a program")),
    (0, b"SQLite format 3\0", Sniffed("other", "an SQLite database")),
    (0, b"bplist00", Sniffed("other", "an Apple property list")),
    (0, b"<?xml", Sniffed("other", "an XML file")),
    (0, b"\0\x05\x16\x07", Sniffed("other", "an AppleDouble file")),
)  # fmt: skip
# The first member's name tells documents that are zip files from archives; it stands at byte 30 of the file.
_ZIP_DOCUMENTS = (b"[Content_Types].xml", b"mimetype", b"META-INF/", b"_rels/", b"AndroidManifest.xml")

# Fields that next to nothing but mail has at the start of a line, and fields that other formats have, too.
_TYPICAL_FIELDS = frozenset(
    b"received return-path delivered-to message-id mime-version from subject reply-to in-reply-to references "
    b"x-mailer x-originating-ip envelope-to x-original-to dkim-signature arc-seal authentication-results "
    b"received-spf list-id list-unsubscribe resent-from x-mozilla-status x-gmail-labels x-gm-thrid".split()
)
_USUAL_FIELDS = frozenset(
    b"date to cc bcc sender content-type content-transfer-encoding content-disposition status x-status lines "
    b"precedence errors-to user-agent organization newsgroups".split()
)


@cache
def _media_type() -> re.Pattern[bytes]:
    return re.compile(rb"\s*+(?:text|multipart|message|application|image|audio|video)/[A-Za-z]", re.IGNORECASE)


@cache
def _field() -> re.Pattern[bytes]:
    return re.compile(rb"([!-9;-~]++)[ \t]*+:((?:[^\r\n]*+(?:\r*+\n|\r|\Z))(?>(?:[ \t][^\r\n]*+(?:\r*+\n|\r|\Z))*))")


@cache
def _white_space() -> re.Pattern[bytes]:
    return re.compile(rb"\s*+")


@cache
def _blank_lines() -> re.Pattern[bytes]:
    return re.compile(rb"(?>(?:[ \t]*+\r*+\n)*)")


@cache
def _blank_line() -> re.Pattern[bytes]:
    return re.compile(rb"\r*+(?:\n|\Z)")


@cache
def _emlx_count() -> re.Pattern[bytes]:
    return re.compile(rb"[ \t]*+\d{1,19}[ \t]*+\r?\n")


@cache
def _obsolete_from_field() -> re.Pattern[bytes]:
    return re.compile(rb"From[ \t]++:")  # RFC 5322, 4.5: white space before the colon


_LINE_BYTES = Limits().delimiter_line_bytes


def has_suffix(name: bytes, suffixes: tuple[bytes, ...]) -> bool:
    """Whether a name ends in one of `suffixes`, in upper or lower case."""
    return name.lower().endswith(suffixes)


def without_compression_suffix(name: bytes) -> bytes:
    """`inbox.mbox` for `inbox.mbox.gz`."""
    return name.rpartition(b".")[0] if has_suffix(name, COMPRESSION_SUFFIXES) else name


def is_named_as_mailbox(name: bytes) -> bool:
    """Whether a name says mbox: `inbox.mbox`, `mbox`, `list.mboxrd`."""
    return has_suffix(name, (*MAILBOX_SUFFIXES, b"mbox"))


def is_named_as_message(name: bytes) -> bool:
    """Whether a name says one message: `.eml`, or Apple Mail's `.emlx`."""
    return has_suffix(name, (b".eml", b".emlx"))


def is_named_as_mail(name: bytes) -> bool:
    """Whether a name says mbox or message, compressed or not."""
    name = without_compression_suffix(name)
    return is_named_as_mailbox(name) or is_named_as_message(name)


def sniff(head: bytes, name: bytes, *, explicit: bool = False, in_maildir: bool = False) -> Sniffed:
    """What the file `name` is, whose first `HEAD_BYTES` bytes (all of them, if it is shorter) are `head`.

    `explicit` says that someone named the file as mail: any well-formed header block then makes a message.
    `in_maildir` says that its folder makes it a message, as `.eml` does.
    """
    named_as_message = in_maildir or is_named_as_message(name)
    if not head:
        return _sniff_empty(name, named_as_message=named_as_message)
    found = _sniff_magic(head)
    if found is not None:
        return found
    count = _emlx_count().match(head)
    if count is not None and (has_suffix(name, (b".emlx",)) or _is_header_block(head[count.end() :], strict=True)):
        return _EMLX
    if not named_as_message:
        found = _sniff_from_line(head, lenient=explicit or is_named_as_mailbox(name))
        if found is not None:
            return found
    if named_as_message or _is_header_block(head, strict=not explicit):
        return _MESSAGE
    if b"\0" in head:
        return Sniffed("other", "binary data")
    return Sniffed("other", "a text that begins with neither header fields nor a From line")


def _sniff_empty(name: bytes, *, named_as_message: bool) -> Sniffed:
    if named_as_message:
        return Sniffed("message", "an empty message")
    if is_named_as_mailbox(name):
        return Sniffed("mbox", "an empty mbox")
    return Sniffed("empty", "empty")


def _sniff_magic(head: bytes) -> Sniffed | None:
    for position, magic, sniffed in _MAGIC:
        if head.startswith(magic, position):
            if sniffed.kind == "zip" and head.startswith(_ZIP_DOCUMENTS, 30):
                return Sniffed("other", "an office document or program package in zip form")
            if magic == b"MZ" and b"\0" not in head[:64]:  # two letters are no magic number in a text
                continue
            return sniffed
    return _TAR if _is_tar_header(head[:512]) else None


def _is_tar_header(block: bytes) -> bool:
    """Whether a block is a tar header by its checksum, which tar files older than POSIX have as well."""
    if len(block) < 512 or not block[0]:
        return False
    text = block[148:156].strip(b" \0")
    if not text or text.strip(b"01234567"):
        return False
    return int(text, 8) == sum(block) - sum(block[148:156]) + 8 * 32


def _sniff_from_line(head: bytes, *, lenient: bool) -> Sniffed | None:
    blank = _blank_lines().match(head)
    start = blank.end() if blank else 0
    if not head.startswith(b"From ", start) or _obsolete_from_field().match(head, start):
        return None
    line_end = head.find(b"\n", start, start + _LINE_BYTES)
    line = head[start:line_end] if line_end >= 0 else head[start : start + _LINE_BYTES]
    if has_from_line_shape(line):
        return _MBOX
    # Without a date it separates nothing; what follows it may still be a message.
    if line_end >= 0 and _is_header_block(head[line_end + 1 :], strict=not lenient):
        return _MESSAGE
    return None


def _is_header_block(head: bytes, *, strict: bool) -> bool:
    """Whether `head` begins with header fields.

    Strict: among the first ones is a typical field of mail, or there are two usual ones. Otherwise it is enough that
    the block is well-formed to its blank line.
    """
    # What Gmail calls the original begins with a line of blanks; some editors add a byte order mark.
    start = _white_space().match(head, 3 if head.startswith(b"\xef\xbb\xbf") else 0)
    assert start is not None  # it matches nothing, too
    position = start.end()
    if head.startswith(b">From ", position):
        position = head.find(b"\n", position) + 1 or len(head)
    usual = fields = 0
    while (field := _field().match(head, position)) is not None:
        fields += 1
        name = field[1].lower()
        if name in _TYPICAL_FIELDS or (name == b"content-type" and _media_type().match(field[2])):
            return True
        if name in _USUAL_FIELDS or name.startswith(b"x-"):
            usual += 1
            if usual == 2:
                return True
        position = field.end()
    if strict or not fields:
        return False
    if position == len(head):
        return len(head) >= HEAD_BYTES
    return _blank_line().match(head, position) is not None
