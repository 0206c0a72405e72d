"""From the events of one file to the calls of the sinks: what `begin_message` to `end_message` are made of."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from mailstrata.message.decoding import PartDecoder
from mailstrata.message.headers import Headers
from mailstrata.message.info import MessageInfo, PartInfo
from mailstrata.parser.events import EntityBegin, Span, SpanKind
from mailstrata.sinks.protocol import OutsideKind, RawKind, Sink, Wants

if TYPE_CHECKING:
    from hashlib import _Hash

    from mailstrata.message.origin import FileInfo, SourceInfo
    from mailstrata.message.quoting import EventStream
    from mailstrata.parser.entity import Entity
    from mailstrata.parser.limits import Limits

_RAW_KINDS = {
    SpanKind.HEADER: RawKind.HEADER,
    SpanKind.BODY: RawKind.BODY,
    SpanKind.DELIMITER: RawKind.DELIMITER,
    SpanKind.CLOSE_DELIMITER: RawKind.DELIMITER,
    SpanKind.PREAMBLE: RawKind.OTHER,
    SpanKind.EPILOGUE: RawKind.OTHER,
}


class MessageDigest:
    """The size and digests of a message as its bytes go by: as it is, and with CRLF written as LF."""

    __slots__ = ("_canonical", "_ends_with_cr", "_plain", "size")

    def __init__(self) -> None:
        self.size = 0
        self._plain = hashlib.sha256()
        # Most mail at rest has no carriage returns: only the first one makes a second digest necessary.
        self._canonical: _Hash | None = None
        self._ends_with_cr = False

    def update(self, data: bytes) -> None:
        """Take the next bytes of the message."""
        self.size += len(data)
        if self._canonical is not None or b"\r" in data:
            if self._canonical is None:
                self._canonical = self._plain.copy()
            canonical = b"\r" + data if self._ends_with_cr else data
            self._ends_with_cr = canonical.endswith(b"\r")
            if self._ends_with_cr:
                canonical = canonical[:-1]
            self._canonical.update(canonical.replace(b"\r\n", b"\n"))
        self._plain.update(data)

    def finish(self, message: MessageInfo) -> None:
        """The message has ended: set its digests."""
        message.sha256 = self._plain.hexdigest()
        if self._canonical is None:
            message.canonical_sha256 = message.sha256
        else:
            if self._ends_with_cr:
                self._canonical.update(b"\r")
            message.canonical_sha256 = self._canonical.hexdigest()


class Delivery:
    """Delivers events to sinks. It holds the message under way and its open parts, never their content.

    `messages`, `parts`, `attachments`, `decoded_bytes` and `defects` count what was delivered so far.
    """

    def __init__(self, sinks: Sequence[Sink], limits: Limits) -> None:
        self._sinks = sinks
        self._raw_sinks = [sink for sink in sinks if Wants.RAW in sink.wants]
        self._decoded_sinks = [sink for sink in sinks if Wants.DECODED in sink.wants]
        self._digests = any(Wants.DIGESTS in sink.wants for sink in sinks)
        self._decodes = self._digests or bool(self._decoded_sinks)
        self._limits = limits
        self._message: MessageInfo | None = None
        self._parts: list[PartInfo] = []
        self._decoder: PartDecoder | None = None
        self._part_digest = hashlib.sha256()
        self._message_digest = MessageDigest()
        self._size = 0
        self._separator = b""
        self.messages = 0
        self.parts = 0
        self.attachments = 0
        self.decoded_bytes = 0
        self.defects: Counter[str] = Counter()

    def outside(self, kind: OutsideKind, start: int, data: bytes) -> None:
        """Bytes that belong to no message."""
        for sink in self._raw_sinks:
            sink.outside(kind, start, data)

    def deliver(
        self, stream: EventStream, chunks: Iterable[bytes], source: SourceInfo, file: FileInfo, index: int
    ) -> Iterator[int]:
        """Deliver all events of a region. Yields, after each message, the offset up to which all was delivered.

        `index` is that of the region's first message in its source.
        """
        begun: Entity | None = None
        for event in stream.events(chunks):
            if isinstance(event, Span):
                if begun is not None:
                    self._begin_part(begun, event.data, source, file, index)
                    begun = None
                self._span(event)
            elif isinstance(event, EntityBegin):
                if event.entity.body_start > event.entity.start:
                    # Its header block follows as one span; sinks are told of a part when its header is known.
                    begun = event.entity
                else:
                    self._begin_part(event.entity, b"", source, file, index)
            else:
                self._end_part()
                if event.entity.parent is None:
                    self._end_message(stream)
                    index += 1
                    yield event.entity.end

    def _begin_part(self, entity: Entity, block: bytes, source: SourceInfo, file: FileInfo, index: int) -> None:
        parts = self._parts
        part = PartInfo(entity, Headers(block, entity.start), parts[-1] if parts else None)
        if entity.parent is None:
            self._message = MessageInfo(source, file, index, part, self._separator)
            self._separator = b""
            self._size = 0
            if self._digests:
                self._message_digest = MessageDigest()
            for sink in self._sinks:
                sink.begin_message(self._message)
        message = self._message
        assert message is not None
        message.part_count += 1
        parts.append(part)
        if self._decodes and not entity.is_container:
            self._decoder = PartDecoder(part, self._limits.decoded_bytes)
            if self._digests:
                self._part_digest = hashlib.sha256()
        for sink in self._sinks:
            sink.begin_part(message, part)

    def _span(self, span: Span) -> None:
        entity = span.entity
        data = span.data
        kind = span.kind
        if entity is None:
            outside = OutsideKind.GAP
            if kind is SpanKind.SEPARATOR:
                outside = OutsideKind.SEPARATOR
                self._separator = data
            self.outside(outside, span.start, data)
            return
        if not data:
            return
        message = self._message
        assert message is not None
        self._size += len(data)
        if self._digests:
            self._message_digest.update(data)
        part = self._parts[entity.depth]
        if self._raw_sinks:
            raw_kind = _RAW_KINDS[kind]
            for sink in self._raw_sinks:
                sink.raw(message, part, raw_kind, data)
        if kind is SpanKind.BODY and self._decoder is not None:
            self._decoded(message, part, self._decoder.feed(data))

    def _decoded(self, message: MessageInfo, part: PartInfo, data: bytes) -> None:
        if not data:
            return
        self.decoded_bytes += len(data)
        if self._digests:
            self._part_digest.update(data)
        for sink in self._decoded_sinks:
            sink.decoded(message, part, data)

    def _end_part(self) -> None:
        part = self._parts.pop()
        message = self._message
        assert message is not None
        if self._decoder is not None and not part.is_container:
            self._decoded(message, part, self._decoder.close())
            self._decoder = None
            if self._digests:
                part.sha256 = self._part_digest.hexdigest()
        self.parts += 1
        if part.is_attachment:
            self.attachments += 1
        defects = part.defects
        if defects:
            self.defects.update([defect.code.value for defect in defects])
        for sink in self._sinks:
            sink.end_part(message, part)

    def _end_message(self, stream: EventStream) -> None:
        message = self._message
        assert message is not None
        message.size = self._size
        if self._digests:
            self._message_digest.finish(message)
        if stream.unquoter is not None:
            message.unquoted_lines = stream.unquoter.unquoted_lines
            message.quoting_end = stream.unquoter.quoting_end
        self.messages += 1
        defects = message.defects
        if defects:
            self.defects.update([defect.code.value for defect in defects])
        for sink in self._sinks:
            sink.end_message(message)
        self._message = None
