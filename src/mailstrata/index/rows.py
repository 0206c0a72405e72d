"""From what is known of messages and parts to rows of the tables.

Text is bounded, so that no message can make a row larger than a small multiple of its header block: header
values to `TEXT_LIMIT` characters, names and ids to `NAME_LIMIT`, lists to `LIST_LIMIT` entries. What is
longer is cut; ids are cut everywhere alike, so that they still join.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from mailstrata.message.json import offset_minutes
from mailstrata.parser.defects import DefectCode

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mailstrata.message.addresses import Address
    from mailstrata.message.info import MessageInfo, PartInfo
    from mailstrata.parser.defects import Defect

Row = dict[str, Any]
"""One row: a value for each column of its table. Timestamps are microseconds since 1970 in UTC."""

TEXT_LIMIT = 65_536
"""Characters of a header value that are kept."""

NAME_LIMIT = 1_024
"""Characters of an id, an address, a file name or another short value that are kept."""

LIST_LIMIT = 10_000
"""Entries of a list (addresses, references, defects) that are kept."""

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
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_LAST_IN_ANGLES = re.compile(r"<([^<>]*)>[^<>]*\Z")
_LABEL = re.compile(r'"([^"]*)"|([^",]+)')
_KEYWORD = re.compile(r"[\s;(].*", re.DOTALL)
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
        self.part_count += 1
        self.defect_count += len(row["defects"])
        if row["is_attachment"]:
            self.attachment_count += 1
            self.attachment_bytes += row["size"] or 0
        content_type = part.content_type
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
    headers = message.headers
    from_addresses = message.from_addresses
    from_address = next((a.address.lower() for a in from_addresses if a.address), None)
    message_id = text(message.message_id, NAME_LIMIT)
    in_reply_to = _texts(message.in_reply_to)
    references = _texts(message.references)
    date = message.date
    defects = [defect for defect in message.defects if defect.code not in _FRAMING]
    return {
        "sha256": message.sha256,
        "canonical_sha256": message.canonical_sha256,
        "message_id": message_id,
        "in_reply_to": in_reply_to,
        "references": references,
        "thread_root_id": next(iter((*references[:1], *in_reply_to[:1])), message_id),
        "date": None if date is None else _microseconds(date),
        "date_offset_minutes": None if date is None else offset_minutes(date),
        "from": text(message.from_),
        "from_address": text(from_address, NAME_LIMIT),
        "from_domain": _domain(from_address),
        "from_addresses": _addresses(from_addresses),
        "sender": text(headers["Sender"]),
        "sender_addresses": _mailboxes(message, "Sender"),
        "reply_to": text(headers["Reply-To"]),
        "reply_to_addresses": _mailboxes(message, "Reply-To"),
        "to": text(message.to),
        "to_addresses": _mailboxes(message, "To"),
        "cc": text(message.cc),
        "cc_addresses": _mailboxes(message, "Cc"),
        "bcc": text(message.bcc),
        "bcc_addresses": _mailboxes(message, "Bcc"),
        "delivered_to": _texts(a.address.lower() for a in message.addresses("Delivered-To") if a.address),
        "subject": text(message.subject),
        "list_id": _list_id(headers["List-Id"]),
        "labels": _labels([*headers.get_all("X-Gmail-Labels"), *headers.get_all("Keywords")]),
        "mailer": text(headers["User-Agent"] or headers["X-Mailer"], NAME_LIMIT),
        "auto_submitted": _keyword(headers["Auto-Submitted"]),
        "content_type": text(message.root.content_type, NAME_LIMIT),
        "size": message.size,
        "header_size": header_size,
        "part_count": totals.part_count,
        "attachment_count": totals.attachment_count,
        "attachment_bytes": totals.attachment_bytes,
        "has_attachment": totals.attachment_count > 0,
        "is_signed": totals.is_signed,
        "is_encrypted": totals.is_encrypted,
        "defect_count": len(defects) + totals.defect_count,
        "defects": _defects(defects, -message.start),
    }


def occurrence_row(message: MessageInfo, snapshot: str | None = None) -> Row:
    """The row of the place where a message that has ended was found; `snapshot` is that of an archive."""
    source, file = message.source, message.file
    source_path, source_path_bytes = _path(source.path)
    file_name, file_bytes = _path(file.name)
    separator = message.separator.rstrip(b"\r\n")[: 4 * NAME_LIMIT].decode("utf-8", "replace")
    return {
        "message": message.sha256,
        "source": text(source.label),
        "source_path": source_path,
        "source_path_bytes": source_path_bytes,
        "source_kind": source.kind,
        "file": file_name,
        "file_bytes": file_bytes,
        "folder": text(file.folder),
        "index": message.index,
        "start": message.start,
        "end": message.end,
        "separator": separator[:NAME_LIMIT] or None,
        "flags": text(file.flags),
        "quoting": file.quoting,
        "compression": file.compression,
        "defects": _defects(framing_defects(message), 0),
        "snapshot": snapshot,
    }


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
    sniffed_type: str | None,
) -> Row:
    """The row of a part that has ended, with digests.

    `message` is the digest of its message; `start`, `body_start` and `end` are byte offsets in that
    message, mbox quoting undone. Offsets of defects are moved along with the part: exact, unless quoting
    was undone between its start and the defect.
    """
    return {
        "message": message,
        "position": position,
        "path": part.path,
        "depth": part.depth,
        "content_type": text(part.content_type, NAME_LIMIT),
        "sniffed_type": sniffed_type,
        "filename": text(part.filename, NAME_LIMIT),
        "charset": text(part.charset, NAME_LIMIT),
        "encoding": text(part.encoding, NAME_LIMIT),
        "disposition": text(part.disposition, NAME_LIMIT),
        "content_id": text(part.content_id, NAME_LIMIT),
        "is_attachment": part.is_attachment,
        "is_container": part.is_container,
        "is_opaque": part.entity.opaque,
        "start": start,
        "body_start": body_start,
        "end": end,
        "encoded_size": end - body_start,
        "size": part.size,
        "blob": part.sha256,
        "defects": _defects(part.defects, start - part.start),
    }


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


def text(value: str | None, limit: int = TEXT_LIMIT) -> str | None:
    """A text as a table can hold it: at most `limit` characters, U+FFFD for surrogates."""
    if value is None:
        return None
    if len(value) > limit:
        value = value[:limit]
    if not value.isascii() and _SURROGATE.search(value) is not None:
        value = _SURROGATE.sub("\ufffd", value)
    return value


def _texts(values: Iterable[str]) -> list[str]:
    found: list[str] = []
    for value in values:
        if len(found) >= LIST_LIMIT:
            break
        found.append(text(value, NAME_LIMIT) or "")
    return found


def _mailboxes(message: MessageInfo, name: str) -> list[dict[str, str]]:
    return _addresses(message.addresses(name))


def _addresses(addresses: Sequence[Address]) -> list[dict[str, str]]:
    return [
        {"name": text(a.name, NAME_LIMIT) or "", "address": text(a.address, NAME_LIMIT) or ""}
        for a in addresses[:LIST_LIMIT]
    ]


def _domain(address: str | None) -> str | None:
    if address is None or "@" not in address:
        return None
    return text(address.rpartition("@")[2], NAME_LIMIT) or None


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


def _list_id(value: str | None) -> str | None:
    if value is None:
        return None
    match = _LAST_IN_ANGLES.search(value)
    found = value if match is None else match[1]
    return text(found.strip().lower(), NAME_LIMIT) or None


def _labels(values: list[str]) -> list[str]:
    found = (quoted or bare.strip() for value in values for quoted, bare in _LABEL.findall(value[:TEXT_LIMIT]))
    return _texts(label for label in found if label)


def _keyword(value: str | None) -> str | None:
    if value is None:
        return None
    return text(_KEYWORD.sub("", value.strip()).lower(), NAME_LIMIT) or None
