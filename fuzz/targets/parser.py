"""The parser: nothing is raised, the spans are the input, entities nest, and no split matters."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fuzz.given import Given
from mailstrata.parser.entity import Entity
from mailstrata.parser.events import EntityBegin, Event, Span
from mailstrata.parser.limits import Limits
from mailstrata.parser.machine import Mode, Parser, Profile

_MODES: tuple[Mode, ...] = ("message", "mbox")
_PROFILES: tuple[Profile, ...] = ("default", "default", "strict")
# A line break before a delimiter line or a `From ` line, and the beginning of what follows.
_SLACK = 16


class _Seen:
    """The events so far, spans of one kind and entity joined, and checks of what holds for each."""

    def __init__(self) -> None:
        self.facts: list[list[Any]] = []
        self.data: list[bytes] = []
        self._offset = 0
        self._open: list[Entity] = []
        self._owner: Entity | None = None

    def take(self, events: Iterable[Event]) -> None:
        for event in events:
            if isinstance(event, Span):
                self._span(event)
            elif isinstance(event, EntityBegin):
                entity = event.entity
                assert entity.parent is (self._open[-1] if self._open else None)
                assert entity.depth == len(self._open)
                assert entity.start == self._offset
                self._open.append(entity)
                self.facts.append(["begin", entity.path])
            else:
                entity = event.entity
                assert self._open.pop() is entity
                self._entity(entity)

    def _span(self, span: Span) -> None:
        assert len(span.data) == span.end - span.start > 0
        assert span.start == self._offset
        assert span.entity is None or any(span.entity is entity for entity in self._open)
        self._offset = span.end
        self.data.append(span.data)
        last = self.facts[-1] if self.facts else None
        if last is not None and last[0] == span.kind.value and self._owner is span.entity:
            last[-1] = span.end
        else:
            path = span.entity.path if span.entity else None
            self.facts.append([span.kind.value, path, span.start, span.end])
            self._owner = span.entity

    def _entity(self, entity: Entity) -> None:
        assert 0 <= entity.start <= entity.body_start <= entity.end <= self._offset
        for defect in entity.defects:
            assert 0 <= defect.start <= defect.end
        self.facts.append(
            [
                "end",
                entity.path,
                entity.start,
                entity.body_start,
                entity.end,
                entity.content_type,
                entity.encoding,
                entity.boundary,
                entity.opaque,
                [(defect.code, defect.start, defect.end) for defect in entity.defects],
            ]
        )
        self.entities_end(entity)

    @staticmethod
    def entities_end(entity: Entity) -> None:
        assert entity.content_type.count("/") == 1
        assert entity.content_type == entity.content_type.lower()
        entity.content_type.encode()
        entity.encoding.encode()


def parser(data: bytes) -> None:
    """Whole, and in pieces."""
    given = Given(data)
    mode = given.choose(_MODES)
    profile = given.choose(_PROFILES)
    limits = given.choose(
        (
            Limits(),
            Limits(),
            Limits(
                depth=given.choose((1, 2, 5, 256)),
                parts=given.choose((1, 3, 10_000)),
                header_bytes=given.choose((5, 60, 1000, 1 << 20)),
                delimiter_line_bytes=given.choose((76, 998)),
                message_bytes=given.choose((None, 30, 500)),
                defects=given.choose((1, 3, 100)),
                feed_events=given.choose((1, 3, 4096)),
            ),
        )
    )
    length_check = given.choose((None, lambda offset: offset * 7 % 3 == 0)) if mode == "mbox" else None
    content = given.content
    facts = []
    for pieces in ([content] if content else [], given.pieces(content)):
        machine = Parser(mode, limits=limits, profile=profile, length_check=length_check)
        seen = _Seen()
        for piece in pieces:
            seen.take(machine.feed(piece))
            assert machine.held_bytes <= max(limits.header_bytes, limits.delimiter_line_bytes) + _SLACK
        seen.take(machine.close())
        assert b"".join(seen.data) == content, "the spans do not tile the input"
        assert machine.offset == len(content)
        for fact in seen.facts:
            assert fact[0] != "end" or len(fact[-1]) <= limits.defects + 1
        facts.append(seen.facts)
    assert facts[0] == facts[1], "the split matters"
