"""What lies in a body that readers may differ about: lines that are too long, and NUL.

Looked for where a line break or a NUL matters: not in base64, where neither is content, and not in binary.
"""

from __future__ import annotations

from mailstrata.parser.defects import DefectCode
from mailstrata.parser.entity import Entity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

LONGEST_LINE: Final = 1000
"""Bytes that a line may have, its line break included (RFC 5322, 2.1.1)."""

_UNWATCHED: Final = frozenset({"base64", "binary"})


def has_long_line(data: bytes, start: int, end: int) -> bool:
    """Whether a line of `data[start:end]`, which begins one, is longer than `LONGEST_LINE`: as `long_line`, for whoever
    goes on nowhere."""
    while end - start >= LONGEST_LINE:
        newline = data.rfind(b"\n", start, start + LONGEST_LINE)
        if newline < 0:
            return True
        start = newline + 1
    return False


def long_line(data: bytes, line: int, start: int, end: int) -> tuple[int, bool]:
    """Look for a line longer than `LONGEST_LINE` in `data[start:end]`; its first line begins at `line`, which may be
    before `start`, and before the data (negative).

    Returns where the first such line begins, and True; or where the last line begins, and False. Looks at one line
    break in each thousand bytes.
    """
    while end - line >= LONGEST_LINE:
        newline = data.rfind(b"\n", start, line + LONGEST_LINE)
        if newline < 0:
            return line, True
        line = start = newline + 1
    newline = data.rfind(b"\n", start, end)
    return (line if newline < 0 else newline + 1), False


class BodyWatch:
    """Watches one body after the other; how the body is split never changes what is found, nor its order."""

    __slots__ = ("_has_long_line", "_has_nul", "_line", "is_on")

    def __init__(self) -> None:
        self._line = 0
        self._has_long_line = False
        self._has_nul = False
        self.is_on = False
        """Whether anything is still looked for in this body."""

    def begin(self, entity: Entity) -> None:
        """A body begins."""
        self._line = entity.body_start
        self._has_long_line = False
        self._has_nul = False
        self.is_on = entity.encoding not in _UNWATCHED

    def look(self, entity: Entity, data: bytes, start: int, end: int, base: int, most: int) -> None:
        """Look at the next bytes of the body, `data[start:end]`; `base` is the offset in the source of `data`."""
        nul = -1
        if not self._has_nul:
            nul = data.find(b"\0", start, end)
            self._has_nul = nul >= 0
        if not self._has_long_line:
            line, is_long = long_line(data, self._line - base, start, end)
            self._line = line + base
            if is_long:
                self._has_long_line = True
                self.is_on = not self._has_nul
                # In the order in which they become certain when the bytes come one at a time.
                if 0 <= nul < line + LONGEST_LINE:
                    entity.add_defect(DefectCode.NUL_IN_BODY, base + nul, base + nul + 1, most)
                    nul = -1
                entity.add_defect(DefectCode.LINE_TOO_LONG, self._line, self._line + LONGEST_LINE, most)
        if nul >= 0:
            entity.add_defect(DefectCode.NUL_IN_BODY, base + nul, base + nul + 1, most)
            self.is_on = not self._has_long_line
