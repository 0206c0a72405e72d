"""How a quoted-printable body is written: the rule that most of it follows, and the words of its recipe.

The grammar is in `docs/stripping.md`. In short: `76n` is the rule (lines of 76 characters at most, LF), `120` are 120
bytes of content written by it and `5:text` are five that were written as `text`; all the rest follows the rule.
"""

from __future__ import annotations

import re
from binascii import b2a_qp
from dataclasses import dataclass
from functools import lru_cache

from mailstrata.stripping.layout_text import NUMBER, TEXT, bad_recipe, from_text, to_text

MIN_LINE = 16
"""Characters of the shortest line that a rule may have, so that two broken lines are longer than one line."""

MAX_LINE = 998
"""Characters of the longest line that a rule may have (RFC 5322, 2.1.1)."""

END = "."
"""The word for the end of what is covered, where content goes on."""

_HEXADECIMAL = b"0123456789ABCDEF"
AS_THEMSELVES = frozenset(b"\t ") | frozenset(range(0x21, 0x7F)) - frozenset(b"=")
"""Bytes that need no escape (RFC 2045, 6.7, rules 2 and 3), unless they are white space at the end of a line."""

CHANGEABLE = frozenset(range(256)) - frozenset(b"\r\n=" + _HEXADECIMAL)
"""Bytes that a rule may write in the other way: escaped, or as they are."""

_NO_LINE_BREAK = {
    b"\n": re.compile(rb"(\r)"),
    b"\r\n": re.compile(rb"(\r(?!\n)|\n(?<!\r\n))"),
}

_WORD = re.compile(rf"(?P<size>0|{NUMBER})(?::(?P<text>{TEXT}))?")
_RULE = re.compile(rf"(?P<width>{NUMBER})(?P<shorter>-)?(?P<line_break>n|rn)(?:'(?P<changed>{TEXT}))?")


@dataclass(slots=True, frozen=True)
class Rule:
    """How an encoder writes: escapes with upper-case digits, and as few and as late soft line breaks as can be."""

    width: int
    """Characters of the longest line, an `=` at its end included."""
    shorter: bool
    """Whether a line that needs no soft line break has a character less."""
    line_break: bytes
    changed: bytes
    """The bytes that are not written as RFC 2045, 6.7 suggests, but escaped or as they are, in order."""

    def __str__(self) -> str:
        word = str(self.width) + ("-" if self.shorter else "") + ("n" if self.line_break == b"\n" else "rn")
        return f"{word}'{to_text(self.changed)}" if self.changed else word

    @property
    def most_unbroken(self) -> int:
        """Characters of the longest line that needs no soft line break."""
        return self.width - self.shorter

    def encode(self, content: bytes, *, broken: bool = False) -> bytes:
        """Content from the start of a line on, as the rule writes it; with a soft line break at its end if `broken`."""
        # CR and LF that are not a line break stand between the pieces. The end of such a piece is no end of a line.
        *pieces, last = _NO_LINE_BREAK[self.line_break].split(content)
        text = b"".join(
            [
                b"=%02X" % ord(piece) if at % 2 else _escape(piece.replace(b"\r\n", b"\n") + b"x")[:-1]
                for at, piece in enumerate(pieces)
            ]
        )
        last = last.replace(b"\r\n", b"\n")
        text += _escape(last + b"x")[:-1] if broken else _escape(last)
        for byte in self.changed:
            one, escape = bytes([byte]), b"=%02X" % byte
            text = text.replace(one, escape) if byte in AS_THEMSELVES else text.replace(escape, one)
        pieces = _lines(self.width, self.most_unbroken).findall(text)
        # Those that are broken do not end with a line break, all others do.
        text = b"=\n".join(pieces).replace(b"\n=\n", b"\n")
        if broken:
            text += b"=\n"
        return text.replace(b"\n", b"\r\n") if self.line_break == b"\r\n" else text


@dataclass(slots=True, frozen=True)
class Step:
    """`size` bytes of content: written as `text`, or by the rule if that is None."""

    size: int
    text: bytes | None

    def __str__(self) -> str:
        return str(self.size) if self.text is None else f"{self.size}:{to_text(self.text)}"


def parse_recipe(recipe: str) -> tuple[Rule, list[Step], bool]:
    """The rule, the steps, and whether what is left of the content follows; raises StrippedMailError for no recipe."""
    encoding, *words = recipe.split(" ")
    found = _RULE.fullmatch(words[0]) if words else None
    if encoding != "quoted-printable" or found is None:
        raise bad_recipe(recipe, "no rule")
    changed = from_text(found["changed"] or "")
    width = int(found["width"])
    if not MIN_LINE <= width <= MAX_LINE or not CHANGEABLE.issuperset(changed):
        raise bad_recipe(recipe, "a rule that cannot be")
    rule = Rule(width, bool(found["shorter"]), b"\n" if found["line_break"] == "n" else b"\r\n", changed)
    ends = words[-1] == END
    steps = []
    for word in words[1 : -1 if ends else None]:
        found = _WORD.fullmatch(word)
        if found is None:
            raise bad_recipe(recipe, f"the word {word[:20]!a}")
        steps.append(Step(int(found["size"]), None if found["text"] is None else from_text(found["text"])))
    return rule, steps, not ends


def _escape(text: bytes) -> bytes:
    """Escape what RFC 2045, 6.7 wants escaped; lines are not broken, and end with LF."""
    # `b2a_qp` breaks lines after 76 characters, and escapes a full stop that is alone in a line.
    return b2a_qp(text).replace(b"=\n", b"").replace(b"=2E", b".")


@lru_cache(maxsize=64)
def _lines(width: int, most_unbroken: int) -> re.Pattern[bytes]:
    """Takes escaped text apart: lines that are not broken, as many as follow each other, and pieces of those that are.

    No line is broken within an escape.
    """
    return re.compile(
        rb"(?=[^\n]{%d})[^\n]{%d}[^=\n]{0,2}|(?>(?:[^\n]{0,%d}+\n)+)|[^\n]+"
        % (most_unbroken + 1, width - 3, most_unbroken)
    )
