"""Running the parser in tests: every case whole, byte by byte and in pieces, which must give the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from mailstrata.parser.entity import Entity
from mailstrata.parser.events import EntityBegin, Span
from mailstrata.parser.machine import Parser


@dataclass
class Parsed:
    """What the parser said, adjacent spans of the same kind and entity merged."""

    events: list[tuple[Any, ...]]
    entities: list[Entity]

    def entity(self, path: str, message: int = 0) -> Entity:
        """The entity of that path, in the message of that number."""
        seen = -1
        for entity in self.entities:
            seen += entity.parent is None
            if seen == message and entity.path == path:
                return entity
        raise KeyError(path)

    def data(self, kind: str, path: str | None = None, message: int | None = None) -> bytes:
        """The joined bytes of all spans of a kind (and entity)."""
        seen = -1
        found = []
        for event in self.events:
            if event[0] == "begin" and event[1] == "1":
                seen += 1
            if event[0] == kind and (path is None or event[1] == path) and (message is None or seen == message):
                found.append(event[4])
        return b"".join(found)

    def tree(self) -> list[tuple[str, str]]:
        """Path and type of every entity in document order."""
        return [(entity.path, entity.content_type) for entity in self.entities]

    def defects(self, path: str = "1", message: int = 0) -> list[str]:
        """The codes of an entity's defects."""
        return [defect.code.value for defect in self.entity(path, message).defects]


def run(data: bytes, mode: str = "message", pieces: Iterable[int] | None = None, **options: Any) -> Parsed:
    """Parse `data`, fed in pieces of these sizes (default: whole), and check that its spans tile it."""
    parser = Parser(mode, **options)  # type: ignore[arg-type]
    events: list[tuple[Any, ...]] = []
    owners: list[Entity | None] = []
    entities: list[Entity] = []

    def take(batch: Iterable[Any]) -> None:
        for event in batch:
            if isinstance(event, Span):
                assert len(event.data) == event.end - event.start > 0
                if events and events[-1][0] == event.kind and owners[-1] is event.entity:
                    last = events[-1]
                    assert last[3] == event.start
                    events[-1] = (*last[:3], event.end, last[4] + event.data)
                    continue
                path = event.entity.path if event.entity else None
                events.append((event.kind.value, path, event.start, event.end, event.data))
                owners.append(event.entity)
            else:
                begins = isinstance(event, EntityBegin)
                if begins:
                    entities.append(event.entity)
                events.append(("begin" if begins else "end", event.entity.path))
                owners.append(None)

    if pieces is None:
        take(parser.feed(data))
    else:
        position = 0
        for size in pieces:
            if position >= len(data):
                break
            take(parser.feed(data[position : position + size]))
            position += size
        take(parser.feed(data[position:]))
    take(parser.close())
    offset = options.get("offset", 0)
    joined = b"".join(event[4] for event in events if len(event) == 5)
    assert joined == data, "the spans do not tile the input"
    assert parser.offset == offset + len(data)
    return Parsed(events, entities)


def facts(parsed: Parsed) -> list[tuple[Any, ...]]:
    """Everything that must not depend on how the input was split."""
    described = [
        (
            entity.path,
            entity.start,
            entity.body_start,
            entity.end,
            entity.content_type,
            entity.encoding,
            entity.boundary,
            entity.opaque,
            entity.is_message_container,
            [(defect.code, defect.start, defect.end) for defect in entity.defects],
        )
        for entity in parsed.entities
    ]
    return [*parsed.events, *described]


def parse(data: bytes, mode: str = "message", **options: Any) -> Parsed:
    """Parse whole, byte by byte, and in every split into two; all must agree."""
    whole = run(data, mode, **options)
    expected = facts(whole)
    assert facts(run(data, mode, [1] * len(data), **options)) == expected
    for place in range(1, min(len(data), 400)):
        assert facts(run(data, mode, [place], **options)) == expected, f"split at {place}"
    return whole


LengthCheck = Callable[[int], bool]
