"""The quoting of `From ` lines in an mbox: undone when a message is read, done again when it is restored.

An mbox marks the beginning of a message with a `From ` line, so a line of a message that begins with `From ` has
to be hidden, by a `>` before it. How is the one difference between the variants (there is no RFC for it; RFC 4155,
appendix A, points to the practice):

| variant | a line that is quoted |
|---|---|
| mboxo | `From `, and nothing else: what was `>From ` before cannot be told from what was quoted |
| mboxrd, mboxcl | `From ` behind any number of `>` |
| mboxcl2 | none: Content-Length says where a message ends |

Not every `From ` in a real mailbox was quoted. `MboxUnquoter` notes the exceptions, so that `MboxQuoter` gives back the
very bytes, whatever they are. Both rely on this: all the `>` at the beginning of a line are alike, so it does not
matter which one comes or goes. Take the last one, and nothing need be held back but it and an unfinished `From `.

A line begins at the beginning of the message and after each LF.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from functools import cache
from itertools import pairwise

from mailstrata.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

MAX_UNQUOTED_LINES = 65_536
"""Exceptions noted for one message; at the next one its quoting is left as it is from there on."""

_FROM: Final = b"From "
_MAY_BE_CUT: Final = b">From"
_LINE_FEED: Final = ord("\n")
_SPACE: Final = ord(" ")
_CAPITAL: Final = ord("F")


class _Quoting:
    """What a variant quotes. `any_depth` tells whether lines that begin with `>` are quoted as well."""

    __slots__ = ("any_depth", "quotable", "quoted", "unquoted_or_quoted")

    def __init__(self, any_depth: bool) -> None:
        self.any_depth = any_depth
        if any_depth:
            self.quotable = re.compile(rb"\n(?=>*From )")
            self.quoted = re.compile(rb"\n>(?=>*From )")
            self.unquoted_or_quoted = re.compile(rb"\n>*From ")
        else:
            self.quotable = re.compile(rb"\n(?=From )")
            self.quoted = re.compile(rb"\n>(?=From )")
            self.unquoted_or_quoted = re.compile(rb"\n>?From ")


# Whether lines that begin with `>` are quoted as well; None where no line is.
_ANY_DEPTH: dict[str | None, bool | None] = {
    "mboxo": False,
    "mboxrd": True,
    "mboxcl": True,
    "mboxcl2": None,
    None: None,
}


@cache
def _quoting_of(variant: str | None) -> _Quoting | None:
    if variant not in _ANY_DEPTH:
        known = ", ".join(name for name in _ANY_DEPTH if name)
        raise UsageError(f"unknown mbox variant {variant!r}: give one of {known}, or None for no quoting")
    any_depth = _ANY_DEPTH[variant]
    return None if any_depth is None else _Quoting(any_depth)


def _open_line(text: bytes, at_line_start: bool) -> tuple[int, int] | None:
    """How `text` ends, if that may be the beginning of a `From ` line: the number of `>`, and of letters of `From`.

    None if it may not. `at_line_start` says whether that can be told of the beginning of `text` too.
    """
    letters = 0
    if text.endswith((b"F", b"Fr", b"Fro", b"From")):
        letters = len(text) - text.rindex(b"F", -4)
    stop = len(text) - letters
    if stop and text[stop - 1] == ord("\n"):
        return 0, letters
    if stop and text[stop - 1] != ord(">"):
        return None
    before = text[:stop].rstrip(b">")
    if before.endswith(b"\n") or (at_line_start and not before):
        return stop - len(before), letters
    return None


def may_be_quoted(data: bytes, at_line_start: bool) -> bool:
    """Whether a piece of a message may hold a line that an mbox quotes, whatever its variant, or may end within the
    beginning of one. `at_line_start` says whether the piece begins a line. A no costs next to nothing.
    """
    # Base64 has no space, and other text few capitals; to look for one byte is what costs next to nothing.
    if _SPACE in data and _CAPITAL in data and _FROM in data:
        return True
    return data[-1] in _MAY_BE_CUT and _open_line(data, at_line_start) is not None


class MboxUnquoter:
    """Undoes the quoting of one message that is streamed through it.

    `variant` is that of the mbox (`UsageError` if there is no such); with None, or mboxcl2, there is nothing to undo.
    What `feed` and `flush` return,
    joined, is the message. `flush` is called where a span ends, so that the bytes of the span are all out; call it
    at the beginning of a line or before a line break. (Elsewhere the message still comes back byte for byte,
    but a quoted line that is cut in two may stay quoted.)

    `unquoted_lines` are offsets in what is returned, ascending: of each `From ` that begins a line and was not quoted
    where the variant would have quoted it. Where there are more than `MAX_UNQUOTED_LINES`, quoting is undone no
    more from the offset `quoting_end`. Both are final after the last `feed`.

    Holds back at most five bytes.
    """

    __slots__ = (
        "_at_line_start",
        "_held",
        "_passed",
        "_position",
        "_quoting",
        "quoting_end",
        "unquoted_lines",
    )

    def __init__(self, variant: str | None) -> None:
        self.unquoted_lines: list[int] = []
        self.quoting_end: int | None = None
        self._quoting = _quoting_of(variant)
        self._at_line_start = True  # what is held, or else the next byte, begins a line or stands behind `>` only
        self._held = b""
        self._passed = b""  # what was held when `flush` was called, as long as it may still become a `From `
        self._position = 0  # the offset, in what is returned, of what is held, or else of the next byte

    def pass_over(self, size: int, at_line_start: bool) -> None:
        """Begin behind the first `size` bytes of the message, in which there was nothing to undo and which do not end
        within what may be quoted (see `may_be_quoted`). `at_line_start` says whether a line begins there."""
        self._position = size
        self._at_line_start = at_line_start

    def feed(self, data: bytes) -> bytes:
        """Undo the quoting of the next bytes; returns `data` itself where there is nothing to undo."""
        quoting = self._quoting
        if quoting is None or self.quoting_end is not None or not data:
            return data
        if self._passed:
            return self._feed_after_flush(data, quoting)
        if not self._held and data[-1] not in _MAY_BE_CUT and _FROM not in data:
            # Nothing to undo, and nothing at its end that may become a `From `: so is nearly all mail.
            self._at_line_start = data[-1] == _LINE_FEED
            self._position += len(data)
            return data
        text = self._held + data if self._held else data
        at_line_start = self._at_line_start
        held = 0
        open_line = _open_line(text, at_line_start)
        if open_line is not None:
            signs, letters = open_line
            if signs > 1 and not quoting.any_depth:
                open_line = None
            else:
                held = letters + (signs > 0)
        self._at_line_start = open_line is not None
        self._held = text[len(text) - held :] if held else b""
        decided = text[: len(text) - held] if held else text
        # Text without spaces, as all base64 is, need not be searched for more.
        if _SPACE in decided and _FROM in decided:
            return self._unquote(decided, at_line_start, quoting)
        self._position += len(decided)
        return decided

    def flush(self) -> bytes:
        """What is held; a span ends here."""
        held = self._held
        if held:
            self._held = b""
            self._passed = held
            self._at_line_start = False
            self._position += len(held)
        return held

    def _unquote(self, text: bytes, at_line_start: bool, quoting: _Quoting) -> bytes:
        """Undo the quoting of whole `From ` lines' beginnings in `text`; where quoting ends, what is held comes too."""
        if at_line_start:
            text = b"\n" + text
        rest = b""
        if b"\nFrom " in text:
            removed = 0
            base = self._position - at_line_start
            for match in quoting.unquoted_or_quoted.finditer(text):
                start, end = match.span()
                if end - start > len(b"\nFrom "):
                    removed += 1
                elif not self._note_unquoted(base + start + 1 - removed):
                    text, rest = text[: start + 1], text[start + 1 :]
                    break
        text = quoting.quoted.sub(b"\n", text) + rest
        if at_line_start:
            text = text[1:]
        if self.quoting_end is not None:
            return text + self.flush()
        self._position += len(text)
        return text

    def _note_unquoted(self, offset: int) -> bool:
        """Note a `From ` that is not quoted; False if there are too many, and quoting ends here."""
        if len(self.unquoted_lines) == MAX_UNQUOTED_LINES:
            self.quoting_end = offset
            return False
        self.unquoted_lines.append(offset)
        return True

    def _feed_after_flush(self, data: bytes, quoting: _Quoting) -> bytes:
        """Go on behind a line's beginning that was let out before it was known what it begins."""
        letters = self._passed.lstrip(b">")
        lacking = _FROM[len(letters) :]
        if data.startswith(lacking):
            if quoting.any_depth or self._passed == letters:
                self._note_unquoted(self._position - len(letters))
        elif lacking.startswith(data):
            self._passed += data
            self._position += len(data)
            return data
        else:
            # Behind `>` another one can still be taken away.
            self._at_line_start = quoting.any_depth and not letters and data.startswith(b">")
        self._passed = b""
        return self.feed(data)


class MboxQuoter:
    """Quotes a message again: the inverse of `MboxUnquoter`, whose exceptions it is given.

    What `feed` and the last `flush` return, joined, are the bytes as they stood in the mbox; `flush` is called at the
    end of the message. To check the way back while a message is still being unquoted, give the unquoter's own
    `unquoted_lines`, which grow, and before each `feed` set `quoting_end` to the unquoter's.

    Holds back at most four bytes.
    """

    __slots__ = ("_at_line_start", "_held", "_position", "_quoting", "_unquoted_lines", "quoting_end")

    def __init__(
        self, variant: str | None, unquoted_lines: list[int] | None = None, quoting_end: int | None = None
    ) -> None:
        self._quoting = _quoting_of(variant)
        self.quoting_end = quoting_end
        self._unquoted_lines = [] if unquoted_lines is None else unquoted_lines
        self._at_line_start = True
        self._held = b""
        self._position = 0  # the offset, in what is fed, of what is held, or else of the next byte

    def feed(self, data: bytes) -> bytes:
        """Quote the next bytes; returns `data` itself where there is nothing to quote."""
        quoting = self._quoting
        if quoting is None or not data:
            return data
        text = self._held + data if self._held else data
        if self.quoting_end is not None and self._position + len(text) > self.quoting_end:
            return self._feed_to_end(text, quoting, self.quoting_end - self._position)
        at_line_start = self._at_line_start
        open_line = _open_line(text, at_line_start)
        if open_line is not None and open_line[0] and not quoting.any_depth:
            open_line = None
        self._at_line_start = open_line is not None
        held = open_line[1] if open_line is not None else 0
        self._held = text[len(text) - held :] if held else b""
        decided = text[: len(text) - held] if held else text
        start = self._position
        self._position += len(decided)
        return self._quote(decided, start, at_line_start, quoting)

    def flush(self) -> bytes:
        """What is held; the message ends here."""
        held = self._held
        if held:
            self._held = b""
            self._position += len(held)
            self._at_line_start = False
        return held

    def _feed_to_end(self, text: bytes, quoting: _Quoting, end: int) -> bytes:
        """Quote `text[:end]`, and nothing from there on."""
        quoted = self._quote(text[:end], self._position, self._at_line_start, quoting)
        self._quoting = None
        self._held = b""
        return quoted + text[end:]

    def _quote(self, text: bytes, start: int, at_line_start: bool, quoting: _Quoting) -> bytes:
        """Quote whole `From ` lines' beginnings in `text`, which is at offset `start`, but for the exceptions."""
        if not (_SPACE in text and _FROM in text):
            return text
        if at_line_start:
            text = b"\n" + text
            start -= 1
        # Cut at the `From ` of each exception, so that no line break, or none with its `From `, is left to match.
        first = bisect_left(self._unquoted_lines, start)
        last = bisect_left(self._unquoted_lines, start + len(text))
        cuts = [0, *(offset - start for offset in self._unquoted_lines[first:last]), len(text)]
        quoted = b"".join([quoting.quotable.sub(b"\n>", text[cut:next_cut]) for cut, next_cut in pairwise(cuts)])
        return quoted[1:] if at_line_start else quoted
