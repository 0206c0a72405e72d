"""What the parser says: spans of bytes, and the begin and end of entities.

Spans tile the input: the data of all `Span` events, joined in order, is what was fed, byte for byte. Offsets
are absolute: those of the source (or of what was fed, plus the parser's `offset`).

The order of events for one entity is: `EntityBegin`; one `Span` of kind HEADER (absent where the header block
is empty); then its body; `EntityEnd`. The body of a leaf is BODY spans. That of a multipart is PREAMBLE
spans, DELIMITER spans each followed by the child it opens, one CLOSE_DELIMITER, EPILOGUE spans; any of these may
be absent. That of a message/rfc822 entity is one child. Of an mbox, GAP and SEPARATOR spans stand between the
root entities; they belong to no entity.
"""

from __future__ import annotations

from enum import StrEnum

from mailstrata.parser.entity import Entity


class SpanKind(StrEnum):
    """What a span of bytes is. The line break before a delimiter belongs to the delimiter (RFC 2046, 5.1.1)."""

    GAP = "gap"
    """Belongs to no message: junk before the first `From ` line, the blank line before the next one."""
    SEPARATOR = "separator"
    """A `From ` line with its line break."""
    HEADER = "header"
    """A header block with the blank line that ends it."""
    PREAMBLE = "preamble"
    DELIMITER = "delimiter"
    CLOSE_DELIMITER = "close-delimiter"
    BODY = "body"
    """The body of a leaf, still encoded."""
    EPILOGUE = "epilogue"


class Span:
    """Bytes `[start, end)` of the input. `data` is those bytes; `entity` is whose they are (None outside
    messages). A DELIMITER belongs to the multipart, not to the part that follows."""

    __slots__ = ("data", "end", "entity", "kind", "start")

    def __init__(self, kind: SpanKind, start: int, end: int, entity: Entity | None, data: bytes) -> None:
        self.kind = kind
        self.start = start
        self.end = end
        self.entity = entity
        self.data = data

    def __repr__(self) -> str:
        return f"Span({self.kind.value}, {self.start}, {self.end}, {self.entity!r})"


class Leaf(Span):
    """A leaf with a plain header block and a body that came whole: its BODY span, with the header block.

    It stands for `EntityBegin`, the spans of header and body, and `EntityEnd`, and is made only for somebody who asks
    for it with `Parser.join_leaves`: most parts of mail are then one object instead of four.
    """

    __slots__ = ("header",)

    def __init__(self, start: int, end: int, entity: Entity, header: bytes, data: bytes) -> None:
        self.kind = SpanKind.BODY
        self.start = start
        self.end = end
        self.entity = entity
        self.data = data
        self.header = header

    def events(self) -> list[Event]:
        """What it stands for."""
        entity = self.entity
        assert entity is not None
        return [
            EntityBegin(entity),
            Span(SpanKind.HEADER, entity.start, entity.body_start, entity, self.header),
            Span(SpanKind.BODY, self.start, self.end, entity, self.data),
            EntityEnd(entity),
        ]


class EntityBegin:
    """An entity begins; its header block has been read, so that type and encoding are known."""

    __slots__ = ("entity",)

    def __init__(self, entity: Entity) -> None:
        self.entity = entity

    def __repr__(self) -> str:
        return f"EntityBegin({self.entity!r})"


class EntityEnd:
    """An entity has ended; its `end` and its defects are final."""

    __slots__ = ("entity",)

    def __init__(self, entity: Entity) -> None:
        self.entity = entity

    def __repr__(self) -> str:
        return f"EntityEnd({self.entity!r})"


Event = Span | EntityBegin | EntityEnd
