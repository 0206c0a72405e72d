"""Records how a quoted-printable body is written, and proves it: what its recipe gives is compared with the body.

The first bytes of the body say by which rule it was written. Content is encoded by it and compared in bulk; where a
line differs, it alone is told apart: broken early, or else as text.
"""

from __future__ import annotations

import re
from binascii import a2b_qp
from collections import Counter
from itertools import pairwise

from mailstrata.stripping.layout_text import MAX_RECIPE, is_mostly_patches
from mailstrata.stripping.quoted_printable_layout import AS_THEMSELVES, CHANGEABLE, END, MAX_LINE, MIN_LINE, Rule, Step
from mailstrata.stripping.quoted_printable_rebuilder import BATCH, encode_decided
from mailstrata.transfer.quoted_printable import QuotedPrintableDecoder

RULE_BYTES = 8192
"""The bytes at the beginning of a body that its rule is taken from."""

MAX_HELD = 1 << 16
"""Bytes of the body that may wait for content or a line break. Content waits for less than two lines; where more of
the body stands for so little, it is mostly patches."""

MIN_BATCH = 2048
"""Bytes of content to encode where the body is not by the rule; enough to tell at least a line."""

_ESCAPE = re.compile(rb"=([0-9A-F]{2})(?!=?\r?\n)")
_ANY_ESCAPE = re.compile(rb"=[0-9A-Fa-f]{2}|=\r?\n|\r\n")
_EARLY_COST = 4
"""Characters of recipe for a line that is broken early; one that is too long stands in the recipe as a whole."""

_AS_USUAL = Rule(76, False, b"\n", b"")


class QuotedPrintableRecorder:
    """See `mailstrata.stripping.recorder.Recorder`."""

    __slots__ = (
        "_at",
        "_batch",
        "_by_rule",
        "_closed",
        "_content",
        "_content_at",
        "_ended",
        "_length",
        "_raw",
        "_rule",
        "_size",
        "_words",
        "failed",
    )

    def __init__(self) -> None:
        self.failed = False
        self._raw = b""
        self._at = 0  # in `_raw`: all before it is in the recipe
        self._content = b""
        self._content_at = 0  # in `_content`: what the recipe has used
        self._size = 0  # bytes fed
        self._rule: Rule | None = None
        self._words: list[str] = []
        self._length = 0  # characters of `_words` and of the spaces before them
        self._by_rule = 0  # bytes of content by the rule, behind `_words`
        self._batch = MIN_BATCH  # bytes of content to encode at a time: doubled with success
        self._closed = False
        self._ended = False  # closed, and nothing was left

    def feed(self, raw: bytes, decoded: bytes) -> None:
        """The next bytes of the body, and what the decoder made of them so far."""
        self._size += len(raw)
        self._raw = self._raw[self._at :] + raw
        self._at = 0
        self._content = self._content[self._content_at :] + decoded
        self._content_at = 0
        if self._rule is None:
            if len(self._raw) < RULE_BYTES and not self._closed:
                return
            self._rule = find_rule(self._raw[:RULE_BYTES])
        while self._take_lines(self._rule):
            if self._length > MAX_RECIPE:
                self.failed = True
                return
        if len(self._raw) - self._at > max(MAX_HELD, len(raw)):
            self.failed = True

    def close(self, decoded: bytes) -> None:
        """The body has ended."""
        if not self.failed:
            self._closed = True
            self.feed(b"", decoded)
            self._end()

    def _end(self) -> None:
        if self.failed:
            return
        if self._at < len(self._raw) or self._content_at < len(self._content):
            self.failed = True
            return
        self._ended = True
        recipe = self.recipe
        self.failed = len(recipe) > MAX_RECIPE or is_mostly_patches(len(recipe), self._size)

    @property
    def recipe(self) -> str:
        """The recipe of all but `pending`."""
        words = ["quoted-printable", str(self._rule or _AS_USUAL), *self._words]
        if not self._ended:
            if self._by_rule:
                words.append(str(Step(self._by_rule, None)))
            words.append(END)
        return " ".join(words)

    @property
    def pending(self) -> bytes:
        """The bytes that are not in the recipe yet: lines for which content has not come, and an unfinished line."""
        return self._raw[self._at :]

    @property
    def has_patches(self) -> bool:
        """Whether the rule does not say it all."""
        return bool(self._words)

    def _take_lines(self, rule: Rule) -> bool:
        """Take lines by the rule, or else one that is not; False if nothing more can be told now."""
        content = self._content[self._content_at : self._content_at + self._batch]
        is_all = self._closed and self._content_at + len(content) == len(self._content)
        text = rule.encode(content) if is_all else encode_decided(rule, content)
        if is_all and text == self._raw[self._at :]:
            self._at = len(self._raw)
            self._content_at = len(self._content)
            self._by_rule += len(content)
            return False
        if not text and not is_all:
            return False
        if not self._raw.startswith(text, self._at):
            text = text[: text.rfind(b"\n", 0, self._common_length(text)) + 1]
            self._batch = MIN_BATCH
        else:
            text = text[: text.rfind(b"\n") + 1]
            self._batch = min(self._batch * 2, BATCH)
        if not text:
            return self._take_odd_line(rule)
        taken = a2b_qp(text)
        if not content.startswith(taken):
            self.failed = True
            return False
        self._at += len(text)
        self._content_at += len(taken)
        self._by_rule += len(taken)
        return True

    def _common_length(self, text: bytes) -> int:
        """How many bytes of `text` the body goes on with."""
        known, unknown = 0, len(text)
        while known < unknown:
            middle = (known + unknown + 1) // 2
            if self._raw.startswith(text[known:middle], self._at + known):
                known = middle
            else:
                unknown = middle - 1
        return known

    def _take_odd_line(self, rule: Rule) -> bool:
        """Take a line that is not as the rule has it; False if it is not there yet, or none is left."""
        end = self._raw.find(b"\n", self._at) + 1
        if not end:
            end = len(self._raw)
            if not self._closed or end == self._at:
                return False
        line = self._raw[self._at : end]
        decoder = QuotedPrintableDecoder()
        content = decoder.feed(line) + decoder.close()
        if not self._content.startswith(content, self._content_at):
            self.failed = True
            return False
        if self._by_rule:
            self._add(Step(self._by_rule, None))
            self._by_rule = 0
        by_rule = content and line == rule.encode(content, broken=True) and not content.endswith(rule.line_break)
        self._add(Step(len(content), None if by_rule else line))
        self._at = end
        self._content_at += len(content)
        return True

    def _add(self, step: Step) -> None:
        word = str(step)
        self._words.append(word)
        self._length += len(word) + 1


def find_rule(start: bytes) -> Rule:
    """The rule by which a body seems to be written, from its beginning."""
    line_break = b"\r\n" if start.count(b"\r\n") * 2 > start.count(b"\n") else b"\n"
    lines = start.split(line_break)
    width = _find_width(
        Counter([len(line) for line in lines if line.endswith(b"=")]),
        Counter([len(line) for line in lines if not line.endswith(b"=")]),
    )
    longest_unbroken = sum(len(line) == width and not line.endswith(b"=") for line in lines)
    broken_all_the_same = sum(
        len(line) - 1 + len(following) == width and line.endswith(b"=") and not following.endswith(b"=")
        for line, following in pairwise(lines)
    )
    escaped = {int(digits, 16) for digits in _ESCAPE.findall(start)}
    as_they_are = set(_ANY_ESCAPE.sub(b"", start))
    changed = [
        byte for byte in sorted(CHANGEABLE & (escaped ^ as_they_are)) if (byte in escaped) == (byte in AS_THEMSELVES)
    ]
    return Rule(width, broken_all_the_same > longest_unbroken, line_break, bytes(changed))


def _find_width(broken: Counter[int], unbroken: Counter[int]) -> int:
    """The width for which the recipe is shortest, by the lengths of lines and how many have them."""

    def cost(width: int) -> int:
        early = sum(count * _EARLY_COST for length, count in broken.items() if length < width - 2)
        too_long = sum(count * length for length, count in (*broken.items(), *unbroken.items()) if length > width)
        return early + too_long

    longest = max(unbroken, default=0)
    usual = [_AS_USUAL.width] if longest <= _AS_USUAL.width else [longest]
    candidates = [width for width in (*broken, *usual) if MIN_LINE <= width <= MAX_LINE]
    return min(sorted(candidates), key=cost, default=_AS_USUAL.width)
