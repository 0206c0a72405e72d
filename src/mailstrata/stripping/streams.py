"""Stripping as a function of a stream."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Generic

from mailstrata.message.decoding import PartDecoder
from mailstrata.message.headers import Headers
from mailstrata.message.info import MessageInfo, PartInfo
from mailstrata.message.origin import FileInfo, SourceInfo
from mailstrata.parser.entity import Entity
from mailstrata.parser.events import EntityBegin, Event, Span, SpanKind
from mailstrata.parser.limits import Limits
from mailstrata.parser.machine import Parser
from mailstrata.stripping.counts import StripCounts
from mailstrata.stripping.escape import Escaper
from mailstrata.stripping.leaf import Blob, StrippedPart
from mailstrata.stripping.policy import StripPolicy
from mailstrata.stripping.stripper import StrippedMessage, Stripper


def strip_message(
    chunks: Iterable[bytes],
    write: Callable[[bytes], object],
    new_blob: Callable[[], Blob],
    keep: Callable[[StrippedPart[Blob]], object],
    *,
    policy: StripPolicy | None = None,
    limits: Limits | None = None,
) -> StrippedMessage:
    """Strip one message that comes as a stream, in bounded memory.

    `chunks` is the message in pieces of any size; how it is cut changes nothing. `write` gets its skeleton, piece by
    piece. For each part that may be taken out, `new_blob` makes a `BlobUnderWay` that gets its decoded content;
    `keep` is called with each part that was taken out, in order, and owns its blob from then on. The policy is
    `StripPolicy()` unless told otherwise.

    Content never raises; what `chunks`, `write`, `new_blob`, `keep` and the blobs raise passes through, after
    the blob under way was discarded. Then, and only then, the skeleton is not whole.
    """
    stripper = Stripper(policy or StripPolicy(), write, new_blob)
    driver = _Driver(stripper, write, keep, (limits or Limits()).decoded_bytes)
    parser = Parser(limits=limits)
    try:
        for chunk in chunks:
            driver.take(parser.feed(chunk))
        driver.take(parser.close())
    except BaseException:
        stripper.discard()
        raise
    return driver.result


class _Driver(Generic[Blob]):
    """Makes of the parser's events what a stripper is called with."""

    __slots__ = (
        "_begun",
        "_decoder",
        "_digest",
        "_keep",
        "_limit",
        "_message",
        "_parts",
        "_stripper",
        "_write",
        "result",
    )

    def __init__(
        self,
        stripper: Stripper[Blob],
        write: Callable[[bytes], object],
        keep: Callable[[StrippedPart[Blob]], object],
        limit: int | None,
    ) -> None:
        self._stripper = stripper
        self._write = write
        self._keep = keep
        self._limit = limit
        self._parts: list[PartInfo] = []
        self._message: MessageInfo | None = None
        self._begun: Entity | None = None
        self._decoder: PartDecoder | None = None
        self._digest = hashlib.sha256()
        self.result = StrippedMessage(0, StripCounts(), False)

    def take(self, events: Iterable[Event]) -> None:
        """The next events."""
        for event in events:
            if isinstance(event, Span):
                self._span(event)
            elif isinstance(event, EntityBegin):
                if event.entity.body_start > event.entity.start:
                    # Its header block follows as one span; a part begins when its header is known.
                    self._begun = event.entity
                else:
                    self._begin_part(event.entity, b"")
            else:
                self._end_part()

    def _begin_part(self, entity: Entity, block: bytes) -> None:
        part = PartInfo(entity, Headers(block, entity.start), self._parts[-1] if self._parts else None)
        self._parts.append(part)
        if self._message is None:
            self._message = MessageInfo(SourceInfo("", b"", "stdin"), FileInfo(), 0, part)
            self._stripper.begin_message(self._message)
        if not part.is_container:
            self._decoder = PartDecoder(part, self._limit)
            self._digest = hashlib.sha256()
        self._stripper.begin_part(self._message, part)

    def _span(self, span: Span) -> None:
        if span.entity is None:
            self._outside(span.data)
            return
        if self._begun is not None:
            self._begin_part(self._begun, span.data)
            self._begun = None
        assert self._message is not None
        part = self._parts[span.entity.depth]
        self._stripper.raw(self._message, part, span.kind, span.data)
        if span.kind is SpanKind.BODY and self._decoder is not None:
            self._decoded(self._message, part, self._decoder.feed(span.data))

    def _outside(self, data: bytes) -> None:
        """A byte order mark or a `From ` line in front of the message; nothing follows the message itself."""
        escaper = Escaper()
        self._write(escaper.feed(data) + escaper.flush())
        self.result = replace(
            self.result, size=self.result.size + len(data), escaped=self.result.escaped or escaper.changed
        )

    def _decoded(self, message: MessageInfo, part: PartInfo, data: bytes) -> None:
        if data:
            self._digest.update(data)
            self._stripper.decoded(message, part, data)

    def _end_part(self) -> None:
        message = self._message
        assert message is not None
        part = self._parts.pop()
        if self._decoder is not None and not part.is_container:
            self._decoded(message, part, self._decoder.close())
            self._decoder = None
            part.sha256 = self._digest.hexdigest()
        stripped = self._stripper.end_part(message, part)
        if stripped is not None:
            self._keep(stripped)
        if not self._parts:
            before = self.result
            result = self._stripper.end_message()
            self.result = replace(result, size=before.size + result.size, escaped=before.escaped or result.escaped)
