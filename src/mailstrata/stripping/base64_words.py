"""The words of a base64 recipe, as the lines of the body come in."""

from __future__ import annotations

from mailstrata.stripping.base64_layout import PADDING, Lines, Rest, Text
from mailstrata.stripping.layout_text import to_text

MAX_TEXT_LINE = 12
"""A single line of up to this many characters is shorter as text."""


class RecipeWords:
    """Gathers lines and text of a body into as few words as can be.

    Nothing is written twice: a word that is final is never looked at again, and which words those are depends on
    the lines alone.
    """

    __slots__ = ("_ended", "_lines", "_segment_start", "_text", "_texts", "_words", "length")

    def __init__(self) -> None:
        self.length = 0
        """Characters of the words that will not change any more, and of the spaces before them."""
        self._ended = False
        self._words: list[str] = []
        self._segment_start = 0  # where the words of the segment begin in `_words`
        self._text = bytearray()  # behind the words, and not final: more text may follow
        # Behind the text: the last two, which `Rest` may say in one word.
        self._lines: list[Lines] = []
        self._texts: list[bytes | None] = []  # the bytes of each, if it began with a short line

    @property
    def last_lines(self) -> Lines | None:
        """The lines added last, whose count may be raised; None at the start of a segment and behind text."""
        return self._lines[-1] if self._lines else None

    def add_line(self, width: int, separator: bytes, text: bytes | None) -> None:
        """A line of the segment; `text` is all of it with its separator, if that is at hand."""
        last = self.last_lines
        if last is not None and last.width == width and last.separator == separator:
            last.count += 1
            return
        if len(self._lines) == 2:
            self._finish_first_lines()
        self._lines.append(Lines(1, width, separator))
        self._texts.append(text if width <= MAX_TEXT_LINE else None)

    def add_text(self, text: bytes) -> None:
        """Text that is no whole line."""
        while self._lines:
            self._finish_first_lines()
        self._append_text(text)

    def end_segment(self, size: int | None, in_group: int) -> None:
        """The segment has ended.

        `size` is in bytes, None for the last; `in_group` is the number of characters of its last group, 0 if full.
        """
        if self._lines:
            self._say_rest(PADDING[in_group])
        self._finish_text()
        if size is not None:
            mark = f"@{size}"
        elif self._segment_start:
            mark = "@"
        else:
            return
        self._words.insert(self._segment_start, mark)
        self.length += len(mark) + 1
        self._segment_start = len(self._words)
        self._ended = size is None

    def so_far(self, line_length: int) -> list[str]:
        """All words, and one for the `line_length` characters of an unfinished line if there are any."""
        words = self._words.copy()
        if self._segment_start and not self._ended:
            words.insert(self._segment_start, "@")
        if self._text:
            words.append(str(Text(bytes(self._text))))
        words.extend(map(str, self._lines))
        if line_length:
            words.append(str(Lines(1, line_length, b"")))
        return words

    def _say_rest(self, padding: bytes) -> None:
        """Say the last lines of the segment without their number, which follows from the size of the content."""
        last = self._lines[-1]
        width, between = last.width, last.separator
        if last.count == 1:
            first = self._lines[0]
            if first is not last and last.width <= first.width:
                self._lines.pop(0)
                width, between = first.width, first.separator
            else:
                width, between = 0, b""
        if len(self._lines) == 2:
            self._finish_first_lines()
        self._lines.clear()
        self._texts.clear()
        end = last.separator
        padded = end.startswith(padding)
        if padded:
            end = end[len(padding) :]
        if not width:
            between = next((line_break for line_break in (b"\n", b"\r\n") if end.startswith(line_break)), b"")
        ended = between != b"" and end.startswith(between)
        self._append_word(str(Rest(width, between, padded, ended)))
        if ended:
            end = end[len(between) :]
        if end:
            self._append_text(end)

    def _finish_first_lines(self) -> None:
        lines = self._lines.pop(0)
        text = self._texts.pop(0)
        if text is not None and lines.count == 1:
            self._append_text(text)
        else:
            self._append_word(str(lines))

    def _append_word(self, word: str) -> None:
        self._finish_text()
        self._words.append(word)
        self.length += len(word) + 1

    def _append_text(self, text: bytes) -> None:
        if not self._text:
            self.length += len(" :")
        self._text += text
        self.length += len(to_text(text))

    def _finish_text(self) -> None:
        if self._text:
            self._words.append(str(Text(bytes(self._text))))
            self._text.clear()
