"""Events with mbox quoting undone.

The parser sees the bytes as they stand in the source; whoever decodes, hashes or keeps a message wants them as they
were before an mbox quoted them, so that the same message has the same digest wherever it lies.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from mailstrata.parser.events import EntityBegin, Event, Span, SpanKind
from mailstrata.parser.machine import Parser
from mailstrata.transfer.mbox import MboxUnquoter

if TYPE_CHECKING:
    from mailstrata.message.origin import MboxVariant


class EventStream:
    """The events of a region: its chunks fed to a parser, mbox quoting undone.

    Spans inside messages carry unquoted data, while `start` and `end` stay those of the source. `unquoter` is
    that of the message under way, None where there is no quoting.
    """

    __slots__ = ("_parser", "_variant", "unquoter")

    def __init__(self, parser: Parser, variant: MboxVariant | None) -> None:
        self._parser = parser
        self._variant = variant
        self.unquoter: MboxUnquoter | None = None

    def events(self, chunks: Iterable[bytes]) -> Iterator[Event]:
        """Every event of the region, in order. What `chunks` raises passes through, after the events of what came
        before it."""
        if self._variant in (None, "mboxcl2"):
            return self._plain(chunks)
        return self._unquoted(self._plain(chunks))

    def _plain(self, chunks: Iterable[bytes]) -> Iterator[Event]:
        parser = self._parser
        for chunk in chunks:
            yield from parser.feed(chunk)
        yield from parser.close()

    def _unquoted(self, events: Iterator[Event]) -> Iterator[Event]:
        # A span that an event of another kind follows has ended: what the unquoter holds of it must come out first.
        last: Span | None = None
        for event in events:
            if type(event) is Span:
                entity = event.entity
                unquoter = self.unquoter
                if entity is None or unquoter is None:
                    yield event
                    continue
                if last is not None and (last.entity is not entity or last.kind is not event.kind):
                    held = unquoter.flush()
                    if held:
                        yield Span(last.kind, last.end, last.end, last.entity, held)
                if event.kind is SpanKind.HEADER:
                    # A header block comes as one span, and stays one.
                    event.data = unquoter.feed(event.data) + unquoter.flush()
                    last = None
                else:
                    event.data = unquoter.feed(event.data)
                    last = event
                yield event
                continue
            if last is not None:
                assert self.unquoter is not None
                held = self.unquoter.flush()
                if held:
                    yield Span(last.kind, last.end, last.end, last.entity, held)
                last = None
            if type(event) is EntityBegin and event.entity.parent is None:
                self.unquoter = MboxUnquoter(self._variant)
            yield event
