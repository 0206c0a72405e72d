"""From what is known of messages and parts to rows of the tables; texts and lists are bounded (`field_columns`)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from mailstrata.index.field_columns import (
    LIST_LIMIT,
    NAME_LIMIT,
    NOTHING,
    authors,
    delivered_to_addresses,
    field_text,
    keyword_text,
    label_texts,
    list_identifier,
    mailbox_structs,
    mailer_text,
    text,
    text_of,
    texts,
)
from mailstrata.index.inspection.flags import FLAG_COLUMNS, flag_values
from mailstrata.message.content_facts import content_facts
from mailstrata.message.field_values import (
    BCC,
    CC,
    REPLY_TO,
    SENDER,
    TO,
    FieldValues,
)
from mailstrata.message.ids import parse_message_ids
from mailstrata.message.json import offset_minutes
from mailstrata.parser.defects import DefectCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mailstrata.message.content_facts import ContentFacts
    from mailstrata.message.info import MessageInfo, PartInfo
    from mailstrata.message.origin import FileInfo, SourceInfo
    from mailstrata.parser.defects import Defect

Row = dict[str, Any]
"""One row: a value for each column of its table. Timestamps are microseconds since 1970 in UTC."""

# These belong to a place where the message lies, not to its bytes.
_FRAMING = frozenset(
    {
        DefectCode.FROM_LINE_WITHOUT_BLANK_LINE,
        DefectCode.FROM_LINE_IN_MESSAGE,
        DefectCode.CONTENT_LENGTH_WRONG,
    }
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# As in `schema`, which takes a library to import.
MESSAGE_COLUMNS = (
    *("sha256", "canonical_sha256", "message_id", "in_reply_to", "references", "thread_root_id", "date"),
    *("date_offset_minutes", "from", "from_address", "from_domain", "from_addresses", "sender"),
    *("sender_addresses", "reply_to", "reply_to_addresses", "to", "to_addresses", "cc", "cc_addresses"),
    *("bcc", "bcc_addresses", "delivered_to", "subject", "list_id", "labels", "mailer", "auto_submitted"),
    *("content_type", "size", "header_size", "part_count", "attachment_count", "attachment_bytes"),
    *("has_attachment", "is_signed", "is_encrypted", "defect_count", "defects"),
)
OCCURRENCE_COLUMNS = (
    *("message", "source", "source_path", "source_path_bytes", "source_kind", "file", "file_bytes", "folder"),
    *("index", "start", "end", "separator", "flags", "quoting", "compression", "defects", "snapshot"),
)
PART_COLUMNS = (
    *("message", "position", "path", "depth", "content_type", "declared_type", "sniffed_type", "filename"),
    *("charset", "encoding", "disposition", "content_id", "is_attachment", "is_container", "is_opaque", "start"),
    *("body_start", "end", "encoded_size", "size", "blob", "defects"),
    *FLAG_COLUMNS,
)
_message_lists = itemgetter(
    *(MESSAGE_COLUMNS.index(name) for name in ("in_reply_to", "references", "delivered_to", "labels", "defects")),
    *(place for place, name in enumerate(MESSAGE_COLUMNS) if name.endswith("_addresses")),
)
# Texts say the same in up to three columns, in up to four bytes a character.
_ROW_BYTES = 1_000
_TEXT_BYTES = 4
_ENTRY_BYTES = 250
_SMIME = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})


@dataclass(slots=True)
class MessageTotals:
    """What the row of a message says about its parts: `add` each part's row once, in any order."""

    part_count: int = 0
    attachment_count: int = 0
    attachment_bytes: int = 0
    defect_count: int = 0
    is_signed: bool = False
    is_encrypted: bool = False

    def add(self, part: PartInfo, row: Row) -> None:
        """Count a part that has ended, with its row."""
        self.count(part, row["is_attachment"], len(row["defects"]))

    def count(self, part: PartInfo, is_attachment: bool, defects: int) -> None:
        """Count a part that has ended, with what its row says of it and the number of its defects."""
        self.part_count += 1
        self.defect_count += defects
        if is_attachment:
            self.attachment_count += 1
            self.attachment_bytes += part.size or 0
        content_type = part.entity.content_type
        if content_type == "multipart/signed":
            self.is_signed = True
        elif content_type == "multipart/encrypted":
            self.is_encrypted = True
        elif content_type in _SMIME:
            # RFC 8551, 3.2.2
            kind = part.type_parameters.get("smime-type", "").lower()
            self.is_signed |= kind == "signed-data"
            self.is_encrypted |= kind in ("enveloped-data", "authenveloped-data")


def message_row(message: MessageInfo, totals: MessageTotals, header_size: int) -> Row:
    """The row of a message that has ended, with digests. `header_size` is that of the root's header block
    in bytes, mbox quoting undone."""
    fields = FieldValues(message.headers)
    values = message_values(message, fields, message.date, message.defects, totals, header_size)
    return dict(zip(MESSAGE_COLUMNS, values, strict=True))


def message_values(
    message: MessageInfo,
    fields: FieldValues,
    date: datetime | None,
    defects: Sequence[Defect],
    totals: MessageTotals,
    header_size: int,
) -> tuple[Any, ...]:
    """The same as the values of all columns, in their order; `fields`, `date` and `defects` are those of the message.

    Values that are lists may be shared between rows, and are not to be changed.
    """
    first = fields.first
    from_, sender, reply_to, to, cc, bcc, _, subject = first[:8]
    raw_id, in_reply_to_ids, references_ids, delivered_to, list_id = first[8:13]
    labels, keywords, user_agent, mailer, auto_submitted = first[13:18]
    from_addresses, from_address, from_domain = authors(from_, fields)
    ids = parse_message_ids(raw_id) if raw_id else None
    message_id = text(ids[0], NAME_LIMIT) if ids else None
    in_reply_to = texts(parse_message_ids(in_reply_to_ids)) if in_reply_to_ids else NOTHING
    references = texts(parse_message_ids(references_ids)) if references_ids else NOTHING
    if references:
        thread_root_id: str | None = references[0]
    else:
        thread_root_id = in_reply_to[0] if in_reply_to else message_id
    if defects:
        defects = [defect for defect in defects if defect.code not in _FRAMING]
    return (
        message.sha256,
        message.canonical_sha256,
        message_id,
        in_reply_to,
        references,
        thread_root_id,
        None if date is None else _microseconds(date),
        None if date is None else offset_minutes(date),
        None if from_ is None else field_text(from_),
        from_address,
        from_domain,
        from_addresses,
        None if sender is None else field_text(sender),
        mailbox_structs(sender, fields, SENDER),
        None if reply_to is None else field_text(reply_to),
        mailbox_structs(reply_to, fields, REPLY_TO),
        None if to is None else field_text(to),
        mailbox_structs(to, fields, TO),
        None if cc is None else field_text(cc),
        mailbox_structs(cc, fields, CC),
        None if bcc is None else field_text(bcc),
        mailbox_structs(bcc, fields, BCC),
        NOTHING if delivered_to is None else delivered_to_addresses(delivered_to, fields),
        None if subject is None else text_of(subject),
        None if list_id is None else list_identifier(list_id),
        NOTHING if labels is None and keywords is None else label_texts(fields),
        mailer_text(user_agent, mailer),
        None if auto_submitted is None else keyword_text(auto_submitted),
        text(message.root.entity.content_type, NAME_LIMIT),
        message.size,
        header_size,
        totals.part_count,
        totals.attachment_count,
        totals.attachment_bytes,
        totals.attachment_count > 0,
        totals.is_signed,
        totals.is_encrypted,
        len(defects) + totals.defect_count,
        _defects(defects, -message.start) if defects else NOTHING,
    )


def occurrence_row(message: MessageInfo, snapshot: str | None = None) -> Row:
    """The row of the place where a message that has ended was found; `snapshot` is that of an archive."""
    return dict(zip(OCCURRENCE_COLUMNS, OccurrenceValues()(message, framing_defects(message), snapshot), strict=True))


class OccurrenceValues:
    """Makes the same as the values of all columns, in their order, for one message after the other: what the messages
    of a file have in common is made out once."""

    __slots__ = ("_end", "_file", "_middle", "_source")

    def __init__(self) -> None:
        self._source: SourceInfo | None = None
        self._file: FileInfo | None = None
        self._middle: tuple[Any, ...] = ()
        self._end: tuple[Any, ...] = ()

    def __call__(self, message: MessageInfo, defects: Sequence[Defect], snapshot: str | None) -> tuple[Any, ...]:
        """The values for a message that has ended; `defects` are those of its framing."""
        if message.file is not self._file or message.source is not self._source:
            self._begin_file(message.source, message.file)
        separator = message.separator
        return (
            message.sha256,
            *self._middle,
            message.index,
            message.start,
            message.end,
            _separator_text(separator) if separator else None,
            *self._end,
            _defects(defects, 0) if defects else NOTHING,
            snapshot,
        )

    def _begin_file(self, source: SourceInfo, file: FileInfo) -> None:
        self._source, self._file = source, file
        self._middle = (text(source.label), *_path(source.path), source.kind, *_path(file.name), text(file.folder))
        self._end = (text(file.flags), file.quoting, file.compression)


def _separator_text(separator: bytes) -> str | None:
    line = separator.rstrip(b"\r\n")[: 4 * NAME_LIMIT].decode("utf-8", "replace")
    return line[:NAME_LIMIT] or None


def framing_defects(message: MessageInfo) -> list[Defect]:
    """What was wrong with how the message stands in its file: its bytes do not tell of that. Offsets count in the file;
    at most `LIST_LIMIT`."""
    return [defect for defect in message.root.entity.defects if defect.code in _FRAMING][:LIST_LIMIT]


def part_row(
    part: PartInfo,
    *,
    message: str,
    position: int,
    start: int,
    body_start: int,
    end: int,
    declared_type: str | None,
    sniffed_type: str | None,
    flags: int,
) -> Row:
    """The row of a part that has ended, with digests.

    `message` is the digest of its message; `start`, `body_start` and `end` are byte offsets in that
    message, mbox quoting undone. Offsets of defects are moved along with the part: exact, unless quoting
    was undone between its start and the defect. `flags` is a set of flags (`inspection.flags`).
    """
    facts = content_facts(part)
    values = part_values(
        part, facts, part.defects, message, position, start, body_start, end, declared_type, sniffed_type, flags
    )
    return dict(zip(PART_COLUMNS, values, strict=True))


def part_values(
    part: PartInfo,
    facts: ContentFacts,
    defects: Sequence[Defect],
    message: str,
    position: int,
    start: int,
    body_start: int,
    end: int,
    declared_type: str | None,
    sniffed_type: str | None,
    flags: int,
) -> tuple[Any, ...]:
    """The same as the values of all columns, in their order; `facts` and `defects` are those of the part. Values that
    are lists are not to be changed."""
    entity = part.entity
    return (
        message,
        position,
        entity.path,
        entity.depth,
        text(entity.content_type, NAME_LIMIT),
        text(declared_type, NAME_LIMIT),
        sniffed_type,
        text(facts.filename, NAME_LIMIT),
        text(facts.charset, NAME_LIMIT),
        text(entity.encoding, NAME_LIMIT),
        text(facts.disposition, NAME_LIMIT),
        text(facts.content_id, NAME_LIMIT),
        facts.is_attachment,
        entity.boundary is not None or entity.is_message_container,
        entity.opaque,
        start,
        body_start,
        end,
        end - body_start,
        part.size,
        part.sha256,
        _defects(defects, start - entity.start) if defects else NOTHING,
        *flag_values(flags),
    )


def blob_row(
    sha256: str,
    size: int,
    sniffed_type: str | None,
    *,
    pack: str | None = None,
    frame: int | None = None,
    frame_length: int | None = None,
    offset: int | None = None,
    length: int | None = None,
) -> Row:
    """The row of a distinct content; `pack` to `length` say where an archive keeps it: decompress the bytes
    `[frame, frame + frame_length)` of the pack, and take `length` bytes from `offset` on."""
    return {
        "sha256": sha256,
        "size": size,
        "sniffed_type": sniffed_type,
        "pack": pack,
        "frame": frame,
        "frame_length": frame_length,
        "offset": offset,
        "length": length,
    }


def row_weight(header_size: int, entries: int = 0) -> int:
    """How many bytes a row takes at most, or nearly so, whose texts come from so many bytes of a header and whose lists
    have so many entries: enough for a bound on memory, and far quicker than looking at each value."""
    return _ROW_BYTES + _TEXT_BYTES * header_size + _ENTRY_BYTES * entries


def message_weight(values: tuple[Any, ...], header_size: int) -> int:
    """The same of a row of *messages* with these values."""
    return row_weight(header_size, sum(map(len, _message_lists(values))))


def _defects(defects: Sequence[Defect], shift: int) -> list[Row]:
    return [
        {"code": defect.code.value, "start": defect.start + shift, "end": defect.end + shift}
        for defect in defects[:LIST_LIMIT]
    ]


def _microseconds(date: datetime) -> int:
    return (date - _EPOCH) // _MICROSECOND


def _path(path: bytes) -> tuple[str, bytes | None]:
    try:
        return path.decode("utf-8"), None
    except UnicodeDecodeError:
        return path.decode("utf-8", "replace"), path
