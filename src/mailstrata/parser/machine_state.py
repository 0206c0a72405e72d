"""What the machine holds, and the steps that all its handlers take: making spans, beginning and ending entities."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache

from mailstrata.errors import UsageError
from mailstrata.parser.body_watch import BodyWatch
from mailstrata.parser.defects import DefectCode
from mailstrata.parser.entity import Entity
from mailstrata.parser.events import EntityBegin, EntityEnd, Event, Span, SpanKind
from mailstrata.parser.fields import field_span
from mailstrata.parser.from_search import FromSearch
from mailstrata.parser.header import HeaderScanner
from mailstrata.parser.limits import Limits
from mailstrata.parser.open_boundaries import OpenBoundaries
from mailstrata.parser.states import State

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final, Literal, TypeAlias

# Members of an enumeration are slow to look up, and slow to hash.
START: Final = State.START
HEADER: Final = State.HEADER
PREAMBLE: Final = State.PREAMBLE
BODY: Final = State.BODY
EPILOGUE: Final = State.EPILOGUE
DONE: Final = State.DONE
GAP: Final = SpanKind.GAP
SEPARATOR: Final = SpanKind.SEPARATOR
HEADER_SPAN: Final = SpanKind.HEADER
PREAMBLE_SPAN: Final = SpanKind.PREAMBLE
DELIMITER_SPAN: Final = SpanKind.DELIMITER
CLOSE_DELIMITER_SPAN: Final = SpanKind.CLOSE_DELIMITER
BODY_SPAN: Final = SpanKind.BODY
EPILOGUE_SPAN: Final = SpanKind.EPILOGUE

Mode: TypeAlias = "Literal['message', 'mbox']"
Profile: TypeAlias = "Literal['default', 'strict']"


@cache
def _content_length() -> re.Pattern[bytes]:
    return re.compile(rb"\n[Cc][Oo][Nn][Tt][Ee][Nn][Tt]-[Ll][Ee][Nn][Gg][Tt][Hh]:[ \t]*+(\d{1,18})[ \t\r]*+\n")


class MachineState:
    """Where the parser is, and what it has not dealt with yet. `Parser` says what the arguments mean."""

    __slots__ = (
        "_base",
        "_body_watch",
        "_boundaries",
        "_buffer",
        "_closed",
        "_events",
        "_fresh",
        "_fresh_after_blank",
        "_from_line_defect",
        "_from_search",
        "_header",
        "_header_begun",
        "_is_clean",
        "_is_looked_through",
        "_joins_leaves",
        "_last_newline",
        "_length_check",
        "_length_end",
        "_limits",
        "_lines",
        "_looked",
        "_mbox",
        "_message_limit",
        "_part_count",
        "_position",
        "_ready",
        "_root",
        "_stack",
        "_state",
        "_strict",
        "_waits",
    )

    def __init__(
        self,
        mode: Mode = "message",
        *,
        limits: Limits | None = None,
        profile: Profile = "default",
        offset: int = 0,
        length_check: Callable[[int], bool] | None = None,
    ) -> None:
        if mode not in ("message", "mbox"):
            raise UsageError(f"mode must be 'message' or 'mbox', not {mode!r}")
        if profile not in ("default", "strict"):
            raise UsageError(f"profile must be 'default' or 'strict', not {profile!r}")
        self._limits = limits or Limits()
        self._mbox = mode == "mbox"
        self._strict = profile == "strict"
        self._length_check = length_check
        self._base = offset
        self._buffer: bytes | bytearray = b""
        self._position = 0
        self._state = START
        self._events: list[Event] = []
        self._stack: list[Entity] = []
        self._ready: Iterator[Event] = iter(())
        self._boundaries = OpenBoundaries(self._limits.defects)
        self._lines = self._boundaries.lines
        self._header = HeaderScanner(self._limits.header_bytes)
        # Whether the scanner has looked at the header block under way. One that is plain does not need it.
        self._header_begun = False
        self._from_search = FromSearch()
        self._root: Entity | None = None
        self._part_count = 0
        self._message_limit = -1
        self._length_end = -1
        self._from_line_defect: tuple[DefectCode, int, int] | None = None
        self._closed = False
        self._waits = True
        self._joins_leaves = False
        # Whether the buffer is known to have no carriage return and no NUL; whether they were looked for, which is
        # not worth it where nothing but the content of a large part passes.
        self._is_clean = False
        self._is_looked_through = False
        self._body_watch = BodyWatch()
        # Up to which offset bodies have been watched.
        self._looked = 0
        # At the start of a body, a delimiter has no line break of its own; and whether the line before is blank.
        self._fresh = True
        self._fresh_after_blank = True
        self._last_newline = True

    def _emit(self, kind: SpanKind, end: int, entity: Entity | None) -> None:
        """Make a span of the bytes from `_position` to `end`, if there are any."""
        position = self._position
        if end > position:
            data = self._buffer[position:end]
            assert isinstance(data, bytes)
            base = self._base
            self._events.append(Span(kind, base + position, base + end, entity, data))
            self._position = end
            self._fresh = False
            self._last_newline = data[-1] == 10

    def _end_entities(self, depth: int, index: int) -> None:
        """End all open entities that stand at `depth` or deeper; they end at `index` of the buffer."""
        stack = self._stack
        offset = self._base + index
        most = self._limits.defects
        while len(stack) > depth:
            entity = stack.pop()
            if entity.boundary is not None:
                self._boundaries.end(entity, offset)
            entity.end = offset
            if entity.depth == 0 and 0 <= self._message_limit < offset:
                entity.add_defect(DefectCode.MESSAGE_LIMIT, self._message_limit, offset, most)
            self._events.append(EntityEnd(entity))

    def _begin_header(self) -> None:
        self._header_begun = False
        self._state = HEADER

    def _new_entity(self, position: int, end: int) -> Entity:
        """The entity whose header block lies from `position` to `end`."""
        stack = self._stack
        base = self._base
        if stack:
            parent = stack[-1]
            parent.children += 1
            entity = Entity(parent, parent.children, len(stack), base + position)
            self._part_count += 1
        else:
            entity = Entity(None, 1, 0, base + position)
            self._part_count = 1
        entity.body_start = base + end
        return entity

    def _push_entity(self, entity: Entity, end: int, after_blank: bool) -> None:
        """The type of an entity is known, whose header ends at `end`: it is open from now on."""
        limits = self._limits
        self._stack.append(entity)
        if entity.boundary is not None or entity.is_message_container:
            most = limits.defects
            if len(self._stack) >= limits.depth:
                entity.add_defect(DefectCode.DEPTH_LIMIT, entity.start, entity.body_start, most)
                self._make_opaque(entity)
            elif entity.is_message_container and self._part_count >= limits.parts:
                self._add_parts_defect(entity.body_start)
                self._make_opaque(entity)
        self._events.append(EntityBegin(entity))
        position = self._position
        self._emit(HEADER_SPAN, end, entity)
        self._begin_body(entity, after_blank)
        if entity.is_message_container:
            self._begin_header()
        elif entity.boundary is not None:
            if self._boundaries.open(entity, entity.boundary):
                block = self._buffer[position:end]
                assert isinstance(block, bytes)
                start_of_field, end_of_field = field_span(block, b"content-type", entity.start)
                entity.add_defect(DefectCode.BOUNDARY_OF_OUTER_MULTIPART, start_of_field, end_of_field, limits.defects)
            self._state = PREAMBLE
        else:
            self._state = BODY

    def _begin_body(self, entity: Entity, after_blank: bool) -> None:
        self._fresh = True
        self._fresh_after_blank = after_blank
        self._body_watch.begin(entity)

    @staticmethod
    def _make_opaque(entity: Entity) -> None:
        entity.opaque = True
        entity.boundary = None
        entity.is_message_container = False

    def _begin_message(self, entity: Entity) -> None:
        limits = self._limits
        self._root = entity
        self._message_limit = -1 if limits.message_bytes is None else entity.start + limits.message_bytes
        self._length_end = -1
        if self._mbox and self._length_check is not None:
            block = self._buffer[entity.start - self._base : entity.body_start - self._base]
            match = _content_length().search(b"\n" + block)
            if match is not None:
                self._length_end = entity.body_start + int(match[1])
        if self._from_line_defect is not None:
            entity.add_defect(*self._from_line_defect, limits.defects)
            self._from_line_defect = None

    def _add_parts_defect(self, offset: int) -> None:
        root = self._stack[0]
        root.add_defect(DefectCode.PARTS_LIMIT, offset, offset, self._limits.defects)

    def _line_end(self, line: int, final: bool) -> int | None:
        """Index of the line feed that ends the line, or of the end of the input; None where it is not there yet, -1
        where the line is longer than a delimiter may be."""
        buffer = self._buffer
        # One byte more for the carriage return, one for the line feed.
        most = line + self._limits.delimiter_line_bytes + 2
        end = buffer.find(b"\n", line, most)
        if end >= 0:
            return end
        if len(buffer) >= most:
            return -1
        return len(buffer) if final else None
