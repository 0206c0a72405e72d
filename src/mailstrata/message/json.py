"""A message as one JSON object: the keys are documented in docs/parse-json.md, and people build on them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mailstrata.message.addresses import Address
    from mailstrata.message.info import MessageInfo, PartInfo
    from mailstrata.parser.defects import Defect


def message_as_json(message: MessageInfo, parts: Sequence[PartInfo]) -> dict[str, Any]:
    """The JSON object of a message that has ended; `parts` in document order, containers before their children.

    All text is valid Unicode (U+FFFD for what cannot be decoded), all offsets are bytes in the source.
    """
    return message_with_parts_as_json(message, [part_as_json(part) for part in parts])


def message_with_parts_as_json(message: MessageInfo, parts: list[dict[str, Any]]) -> dict[str, Any]:
    """The same, of `parts` that were each made with `part_as_json` when it ended, so that no part's header is held."""
    date = message.date
    return {
        "source": message.source.label,
        "file": message.file.name.decode("utf-8", "replace") or None,
        "folder": message.file.folder or None,
        "index": message.index,
        "start": message.start,
        "end": message.end,
        "size": message.size,
        "sha256": message.sha256,
        "from": message.from_,
        "from_addresses": _addresses(message.from_addresses),
        "to": message.to,
        "to_addresses": _addresses(message.to_addresses),
        "cc": message.cc,
        "cc_addresses": _addresses(message.cc_addresses),
        "subject": message.subject,
        "date": None if date is None else utc_text(date),
        "date_offset_minutes": None if date is None else offset_minutes(date),
        "message_id": message.message_id,
        "in_reply_to": message.in_reply_to,
        "references": message.references,
        "defects": _defects(message.defects),
        "parts": parts,
    }


def utc_text(date: datetime) -> str:
    """A date in UTC, as ISO 8601 with the offset `+00:00`."""
    try:
        return date.astimezone(UTC).isoformat()
    except OverflowError:
        # In the first or last hours of the calendar the same instant has no name in UTC.
        return date.replace(tzinfo=UTC).isoformat()


def offset_minutes(date: datetime) -> int:
    """The offset from UTC that a date was given in, in minutes east."""
    offset = date.utcoffset()
    return 0 if offset is None else round(offset.total_seconds() / 60)


def part_as_json(part: PartInfo) -> dict[str, Any]:
    """The JSON object of a part that has ended, as it stands among those of its message."""
    return {
        "path": part.path,
        "content_type": part.content_type,
        "start": part.start,
        "body_start": part.body_start,
        "end": part.end,
        "encoding": part.encoding,
        "charset": part.charset,
        "disposition": part.disposition,
        "filename": part.filename,
        "content_id": part.content_id,
        "size": part.size,
        "sha256": part.sha256,
        "defects": _defects(part.defects),
    }


def _addresses(addresses: list[Address]) -> list[dict[str, str]]:
    """Takes the addresses out of the list, so that a header full of them is not there twice."""
    found = []
    addresses.reverse()
    while addresses:
        address = addresses.pop()
        found.append({"name": address.name, "address": address.address})
    return found


def _defects(defects: Sequence[Defect]) -> list[dict[str, Any]]:
    return [{"code": defect.code.value, "start": defect.start, "end": defect.end} for defect in defects]
