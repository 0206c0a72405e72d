"""Follows a recipe of quoted-printable: the encoded body out of its content, as a stream."""

from __future__ import annotations

from binascii import a2b_qp
from collections.abc import Iterable, Iterator

from mailstrata.stripping.layout_text import long_content, short_content
from mailstrata.stripping.quoted_printable_layout import Rule, Step, parse_recipe

BATCH = 1 << 16
"""Bytes of content that are encoded at a time."""


def rebuild_quoted_printable(recipe: str, content: Iterable[bytes], partial: bool) -> Iterator[bytes]:
    """See `mailstrata.stripping.recorder.rebuild`."""
    return _Rebuilder(content).follow(*parse_recipe(recipe), partial)


def encode_decided(rule: Rule, content: bytes) -> bytes:
    """The lines that content begins with, if more content may follow: all but the last, whose end is not known yet.

    White space and CR at the end would be escaped only if no line break followed, or only if one did. Without the
    escape a line is as short as it can get, so that what is broken is broken in any case.
    """
    text = rule.encode(content.removesuffix(b"\r"), broken=True)
    return text[: text.rfind(b"\n", 0, -1) + 1]


class _Rebuilder:
    __slots__ = ("_at", "_content", "_pieces")

    def __init__(self, content: Iterable[bytes]) -> None:
        self._pieces = iter(content)
        self._content = b""
        self._at = 0

    def follow(self, rule: Rule, steps: list[Step], takes_rest: bool, partial: bool) -> Iterator[bytes]:
        for step in steps:
            if step.text is None:
                yield from self._by_rule(rule, step.size)
            else:
                self._skip(step.size)
                yield step.text
        if takes_rest:
            yield from self._by_rule(rule, None)
        elif not partial and self._peek(1):
            raise long_content()

    def _peek(self, size: int) -> bytes:
        """The next `size` bytes of content, or all that are left."""
        missing = size - (len(self._content) - self._at)
        if missing > 0:
            pulled = [self._content[self._at :]]
            for piece in self._pieces:
                pulled.append(piece)
                missing -= len(piece)
                if missing <= 0:
                    break
            self._content = b"".join(pulled)
            self._at = 0
        return self._content[self._at : self._at + size]

    def _skip(self, size: int) -> None:
        while size:
            skipped = len(self._peek(min(size, BATCH)))
            if not skipped:
                raise short_content()
            self._at += skipped
            size -= skipped

    def _by_rule(self, rule: Rule, size: int | None) -> Iterator[bytes]:
        """The next `size` bytes, with a soft line break where they end within a line; or all the rest."""
        while size is None or size > BATCH:
            content = self._peek(BATCH + 1)
            if len(content) <= BATCH:
                break
            text = encode_decided(rule, content)
            yield text
            taken = len(a2b_qp(text))
            self._at += taken
            if size is not None:
                size -= taken
        if size is None:
            content = self._peek(BATCH)
        else:
            content = self._peek(size)
            if len(content) < size:
                raise short_content()
        self._at += len(content)
        yield rule.encode(content, broken=size is not None and not content.endswith(rule.line_break))
