"""What may be sent to a terminal, and how wide it is there.

Mail is hostile text. A terminal acts on control characters (C0, DEL, C1: ECMA-48), and bidirectional controls
(Unicode UAX 9) make it show something else than what is there; neither may reach it from a message. They are shown as
backslash escapes, so that one sees that something was there.
"""

from __future__ import annotations

import re
import unicodedata

_BIDI = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_LINE_SEPARATORS = "\u2028\u2029"
_SURROGATES = "\ud800-\udfff"

_LINE_BREAK = re.compile(r"\r\n|[\r\n\t]")
_UNSAFE = re.compile(f"[\x00-\x1f\x7f-\x9f{_BIDI}{_LINE_SEPARATORS}{_SURROGATES}]")
_UNSAFE_IN_TEXT = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f{_BIDI}{_LINE_SEPARATORS}{_SURROGATES}]")
# JSON escapes what is below U+0020 by itself; the rest may stand in it raw, and would reach the terminal.
_UNSAFE_IN_JSON = re.compile(f"[\x7f-\x9f{_BIDI}{_LINE_SEPARATORS}{_SURROGATES}]")


def _escaped(match: re.Match[str]) -> str:
    number = ord(match[0])
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"


def _json_escaped(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"


def safe_line(text: str) -> str:
    """The text on one line: line breaks and tabs become spaces, other controls become escapes (`\\x1b`)."""
    if text.isascii() and text.isprintable():
        return text
    return _UNSAFE.sub(_escaped, _LINE_BREAK.sub(" ", text))


def safe_text(text: str) -> str:
    """The text with its line breaks (as LF) and tabs; other controls become escapes. A CR alone, with which a line
    could be written over, is one of them."""
    return _UNSAFE_IN_TEXT.sub(_escaped, text.replace("\r\n", "\n"))


def safe_json(document: str) -> str:
    """The JSON document with the controls that JSON allows written as `\\uXXXX`: the same document."""
    return _UNSAFE_IN_JSON.sub(_json_escaped, document)


def display_width(text: str) -> int:
    """Columns that a terminal takes for the text: two for wide characters, none for combining ones."""
    return len(text) if text.isascii() else sum(map(_width, text))


def _width(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def cut(text: str, width: int) -> str:
    """The beginning of the text, with an ellipsis where something is left out, in at most `width` columns."""
    if len(text) <= width and text.isascii():
        return text
    taken = kept = 0
    for index, character in enumerate(text):
        taken += _width(character)
        if taken > width:
            return f"{text[:kept]}…"
        if taken < width:
            kept = index + 1
    return text


def pad(text: str, width: int, *, right: bool = False) -> str:
    """The text with spaces up to `width` columns, before it where it is set to the right."""
    spaces = " " * max(0, width - display_width(text))
    return spaces + text if right else text + spaces
