"""What is wrong with a header block as a whole."""

from __future__ import annotations

from mailstrata.parser.body_watch import LONGEST_LINE, long_line
from mailstrata.parser.defects import DefectCode
from mailstrata.parser.entity import Entity
from mailstrata.parser.header import HeaderEnd, HeaderScanner


def note_header_defects(entity: Entity, block: bytes, header: HeaderScanner, reason: HeaderEnd, most: int) -> None:
    """Record on an entity what the scan of its header block has met, and how the block ended."""
    start, end = entity.start, entity.body_start
    nul = block.find(b"\0")
    if nul >= 0:
        place = start + nul
        entity.add_defect(DefectCode.NUL_IN_HEADER, place, place + 1, most)
    if header.leading_space and header.has_field:
        entity.add_defect(DefectCode.LEADING_SPACE_IN_HEADER, start, start, most)
    if header.bare_cr >= 0:
        place = start + header.bare_cr
        entity.add_defect(DefectCode.BARE_CR_IN_HEADER, place, place + 1, most)
    if header.from_line >= 0:
        place = start + header.from_line
        entity.add_defect(DefectCode.FROM_LINE_IN_HEADER, place, place, most)
    if len(block) >= LONGEST_LINE:
        line, is_long = long_line(block, 0, 0, len(block))
        if is_long:
            entity.add_defect(DefectCode.LINE_TOO_LONG, start + line, start + line + LONGEST_LINE, most)
    if reason is HeaderEnd.TOO_LARGE:
        entity.add_defect(DefectCode.HEADER_TOO_LARGE, end, end, most)
    elif reason is HeaderEnd.INPUT:
        if block:
            entity.add_defect(DefectCode.HEADER_TRUNCATED, end, end, most)
    elif reason is HeaderEnd.NO_FIELD or (block and reason is not HeaderEnd.BLANK_LINE):
        entity.add_defect(DefectCode.MISSING_BLANK_LINE_AFTER_HEADER, end, end, most)
