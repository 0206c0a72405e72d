"""Follows a recipe of base64: the encoded body out of its content, as a stream."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mailstrata.stripping.base64_layout import (
    ALPHABET,
    BATCH,
    PADDING,
    USUAL_LINES,
    USUAL_WIDTH,
    Characters,
    Lines,
    Rest,
    Segment,
    Text,
    lay_out,
    lines_at_once,
    parse_recipe,
)
from mailstrata.stripping.layout_text import long_content, short_content

_LINE_BREAKS = (b"\n", b"\r\n")


def rebuild_base64(recipe: str, content: Iterable[bytes], partial: bool) -> Iterator[bytes]:
    """See `mailstrata.stripping.recorder.rebuild`."""
    return _Rebuilder(content).follow(parse_recipe(recipe), partial)


class _Rebuilder:
    __slots__ = ("_characters", "_pieces", "_taken")

    def __init__(self, content: Iterable[bytes]) -> None:
        self._pieces = iter(content)
        self._characters = Characters()
        self._taken = 0  # characters of the segment, modulo 4

    def follow(self, segments: list[Segment], partial: bool) -> Iterator[bytes]:
        for segment in segments:
            self._taken = 0
            self._characters.end_segment(segment.size)
            for step in segment.steps:
                if isinstance(step, Lines):
                    yield from self._lines(step.count, step.width, step.separator)
                elif isinstance(step, Rest):
                    yield from self._rest(step)
                else:
                    yield self._text(step)
            if segment.size is not None:
                if self._peek(1):
                    raise long_content()
                if not self._characters.has_whole_segment:
                    raise short_content()
                self._characters.start_segment()
        if not partial and self._peek(1):
            raise long_content()

    def _peek(self, count: int) -> bytes:
        """The next characters: `count` of them, or all that are left of the segment."""
        characters = self._characters.peek(count)
        if len(characters) < count:
            self._pull(count)
            characters = self._characters.peek(count)
        return characters

    def _pull(self, count: int) -> None:
        """See that content for `count` characters is there, if there is so much."""
        missing = (count // 4 + 2) * 3 - self._characters.bytes_ahead
        pulled = []
        while missing > 0:
            piece = next(self._pieces, None)
            if piece is None:
                self._characters.end()
                break
            pulled.append(piece)
            missing -= len(piece)
        if pulled:
            self._characters.add(b"".join(pulled) if len(pulled) > 1 else pulled[0])

    def _take(self, count: int) -> None:
        self._characters.take(count)
        self._taken = (self._taken + count) % 4

    def _lines(self, count: int, width: int, separator: bytes) -> Iterator[bytes]:
        if width > BATCH:
            for _ in range(count):
                yield from self._long_line(width)
                yield separator
            return
        at_once = lines_at_once(width, separator)
        if self._is_usual(width, separator):
            while count and (laid_out := self._usual_lines(min(count, USUAL_LINES), separator)):
                count -= len(laid_out) // (width + len(separator))
                yield laid_out
        while count:
            lines = min(count, at_once)
            characters = self._peek(lines * width)
            if len(characters) < lines * width:
                raise short_content()
            self._take(len(characters))
            yield lay_out(characters, width, separator)
            count -= lines

    def _is_usual(self, width: int, separator: bytes) -> bool:
        return width == USUAL_WIDTH and separator in _LINE_BREAKS and not self._characters.taken_of_group

    def _usual_lines(self, most: int, separator: bytes) -> bytes:
        """At most so many of the next lines, laid out; empty where there are no more that others follow."""
        if self._characters.bytes_ahead <= most * USUAL_WIDTH:
            self._pull(most * USUAL_WIDTH)
        lines = self._characters.take_usual_lines(most)
        return lines if separator == b"\n" else lines.replace(b"\n", separator)

    def _long_line(self, width: int) -> Iterator[bytes]:
        while width:
            characters = self._peek(min(width, BATCH))
            if not characters:
                raise short_content()
            self._take(len(characters))
            yield characters
            width -= len(characters)

    def _rest(self, rest: Rest) -> Iterator[bytes]:
        if 0 < rest.width <= BATCH:
            yield from self._rest_in_lines(rest.width, rest.separator)
        else:
            yield from self._rest_in_long_lines(rest.width, rest.separator)
        if rest.padded:
            yield PADDING[self._taken]
        if rest.ended:
            yield rest.separator

    def _rest_in_lines(self, width: int, separator: bytes) -> Iterator[bytes]:
        if self._is_usual(width, separator):
            while laid_out := self._usual_lines(USUAL_LINES, separator):
                yield laid_out
        at_once = lines_at_once(width, separator) * width
        # One character more than is laid out, to see that the last line of it has one behind it.
        while len(characters := self._peek(at_once + 1)) > at_once:
            self._take(at_once)
            yield lay_out(characters[:at_once], width, separator)
        self._take(len(characters))
        full = max(len(characters) - 1, 0) // width * width
        yield lay_out(characters[:full], width, separator) + characters[full:]

    def _rest_in_long_lines(self, width: int, separator: bytes) -> Iterator[bytes]:
        left = width
        while characters := self._peek(min(left, BATCH) if left else BATCH):
            self._take(len(characters))
            yield characters
            if width:
                left -= len(characters)
                if not left and self._peek(1):
                    yield separator
                    left = width

    def _text(self, step: Text) -> bytes:
        count = len(step.data) - len(step.data.translate(None, ALPHABET))
        self._take(len(self._peek(count)))
        return step.data
