"""Records how a base64 body is laid out, and proves it: what its recipe gives is compared with the body on the way.

A body is a row of *lines*: as many characters of the alphabet as stand together, and the *separator*, all that stands
between them and the next character of the alphabet (line break, padding, white space, junk). Lines that equal the one
before are laid out in bulk from the decoded content, and compared. Only where that fails are lines looked at one by
one.
"""

from __future__ import annotations

import re

from mailstrata.stripping.base64_layout import (
    ALPHABET,
    BATCH,
    BYTES_OF_LAST_GROUP,
    Characters,
    is_laid_out,
    lines_at_once,
)
from mailstrata.stripping.base64_words import RecipeWords
from mailstrata.stripping.layout_text import MAX_RECIPE, is_mostly_patches

MAX_HELD_LINE = 4096
"""Bytes of an unfinished line that are held; a longer one is compared as far as it has come."""

_SEPARATOR = re.compile(rb"[^A-Za-z0-9+/]+")
_IN_ALPHABET = frozenset(ALPHABET)


class Base64Recorder:
    """See `mailstrata.stripping.recorder.Recorder`.

    The decoder's rules that matter here: an `=` ends a group that is not full, a single character in a group says
    nothing, and all else outside the alphabet is passed over.
    """

    __slots__ = (
        "_at",
        "_batch",
        "_characters",
        "_closed",
        "_line_length",
        "_raw",
        "_size",
        "_words",
        "failed",
    )

    def __init__(self) -> None:
        self.failed = False
        self._raw = b""
        self._at = 0  # in `_raw`: all before it is in the recipe
        self._size = 0  # bytes fed
        self._characters = Characters()
        self._words = RecipeWords()
        self._line_length = 0  # characters of the unfinished line that are behind `_at`
        self._batch = 1  # lines to compare at a time: doubled with success
        self._closed = False

    def feed(self, raw: bytes, decoded: bytes) -> None:
        """The next bytes of the body, and what the decoder made of them so far."""
        self._size += len(raw)
        rest = self._raw[self._at :]
        self._raw = rest + raw if rest else raw
        self._at = 0
        self._characters.add(decoded)
        while not self.failed:
            self._take_equal_lines()
            if not self._take_line():
                break

    def close(self, decoded: bytes) -> None:
        """The body has ended."""
        if not self.failed:
            self._closed = True
            self._characters.end()
            self.feed(b"", decoded)
            self._end()

    def _end(self) -> None:
        if self.failed:
            return
        if self._characters.bytes_ahead:
            self.failed = True  # content that does not come from the body
            return
        recipe = self.recipe
        self.failed = len(recipe) > MAX_RECIPE or is_mostly_patches(len(recipe), self._size)

    @property
    def recipe(self) -> str:
        """The recipe of all but `pending`."""
        return " ".join(["base64", *self._words.so_far(self._line_length)])

    @property
    def pending(self) -> bytes:
        """At most what was fed last, and an unfinished line with its separator."""
        return self._raw[self._at :]

    @property
    def has_patches(self) -> bool:
        """Whether more than one word is needed: lines of one width, padding, and perhaps a last line break."""
        return len(self._words.so_far(self._line_length)) > 1

    def _take_equal_lines(self) -> None:
        """Take lines that equal the last one, as far as they go.

        They have all ended only if a character of the alphabet follows: else the last separator goes on, perhaps with
        an `=` that ends a group.
        """
        lines = self._words.last_lines
        if lines is None or self._line_length:
            return
        width, separator = lines.width, lines.separator
        if b"=" in separator and (width % 4 or self._characters.taken_of_group):
            return
        line_bytes = width + len(separator)
        most = lines_at_once(width, separator)
        while True:
            available = (len(self._raw) - self._at - 1) // line_bytes
            batch = min(self._batch, available)
            if batch < 1:
                return
            characters = self._characters.peek(batch * width)
            if len(characters) < batch * width:
                batch = len(characters) // width
                if batch < 1:
                    return
                characters = characters[: batch * width]
            end = self._at + batch * line_bytes
            if self._raw[end] in _IN_ALPHABET and is_laid_out(self._raw[self._at : end], characters, width, separator):
                lines.count += batch
                self._at = end
                self._characters.take(batch * width)
                if batch == self._batch:
                    self._batch = min(self._batch * 2, most)
            elif batch == 1:
                self._batch = 1
                return
            else:
                # The lines that differ lie within: the halves, and the halves of halves, cost no more than the whole.
                self._batch = batch // 2

    def _take_line(self) -> bool:
        """Take the next line and its separator; False if it has not ended yet, or nothing is left."""
        if self._line_length:
            self._take_long_line()
        found = _SEPARATOR.search(self._raw, self._at)
        line_end, end = found.span() if found else (len(self._raw), len(self._raw))
        if end - line_end > MAX_RECIPE:
            self.failed = True
            return False
        if end < len(self._raw) or self._closed:
            return self._end_line(line_end, end)
        if line_end - self._at > MAX_HELD_LINE:
            self._take_long_line()
        return False

    def _take_long_line(self) -> None:
        """Take of a line what is there of it, in whole groups: the last group may be one that `=` cuts short."""
        while True:
            taken = self._characters.taken_of_group
            count = (min(len(self._raw) - self._at, BATCH) + taken) // 4 * 4 - taken
            characters = self._characters.peek(count) if count > 0 else b""
            if not characters or not self._raw.startswith(characters, self._at):
                return
            self._at += len(characters)
            self._line_length += len(characters)
            self._characters.take(len(characters))

    def _end_line(self, line_end: int, end: int) -> bool:
        """Take the line whose characters end at `line_end`, and whose separator ends at `end`."""
        line = self._raw[self._at : line_end]
        separator = self._raw[line_end:end]
        if not (line or separator or self._line_length):
            return False
        whole, in_group = divmod(self._characters.taken_of_group + len(line), 4)
        last = self._closed and end == len(self._raw)
        ends_segment = last or (in_group > 0 and b"=" in separator)
        if ends_segment:
            self._characters.end_segment(whole * 3 + BYTES_OF_LAST_GROUP[in_group])
        characters = self._characters.peek(len(line))
        odd = b""
        if line != characters:
            if not ends_segment and line.startswith(characters):
                # The decoder holds back a group that has not ended yet: up to three characters. If there is much else
                # behind the line, one of the separators is too long.
                self.failed = self._closed or len(self._raw) - line_end > 4 * (MAX_RECIPE + 1)
                return False
            # The last character of a group that is not full may have pad bits, and says no byte if it is the only one.
            said = len(line) - 1 if in_group == 1 else len(line)
            if not (ends_segment and in_group and len(characters) == said and characters.startswith(line[:-1])):
                self.failed = True
                return False
            odd = line[-1:]
        self._characters.take(len(characters))
        width = self._line_length + len(line) - len(odd)
        text = self._raw[self._at : end] if not self._line_length else None
        if odd:
            if width:
                self._words.add_line(width, b"", None if text is None else line[:-1])
            self._words.add_text(odd + separator)
        elif width:
            self._words.add_line(width, separator, text)
        else:
            self._words.add_text(separator)
        self._at = end
        self._line_length = 0
        if ends_segment:
            self._words.end_segment(None if last else self._characters.segment_size, in_group)
            self._characters.start_segment()
        self.failed = self._words.length > MAX_RECIPE
        return True
