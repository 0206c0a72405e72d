"""What is known of a message and of its parts: the objects that sinks and the pull form hand out.

Nothing here reads: header values are decoded when they are asked for, and never raise; what is known only at the
end (size, digest, defects) is None or empty until then.
"""

from __future__ import annotations

from mailstrata.message.charset_labels import is_known
from mailstrata.message.headers import Headers
from mailstrata.message.ids import parse_message_ids
from mailstrata.message.parameters import parse_parameters
from mailstrata.parser.defects import Defect, DefectCode
from mailstrata.parser.fields import field_span

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime

    from mailstrata.message.addresses import Address
    from mailstrata.message.origin import FileInfo, SourceInfo
    from mailstrata.parser.entity import Entity

_MESSAGE_LEVEL = frozenset(
    {
        DefectCode.FROM_LINE_WITHOUT_BLANK_LINE,
        DefectCode.FROM_LINE_IN_MESSAGE,
        DefectCode.CONTENT_LENGTH_WRONG,
        DefectCode.MESSAGE_LIMIT,
        DefectCode.PARTS_LIMIT,
    }
)
_ONCE = frozenset(
    {
        b"bcc",
        b"cc",
        b"date",
        b"from",
        b"in-reply-to",
        b"message-id",
        b"references",
        b"reply-to",
        b"sender",
        b"subject",
        b"to",
    }
)
_UNREAD = object()


class PartInfo:
    """One part of a message, the root included.

    `start`, `body_start` and `end` are byte offsets into the source (`end` is -1 until the part has ended).
    `size` (bytes) and `sha256` (lower-case hexadecimal) are those of the decoded content of a leaf; None for
    containers, until the part has ended, and where nobody asked for digests.
    """

    __slots__ = (
        "_disposition",
        "_filename",
        "_is_attachment",
        "_type",
        "decoder_defects",
        "entity",
        "headers",
        "parent",
        "sha256",
        "size",
    )

    def __init__(self, entity: Entity, headers: Headers, parent: PartInfo | None) -> None:
        self.entity = entity
        self.headers = headers
        self.parent = parent
        self.size: int | None = None
        self.sha256: str | None = None
        self.decoder_defects: list[Defect] = []
        self._type: dict[str, str] | None = None
        self._disposition: tuple[str, dict[str, str]] | None = None
        self._filename: str | object | None = _UNREAD
        self._is_attachment: bool | None = None

    @property
    def path(self) -> str:
        """The part's path: `1` for the root, `1.2` for its second child."""
        return self.entity.path

    @property
    def number(self) -> int:
        """The part's place among its siblings, from 1."""
        return self.entity.number

    @property
    def depth(self) -> int:
        """Entities around this one; 0 for the root."""
        return self.entity.depth

    @property
    def start(self) -> int:
        """Offset of the first byte of the header."""
        return self.entity.start

    @property
    def body_start(self) -> int:
        """Offset of the first byte of the body."""
        return self.entity.body_start

    @property
    def end(self) -> int:
        """Offset after the last byte of the body; -1 until the part has ended."""
        return self.entity.end

    @property
    def content_type(self) -> str:
        """`type/subtype` in lower case, defaults filled in (RFC 2045, 5.2; RFC 2046, 5.1.5)."""
        return self.entity.content_type

    @property
    def encoding(self) -> str:
        """The declared transfer encoding in lower case; `7bit` where none is declared."""
        return self.entity.encoding

    @property
    def is_container(self) -> bool:
        """Whether the part was taken apart into children: a multipart, or an embedded message."""
        return self.entity.is_container

    @property
    def is_multipart(self) -> bool:
        """Whether the part is a multipart that was taken apart."""
        return self.entity.boundary is not None

    @property
    def type_parameters(self) -> dict[str, str]:
        """The parameters of Content-Type, names in lower case, values decoded (RFC 2231)."""
        if self._type is None:
            fields = self.entity.content_fields
            value = self.headers.raw("Content-Type") if fields is None else fields.type_value
            self._type = parse_parameters(value)[1] if value else {}
        return self._type

    def _content_disposition(self) -> tuple[str, dict[str, str]]:
        if self._disposition is None:
            fields = self.entity.content_fields
            value = self.headers.raw("Content-Disposition") if fields is None else fields.disposition_value
            self._disposition = parse_parameters(value) if value else ("", {})
        return self._disposition

    @property
    def disposition(self) -> str | None:
        """`attachment`, `inline` or what else Content-Disposition says, in lower case (RFC 2183)."""
        return self._content_disposition()[0] or None

    @property
    def disposition_parameters(self) -> dict[str, str]:
        """The parameters of Content-Disposition, names in lower case, values decoded."""
        return self._content_disposition()[1]

    @property
    def filename(self) -> str | None:
        """The declared file name, as it stands: decoded text, hostile until made safe. That of Content-Disposition,
        or else the `name` of Content-Type (RFC 2183, 2.3)."""
        if self._filename is _UNREAD:
            fields = self.entity.content_fields
            if fields is not None and not fields.may_be_named:
                self._filename = None
            else:
                name = self.disposition_parameters.get("filename") or self.type_parameters.get("name")
                self._filename = name or None
        assert self._filename is None or isinstance(self._filename, str)
        return self._filename

    @property
    def charset(self) -> str | None:
        """The declared charset in lower case; None where none is declared."""
        return self.type_parameters.get("charset", "").strip().lower() or None

    @property
    def content_id(self) -> str | None:
        """Content-ID without its angle brackets (RFC 2045, 7)."""
        value = self.headers.raw("Content-ID")
        ids = parse_message_ids(value) if value else None
        return ids[0] if ids else None

    @property
    def is_attachment(self) -> bool:
        """Whether people would call this leaf an attachment: it has a file name, is declared one, or is no text."""
        if self._is_attachment is None:
            self._is_attachment = not self.is_container and (
                self.filename is not None
                or self.disposition == "attachment"
                or not self.content_type.startswith(("text/", "multipart/"))
            )
        return self._is_attachment

    @property
    def defects(self) -> list[Defect]:
        """What was wrong with this part, in the order of its bytes; complete once the part has ended."""
        found = [defect for defect in self.entity.defects if defect.code not in _MESSAGE_LEVEL]
        found.extend(self.decoder_defects)
        charset = self.charset if self.content_type.startswith("text/") else None
        if charset and not is_known(charset):
            start, end = field_span(self.headers.block, b"content-type", self.start)
            found.append(Defect(DefectCode.UNKNOWN_CHARSET, start, end))
        if self.filename is not None:
            from mailstrata.message.header_conflicts import find_filename_conflicts  # noqa: PLC0415

            found.extend(find_filename_conflicts(self))
        found.sort(key=lambda defect: (defect.start, defect.end))
        return found

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.path} {self.content_type}>"


class MessageInfo:
    """One message of a source.

    `index` counts the messages of the source from 0. `start` and `end` are byte offsets into the file
    (decompressed); `size` and `sha256` are those of the message itself: mbox quoting undone, the separator left
    out. `canonical_sha256` is that of the same with CRLF written as LF. `separator` is the `From ` line, with its
    line break, as it stood; empty where there is none. `unquoted_lines` are the offsets in the message of lines
    that begin with `From ` though the mbox's quoting would have quoted them; `quoting_end` is the offset in the
    message from which quoting was no longer undone because these were too many (None otherwise).
    """

    __slots__ = (
        "_date",
        "_has_read_date",
        "_header_defects",
        "canonical_sha256",
        "file",
        "index",
        "part_count",
        "quoting_end",
        "root",
        "separator",
        "sha256",
        "size",
        "source",
        "unquoted_lines",
    )

    def __init__(self, source: SourceInfo, file: FileInfo, index: int, root: PartInfo, separator: bytes = b"") -> None:
        self.source = source
        self.file = file
        self.index = index
        self.root = root
        self.separator = separator
        self.part_count = 0
        self.size: int | None = None
        self.sha256: str | None = None
        self.canonical_sha256: str | None = None
        self.unquoted_lines: list[int] = []
        self.quoting_end: int | None = None
        self._date: datetime | None = None
        self._has_read_date = False
        self._header_defects: list[Defect] | None = None

    @property
    def headers(self) -> Headers:
        """The message's header fields."""
        return self.root.headers

    @property
    def start(self) -> int:
        """Offset of the message's first byte in its file; the separator is not part of it."""
        return self.root.start

    @property
    def end(self) -> int:
        """Offset after the message's last byte; -1 until it has ended."""
        return self.root.end

    @property
    def subject(self) -> str | None:
        """The decoded subject; None where there is none."""
        return self.headers["Subject"]

    @property
    def from_(self) -> str | None:
        """The decoded From field."""
        return self.headers["From"]

    @property
    def to(self) -> str | None:
        """The decoded To field."""
        return self.headers["To"]

    @property
    def cc(self) -> str | None:
        """The decoded Cc field."""
        return self.headers["Cc"]

    @property
    def bcc(self) -> str | None:
        """The decoded Bcc field."""
        return self.headers["Bcc"]

    def addresses(self, name: str) -> list[Address]:
        """The mailboxes of all fields of that name, group members included (RFC 5322, 3.4)."""
        from mailstrata.message.addresses import parse_addresses  # noqa: PLC0415 - as all here that few ask for

        return [address for value in self.headers.raw_all(name) for address in parse_addresses(value)]

    @property
    def from_addresses(self) -> list[Address]:
        """The authors' mailboxes."""
        return self.addresses("From")

    @property
    def to_addresses(self) -> list[Address]:
        """The mailboxes of To."""
        return self.addresses("To")

    @property
    def cc_addresses(self) -> list[Address]:
        """The mailboxes of Cc."""
        return self.addresses("Cc")

    @property
    def bcc_addresses(self) -> list[Address]:
        """The mailboxes of Bcc."""
        return self.addresses("Bcc")

    @property
    def date(self) -> datetime | None:
        """The Date field, aware, with its original offset from UTC; None where it is missing or unreadable."""
        if not self._has_read_date:
            from mailstrata.message.dates import parse_date  # noqa: PLC0415

            value = self.headers.raw("Date")
            self._date = None if value is None else parse_date(value)
            self._has_read_date = True
        return self._date

    @property
    def message_id(self) -> str | None:
        """Message-ID without its angle brackets."""
        ids = parse_message_ids(self.headers.raw("Message-ID") or b"")
        return ids[0] if ids else None

    @property
    def in_reply_to(self) -> list[str]:
        """The ids of In-Reply-To, without angle brackets."""
        return parse_message_ids(self.headers.raw("In-Reply-To") or b"")

    @property
    def references(self) -> list[str]:
        """The ids of References, oldest first, without angle brackets."""
        return parse_message_ids(self.headers.raw("References") or b"")

    @property
    def defects(self) -> list[Defect]:
        """What was wrong with the message as a whole: its framing, its own header fields, limits. What was wrong
        with a part is among the part's defects."""
        found = [defect for defect in self.root.entity.defects if defect.code in _MESSAGE_LEVEL]
        if self._header_defects is None:
            self._header_defects = self._find_header_defects()
        found.extend(self._header_defects)
        found.sort(key=lambda defect: (defect.start, defect.end))
        return found

    def _find_header_defects(self) -> list[Defect]:
        start = self.start
        headers = self.headers
        found = []
        if "Date" not in headers:
            found.append(Defect(DefectCode.MISSING_DATE, start, start))
        elif self.date is None:
            found.append(Defect(DefectCode.INVALID_DATE, *field_span(headers.block, b"date", start)))
        if "From" not in headers:
            found.append(Defect(DefectCode.MISSING_FROM, start, start))
        if headers.has_repeated(_ONCE):
            from mailstrata.message.header_conflicts import find_repeated_fields  # noqa: PLC0415

            found.extend(find_repeated_fields(headers, _ONCE))
        return found

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.index} {self.start}-{self.end}>"
