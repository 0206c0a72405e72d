"""The state machine that takes mail apart: bytes in, events out.

It knows nothing of files and sockets, decodes nothing, and holds nothing but what it cannot judge yet: at most one
header block, or one delimiter or `From ` line with the line break before it.

The states, and what may follow each, are in `states`; `_step` says who is in charge in which. Each handler works
at `_position` of `_buffer` and either moves on and returns True, or returns False because it needs more bytes. No
handler loops over bytes or lines: header blocks are taken by one expression, and in bodies one search looks for
what might be a delimiter. All decisions depend on the bytes and never on how they were split: a handler that is not
sure waits.

The open multiparts are in `_boundaries`. In an mbox, the `From ` line is a boundary that is open below all others.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from enum import Enum
from functools import cache

from mailstrata.errors import UsageError
from mailstrata.parser.body_watch import LONGEST_LINE, BodyWatch, long_line
from mailstrata.parser.content_fields import ContentFields, describe
from mailstrata.parser.defects import DefectCode
from mailstrata.parser.entity import Entity
from mailstrata.parser.events import EntityBegin, EntityEnd, Event, Span, SpanKind
from mailstrata.parser.fields import field_span
from mailstrata.parser.from_line import has_from_line_shape
from mailstrata.parser.from_search import FromSearch
from mailstrata.parser.header import HeaderEnd, HeaderScanner, field_start, field_start_partial
from mailstrata.parser.header_defects import note_header_defects
from mailstrata.parser.limits import Limits
from mailstrata.parser.open_boundaries import OpenBoundaries, OpenBoundary
from mailstrata.parser.plain_header import SMALL_BLOCK, PlainHeader, plain_block, scan_plain
from mailstrata.parser.states import TRANSITIONS, State

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final, Literal, TypeAlias

__all__ = ["TRANSITIONS", "Mode", "Parser", "Profile", "State"]

# Members of an enumeration are slow to look up, and slow to hash.
_START: Final = State.START
_HEADER: Final = State.HEADER
_PREAMBLE: Final = State.PREAMBLE
_BODY: Final = State.BODY
_EPILOGUE: Final = State.EPILOGUE
_DONE: Final = State.DONE
_GAP: Final = SpanKind.GAP
_SEPARATOR: Final = SpanKind.SEPARATOR
_HEADER_SPAN: Final = SpanKind.HEADER
_PREAMBLE_SPAN: Final = SpanKind.PREAMBLE
_DELIMITER_SPAN: Final = SpanKind.DELIMITER
_CLOSE_DELIMITER_SPAN: Final = SpanKind.CLOSE_DELIMITER
_BODY_SPAN: Final = SpanKind.BODY
_EPILOGUE_SPAN: Final = SpanKind.EPILOGUE
_SPAN_KINDS = {
    _START: _GAP,
    _PREAMBLE: _PREAMBLE_SPAN,
    _EPILOGUE: _EPILOGUE_SPAN,
}


@cache
def _delimiter_or_from() -> re.Pattern[bytes]:
    return re.compile(rb"\n(?:--|From )")


_FROM: Final = re.compile(rb"\nFrom ")
_DELIMITER: Final = re.compile(rb"\n--")
_FROM_PARTIALS: Final = frozenset({b"F", b"Fr", b"Fro", b"From"})


# What a body begins with that looks like a field of a part's header.
@cache
def _content_field_start() -> re.Pattern[bytes]:
    return re.compile(
        rb"[Cc][Oo][Nn][Tt][Ee][Nn][Tt]-(?:[Tt][Yy][Pp][Ee]|[Dd][Ii][Ss][Pp][Oo][Ss][Ii][Tt][Ii][Oo][Nn]"
        rb"|[Tt][Rr][Aa][Nn][Ss][Ff][Ee][Rr]-[Ee][Nn][Cc][Oo][Dd][Ii][Nn][Gg]):"
    )


@cache
def _content_field_partial() -> re.Pattern[bytes]:
    return re.compile(rb"[A-Za-z-]{1,25}+\Z")


# The same where the header is empty, so that the blank line may be one that was put before the header. No URL.
@cache
def _any_field_start() -> re.Pattern[bytes]:
    return re.compile(rb"(?:\r?\n){0,8}([!-9;-~]{1,64}+[ \t]{0,8}+:)[ \t\r\n]")


@cache
def _any_field_partial() -> re.Pattern[bytes]:
    return re.compile(rb"(?:\r?\n){0,8}(?:\r|[!-9;-~]{0,64}+[ \t]{0,8}+:?)\Z")


# More bytes than any of these four takes.
_LONGEST_FIELD_START = 96
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@cache
def _content_length() -> re.Pattern[bytes]:
    return re.compile(rb"\n[Cc][Oo][Nn][Tt][Ee][Nn][Tt]-[Ll][Ee][Nn][Gg][Tt][Hh]:[ \t]*+(\d{1,18})[ \t\r]*+\n")


# After so many lines, in what is fed at once, that begin with two dashes and are no delimiters, an expression is made
# that finds only those that matter.
_MANY_CANDIDATES = 256

Mode: TypeAlias = "Literal['message', 'mbox']"
Profile: TypeAlias = "Literal['default', 'strict']"


class _Verdict(Enum):
    MOVED = 1
    CONTENT = 2
    WAIT = 3


_MOVED: Final = _Verdict.MOVED
_CONTENT: Final = _Verdict.CONTENT
_WAIT: Final = _Verdict.WAIT


class Parser:
    """An incremental parser for one message, or for one mbox.

    `feed` it bytes in pieces of any size, then `close` it; both give the events that have become certain. The
    result never depends on the split. Malformed input never raises; see `Entity.defects`.

    `mode` is `message` for a single message, `mbox` for messages that each begin with a `From ` line (as they
    stand: quoting is undone elsewhere). `offset` is added to all offsets. `length_check` is asked, in an mbox only,
    whether a Content-Length that contradicts a `From ` line leads to the next `From ` line or to the end; without it
    no Content-Length is believed.

    The profile `strict` differs from `default` in that a `From ` line needs a blank line before it, and that a single
    message does not begin with one.

    A parser belongs to one thread; parsers share nothing.
    """

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
        self._state = _START
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
        # Whether the buffer has no carriage return and no NUL.
        self._is_clean = True
        self._body_watch = BodyWatch()
        # Up to which offset bodies have been watched.
        self._looked = 0
        # At the start of a body, a delimiter has no line break of its own; and whether the line before is blank.
        self._fresh = True
        self._fresh_after_blank = True
        self._last_newline = True

    @property
    def offset(self) -> int:
        """Absolute offset up to which events have been made."""
        return self._base + self._position

    @property
    def held_bytes(self) -> int:
        """Bytes fed that no event has covered yet, because it is not certain what they are."""
        return len(self._buffer) - self._position

    def feed(self, data: bytes | bytearray | memoryview) -> Iterator[Event]:
        """Take the next bytes; returns an iterator over the events that have become certain.

        Events are made as they are taken, so that a feed never holds more than `Limits.feed_events` of them. What is
        not taken is not lost: it comes with the next call. Raises `UsageError` after `close`.
        """
        self.push(data)
        return self._run()

    def close(self) -> Iterator[Event]:
        """The input has ended; returns an iterator over the last events. Raises `UsageError` when called again."""
        self.end()
        return self._run()

    def _run(self) -> Iterator[Event]:
        # What an iterator that was dropped half-way did not take comes first.
        yield from self._ready
        while not self._waits:
            self._ready = iter(self.pull())
            yield from self._ready

    def push(self, data: bytes | bytearray | memoryview) -> None:
        """Take the next bytes, as `feed` does, for somebody who takes the events in lists: see `pull`."""
        if self._closed:
            raise UsageError("this parser is closed; make a new one for the next message")
        if not isinstance(data, bytes):
            data = bytes(data)
        buffer = self._buffer
        position = self._position
        is_clean = 13 not in data and 0 not in data
        if position == len(buffer):
            self._base += position
            self._position = 0
            self._buffer = data
            self._is_clean = is_clean
        elif isinstance(buffer, bytearray):
            # A header block still without its end. Appending keeps feeding byte by byte linear.
            buffer += data
        else:
            self._base += position
            self._position = 0
            self._buffer = buffer[position:] + data
        self._is_clean = self._is_clean and is_clean
        self._waits = False

    def end(self) -> None:
        """The input has ended, as with `close`, for somebody who takes the events in lists: see `pull`."""
        if self._closed:
            raise UsageError("this parser is closed already")
        self._closed = True
        self._waits = False

    def pull(self) -> list[Event]:
        """The next events that have become certain, about `Limits.feed_events` at most. An empty list, and no earlier
        one, says that it takes more bytes to go on. Not to be mixed with `feed` and `close`."""
        final = self._closed
        most = self._limits.feed_events
        events = self._events
        while not self._waits and len(events) < most:
            if not self._step(final):
                self._waits = True
                self._rest(final)
        self._events = []
        return events

    def _rest(self, final: bool) -> None:
        """No handler can go on: end, or let go of the bytes that have been dealt with."""
        if final:
            if self._state is not _DONE:
                self._finish()
            return
        if self._position:
            self._base += self._position
            self._buffer = self._buffer[self._position :]
            self._position = 0
        if self._state is _HEADER and isinstance(self._buffer, bytes) and self._buffer:
            self._buffer = bytearray(self._buffer)

    def _step(self, final: bool) -> bool:
        """One step of whoever is in charge; whether it moved on."""
        state = self._state
        if state is _HEADER:
            return (not self._header_begun and self._take_plain()) or self._handle_header(final)
        if state is _START:
            return self._handle_start(final)
        return state is not _DONE and self._handle_body(final)

    # Emitting ------------------------------------------------------------------------------------------------

    def _emit_body(self, end: int) -> None:
        """Make a span of what goes on until a delimiter, up to `end`."""
        if end > self._position:
            if self._looked < self._base + end:
                self._look(end)
            state = self._state
            kind = _BODY_SPAN if state is _BODY else _SPAN_KINDS[state]
            self._emit(kind, end, self._stack[-1] if self._stack else None)

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

    # The start -----------------------------------------------------------------------------------------------

    def _handle_start(self, final: bool) -> bool:
        """Before the first message: a byte order mark is a gap; an mbox is searched for its first `From ` line."""
        if self._base + self._position == 0 and self._fresh:
            head = self._buffer[self._position : self._position + 3]
            if head == _BYTE_ORDER_MARK:
                self._emit(_GAP, self._position + 3, None)
                self._fresh = True
                self._last_newline = True
            elif not final and _BYTE_ORDER_MARK.startswith(head):
                return False
        if self._mbox:
            return self._handle_body(final)
        if self._strict:
            self._begin_header()
            return True
        verdict = self._leading_from_line(final)
        if verdict is _WAIT:
            return False
        self._begin_header()
        return True

    def _leading_from_line(self, final: bool) -> _Verdict:
        """A single message that was cut from an mbox with its `From ` line."""
        buffer, position = self._buffer, self._position
        head = buffer[position : position + 5]
        if head != b"From ":
            return _WAIT if not final and b"From ".startswith(head) else _CONTENT
        line_end = self._line_end(position, final)
        if line_end is None:
            return _WAIT
        if line_end < 0 or field_start().match(buffer, position, line_end) is not None:
            return _CONTENT
        if not has_from_line_shape(bytes(buffer[position:line_end])):
            verdict = self._next_line_is_field(line_end, final)
            if verdict is not _MOVED:
                return verdict
        start = self.offset
        self._emit(_SEPARATOR, min(line_end + 1, len(buffer)), None)
        self._from_line_defect = (DefectCode.FROM_LINE_IN_MESSAGE, start, self.offset)
        return _MOVED

    # Headers -------------------------------------------------------------------------------------------------

    def _begin_header(self) -> None:
        self._header_begun = False
        self._state = _HEADER

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
            if parent is not None:
                parent.children += 1
                entity = Entity(parent, parent.children, len(stack), base + position)
                self._part_count += 1
            else:
                entity = Entity(None, 1, 0, base + position)
                self._part_count = 1
                self._begin_message(entity, base + end)
            entity.body_start = base + end
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
                if self._state is not _HEADER and not self._take_first_delimiter(buffer, entity):
                    return True
                continue
            events.append(EntityBegin(entity))
            events.append(Span(_HEADER_SPAN, base + position, base + end, entity, buffer[position:end]))
            self._position = end
            if not self._take_plain_body(buffer, entity, end):
                stack.append(entity)
                self._begin_body(entity, True)
                self._state = _BODY
                return True
            if self._state is not _HEADER and not self._take_epilogue(buffer):
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
        self._emit(_DELIMITER_SPAN, line_end + 1, multipart)
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
        self._emit(_EPILOGUE_SPAN, start + 1, root)
        self._end_entities(0, start + 1)
        self._emit(_GAP, line, None)
        self._emit(_SEPARATOR, line_end + 1, None)
        self._root = None
        self._begin_header()
        return True

    def _take_plain_body(self, buffer: bytes, entity: Entity, start: int) -> bool:
        """Take the body of a leaf, and what ends it, if neither needs judgement; whether so."""
        lines = self._lines
        mbox = self._mbox
        base = self._base
        if entity.encoding == "base64" or start - (entity.start - base) <= 2:
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
            (not is_clean and buffer.find(b"\0", start, body_end) >= 0)
            or (body_end - start >= LONGEST_LINE and long_line(buffer, start, start, body_end)[1])
        ):
            return False
        if lines and not is_clean and buffer.find(b"\r", start, body_end) >= 0:
            self._boundaries.look_for_bare_cr(buffer, start, body_end, base)

        events = self._events
        events.append(Span(_BODY_SPAN, base + start, base + body_end, entity, buffer[start:body_end]))
        entity.end = base + body_end
        events.append(EntityEnd(entity))
        next_line = line_end + 1
        if found is None:
            events.append(Span(_GAP, base + body_end, base + line, None, buffer[body_end:line]))
            events.append(Span(_SEPARATOR, base + line, base + next_line, None, buffer[line:next_line]))
            self._root = None
        else:
            boundary, is_close = found
            multipart = boundary.entity
            if is_close:
                if buffer[line_end - 1] == 13:
                    line_end -= 1
                data = buffer[body_end:line_end]
                events.append(Span(_CLOSE_DELIMITER_SPAN, base + body_end, base + line_end, multipart, data))
                self._position = line_end
                boundary.close(lines)
                self._state = _EPILOGUE
                self._fresh = False
                self._last_newline = False
                return True
            data = buffer[body_end:next_line]
            events.append(Span(_DELIMITER_SPAN, base + body_end, base + next_line, multipart, data))
        self._position = next_line
        self._fresh = False
        self._last_newline = True
        return True

    def _handle_header(self, final: bool) -> bool:
        header = self._header
        if not self._header_begun:
            header.reset()
            self._header_begun = True
        while True:
            buffer = self._buffer
            position = self._position
            found = header.scan(buffer, position, final)
            if found is None:
                return False
            reason, end = found
            after_blank = reason is HeaderEnd.BLANK_LINE
            if reason is HeaderEnd.DELIMITER:
                line_end = self._line_end(end, final)
                if line_end is None:
                    return False
                if line_end < 0:
                    line_end = end + self._limits.delimiter_line_bytes
                elif bytes(buffer[end:line_end]).rstrip(b" \t\r") in self._lines and not self._is_beyond_limit(end):
                    break
                if field_start().match(buffer, end, line_end) is None:
                    reason = HeaderEnd.NO_FIELD
                    break
            elif reason is HeaderEnd.FROM_LINE:
                after_blank = self._blank_line_before_header(end)
                verdict = self._judge_from_line(end, after_blank, final)
                if verdict is _WAIT:
                    return False
                if verdict is _MOVED:
                    break
            else:
                break
            # Neither: the line is part of the header all the same.
            accepted = header.accept_line(buffer, position, final)
            if accepted is None:
                return False
            if not accepted:
                reason = HeaderEnd.TOO_LARGE
                break
        if isinstance(buffer, bytearray):
            self._buffer = bytes(buffer)
        self._begin_entity(reason, end, after_blank)
        return True

    def _blank_line_before_header(self, index: int) -> bool:
        """Whether a `From ` line at `index`, in a header block, stands behind a blank line: only at the start of
        an embedded message, whose container's header ended with one."""
        return (
            index == self._position
            and bool(self._stack)
            and self._fresh_after_blank
            and self._stack[-1].is_message_container
        )

    def _begin_entity(self, reason: HeaderEnd, end: int, after_blank: bool) -> None:
        """A header block is complete: make its entity, and go where its type leads."""
        position = self._position
        limits = self._limits
        parent = self._stack[-1] if self._stack else None
        entity = self._new_entity(position, end)
        block = self._buffer[position:end]
        assert isinstance(block, bytes)
        if parent is None:
            self._begin_message(entity, entity.body_start)

        default_type = "text/plain"
        if parent is not None and parent.content_type == "multipart/digest":
            default_type = "message/rfc822"
        header = self._header
        describe(entity, block, default_type, limits, header.bare_cr >= 0)
        note_header_defects(entity, block, header, reason, limits.defects)
        if reason is HeaderEnd.TOO_LARGE:
            self._make_opaque(entity)
        self._push_entity(entity, end, after_blank)

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
        self._emit(_HEADER_SPAN, end, entity)
        self._begin_body(entity, after_blank)
        if entity.is_message_container:
            self._begin_header()
        elif entity.boundary is not None:
            if self._boundaries.open(entity, entity.boundary):
                block = self._buffer[position:end]
                assert isinstance(block, bytes)
                start_of_field, end_of_field = field_span(block, b"content-type", entity.start)
                entity.add_defect(DefectCode.BOUNDARY_OF_OUTER_MULTIPART, start_of_field, end_of_field, limits.defects)
            self._state = _PREAMBLE
        else:
            self._state = _BODY

    def _begin_body(self, entity: Entity, after_blank: bool) -> None:
        self._fresh = True
        self._fresh_after_blank = after_blank
        self._body_watch.begin(entity)

    @staticmethod
    def _make_opaque(entity: Entity) -> None:
        entity.opaque = True
        entity.boundary = None
        entity.is_message_container = False

    def _begin_message(self, entity: Entity, body_start: int) -> None:
        limits = self._limits
        self._root = entity
        self._message_limit = -1 if limits.message_bytes is None else entity.start + limits.message_bytes
        self._length_end = -1
        if self._mbox and self._length_check is not None:
            block = self._buffer[entity.start - self._base : body_start - self._base]
            match = _content_length().search(b"\n" + block)
            if match is not None:
                self._length_end = body_start + int(match[1])
        if self._from_line_defect is not None:
            entity.add_defect(*self._from_line_defect, limits.defects)
            self._from_line_defect = None

    # Bodies --------------------------------------------------------------------------------------------------

    def _handle_body(self, final: bool) -> bool:
        """Anything that goes on until a delimiter or a `From ` line: bodies, preambles, epilogues, gaps."""
        buffer = self._buffer
        position = self._position
        size = len(buffer)
        if position == size:
            return False
        assert isinstance(buffer, bytes)
        mbox = self._mbox
        has_open = bool(self._lines)
        entity = self._stack[-1] if self._stack else None

        if self._fresh:
            first = buffer[position]
            if first in b"-F":
                head = buffer[position : position + 5]
                if (has_open and head.startswith(b"--")) or (mbox and head == b"From "):
                    verdict = self._try_line(position, position, final)
                    if verdict is not _CONTENT:
                        return verdict is _MOVED
                elif not final and ((has_open and head == b"-") or (mbox and head in _FROM_PARTIALS)):
                    return False
            if self._fresh_after_blank and entity is not None:
                is_empty = entity.body_start - entity.start <= 2
                if (is_empty or first in b"Cc") and not self._look_for_field(entity, is_empty, final):
                    return False
        if not has_open and not mbox:
            self._emit_body(size)
            return False

        search_start = position
        if entity is not None and entity.encoding == "base64":
            # Two memory scans pass over base64 at ten times the speed of any other search. What they pass over is not
            # watched either: a delimiter has dashes, and in base64 neither NUL nor long lines matter.
            dash = buffer.find(b"-", position)
            stop = size if dash < 0 else dash - 1
            if mbox:
                # Up to the dash itself: that of `From - ` stands directly behind the space.
                space = buffer.find(b" ", position, size if dash < 0 else dash)
                stop = stop if space < 0 else min(stop, space - len(b"\nFrom"))
            if stop == size:
                if final:
                    # The end of an mbox may be a blank line, which is not of the body.
                    return False
                end = self._certain_end(has_open)
                self._looked = self._base + end
                self._emit_body(end)
                return False
            search_start = max(position, stop)
            self._looked = max(self._looked, self._base + search_start)
        candidates = 0
        narrow: re.Pattern[bytes] | None = None
        is_tail = False
        while True:
            if is_tail:
                pattern = _FROM if not has_open else _delimiter_or_from() if mbox else _DELIMITER
                match = pattern.search(buffer, search_start)
                newline = -1 if match is None else match.start()
            elif narrow is not None:
                match = narrow.search(buffer, search_start)
                newline = -1 if match is None else match.start()
            else:
                newline = self._find_candidate(buffer, search_start, has_open)
            if newline < 0:
                if is_tail:
                    break
                # The last line may go on to be one.
                is_tail = True
                search_start = max(search_start, buffer.rfind(b"\n"))
                continue
            line_break = newline - 1 if newline > position and buffer[newline - 1] == 13 else newline
            verdict = self._try_line(line_break, newline + 1, final)
            if verdict is _MOVED:
                return True
            if verdict is _WAIT:
                self._emit_body(line_break)
                return False
            search_start = newline + 1
            candidates += 1
            if candidates == _MANY_CANDIDATES:
                narrow = self._boundaries.pattern(mbox)
        if not final:
            end = self._certain_end(has_open)
            if has_open:
                end = self._boundaries.certain_end(buffer, position, end)
            self._emit_body(end)
        return False

    def _find_candidate(self, buffer: bytes, start: int, has_open: bool) -> int:
        """Index of the line break before the next line, at `start` or behind it, that may be a delimiter or begins with
        `From `, the last line left out; -1 for none."""
        newline = -1
        if has_open:
            # With one open, all that matters begins as its delimiter does.
            newline = buffer.find(self._boundaries.common_beginning, start)
        if self._mbox:
            stop = len(buffer) if newline < 0 else newline
            from_line = self._from_search.next(buffer, start, stop, self._base)
            if from_line >= 0:
                newline = from_line
        return newline

    def _look_for_field(self, entity: Entity, is_empty: bool, final: bool) -> bool:
        """Record that a body begins like a header, which some readers read it as; False where more bytes decide."""
        buffer, position = self._buffer, self._position
        stop = position + _LONGEST_FIELD_START
        match = (_any_field_start() if is_empty else _content_field_start()).match(buffer, position, stop)
        if match is not None:
            start, end = match.span(match.lastindex or 0)
            base = self._base
            entity.add_defect(DefectCode.HEADER_FIELD_AFTER_BLANK_LINE, base + start, base + end, self._limits.defects)
            return True
        partial = _any_field_partial() if is_empty else _content_field_partial()
        return final or partial.match(buffer, position, stop) is None

    def _look(self, end: int) -> None:
        """Record what readers may differ about in the body up to `end`, each byte once. Called before any other defect
        is recorded that concerns what follows, so that the order of defects never depends on the split."""
        buffer, base, state = self._buffer, self._base, self._state
        start = max(self._position, self._looked - base)
        if end <= start or not self._stack or state is _HEADER:
            return
        assert isinstance(buffer, bytes)
        self._looked = base + end
        if state is _BODY and self._body_watch.is_on:
            self._body_watch.look(self._stack[-1], buffer, start, end, base, self._limits.defects)
        if self._lines and not self._is_clean and buffer.find(b"\r", start, end) >= 0:
            self._boundaries.look_for_bare_cr(buffer, start, end, base)

    def _certain_end(self, has_open: bool) -> int:
        """Up to where the buffer holds nothing that more bytes could make the beginning of a delimiter."""
        buffer = self._buffer
        position = self._position
        size = len(buffer)
        if buffer[size - 1] == 13:
            return size - 1
        newline = buffer.rfind(b"\n", max(position, size - 6))
        if newline < 0:
            return size
        rest = buffer[newline + 1 :]
        if rest and not (has_open and rest == b"-") and not (self._mbox and rest in _FROM_PARTIALS):
            return size
        return newline - 1 if newline > position and buffer[newline - 1] == 13 else newline

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

    def _is_beyond_limit(self, index: int) -> bool:
        return 0 <= self._message_limit <= self._base + index

    def _try_line(self, line_break: int, line: int, final: bool) -> _Verdict:
        """Judge a line that begins like a delimiter or a `From ` line; if it is one, do what it says.

        `line_break` is where the line break before it begins, `line` where the line itself does; the two are
        the same at the start of a body.
        """
        if self._buffer[line] == 45:
            return self._try_delimiter(line_break, line, final)
        if line == line_break:
            after_blank = self._fresh_after_blank
        elif line_break > self._position:
            after_blank = self._buffer[line_break - 1] == 10
        else:
            after_blank = self._fresh or self._last_newline
        verdict = self._judge_from_line(line, after_blank, final)
        if verdict is not _MOVED:
            return verdict
        entity = self._stack[-1] if self._stack else None
        # The blank line is a gap; without one, the line break is the end of the message's last line.
        cut = line_break if after_blank and entity is not None else line
        self._emit_body(cut)
        self._end_entities(0, cut)
        self._emit(_GAP, line, None)
        line_end = self._line_end(line, final)
        assert line_end is not None
        self._emit(_SEPARATOR, min(line_end + 1, len(self._buffer)), None)
        self._root = None
        self._length_end = -1
        self._begin_header()
        return verdict

    def _judge_from_line(self, line: int, after_blank: bool, final: bool) -> _Verdict:
        """Whether a line that begins with `From ` begins a message: by what stands around it, and its shape."""
        if not self._mbox:
            return _CONTENT
        line_end = self._line_end(line, final)
        if line_end is None:
            return _WAIT
        if line_end < 0:
            return _CONTENT
        start, end = self._base + line, self._base + line_end
        if not has_from_line_shape(bytes(self._buffer[line:line_end])):
            if after_blank and self._stack:
                self._look(line)
                self._stack[-1].add_defect(DefectCode.FROM_LINE_AS_CONTENT, start, end, self._limits.defects)
            return _CONTENT
        if not after_blank:
            verdict = _CONTENT if self._strict else self._next_line_is_field(line_end, final)
            if verdict is not _MOVED:
                return verdict
        if start < self._length_end and self._length_check is not None:
            if self._length_check(self._length_end):
                return _CONTENT
            if self._root is not None:
                self._look(line)
                self._root.add_defect(DefectCode.CONTENT_LENGTH_WRONG, start, end, self._limits.defects)
            self._length_end = -1
        if not after_blank:
            self._from_line_defect = (DefectCode.FROM_LINE_WITHOUT_BLANK_LINE, start, end)
        return _MOVED

    def _next_line_is_field(self, line_end: int, final: bool) -> _Verdict:
        """Whether the line after the one that ends at `line_end` begins like a header field."""
        buffer = self._buffer
        start = line_end + 1
        stop = start + self._limits.delimiter_line_bytes
        if field_start().match(buffer, start, stop) is not None:
            return _MOVED
        if final or len(buffer) >= stop or field_start_partial().match(buffer, start, stop) is None:
            return _CONTENT
        return _WAIT

    def _try_delimiter(self, line_break: int, line: int, final: bool) -> _Verdict:
        line_end = self._line_end(line, final)
        if line_end is None:
            return _WAIT
        buffer = self._buffer
        if line_end < 0:
            self._note_near_delimiter(
                line, line + self._limits.delimiter_line_bytes, DefectCode.DELIMITER_LINE_TOO_LONG
            )
            return _CONTENT
        text = bytes(buffer[line:line_end])
        found = self._lines.get(text) or self._lines.get(text.rstrip(b" \t\r"))
        if found is None:
            self._note_near_delimiter(line, line_end, DefectCode.DELIMITER_WITH_TRAILING_BYTES)
            return _CONTENT
        if self._is_beyond_limit(line):
            return _CONTENT
        boundary, is_close = found
        multipart = boundary.entity
        if boundary.closed:
            self._look(line)
            start, end = self._base + line, self._base + line_end
            multipart.add_defect(DefectCode.DELIMITER_AFTER_CLOSE, start, end, self._limits.defects)
            if len(multipart.defects) >= self._limits.defects:
                # Nothing more would be recorded, and each one costs.
                boundary.withdraw(self._lines)
            return _CONTENT
        self._emit_body(line_break)
        self._end_entities(multipart.depth + 1, line_break)
        if buffer.find(b"\r", line, line_end - 1) >= 0:
            start, end = self._base + line, self._base + line_end
            multipart.add_defect(DefectCode.CARRIAGE_RETURNS_AFTER_DELIMITER, start, end, self._limits.defects)
        if is_close:
            # The line break after a close-delimiter opens the epilogue, or belongs to the next delimiter.
            if line_end < len(buffer) and buffer[line_end - 1] == 13:
                line_end -= 1
            self._emit(_CLOSE_DELIMITER_SPAN, line_end, multipart)
            boundary.close(self._lines)
            self._state = _EPILOGUE
            return _MOVED
        self._emit(_DELIMITER_SPAN, min(line_end + 1, len(buffer)), multipart)
        if self._part_count >= self._limits.parts:
            self._begin_last_part(multipart)
        else:
            self._begin_header()
        return _MOVED

    def _note_near_delimiter(self, line: int, line_end: int, code: DefectCode) -> None:
        """Record that a line would have been a delimiter but for what follows."""
        assert isinstance(self._buffer, bytes)
        multipart = self._boundaries.near(self._buffer, line)
        if multipart is not None:
            self._look(line)
            multipart.add_defect(code, self._base + line, self._base + line_end, self._limits.defects)

    def _begin_last_part(self, multipart: Entity) -> None:
        """The limit of parts is reached: what is left of the message is one opaque part."""
        offset = self.offset
        multipart.children += 1
        entity = Entity(multipart, multipart.children, len(self._stack), offset)
        entity.content_type = "application/octet-stream"
        entity.opaque = True
        self._add_parts_defect(offset)
        self._boundaries.forget_lines()
        self._stack.append(entity)
        self._events.append(EntityBegin(entity))
        self._body_watch.begin(entity)
        self._state = _BODY
        self._fresh = True
        self._fresh_after_blank = False

    def _add_parts_defect(self, offset: int) -> None:
        root = self._stack[0]
        root.add_defect(DefectCode.PARTS_LIMIT, offset, offset, self._limits.defects)

    # The end -------------------------------------------------------------------------------------------------

    def _finish(self) -> None:
        """The input has ended: what is left is content, but for the blank line at the end of an mbox."""
        buffer = self._buffer
        position = self._position
        end = len(buffer)
        cut = end
        if self._mbox and self._stack and end > position and buffer[end - 1] == 10:
            line_break = end - 2 if end - 2 >= position and buffer[end - 2] == 13 else end - 1
            if line_break > position:
                is_blank = buffer[line_break - 1] == 10
            else:
                is_blank = self._fresh or self._last_newline
            if is_blank:
                cut = line_break
        self._emit_body(cut)
        self._end_entities(0, cut)
        self._emit(_GAP, end, None)
        self._state = _DONE
