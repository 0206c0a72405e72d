"""The names in the listing of an archive, one after the other; how many are looked at is bounded."""

from __future__ import annotations

from typing import Final

from mailstrata.index.inspection.extensions import is_runnable_member
from mailstrata.index.inspection.flags import HOLDS_EXECUTABLE

MOST_MEMBERS: Final = 65_536
"""Members of an archive that are looked at."""

LONGEST_NAME: Final = 4096
"""Bytes of a name that are looked at, from its end where a format allows for that: the extension is what counts."""


def flags_of_member(name: bytes) -> int:
    """What a member of that name says of its archive: `HOLDS_EXECUTABLE`, or nothing."""
    return HOLDS_EXECUTABLE if is_runnable_member(name) else 0


def flags_of_wide_member(name: bytes) -> int:
    """The same of a name in UTF-16, little-endian."""
    return flags_of_member(name.decode("utf-16-le", "replace").encode("utf-8", "replace"))
