"""How a base64 body is laid out: the words of its recipe, and the characters of its content in lines.

The grammar is in `docs/stripping.md`. In short: `3*76n` is three lines of 76 characters, each with LF behind it; `76n`
is all the rest, in lines of 76 with LF between them and padding at the end; `:text` stands as it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from struct import Struct

from pybase64 import b64encode, encodebytes

from mailstrata.stripping.layout_text import NUMBER, TEXT, bad_recipe, from_text, to_text

ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

BATCH = 1 << 17
"""Bytes of a body that are laid out at a time: what is copied on the way stays in the cache."""

MAX_LINES = 1024
"""Lines that are laid out at a time: it bounds the objects that they are for a moment."""

USUAL_WIDTH = 76
"""Characters of nearly all lines: the most that RFC 2045, 6.8 allows, and what libraries lay out by themselves."""

USUAL_LINES = 2048
"""Lines of that width that are laid out at a time."""

_USUAL_BYTES = USUAL_WIDTH // 4 * 3

BYTES_OF_LAST_GROUP = (0, 0, 1, 2)
"""What a last group of so many characters (modulo 4) says; a single character says no byte (RFC 2045, 6.8)."""

PADDING = (b"", b"", b"==", b"=")
"""The padding behind a last group of so many characters (modulo 4)."""

_SEPARATORS = {"": b"", "n": b"\n", "rn": b"\r\n"}
_LINE_BREAKS = (b"\n", b"\r\n")
_SEPARATOR_WORDS = {separator: word for word, separator in _SEPARATORS.items()}

_WORD = re.compile(
    rf"@(?P<size>0|{NUMBER})?"
    rf"|:(?P<text>{TEXT})"
    rf"|(?:(?P<count>{NUMBER})\*(?P<width>{NUMBER})|(?P<rest>0|{NUMBER})(?P<unpadded>-)?(?P<ended>\+)?)"
    rf"(?P<separator>|n|rn|'{TEXT})"
)


@dataclass(slots=True)
class Lines:
    """`count` lines of `width` characters, each with `separator` behind it."""

    count: int
    width: int
    separator: bytes

    def __str__(self) -> str:
        return f"{self.count}*{self.width}{_separator_word(self.separator)}"


@dataclass(slots=True, frozen=True)
class Rest:
    """All other characters of the segment, in lines of `width` (0: one line) with `separator` between them."""

    width: int
    separator: bytes
    padded: bool
    ended: bool
    """Whether the separator stands once more at the end, behind the padding."""

    def __str__(self) -> str:
        flags = ("" if self.padded else "-") + ("+" if self.ended else "")
        return f"{self.width}{flags}{_separator_word(self.separator)}"


@dataclass(slots=True, frozen=True)
class Text:
    """`data` as it stands; characters of the alphabet in it are in the place of as many of the segment's."""

    data: bytes

    def __str__(self) -> str:
        return ":" + to_text(self.data)


@dataclass(slots=True, frozen=True)
class Segment:
    """Content that was encoded by itself; `size` in bytes, None for all that is left."""

    size: int | None
    steps: list[Lines | Rest | Text]


def parse_recipe(recipe: str) -> list[Segment]:
    """The segments of a recipe; raises StrippedMailError for what is none."""
    encoding, *words = recipe.split(" ")
    if encoding != "base64":
        raise bad_recipe(recipe, "not base64")
    segments = [Segment(None, [])]
    for at, word in enumerate(words):
        found = _WORD.fullmatch(word)
        if found is None:
            raise bad_recipe(recipe, f"the word {word[:20]!a}")
        if word[0] == "@":
            if at and segments[-1].size is None:
                raise bad_recipe(recipe, "something behind the segment that takes all")
            segment = Segment(int(found["size"]) if found["size"] else None, [])
            if at:
                segments.append(segment)
            else:
                segments = [segment]
        else:
            segments[-1].steps.append(_parse_step(found))
    return segments


def _parse_step(found: re.Match[str]) -> Lines | Rest | Text:
    if found["text"] is not None:
        return Text(from_text(found["text"]))
    word = found["separator"]
    separator = from_text(word[1:]) if word.startswith("'") else _SEPARATORS[word]
    if found["count"]:
        return Lines(int(found["count"]), int(found["width"]), separator)
    return Rest(int(found["rest"]), separator, not found["unpadded"], bool(found["ended"]))


def _separator_word(separator: bytes) -> str:
    word = _SEPARATOR_WORDS.get(separator)
    return "'" + to_text(separator) if word is None else word


def lines_at_once(width: int, separator: bytes) -> int:
    """How many such lines to lay out at a time; at least one."""
    return min(max(BATCH // (width + len(separator)), 1), MAX_LINES)


def lay_out(characters: bytes, width: int, separator: bytes) -> bytes:
    """Full lines of `width` characters with `separator` behind each; the characters must be enough for whole lines."""
    count = len(characters) // width
    return separator.join((*_lines(count, width).unpack(characters), b""))


def is_laid_out(lines: bytes, characters: bytes, width: int, separator: bytes) -> bool:
    """Whether `lines` is what `lay_out` makes of the characters, which hold no line breaks. In the usual case, at twice
    its speed: what is left without the line breaks is compared, and there is one where each line ends."""
    if separator not in _LINE_BREAKS:
        return lines == lay_out(characters, width, separator)
    step = width + len(separator)
    ends = len(characters) // width
    if len(lines) != ends * step:
        return False
    # `bytes.replace` is many times as fast for single bytes as for two.
    bare = lines.replace(b"\n", b"")
    if separator == b"\n":
        return bare == characters and lines[width::step] == b"\n" * ends
    return (
        bare.replace(b"\r", b"") == characters
        and lines[width::step] == b"\r" * ends
        and lines[width + 1 :: step] == b"\n" * ends
    )


@lru_cache(maxsize=64)
def _lines(count: int, width: int) -> Struct:
    """Takes characters apart into lines, at twice the speed of slices."""
    return Struct(f"{width}s" * count)


class Characters:
    """The base64 characters, without padding, of content that is added in pieces.

    Content comes in segments, each of which is encoded by itself. Where the end of a segment is not known yet, only the
    characters of whole groups are there.
    """

    __slots__ = ("_at", "_content", "_ended", "_left", "_skip", "_taken")

    def __init__(self) -> None:
        self._content = b""
        self._at = 0  # in the content, where the group of the next character begins
        self._skip = 0  # how many characters of that group have been taken
        self._taken = 0  # bytes of the segment before `_at`
        self._left: int | None = None  # bytes of the segment from `_at` on, if known
        self._ended = False

    def add(self, content: bytes) -> None:
        """More content. Costs what is left over of the content before."""
        rest = self._content[self._at :]
        self._content = rest + content if rest else content
        self._at = 0

    def end(self) -> None:
        """All content is there; it is the end of the segment, if that was not known."""
        self._ended = True

    def end_segment(self, size: int | None) -> None:
        """Set where the segment ends: `size` bytes behind the beginning of the group of the next character."""
        self._left = size

    def start_segment(self) -> None:
        """Go to the end of the segment, where the next begins."""
        assert self._left is not None
        self._at += self._left
        self._taken = 0
        self._left = None
        self._skip = 0

    @property
    def taken_of_group(self) -> int:
        """How many characters of the next one's group have been taken: 0 to 3."""
        return self._skip

    @property
    def segment_size(self) -> int:
        """The bytes of the segment, whose end must have been set."""
        assert self._left is not None
        return self._taken + self._left

    @property
    def has_whole_segment(self) -> bool:
        """Whether the content up to the end of the segment is there, where that end was set."""
        return self._left is not None and self._left <= self.bytes_ahead

    @property
    def bytes_ahead(self) -> int:
        """Bytes of content from the group of the next character on, those of later segments included."""
        return len(self._content) - self._at

    def peek(self, count: int) -> bytes:
        """The next characters: `count` of them, or as many as there are."""
        ahead = self.bytes_ahead
        complete = self._ended
        if self._left is not None and self._left <= ahead:
            ahead = self._left
            complete = True
        size = -(-(self._skip + count) // 4) * 3
        if size > ahead:
            size = ahead if complete else ahead - ahead % 3
        characters = b64encode(memoryview(self._content)[self._at : self._at + size])
        padding = -size % 3
        stop = min(len(characters) - padding, self._skip + count)
        if self._skip == 0 and stop == len(characters):
            return characters
        return characters[self._skip : stop]

    def take_usual_lines(self, most: int) -> bytes:
        """The next lines of `USUAL_WIDTH` characters, each with LF behind it: at most so many, and only such that more
        characters follow. Goes on behind them. The next character must begin a group."""
        assert not self._skip
        ahead = self.bytes_ahead
        if self._left is not None:
            ahead = min(ahead, self._left)
        size = min((ahead - 1) // _USUAL_BYTES, most) * _USUAL_BYTES
        if size <= 0:
            return b""
        lines: bytes = encodebytes(memoryview(self._content)[self._at : self._at + size])
        self._at += size
        self._taken += size
        if self._left is not None:
            self._left -= size
        return lines

    def take(self, count: int) -> None:
        """Go on by `count` characters, which must have been there."""
        groups, self._skip = divmod(self._skip + count, 4)
        self._at += groups * 3
        self._taken += groups * 3
        if self._left is not None:
            self._left -= groups * 3
