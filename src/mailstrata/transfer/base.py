"""What every incremental decoder has in common."""

from __future__ import annotations

from mailstrata.parser.defects import Defect, DefectCode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol
else:
    Protocol = object

MAX_DEFECTS = 100


class Decoder(Protocol):
    """Decodes one body, fed in pieces of any size: the split never changes the result.

    `feed` and `close` never raise on content, whatever it is; what was wrong is in `defects`, whose spans count
    from the first byte fed. State is bounded by a line, whatever the size of the body; time is linear.
    """

    defects: list[Defect]

    def feed(self, data: bytes) -> bytes:
        """Decode the next bytes; returns what is certain so far (bytes, possibly empty)."""

    def close(self) -> bytes:
        """The body has ended; returns the last decoded bytes. Called once, after the last `feed`."""


def add_defect(defects: list[Defect], code: DefectCode, start: int, end: int) -> None:
    """Record a defect, joined with the last one where they touch and say the same; at most `MAX_DEFECTS`."""
    if defects:
        last = defects[-1]
        if last.code is code and last.end >= start:
            last.end = max(last.end, end)
            return
        if len(defects) >= MAX_DEFECTS:
            return
        if len(defects) == MAX_DEFECTS - 1:
            defects.append(Defect(DefectCode.DEFECTS_OMITTED, start, start))
            return
    defects.append(Defect(code, start, end))
