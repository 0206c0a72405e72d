"""The rows of the message under way, collected until its digest is known.

Whether a message is new is known only at its end, and so is the digest that all its rows carry. Until then
its parts' rows wait here, beyond some hundreds of them in a temporary file.
"""

from __future__ import annotations

import contextlib
import marshal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mailstrata.index.field_columns import LIST_LIMIT
from mailstrata.index.files import writing
from mailstrata.index.inspection.part import (
    begin_inspection,
    declared_type,
    external_body_flag,
    inspect_leaf,
    is_external_body,
    part_flags,
)
from mailstrata.index.rows import (
    MessageTotals,
    Row,
    message_row,
    message_values,
    part_row,
    part_values,
)
from mailstrata.index.sniff import HEAD_BYTES, sniff_type
from mailstrata.sinks.protocol import RawKind

if TYPE_CHECKING:
    from mailstrata.index.inspection.content import ContentInspection
    from mailstrata.message.info import MessageInfo, PartInfo
    from mailstrata.sinks.whole import WholeMessage

_ROWS_IN_MEMORY = 256
_PACKED_BYTES_IN_MEMORY = 4 << 20
_SNIFFED_TYPES = 4096


class _OpenPart:
    """A part under way: its place in the message in bytes, counted from the raw bytes that went by."""

    __slots__ = ("header_size", "position", "start")

    def __init__(self, position: int, start: int) -> None:
        self.position = position
        self.start = start
        self.header_size = 0


class MessageRows:
    """Collects what a sink is called with into rows; its methods are called as those of `Sink` of the same
    names.

    It needs the raw, the decoded and the digest calls (`Wants.RAW | Wants.DECODED | Wants.DIGESTS`). After
    a message has ended and until the next one begins, `message_row` and `part_rows` give its rows; a
    message that is not new is left as it is. Holds a row for each open part, what the inspection of one leaf holds, 256
    part rows, up to 4 MiB of packed ones, and a few thousand digests whose type is known; further rows go
    to a temporary file in `directory`. Raises `TargetError` where that cannot be written.
    """

    def __init__(self, directory: Path | None = None) -> None:
        self._directory = str(tempfile.gettempdir() if directory is None else directory)
        self._open_parts: list[_OpenPart] = []
        self._offset = 0
        self._head = b""
        self._inspection: ContentInspection | None = None
        self._totals = MessageTotals()
        self._header_size = 0
        self._rows: list[Row] = []
        self._packed: tempfile.SpooledTemporaryFile[bytes] | None = None
        self._sniffed: dict[str, str | None] = {}

    def begin_message(self, message: MessageInfo) -> None:  # noqa: ARG002 - as in Sink
        """A message begins: what is known of the one before is forgotten, ended or not."""
        self._open_parts.clear()
        self._offset = 0
        self._totals = MessageTotals()
        self._header_size = 0
        self._rows.clear()
        self.close()

    def begin_part(self, message: MessageInfo, part: PartInfo) -> None:  # noqa: ARG002
        """A part begins."""
        position = self._totals.part_count + len(self._open_parts)
        self._open_parts.append(_OpenPart(position, self._offset))
        self._head = b""
        self._inspection = None

    def raw(self, message: MessageInfo, part: PartInfo, kind: RawKind, data: bytes) -> None:  # noqa: ARG002
        """Bytes of the message; only counted."""
        self._offset += len(data)
        if kind is RawKind.HEADER:
            self._open_parts[-1].header_size += len(data)

    def decoded(self, message: MessageInfo, part: PartInfo, data: bytes) -> None:  # noqa: ARG002
        """Decoded content of a leaf: its head is kept, all of it inspected."""
        if self._inspection is None:
            self._inspection = begin_inspection(part)
        self._inspection.feed(data)
        missing = HEAD_BYTES - len(self._head)
        if missing > 0:
            self._head += data[:missing]

    def end_part(self, message: MessageInfo, part: PartInfo) -> Row:  # noqa: ARG002
        """A part has ended; returns its row, in which `message` is still empty."""
        place = self._open_parts.pop()
        body_start = place.start + place.header_size
        if not self._open_parts:
            self._header_size = place.header_size
        found = 0
        if self._inspection is not None:
            found = self._inspection.close()
            self._inspection = None
        declared, sniffed = declared_type(part), self.sniffed_type(part.sha256, self._head)
        flags = part_flags(
            declared,
            part.filename,
            part.charset,
            part.entity.encoding,
            part.defects,
            sniffed,
            found,
            part.size or 0,
            self._offset - body_start,
        )
        if is_external_body(declared):
            flags |= external_body_flag(part)
        row = part_row(
            part,
            message="",
            position=place.position,
            start=place.start,
            body_start=body_start,
            end=self._offset,
            declared_type=declared,
            sniffed_type=sniffed,
            flags=flags,
        )
        self._totals.add(part, row)
        self._rows.append(row)
        if len(self._rows) >= _ROWS_IN_MEMORY:
            self._pack()
        return row

    def whole(self, message: WholeMessage) -> tuple[tuple[Any, ...], list[tuple[Any, ...]]]:
        """The values of the row of a message that came as a whole, and of the rows of its parts, as `message_values`
        and `part_values` give them. Nothing else must be called for this message."""
        info = message.info
        digest = info.sha256
        assert digest is not None
        totals = MessageTotals()
        rows = []
        for each in message.parts:
            part, facts, defects, content = each.part, each.facts, each.defects, each.content
            entity, filename = part.entity, facts.filename
            start, body_start, end = each.start, each.body_start, each.end
            sniffed, found, size = None, 0, 0
            if content is not None:
                size = len(content)
                sniffed = self.sniffed_type(part.sha256, content)
                found = inspect_leaf(
                    content, entity.content_type, entity.encoding, filename, end - body_start, facts.is_attachment
                )
            declared = declared_type(part)
            flags = part_flags(
                declared, filename, facts.charset, entity.encoding, defects, sniffed, found, size, end - body_start
            )
            if is_external_body(declared):
                flags |= external_body_flag(part)
            rows.append(
                part_values(
                    part, facts, defects, digest, each.position, start, body_start, end, declared, sniffed, flags
                )
            )
            totals.count(part, facts.is_attachment, min(len(defects), LIST_LIMIT))
        header_size = message.parts[-1].body_start
        values = message_values(info, message.fields, message.date, message.defects, totals, header_size)
        return values, rows

    def message_row(self, message: MessageInfo) -> Row:
        """The row of the message that has ended."""
        return message_row(message, self._totals, self._header_size)

    def part_rows(self, message: MessageInfo) -> Iterator[Row]:
        """The rows of its parts, in the order in which they ended."""
        assert message.sha256 is not None
        for row in self._collected():
            row["message"] = message.sha256
            yield row

    def close(self) -> None:
        """Let go of the temporary file, if there is one."""
        if self._packed is not None:
            # On a full disk closing fails like the write before it; the file has no name, and nobody needs
            # it.
            with contextlib.suppress(OSError):
                self._packed.close()
            self._packed = None

    def sniffed_type(self, digest: str | None, content: bytes) -> str | None:
        """The type of the content with that digest, by its first bytes; made out once for what comes again soon."""
        # Containers have no digest, and nothing to sniff.
        if digest is None:
            return None
        known = self._sniffed
        if digest in known:
            return known[digest]
        if len(known) >= _SNIFFED_TYPES:
            known.clear()
        found = known[digest] = sniff_type(content)
        return found

    def _pack(self) -> None:
        with writing(Path(self._directory)):
            if self._packed is None:
                self._packed = tempfile.SpooledTemporaryFile(  # noqa: SIM115 - closed by close
                    _PACKED_BYTES_IN_MEMORY, dir=self._directory
                )
            self._packed.write(marshal.dumps(self._rows))
        self._rows.clear()

    def _collected(self) -> Iterator[Row]:
        if self._packed is not None:
            with writing(Path(self._directory)):
                end = self._packed.tell()
                self._packed.seek(0)
            while self._packed.tell() < end:
                yield from marshal.load(self._packed)  # noqa: S302 - written by _pack of this process
        yield from self._rows
