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
from collections.abc import Iterator
from enum import Enum
from functools import cache

from mailstrata.errors import UsageError
from mailstrata.parser.content_fields import describe
from mailstrata.parser.defects import DefectCode
from mailstrata.parser.entity import Entity
from mailstrata.parser.events import EntityBegin, Event
from mailstrata.parser.from_line import has_from_line_shape
from mailstrata.parser.header import HeaderEnd, field_start, field_start_partial
from mailstrata.parser.header_defects import note_header_defects
from mailstrata.parser.machine_state import (
    BODY,
    BODY_SPAN,
    CLOSE_DELIMITER_SPAN,
    DELIMITER_SPAN,
    DONE,
    EPILOGUE,
    EPILOGUE_SPAN,
    GAP,
    HEADER,
    PREAMBLE,
    PREAMBLE_SPAN,
    SEPARATOR,
    START,
    Mode,
    Profile,
)
from mailstrata.parser.short_ways import ShortWays
from mailstrata.parser.states import TRANSITIONS, State

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

__all__ = ["TRANSITIONS", "Mode", "Parser", "Profile", "State"]

_SPAN_KINDS = {
    START: GAP,
    PREAMBLE: PREAMBLE_SPAN,
    EPILOGUE: EPILOGUE_SPAN,
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


# After so many lines, in what is fed at once, that begin with two dashes and are no delimiters, an expression is made
# that finds only those that matter.
_MANY_CANDIDATES = 256


class _Verdict(Enum):
    MOVED = 1
    CONTENT = 2
    WAIT = 3


_MOVED: Final = _Verdict.MOVED
_CONTENT: Final = _Verdict.CONTENT
_WAIT: Final = _Verdict.WAIT


class Parser(ShortWays):
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

    __slots__ = ()

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
        if position == len(buffer):
            self._base += position
            self._position = 0
            self._buffer = data
        elif isinstance(buffer, bytearray):
            # A header block still without its end. Appending keeps feeding byte by byte linear.
            buffer += data
        else:
            self._base += position
            self._position = 0
            self._buffer = buffer[position:] + data
        self._is_clean = self._is_looked_through = False
        self._waits = False

    def end(self) -> None:
        """The input has ended, as with `close`, for somebody who takes the events in lists: see `pull`."""
        if self._closed:
            raise UsageError("this parser is closed already")
        self._closed = True
        self._waits = False

    def join_leaves(self) -> None:
        """From now on `pull` gives one `Leaf` for what it stands for, wherever all of a leaf is there at once."""
        self._joins_leaves = True

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
            if self._state is not DONE:
                self._finish()
            return
        if self._position:
            self._base += self._position
            self._buffer = self._buffer[self._position :]
            self._position = 0
        if self._state is HEADER and isinstance(self._buffer, bytes) and self._buffer:
            self._buffer = bytearray(self._buffer)

    def _step(self, final: bool) -> bool:
        """One step of whoever is in charge; whether it moved on."""
        state = self._state
        if state is HEADER:
            return (not self._header_begun and self._take_plain()) or self._handle_header(final)
        if state is START:
            return self._handle_start(final)
        return state is not DONE and self._handle_body(final)

    # Emitting ------------------------------------------------------------------------------------------------

    def _emit_body(self, end: int) -> None:
        """Make a span of what goes on until a delimiter, up to `end`."""
        if end > self._position:
            if self._looked < self._base + end:
                self._look(end)
            state = self._state
            kind = BODY_SPAN if state is BODY else _SPAN_KINDS[state]
            self._emit(kind, end, self._stack[-1] if self._stack else None)

    # The start -----------------------------------------------------------------------------------------------

    def _handle_start(self, final: bool) -> bool:
        """Before the first message: a byte order mark is a gap; an mbox is searched for its first `From ` line."""
        if self._base + self._position == 0 and self._fresh:
            head = self._buffer[self._position : self._position + 3]
            if head == _BYTE_ORDER_MARK:
                self._emit(GAP, self._position + 3, None)
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
        self._emit(SEPARATOR, min(line_end + 1, len(buffer)), None)
        self._from_line_defect = (DefectCode.FROM_LINE_IN_MESSAGE, start, self.offset)
        return _MOVED

    # Headers -------------------------------------------------------------------------------------------------

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
            self._begin_message(entity)

        default_type = "text/plain"
        if parent is not None and parent.content_type == "multipart/digest":
            default_type = "message/rfc822"
        header = self._header
        describe(entity, block, default_type, limits, header.bare_cr >= 0)
        note_header_defects(entity, block, header, reason, limits.defects)
        if reason is HeaderEnd.TOO_LARGE:
            self._make_opaque(entity)
        self._push_entity(entity, end, after_blank)

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
        if end <= start or not self._stack or state is HEADER:
            return
        assert isinstance(buffer, bytes)
        self._looked = base + end
        if state is BODY and self._body_watch.is_on:
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
        self._emit(GAP, line, None)
        line_end = self._line_end(line, final)
        assert line_end is not None
        self._emit(SEPARATOR, min(line_end + 1, len(self._buffer)), None)
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
            self._emit(CLOSE_DELIMITER_SPAN, line_end, multipart)
            boundary.close(self._lines)
            self._state = EPILOGUE
            return _MOVED
        self._emit(DELIMITER_SPAN, min(line_end + 1, len(buffer)), multipart)
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
        self._state = BODY
        self._fresh = True
        self._fresh_after_blank = False

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
        self._emit(GAP, end, None)
        self._state = DONE
