"""Structured field values with parameters: Content-Type and its kin (RFC 2045, 5.1; RFC 2183).

Bytes in, bytes out: values are split and unquoted here; RFC 2231 and charsets are undone in `message.parameters`.
A well-formed value takes two expressions and no more. Everything else goes through a reader that is as tolerant as
mail clients are and looks at each byte a fixed number of times, whatever the value.
"""

from __future__ import annotations

import re
from functools import cache

from mailstrata.parser.fields import unfold

_TOKEN = rb"[!#$%&'*+\-.0-9A-Z^_`a-z{|}~]"


@cache
def _main() -> re.Pattern[bytes]:
    return re.compile(rb"[ \t]*+((?>(?:" + _TOKEN + rb"|/)+))[ \t\r\n]*+(?=;|\Z)")


@cache
def _parameter() -> re.Pattern[bytes]:
    return re.compile(
        rb";[ \t\r\n]*+"
        rb"(?>(?:(" + _TOKEN + rb'++)=(?:"([^"\\\r\n]*+)"|([^\x00-\x20"(),;\\]++))[ \t\r\n]*+(?=;|\Z))?)'
    )


def split_parameters(value: bytes) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    """Split a field value into its main value and its parameters, in the order in which they stand.

    The main value and the names are lower-cased; comments are removed, folding, quotes and quoted-pairs undone.
    Bytes outside ASCII are kept. Never raises; linear in the size of the value. Where the value is malformed:

    - A value without quotes goes on to the next semicolon, spaces included (`name=my file.pdf`), or to white space
      and a well-known parameter name with its equals sign (`charset=utf-8 name=x`): a missing semicolon.
    - In a value without quotes only parentheses at its end are a comment (`charset=us-ascii (plain)`); followed by
      more text they belong to it (`name=report (1).pdf`).
    - Quotes that never close end before a semicolon and a well-known parameter name, or else with the value.
    - In quotes a backslash is an escape only before a quote or a backslash: `"C:\\temp\\x.txt"` keeps its
      backslashes. So do Python's email package and Go's mime package; RFC 2045 would take them out.
    - What follows a closing quote, or is no parameter, is passed over. A parenthesis that is never closed is text,
      and so are those after it.
    """
    return _read_well_formed(value) or _Reader(unfold(value)).read()


@cache
def _well_formed() -> re.Pattern[bytes]:
    return re.compile(
        rb"[ \t]*+" + _TOKEN + rb"++(?>(?:/" + _TOKEN + rb"++)?)[ \t\r\n]*+"
        rb"(?>(?:;[ \t\r\n]*+(?>(?:" + _TOKEN + rb'++=(?:"[^"\\\r\n]*+"|' + _TOKEN + rb"++)[ \t\r\n]*+)?))*)\Z"
    )


def is_well_formed(value: bytes) -> bool:
    """Whether a value is what RFC 2045, 5.1 asks for: tokens and quoted strings, no comments, nothing in between."""
    return _well_formed().match(value) is not None


def _read_well_formed(value: bytes) -> tuple[bytes, list[tuple[bytes, bytes]]] | None:
    match = _main().match(value)
    if match is None:
        return None
    parameters = []
    position, end = match.end(), len(value)
    parameter_at = _parameter().match
    while position < end:
        parameter = parameter_at(value, position)
        if parameter is None:
            return None
        name, quoted, token = parameter.groups()
        if name is not None:
            parameters.append((name.lower(), token if quoted is None else quoted))
        position = parameter.end()
    return match[1].lower(), parameters


@cache
def _flat_comment() -> re.Pattern[bytes]:
    return re.compile(rb"\((?>(?:[^()\\]++|\\.)*)\)", re.DOTALL)


@cache
def _comment_token() -> re.Pattern[bytes]:
    return re.compile(rb"\\.|[()]", re.DOTALL)


def comment_end(value: bytes, start: int) -> int:
    """The offset after the comment, nested ones included, that opens at `start` (RFC 5322, 3.2.2); -1 where it is
    never closed. A caller that then takes no later parenthesis for a comment stays linear."""
    flat = _flat_comment().match(value, start)
    if flat is not None:
        return flat.end()
    depth = 0
    for token in _comment_token().finditer(value, start):
        if token[0] == b"(":
            depth += 1
        elif token[0] == b")":
            depth -= 1
            if depth == 0:
                return token.end()
    return -1


_NAME = rb'[^\s=;,"()\\]++'
_WELL_KNOWN = (
    rb"(?i:charset|name|filename|boundary|format|delsp|type|start|start-info|size|protocol|micalg|method|"
    rb"report-type|(?:creation|modification|read)-date|access-type|x-[a-z-]++)\*?+\d*+\*?+\s*+="
)


@cache
def _space() -> re.Pattern[bytes]:
    return re.compile(rb"\s*+")


@cache
def _separators() -> re.Pattern[bytes]:
    return re.compile(rb"[\s;,]*+")


@cache
def _main_piece() -> re.Pattern[bytes]:
    return re.compile(rb"(?>(?:" + _TOKEN + rb"|/)+)")


@cache
def _name_and_equals() -> re.Pattern[bytes]:
    return re.compile(rb"(" + _NAME + rb")\s*+=")


@cache
def _name_and_comment() -> re.Pattern[bytes]:
    return re.compile(rb"(" + _NAME + rb")\s*+(?=\()")


@cache
def _next_name() -> re.Pattern[bytes]:
    return re.compile(rb"[\s;,](?=" + _NAME + rb"\s*+=)")


@cache
def _next_name_or_comment() -> re.Pattern[bytes]:
    return re.compile(rb"\(|" + _next_name().pattern)


@cache
def _quoted() -> re.Pattern[bytes]:
    return re.compile(rb'"((?>(?:[^"\\]++|\\.)*))("?+)', re.DOTALL)


@cache
def _quoted_literally() -> re.Pattern[bytes]:
    return re.compile(rb'"([^"]*+)"\s*+(?=;|\Z)')


@cache
def _quoted_pair() -> re.Pattern[bytes]:
    return re.compile(rb'\\(["\\])')


@cache
def _unclosed_end() -> re.Pattern[bytes]:
    return re.compile(rb";\s*+(?=" + _WELL_KNOWN + rb")")


@cache
def _unquoted() -> re.Pattern[bytes]:
    return re.compile(rb"(?>(?:[^\s;,]++|[\s,]++(?!" + _WELL_KNOWN + rb"))*)")


@cache
def _unquoted_to_comment() -> re.Pattern[bytes]:
    return re.compile(rb"(?>(?:[^\s;,(]++|[\s,]++(?!" + _WELL_KNOWN + rb"))*)")


class _Reader:
    """Reads one unfolded value from left to right."""

    __slots__ = ("comments", "position", "value")

    def __init__(self, value: bytes) -> None:
        self.value = value
        self.position = 0
        self.comments = b"(" in value
        """Whether a parenthesis may still open a comment."""

    def read(self) -> tuple[bytes, list[tuple[bytes, bytes]]]:
        main = self._main()
        parameters: list[tuple[bytes, bytes]] = []
        end = len(self.value)
        while True:
            self._skip(_separators())
            if self.position >= end:
                return main, parameters
            name = self._name()
            if name is None:
                self._skip_junk()
            else:
                parameters.append((name, self._parameter_value()))

    def _comment_end(self, start: int) -> int:
        """Where the comment at `start` ends; -1 where there is none."""
        if not self.comments or self.value[start : start + 1] != b"(":
            return -1
        end = comment_end(self.value, start)
        if end < 0:
            self.comments = False
        return end

    def _match_end(self, expression: re.Pattern[bytes], start: int) -> int:
        """Where an expression ends that matches anywhere, if only nothing."""
        match = expression.match(self.value, start)
        assert match is not None
        return match.end()

    def _skip(self, between: re.Pattern[bytes]) -> None:
        while True:
            self.position = self._match_end(between, self.position)
            end = self._comment_end(self.position)
            if end < 0:
                return
            self.position = end

    def _name(self) -> bytes | None:
        """The name at the current place, lower-cased, and past its equals sign; None where there is none."""
        match = _name_and_equals().match(self.value, self.position)
        if match is not None:
            self.position = match.end()
            return match[1].lower()
        match = _name_and_comment().match(self.value, self.position)
        if match is not None and (comment := self._comment_end(match.end())) >= 0:
            after = self._match_end(_space(), comment)
            if self.value[after : after + 1] == b"=":
                self.position = after + 1
                return match[1].lower()
        return None

    def _skip_junk(self) -> None:
        """Go to the next place where a parameter or a comment may begin, at least one byte on."""
        expression = _next_name_or_comment() if self.comments else _next_name()
        match = expression.search(self.value, self.position + 1)
        self.position = len(self.value) if match is None else match.start()

    def _main(self) -> bytes:
        self._skip(_space())
        quoted = _quoted().match(self.value, self.position)
        if quoted is not None:
            self.position = quoted.end()
            return quoted[1].strip().lower()
        pieces: list[bytes] = []
        while _name_and_equals().match(self.value, self.position) is None:
            piece = _main_piece().match(self.value, self.position)
            # `text / plain` is one value, `text/plain junk` is not.
            if piece is None or (pieces and not pieces[-1].endswith(b"/") and not piece[0].startswith(b"/")):
                break
            pieces.append(piece[0])
            self.position = piece.end()
            self._skip(_space())
        return b"".join(pieces).lower()

    def _parameter_value(self) -> bytes:
        value = self.value
        start = self._match_end(_space(), self.position)
        comment = self._comment_end(start)
        if comment >= 0:
            after = self._match_end(_space(), comment)
            if value[after : after + 1] == b'"':
                start = after
        quoted = _quoted().match(value, start)
        if quoted is None:
            return self._unquoted(start)
        text = quoted[1]
        self.position = quoted.end()
        if not quoted[2]:
            # A file name that ends in a backslash looks as if it escaped the closing quote.
            literally = _quoted_literally().match(value, start)
            if literally is not None:
                self.position = literally.end()
                return literally[1]
            cut = _unclosed_end().search(value, start + 1)
            if cut is not None:
                self.position = cut.start()
                text = value[start + 1 : cut.start()]
        return _quoted_pair().sub(rb"\1", text) if b"\\" in text else text

    def _unquoted(self, start: int) -> bytes:
        """The text from `start` on; comments in it stay, those at its end go."""
        value = self.value
        text_end = position = start
        while True:
            expression = _unquoted_to_comment() if self.comments else _unquoted()
            stop = self._match_end(expression, position)
            if value[position:stop].strip():
                text_end = stop
            position = stop
            if not self.comments or value[stop : stop + 1] != b"(":
                break
            comment = self._comment_end(stop)
            if comment >= 0:
                position = comment
        self.position = position
        return value[start:text_end].strip(b" \t,")
