"""Cabinet files ([MS-CAB], 2.2): names."""

from __future__ import annotations

from typing import Final

from mailstrata.index.inspection.inspector import StepInspector, Steps
from mailstrata.index.inspection.members import LONGEST_NAME, MOST_MEMBERS, flags_of_member

SIGNATURE: Final = b"MSCF\0\0\0\0"

_HEADER: Final = 36
_FILE: Final = 16
_LOOKED_AT: Final = 1 << 20


class CabinetInspector(StepInspector):
    """Flags: holds-executable."""

    def steps(self) -> Steps:
        """The header says where the entries of files begin, each of which ends in a name and a zero."""
        header = yield _HEADER
        if len(header) < _HEADER:
            return
        first, count = int.from_bytes(header[16:20], "little"), int.from_bytes(header[28:30], "little")
        if first < _HEADER:
            return
        if first > _HEADER:
            yield _HEADER - first
        entries = yield _LOOKED_AT
        at = 0
        for _ in range(min(count, MOST_MEMBERS)):
            end = entries.find(b"\0", at + _FILE)
            if end < 0:
                return
            self.flags |= flags_of_member(entries[max(at + _FILE, end - LONGEST_NAME) : end])
            at = end + 1
