"""From the events of one file to the calls of the sinks: what `begin_message` to `end_message` are made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from mailstrata.message.content_facts import ContentFactsOf
from mailstrata.message.decoding import PartDecoder
from mailstrata.message.field_values import FieldValues
from mailstrata.message.headers import Headers
from mailstrata.message.info import MessageInfo, PartInfo
from mailstrata.parser.events import EntityBegin, EntityEnd, Event, Span, SpanKind
from mailstrata.sinks.file_digest import FileDigest
from mailstrata.sinks.protocol import OutsideKind, RawKind, Sink, Wants
from mailstrata.sinks.stream_digest import StreamDigest
from mailstrata.sinks.whole import HELD_BYTES, HELD_EVENTS, WholeMessage, WholePart
from mailstrata.sinks.whole_sink import WholeSink

if TYPE_CHECKING:
    from mailstrata.message.origin import FileInfo, SourceInfo
    from mailstrata.message.quoting import EventStream
    from mailstrata.parser.entity import Entity
    from mailstrata.parser.limits import Limits
    from mailstrata.transfer.mbox import MboxUnquoter

_RAW_KINDS = {
    SpanKind.HEADER: RawKind.HEADER,
    SpanKind.BODY: RawKind.BODY,
    SpanKind.DELIMITER: RawKind.DELIMITER,
    SpanKind.CLOSE_DELIMITER: RawKind.DELIMITER,
    SpanKind.PREAMBLE: RawKind.OTHER,
    SpanKind.EPILOGUE: RawKind.OTHER,
}


class MessageDigest:
    """The size and digests of a message as its bytes go by: as it is, and with CRLF written as LF.

    Of a message that begins where its file does and has nothing to unquote, the first is that of the file so far:
    `of_file`, which gets the same bytes beforehand, is asked for it.
    """

    __slots__ = ("_canonical", "_ends_with_cr", "_of_file", "_plain", "size")

    def __init__(self, of_file: FileDigest | None = None) -> None:
        self.size = 0
        self._of_file = of_file
        self._plain = StreamDigest()
        # Most mail at rest has no carriage returns: only the first one makes a second digest necessary.
        self._canonical: StreamDigest | None = None
        self._ends_with_cr = False

    def update(self, data: bytes, start: int) -> None:
        """Take the next bytes of the message, which stand in the file at `start`."""
        self.size += len(data)
        if self._canonical is not None or b"\r" in data:
            if self._canonical is None:
                self._canonical = self._before(start)
            canonical = b"\r" + data if self._ends_with_cr else data
            self._ends_with_cr = canonical.endswith(b"\r")
            if self._ends_with_cr:
                canonical = canonical[:-1]
            self._canonical.update(canonical.replace(b"\r\n", b"\n"))
        if self._of_file is None:
            self._plain.update(data)

    def _before(self, start: int) -> StreamDigest:
        if self._of_file is None:
            return StreamDigest(self._plain.state())
        digest = self._of_file.digest_at(start)
        assert digest is not None, "the parser holds back less than a digest reaches"
        return StreamDigest(digest)

    def finish(self, message: MessageInfo) -> None:
        """The message has ended: set its digests."""
        message.sha256 = self._plain.hexdigest() if self._of_file is None else _hexdigest_at_end(self._of_file, message)
        if self._canonical is None:
            message.canonical_sha256 = message.sha256
        else:
            if self._ends_with_cr:
                self._canonical.update(b"\r")
            message.canonical_sha256 = self._canonical.hexdigest()


def _hexdigest_at_end(of_file: FileDigest, message: MessageInfo) -> str:
    digest = of_file.hexdigest_at(message.end)
    assert digest is not None, "a file's only message ends with it"
    return digest


class Delivery:
    """Delivers events to sinks. It holds the message under way and its open parts, never their content; for sinks that
    all take whole messages, also the events of a message of up to 512 KiB.

    `messages`, `parts`, `attachments`, `decoded_bytes` and `defects` count what was delivered so far.
    """

    def __init__(self, sinks: Sequence[Sink], limits: Limits) -> None:
        self._sinks = sinks
        self._raw_sinks = [sink for sink in sinks if Wants.RAW in sink.wants]
        self._decoded_sinks = [sink for sink in sinks if Wants.DECODED in sink.wants]
        self._digests = any(Wants.DIGESTS in sink.wants for sink in sinks)
        self._decodes = self._digests or bool(self._decoded_sinks)
        self._whole_sinks = [sink for sink in sinks if isinstance(sink, WholeSink)]
        # Where one sink needs the calls one by one, all of them are made anyway.
        self._holds = bool(sinks) and len(self._whole_sinks) == len(sinks)
        self._facts_of = ContentFactsOf()
        self._limits = limits
        self._message: MessageInfo | None = None
        # A part that has begun and whose header block comes next.
        self._begun: Entity | None = None
        self._parts: list[PartInfo] = []
        self._decoder: PartDecoder | None = None
        self._part_digest = StreamDigest()
        self._message_digest = MessageDigest()
        self._of_file: FileDigest | None = None
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
        self,
        stream: EventStream,
        chunks: Iterable[bytes],
        source: SourceInfo,
        file: FileInfo,
        index: int,
        of_file: FileDigest | None = None,
    ) -> Iterator[int]:
        """Deliver all events of a region. Yields, after each message, the offset up to which all was delivered.

        `index` is that of the region's first message in its source. `of_file` is the digest of a file that is one
        message, from its first byte on, and takes the chunks on their way here.
        """
        self._begun = None
        self._of_file = of_file
        held: list[Event] = []
        size = 0
        is_held = self._holds
        unquoter: MboxUnquoter | None = None
        for batch in stream.batches(chunks):
            for event in batch:
                if isinstance(event, Span):
                    if event.entity is None:
                        self._span(event)
                        continue
                    if is_held:
                        held.append(event)
                        size += len(event.data)
                        if size <= HELD_BYTES and len(held) <= HELD_EVENTS:
                            continue
                        is_held = False
                elif is_held:
                    held.append(event)
                    if isinstance(event, EntityBegin) or event.entity.parent is not None:
                        continue
                    unquoter = stream.take_unquoter()
                    is_held = self._whole(held, unquoter, source, file, index)
                    if is_held:
                        held = []
                        size = 0
                        index += 1
                        yield event.entity.end
                        continue
                elif isinstance(event, EntityEnd) and event.entity.parent is None:
                    unquoter = stream.take_unquoter()
                if held:
                    events, held, size = held, [], 0
                else:
                    events = [event]
                for each in events:
                    ended = self._event(each, unquoter, source, file, index)
                    if ended >= 0:
                        index += 1
                        is_held = self._holds
                        yield ended

    def _whole(
        self, events: list[Event], unquoter: MboxUnquoter | None, source: SourceInfo, file: FileInfo, index: int
    ) -> bool:
        """Deliver a message of which these are all events as a whole; says whether the sinks took it so."""
        whole = self._made_whole(events, source, file, index)
        for sink in self._whole_sinks:
            if not sink.takes_whole(whole):
                return False
        self._separator = b""
        data, parts = whole.data, whole.parts
        limit = self._limits.decoded_bytes
        for part in parts:
            part.decode(data, limit)
            if part.content is not None:
                self.decoded_bytes += len(part.content)
            if part.facts.is_attachment:
                self.attachments += 1
            if part.defects:
                self.defects.update([defect.code.value for defect in part.defects])
        self.parts += len(parts)
        of_file = self._of_file if whole.info.start == 0 else None
        whole.finish(None if of_file is None else _hexdigest_at_end(of_file, whole.info))
        if unquoter is not None:
            whole.info.unquoted_lines = unquoter.unquoted_lines
            whole.info.quoting_end = unquoter.quoting_end
        self.messages += 1
        if whole.defects:
            self.defects.update([defect.code.value for defect in whole.defects])
        for sink in self._whole_sinks:
            sink.whole_message(whole)
        return True

    def _made_whole(self, events: list[Event], source: SourceInfo, file: FileInfo, index: int) -> WholeMessage:
        pieces: list[bytes] = []
        parts: list[WholePart] = []
        open_parts: list[WholePart] = []
        fields: FieldValues | None = None
        message: MessageInfo | None = None
        begun: Entity | None = None
        size = 0
        for event in events:
            if isinstance(event, EntityEnd):
                part = open_parts.pop()
                part.end = size
                parts.append(part)
                continue
            if isinstance(event, EntityBegin):
                begun = event.entity
                if begun.body_start > begun.start:
                    continue
                data = b""
            else:
                data = event.data
            if begun is not None:
                info = PartInfo(begun, Headers(data, begun.start), open_parts[-1].part if open_parts else None)
                if message is None:
                    fields = FieldValues(info.headers)
                    message = MessageInfo(source, file, index, info, self._separator)
                    facts = self._facts_of(info, fields)
                else:
                    facts = self._facts_of(info)
                part = WholePart(info, facts, message.part_count, size)
                message.part_count += 1
                open_parts.append(part)
                part.body_start = size + len(data)
                begun = None
            pieces.append(data)
            size += len(data)
        assert message is not None
        assert fields is not None
        return WholeMessage(message, b"".join(pieces), fields, parts)

    def _event(
        self, event: Event, unquoter: MboxUnquoter | None, source: SourceInfo, file: FileInfo, index: int
    ) -> int:
        """Deliver one event; returns the offset at which a message has ended with it, -1 if none has."""
        if isinstance(event, Span):
            if self._begun is not None:
                begun, self._begun = self._begun, None
                self._begin_part(begun, event.data, source, file, index)
            self._span(event)
        elif isinstance(event, EntityBegin):
            if event.entity.body_start > event.entity.start:
                # Its header block follows as one span; sinks are told of a part when its header is known.
                self._begun = event.entity
            else:
                self._begin_part(event.entity, b"", source, file, index)
        else:
            self._end_part()
            if event.entity.parent is None:
                self._end_message(unquoter)
                return event.entity.end
        return -1

    def _begin_part(self, entity: Entity, block: bytes, source: SourceInfo, file: FileInfo, index: int) -> None:
        parts = self._parts
        part = PartInfo(entity, Headers(block, entity.start), parts[-1] if parts else None)
        if entity.parent is None:
            self._message = MessageInfo(source, file, index, part, self._separator)
            self._separator = b""
            self._size = 0
            if self._digests:
                self._message_digest = MessageDigest(self._of_file if entity.start == 0 else None)
            for sink in self._sinks:
                sink.begin_message(self._message)
        message = self._message
        assert message is not None
        message.part_count += 1
        parts.append(part)
        if self._decodes and not entity.is_container:
            self._decoder = PartDecoder(part, self._limits.decoded_bytes)
            if self._digests:
                self._part_digest = StreamDigest()
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
            self._message_digest.update(data, span.start)
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

    def _end_message(self, unquoter: MboxUnquoter | None) -> None:
        message = self._message
        assert message is not None
        message.size = self._size
        if self._digests:
            self._message_digest.finish(message)
        if unquoter is not None:
            message.unquoted_lines = unquoter.unquoted_lines
            message.quoting_end = unquoter.quoting_end
        self.messages += 1
        defects = message.defects
        if defects:
            self.defects.update([defect.code.value for defect in defects])
        for sink in self._sinks:
            sink.end_message(message)
        self._message = None
