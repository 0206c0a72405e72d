"""PDF files: whether they are encrypted (ISO 32000-1, 7.6.1: the trailer then has an entry Encrypt)."""

from __future__ import annotations

import re
from typing import Final

from mailstrata.index.inspection.flags import ENCRYPTED
from mailstrata.index.inspection.inspector import WindowInspector

_KEY: Final = b"/Encrypt"
_ENTRY: Final = re.compile(rb"/Encrypt[\s\0]{0,64}(?:[0-9]{1,10}[\s\0]{1,64}[0-9]{1,10}[\s\0]{1,64}R|<<)")


class PdfInspector(WindowInspector):
    """Flags: encrypted."""

    span = 256

    def look(self, window: bytes, end: int, offset: int) -> None:  # noqa: ARG002 - as in WindowInspector
        """Look for entries that begin in `window[:end]`."""
        at = -1 if self.flags else window.find(_KEY, 0, end + len(_KEY) - 1)
        while at >= 0:
            if _ENTRY.match(window, at) is not None:
                self.flags |= ENCRYPTED
                return
            at = window.find(_KEY, at + 1, end + len(_KEY) - 1)
