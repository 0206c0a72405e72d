"""Messages that lie in memory as a whole when they end, and their parts: what a `WholeSink` gets.

Most messages are of a few KiB. To make out all of it from one piece of memory takes a fraction of the time that a call
for each piece of each part takes.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from mailstrata.message.content_facts import ContentFacts
from mailstrata.message.dates import parse_date
from mailstrata.message.decoding import PartDecoder
from mailstrata.message.field_values import DATE, FROM, FieldValues
from mailstrata.transfer import IDENTITY_ENCODINGS

if TYPE_CHECKING:
    from datetime import datetime

    from mailstrata.message.info import MessageInfo, PartInfo
    from mailstrata.parser.defects import Defect

HELD_BYTES = 512 << 10
"""Bytes of a message up to which it is held until it ends."""

HELD_EVENTS = 1024
"""Events of a message, its parts and pieces of them, up to which it is held."""

_NO_DEFECTS: list[Defect] = []


class WholePart:
    """A part of a message that lies in memory: `[start, body_start)` of the message is its header block, `[body_start,
    end)` its body, in bytes, mbox quoting undone.

    `position` is its place in document order, from 0. `content` is a leaf's content, None for a container. `defects`
    are those of `part`.
    """

    __slots__ = ("body_start", "content", "defects", "end", "facts", "part", "position", "start")

    def __init__(self, part: PartInfo, facts: ContentFacts, position: int, start: int) -> None:
        self.part = part
        self.facts = facts
        self.position = position
        self.start = start
        self.body_start = start
        self.end = start
        self.content: bytes | None = None
        self.defects = _NO_DEFECTS

    def decode(self, message: bytes, limit: int | None) -> None:
        """The part has ended: decode its body if it is a leaf, and set what is known of a part that has ended.
        `limit` is that of the decoded bytes."""
        part = self.part
        entity = part.entity
        if entity.boundary is None and not entity.is_message_container:
            body = message[self.body_start : self.end]
            if (entity.opaque or entity.encoding in IDENTITY_ENCODINGS) and (limit is None or len(body) <= limit):
                content = body
                part.size = len(body)
            else:
                decoder = PartDecoder(part, limit)
                content = decoder.feed(body)
                content += decoder.close()
            self.content = content
            part.sha256 = hashlib.sha256(content).hexdigest()
        if self.facts.may_be_defective or entity.defects or part.decoder_defects:
            self.defects = part.defects


class WholeMessage:
    """A message that has ended and lies in memory as a whole.

    `data` is its bytes, mbox quoting undone; `fields` are its header fields. `parts` stand in the order in which they
    ended, the root last. `date` and `defects` are those of `info`, whose size and digests are set.
    """

    __slots__ = ("data", "date", "defects", "fields", "info", "parts")

    def __init__(self, info: MessageInfo, data: bytes, fields: FieldValues, parts: list[WholePart]) -> None:
        self.info = info
        self.data = data
        self.fields = fields
        self.parts = parts
        self.date: datetime | None = None
        self.defects = _NO_DEFECTS

    def finish(self, sha256: str | None = None) -> None:
        """Set the message's size and digests, and make out its date and its defects. `sha256` is its digest, if it is
        known already."""
        info, data = self.info, self.data
        info.size = len(data)
        info.sha256 = sha256 or hashlib.sha256(data).hexdigest()
        if b"\r" in data:
            info.canonical_sha256 = hashlib.sha256(data.replace(b"\r\n", b"\n")).hexdigest()
        else:
            info.canonical_sha256 = info.sha256
        first = self.fields.first
        date = first[DATE]
        if date is not None:
            self.date = parse_date(date)
        if self.date is None or first[FROM] is None or self.fields.has_repeated or info.root.entity.defects:
            self.defects = info.defects
