"""The short ways of the machine: what needs no judgement is taken at once.

Nearly every header block is plain, and nearly every body ends at an exact delimiter or at a `From ` line behind a blank
one. The handlers of `machine` would come to the same by asking more; they keep the last word on everything else.
Nothing is decided here that depends on bytes which are not there yet.
"""

from __future__ import annotations

from mailstrata.parser.body_watch import has_long_line
from mailstrata.parser.content_fields import ContentFields
from mailstrata.parser.entity import Entity
from mailstrata.parser.events import EntityBegin, EntityEnd, Leaf, Span
from mailstrata.parser.from_line import has_from_line_shape
from mailstrata.parser.machine_state import (
    BODY,
    BODY_SPAN,
    CLOSE_DELIMITER_SPAN,
    DELIMITER_SPAN,
    EPILOGUE,
    EPILOGUE_SPAN,
    GAP,
    HEADER,
    HEADER_SPAN,
    SEPARATOR,
    MachineState,
)
from mailstrata.parser.open_boundaries import OpenBoundary
from mailstrata.parser.plain_header import SMALL_BLOCK, PlainHeader, plain_block, scan_plain


class ShortWays(MachineState):
    """The machine with its short ways."""

    __slots__ = ()

    def _take_plain(self) -> bool:
        """Take what needs no judgement, as nearly all mail does: entities whose header block is plain and, of leaves,
        whose body ends in the buffer at an exact delimiter of the innermost multipart or at a `From ` line behind a
        blank line. Whether anything was taken.

        It does what the handlers would do, with what they would ask known beforehand, and leaves to them whatever is
        out of the ordinary; so the next byte is always theirs.
        """
        buffer = self._buffer
        if not isinstance(buffer, bytes):
            return False
        if not self._is_looked_through:
            self._is_clean = 13 not in buffer and 0 not in buffer
            self._is_looked_through = True
        limits = self._limits
        most_events = limits.feed_events
        stack = self._stack
        events = self._events
        base = self._base
        taken = False
        while len(events) < most_events:
            position = self._position
            parent = stack[-1] if stack else None
            fields: ContentFields | None = None
            found: PlainHeader | None = None
            end = -1
            if parent is not None:
                if parent.content_type == "multipart/digest":
                    return taken
                most = min(position + SMALL_BLOCK, position + limits.header_bytes)
                end = buffer.find(b"\n\n", position, most) + 2
                if end == 1:
                    end = buffer.find(b"\n\r\n", position, most) + 3
                if end > position:
                    fields = plain_block(buffer[position:end])
            if fields is None:
                found = scan_plain(buffer, position, limits.header_bytes, self._is_clean)
                if found is None:
                    return taken
                end = found.end
                fields = found.content_fields
            taken = True
            entity = self._new_entity(position, end)
            if parent is None:
                self._begin_message(entity)
            entity.content_fields = fields
            if found is not None:
                entity.from_value = found.from_value
                entity.subject_value = found.subject_value
            entity.content_type = fields.content_type
            entity.encoding = fields.encoding
            entity.boundary = fields.boundary
            if fields.boundary is not None or fields.is_message_container:
                entity.is_message_container = fields.is_message_container
                self._push_entity(entity, end, True)
                if self._state is not HEADER and not self._take_first_delimiter(buffer, entity):
                    return True
                continue
            self._position = end
            if not self._take_plain_body(buffer, entity, position, end):
                events.append(EntityBegin(entity))
                events.append(Span(HEADER_SPAN, base + position, base + end, entity, buffer[position:end]))
                stack.append(entity)
                self._begin_body(entity, True)
                self._state = BODY
                return True
            if self._state is not HEADER and not self._take_epilogue(buffer):
                return True
        return taken

    def _take_first_delimiter(self, buffer: bytes, multipart: Entity) -> bool:
        """Take the delimiter of a multipart that has begun, if it is exact and no preamble stands before it."""
        start = self._position
        if self._message_limit >= 0 or self._part_count >= self._limits.parts or buffer[start : start + 2] != b"--":
            return False
        line_end = buffer.find(b"\n", start, start + self._limits.delimiter_line_bytes + 2)
        if line_end < 0:
            return False
        found = self._lines.get(buffer[start : line_end - 1 if buffer[line_end - 1] == 13 else line_end])
        if found is None or found[1] or found[0].entity is not multipart:
            return False
        self._emit(DELIMITER_SPAN, line_end + 1, multipart)
        self._begin_header()
        return True

    def _take_epilogue(self, buffer: bytes) -> bool:
        """Take the end of a message behind its close-delimiter, if two line breaks and a `From ` line follow."""
        start = self._position
        stack = self._stack
        if not self._mbox or len(stack) != 1 or self._message_limit >= 0 or self._length_end >= 0:
            return False
        line = start + 2
        if not buffer.startswith(b"\n\nFrom ", start):
            return False
        line_end = self._line_end(line, False)
        if line_end is None or line_end < 0 or not has_from_line_shape(buffer[line:line_end]):
            return False
        root = stack[0]
        self._emit(EPILOGUE_SPAN, start + 1, root)
        self._end_entities(0, start + 1)
        self._emit(GAP, line, None)
        self._emit(SEPARATOR, line_end + 1, None)
        self._root = None
        self._begin_header()
        return True

    def _take_plain_body(self, buffer: bytes, entity: Entity, header: int, start: int) -> bool:
        """Take a leaf whose header lies from `header` to `start`, and what ends it, if neither its body nor that needs
        judgement; whether so."""
        lines = self._lines
        mbox = self._mbox
        base = self._base
        if entity.encoding == "base64" or start - header <= 2:
            return False
        line = -1
        if lines:
            line = buffer.find(self._boundaries.common_beginning, start)
        if mbox:
            from_line = self._from_search.next(buffer, start, len(buffer) if line < 0 else line, base)
            if from_line >= 0:
                line = from_line
        # Where the body is empty, or its first line might be a delimiter, there is more to ask.
        if line <= start or buffer[start] in b"-FCc":
            return False
        body_end = line - 1 if buffer[line - 1] == 13 else line
        line += 1
        line_end = buffer.find(b"\n", line, line + self._limits.delimiter_line_bytes + 2)
        if line_end < 0 or body_end <= start:
            return False
        found: tuple[OpenBoundary, bool] | None = None
        if buffer[line] == 45:
            found = lines.get(buffer[line : line_end - 1 if buffer[line_end - 1] == 13 else line_end])
            if found is None or found[0].closed or self._message_limit >= 0:
                return False
            if found[0].entity is not entity.parent or self._part_count >= self._limits.parts:
                return False
        elif (
            entity.parent is not None
            or buffer[body_end - 1] != 10
            or self._message_limit >= 0
            or self._length_end >= 0
            or not has_from_line_shape(buffer[line:line_end])
        ):
            return False
        is_clean = self._is_clean
        if entity.encoding != "binary" and (
            (not is_clean and buffer.find(b"\0", start, body_end) >= 0) or has_long_line(buffer, start, body_end)
        ):
            return False
        if lines and not is_clean and buffer.find(b"\r", start, body_end) >= 0:
            self._boundaries.look_for_bare_cr(buffer, start, body_end, base)

        events = self._events
        entity.end = base + body_end
        block = buffer[header:start]
        data = buffer[start:body_end]
        if self._joins_leaves:
            events.append(Leaf(base + start, base + body_end, entity, block, data))
        else:
            events.append(EntityBegin(entity))
            events.append(Span(HEADER_SPAN, base + header, base + start, entity, block))
            events.append(Span(BODY_SPAN, base + start, base + body_end, entity, data))
            events.append(EntityEnd(entity))
        next_line = line_end + 1
        if found is None:
            events.append(Span(GAP, base + body_end, base + line, None, buffer[body_end:line]))
            events.append(Span(SEPARATOR, base + line, base + next_line, None, buffer[line:next_line]))
            self._root = None
        else:
            boundary, is_close = found
            multipart = boundary.entity
            if is_close:
                if buffer[line_end - 1] == 13:
                    line_end -= 1
                data = buffer[body_end:line_end]
                events.append(Span(CLOSE_DELIMITER_SPAN, base + body_end, base + line_end, multipart, data))
                self._position = line_end
                boundary.close(lines)
                self._state = EPILOGUE
                self._fresh = False
                self._last_newline = False
                return True
            data = buffer[body_end:next_line]
            events.append(Span(DELIMITER_SPAN, base + body_end, base + next_line, multipart, data))
        self._position = next_line
        self._fresh = False
        self._last_newline = True
        return True
