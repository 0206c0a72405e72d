"""Events with mbox quoting undone.

The parser sees the bytes as they stand in the source; whoever decodes, hashes or keeps a message wants them as they
were before an mbox quoted them, so that the same message has the same digest wherever it lies.

Nearly all messages have nothing to undo. Only where a span shows that one may have is an unquoter made for the rest of
it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

from mailstrata.parser.events import EntityEnd, Event, Leaf, Span, SpanKind
from mailstrata.parser.machine import Parser
from mailstrata.transfer.mbox import MboxUnquoter, may_be_quoted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from mailstrata.message.origin import MboxVariant

_HEADER: Final = SpanKind.HEADER


class EventStream:
    """The events of a region: its chunks fed to a parser, mbox quoting undone.

    Spans inside messages carry unquoted data, while `start` and `end` stay those of the source. `unquoter` is that of
    the message whose end `events` has just given; None where there was nothing to undo, and nothing to note.
    """

    __slots__ = ("_current", "_ended", "_last", "_parser", "_span", "_variant", "unquoter")

    def __init__(self, parser: Parser, variant: MboxVariant | None) -> None:
        self._parser = parser
        self._variant = variant
        # Of the message under way: the last span that has passed, the unquoter, and the span that it is in.
        self._last: Span | None = None
        self._current: MboxUnquoter | None = None
        self._span: Span | None = None
        self._ended: deque[MboxUnquoter | None] = deque()
        self.unquoter: MboxUnquoter | None = None

    def events(self, chunks: Iterable[bytes]) -> Iterator[Event]:
        """Every event of the region, in order. What `chunks` raises passes through, after the events of what came
        before it."""
        for batch in self.batches(chunks):
            for event in batch:
                if type(event) is EntityEnd and event.entity.parent is None:
                    self.take_unquoter()
                yield event

    def batches(self, chunks: Iterable[bytes]) -> Iterator[list[Event]]:
        """The same in lists, for somebody who calls `take_unquoter` once at each end of a message."""
        parser = self._parser
        is_quoted = self._variant not in (None, "mboxcl2")
        for chunk in chunks:
            parser.push(chunk)
            while batch := parser.pull():
                yield self._unquoted(batch) if is_quoted else batch
        parser.end()
        while batch := parser.pull():
            yield self._unquoted(batch) if is_quoted else batch

    def take_unquoter(self) -> MboxUnquoter | None:
        """The unquoter of the next message whose end has come; also in `unquoter` from then on."""
        self.unquoter = self._ended.popleft() if self._ended else None
        return self.unquoter

    def _unquoted(self, batch: list[Event]) -> list[Event]:
        """The same events, unquoted; another list where what was held comes as a span of its own."""
        more: list[Event] | None = None
        last = self._last
        for index, event in enumerate(batch):
            if type(event) is Span:
                entity = event.entity
                if entity is not None:
                    # No line of a plain header begins with what is quoted.
                    if self._current is None and (
                        (event.kind is _HEADER and entity.content_fields is not None)
                        or not may_be_quoted(event.data, last is None or last.data[-1] == 10)
                    ):
                        last = event
                    else:
                        if more is None:
                            more = batch[:index]
                        if self._current is None:
                            self._current = self._unquoter_behind(last)
                        self._unquote(event, self._current, more)
            elif type(event) is Leaf:
                if self._current is not None or may_be_quoted(event.data, True):
                    if more is None:
                        more = batch[:index]
                    self._last = last
                    more += self._unquoted(event.events())
                    last = self._last
                    continue
                last = event
                if event.entity is not None and event.entity.parent is None:
                    self._ended.append(None)
                    last = None
            else:
                if self._span is not None:
                    if more is None:
                        more = batch[:index]
                    self._end_span(more)
                if isinstance(event, EntityEnd) and event.entity.parent is None:
                    self._ended.append(self._current)
                    self._current = last = None
            if more is not None:
                more.append(event)
        self._last = last
        return batch if more is None else more

    def _unquoter_behind(self, last: Span | None) -> MboxUnquoter:
        """An unquoter for the rest of a message of which everything up to that span had nothing to undo."""
        unquoter = MboxUnquoter(self._variant)
        if last is not None:
            root = last.entity
            assert root is not None
            while root.parent is not None:
                root = root.parent
            unquoter.pass_over(last.end - root.start, last.data[-1] == 10)
        return unquoter

    def _unquote(self, span: Span, unquoter: MboxUnquoter, events: list[Event]) -> None:
        """Unquote a span; what is held of the one before it is added to the events."""
        last = self._span
        if last is not None and (last.entity is not span.entity or last.kind is not span.kind):
            self._end_span(events)
        span.data = unquoter.feed(span.data)
        if span.kind is _HEADER:
            # A header block comes as one span, and stays one.
            span.data += unquoter.flush()
        else:
            self._span = span

    def _end_span(self, events: list[Event]) -> None:
        """A span that an event of another kind follows has ended: what is held of it comes out first."""
        last, unquoter = self._span, self._current
        assert last is not None
        assert unquoter is not None
        self._span = None
        held = unquoter.flush()
        if held:
            events.append(Span(last.kind, last.end, last.end, last.entity, held))
