"""Quoted-printable (RFC 2045, 6.7), incrementally.

`binascii.a2b_qp` does the decoding. It differs from what mail wants in four places, and each is put right in
the text before it sees it:

- white space at the end of a line, which transport may have added, it keeps; so is white space between an `=` and its
  line break, and the soft break with it;
- `=` and a bare CR it takes for a soft break that swallows everything up to the next LF;
- `==` it reads as one `=`, so that `==41` becomes `=41` instead of `=A`;
- an `=` at the end it drops.

All of it is done in bulk: there is no loop over bytes or lines.
"""

from __future__ import annotations

import re
from binascii import a2b_qp
from itertools import repeat

from mailstrata.parser.defects import Defect, DefectCode
from mailstrata.transfer.base import MAX_DEFECTS, add_defect

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

MAX_TRAILING_SPACE = 998
"""The longest run of spaces and tabs, in bytes, that is still white space at the end of a line. RFC 5322, 2.1.1
allows lines of 998; a longer run is content and is kept, so that no run, however long, is held back."""

_SLICE = 1 << 16
"""Bytes that are decoded at a time: it bounds the copies made on the way and the lines held as objects, and what stays
in the cache is faster by a third."""

_SPACE = b" \t"
_HEXADECIMAL = b"0123456789ABCDEFabcdef"

_SPACE_BEFORE_BREAK: Final = re.compile(rb"\n(?<=[ \t]\n)|\n(?<=[ \t]\r\n)")
_TRAILING_SPACE = {
    line_break: re.compile(
        rb"[ \t](?<![ \t][ \t])[ \t]{0,%d}+(?=%b)" % (MAX_TRAILING_SPACE - 1, line_break),
    )
    for line_break in (b"\n", b"\r\n")
}
_BEGINS_NOTHING = rb"(?![0-9A-Fa-f]{2}|[ \t]{0,%d}+\r?\n)" % MAX_TRAILING_SPACE
_INVALID_ESCAPE: Final = re.compile(rb"=" + _BEGINS_NOTHING)
_INVALID_ESCAPES: Final = re.compile(rb"=(?:=*(?==)|%b)" % _BEGINS_NOTHING)
"""Takes a row of them at once, but for the last, which may begin something."""
_HEXADECIMAL_TO_0 = bytes.maketrans(_HEXADECIMAL, b"0" * len(_HEXADECIMAL))


class QuotedPrintableDecoder:
    """Decodes quoted-printable.

    - Lower-case hexadecimal digits are accepted (RFC 2045, 6.7 demands upper case), line breaks are LF or CRLF and
      stay as they are.
    - Spaces and tabs at the end of a line are removed (rule 3), also between `=` and its line break, and at the end
      of the body, whose last line break belongs to the delimiter.
    - An `=` that begins neither an escape nor a soft line break is kept as it stands, and what follows it is
      looked at anew.
    - An `=` at the very end of the body is a soft line break that lost its break; `=4` there is kept.

    Holds back an unfinished escape, or white space that may prove to be at the end of a line: at most
    `MAX_TRAILING_SPACE` + 2 bytes.
    """

    __slots__ = ("_held", "_in_long_space", "_position", "defects")

    def __init__(self) -> None:
        self.defects: list[Defect] = []
        self._held = b""
        self._in_long_space = False  # within white space longer than MAX_TRAILING_SPACE
        self._position = 0  # the offset of what is held, or else of the next byte

    def feed(self, data: bytes) -> bytes:
        """Decode the next bytes."""
        if len(data) <= _SLICE:
            return self._feed(data)
        return b"".join([self._feed(data[at : at + _SLICE]) for at in range(0, len(data), _SLICE)])

    def close(self) -> bytes:
        """What is held, now that nothing follows it."""
        held = self._held
        self._held = b""
        if not held.startswith(b"="):
            return held if held.endswith(b"\r") else b""
        add_defect(
            self.defects,
            DefectCode.QUOTED_PRINTABLE_TRUNCATED,
            self._position,
            self._position + len(held),
        )
        return held if held[1:2].strip() else b""

    def _feed(self, data: bytes) -> bytes:
        text = self._held + data if self._held else data
        start = self._position
        content = b""
        if self._in_long_space:
            rest = text.lstrip(_SPACE)
            content = text[: len(text) - len(rest)]
            if not rest:
                self._position += len(text)
                return content
            start += len(content)
            text = rest
            self._in_long_space = False
        decided = self._find_undecided(text)
        self._position = start + decided
        self._held = text[decided:]
        decoded = self._decode(text[:decided] if self._held else text, start)
        return content + decoded if content else decoded

    def _find_undecided(self, text: bytes) -> int:
        """Where the end of `text` begins whose meaning depends on what follows; notes a long run of white space."""
        end = len(text)
        stop = end - 1 if text.endswith(b"\r") else end
        window = text[max(stop - MAX_TRAILING_SPACE - 1, 0) : stop]
        space = len(window) - len(window.rstrip(_SPACE))
        if space > MAX_TRAILING_SPACE:
            self._in_long_space = stop == end
            return end
        start = stop - space
        if start and text[start - 1] == ord("="):
            return start - 1
        if space:
            return start
        if end >= 2 and text[-2] == ord("=") and text[-1] in _HEXADECIMAL:
            return end - 2
        return end

    def _decode(self, text: bytes, start: int) -> bytes:
        """Decode text that ends neither within an escape nor in white space that may be the end of a line.

        Escapes are mended before white space is removed, which can make `=\\r \\n` look like a soft line break.
        """
        if b"=" not in text:
            return _remove_trailing_space(text)
        if len(self.defects) >= MAX_DEFECTS:
            return a2b_qp(_remove_trailing_space(_mend_escapes(text)))
        if _has_invalid_escape(text):
            self._record_invalid_escapes(text, start)
            return a2b_qp(_remove_trailing_space(_mend_escapes(text)))
        return a2b_qp(_remove_trailing_space(text))

    def _record_invalid_escapes(self, text: bytes, start: int) -> None:
        for match in _INVALID_ESCAPES.finditer(text):
            add_defect(
                self.defects,
                DefectCode.QUOTED_PRINTABLE_INVALID_ESCAPE,
                start + match.start(),
                start + match.end(),
            )
            if len(self.defects) >= MAX_DEFECTS:
                break


def _has_invalid_escape(text: bytes) -> bool:
    signs = text.count(b"=")
    if signs << 4 > len(text):
        # Counting is the faster way to see that nothing is wrong where escapes are dense, as in Cyrillic text.
        same = text.translate(_HEXADECIMAL_TO_0)
        if signs == same.count(b"=00") + same.count(b"=\n") + same.count(b"=\r\n"):
            return False
    return _INVALID_ESCAPE.search(text) is not None


def _mend_escapes(text: bytes) -> bytes:
    """Escape each `=` that `a2b_qp` would not keep though it begins nothing, at the price of a longer text."""
    text = text.replace(b"=\r\n", b"=\n").replace(b"=\r", b"=3D\r")
    # The second time for the pairs that lay across two replaced ones.
    text = text.replace(b"==", b"=3D=").replace(b"==", b"=3D=")
    return text + b"3D" if text.endswith(b"=") else text


def _remove_trailing_space(text: bytes) -> bytes:
    """Remove spaces and tabs before line breaks, unless they are more than `MAX_TRAILING_SPACE` in a row."""
    if not _SPACE_BEFORE_BREAK.search(text):
        return text
    # CRLF first: removing the space between CR and LF makes what looks like a line break and was none.
    return _strip_lines(_strip_lines(text, b"\r\n"), b"\n")


def _strip_lines(text: bytes, line_break: bytes) -> bytes:
    if b" " + line_break not in text and b"\t" + line_break not in text:
        return text
    lines = text.split(line_break)
    unended = lines.pop()
    if max(map(len, lines)) > MAX_TRAILING_SPACE:
        # A line may hold a run that must be kept: one expression for all, at a quarter of the speed.
        return _TRAILING_SPACE[line_break].sub(b"", text)
    return line_break.join([*map(bytes.rstrip, lines, repeat(_SPACE)), unended])
