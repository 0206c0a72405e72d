"""Disk images (ISO 9660, Joliet): names.

Records of folders are not followed; names are looked for in the beginning of the image, where every writer puts its
folders: in ISO 9660 they end in a version, in Joliet they are UTF-16.
"""

from __future__ import annotations

import re
from typing import Final

from mailstrata.index.inspection.extensions import RUNNABLE
from mailstrata.index.inspection.flags import HOLDS_EXECUTABLE
from mailstrata.index.inspection.inspector import StepInspector, Steps

_SYSTEM_AREA: Final = 32 << 10
_IDENTIFIER: Final = b"\x01CD001"
_LOOKED_AT: Final = 1 << 20

_EXTENSIONS: Final = sorted(RUNNABLE)
_NAMES: Final = re.compile(rb"\.(?:" + "|".join(_EXTENSIONS).encode("ascii") + rb");1", re.IGNORECASE)
_WIDE_NAMES: Final = re.compile(
    rb"\x00\.(?:" + b"|".join(re.escape(name.encode("utf-16-be")) for name in _EXTENSIONS) + rb")(?!\x00[0-9A-Za-z])",
    re.IGNORECASE,
)


class DiskImageInspector(StepInspector):
    """Flags: holds-executable. Content that is no disk image has none, and costs nothing to find that out."""

    def steps(self) -> Steps:
        """What stands before the volume descriptors is passed over."""
        yield -_SYSTEM_AREA
        identifier = yield len(_IDENTIFIER)
        if identifier != _IDENTIFIER:
            return
        folders = yield _LOOKED_AT
        if _NAMES.search(folders) is not None or _WIDE_NAMES.search(folders) is not None:
            self.flags |= HOLDS_EXECUTABLE
